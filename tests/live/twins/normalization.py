"""PyTorch's own operations, put together to the cores of its normalizations, which it does not name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tinygrad_opt.ops import normalization


def dims(x: Any, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def rms_scale(x: Any, axis: Any = -1, eps: float = 1e-5) -> Any:
    squares = x * x
    return x / torch.sqrt((torch.mean(squares, dims(x, axis), keepdim=True) if x.ndim else squares) + eps)


def standardize(x: Any, axis: Any = -1, eps: float = 1e-5) -> Any:
    return rms_scale(x - (torch.mean(x, dims(x, axis), keepdim=True) if x.ndim else x), axis, eps)


TORCH: dict[Any, Callable[..., Any]] = {
    normalization.standardize: standardize,
    normalization.rms_scale: rms_scale,
}

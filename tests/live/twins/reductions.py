"""PyTorch's names of the reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import assume

from tinygrad_opt import functional as ours


def dims(x: Any, axis: Any) -> tuple[int, ...]:
    assume(axis != () or x.ndim == 0)
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def over_axes(fn: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return fn(x, dim=dims(x, axis), keepdim=keepdims, **settings)

    return call


def spread_of(fn: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        return fn(x, dim=dims(x, axis), correction=ddof, keepdim=keepdims)

    return call


def over_one_axis(fn: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = -1) -> Any:
        assume(isinstance(axis, int))
        return fn(x, dim=axis)

    return call


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    for dim in sorted((d % x.ndim for d in dims(x, axis)), reverse=True):
        x = torch.prod(x, dim, keepdim=keepdims)
    return x


TORCH: dict[Any, Callable[..., Any]] = {
    np.sum: over_axes(torch.sum),
    np.mean: over_axes(torch.mean),
    np.max: over_axes(torch.amax),
    np.min: over_axes(torch.amin),
    np.prod: prod,
    np.var: spread_of(torch.var),
    np.std: spread_of(torch.std),
    ours.logsumexp: over_axes(torch.logsumexp),
    ours.softmax: over_one_axis(torch.softmax),
    ours.log_softmax: over_one_axis(torch.log_softmax),
}

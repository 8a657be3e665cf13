"""PyTorch's names of indexing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import assume

from tinygrad_opt.ops import indexing

F = torch.nn.functional


def torch_index(index: Any) -> tuple[Any, ...]:
    parts = index if isinstance(index, tuple) else (index,)
    assume(not any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts))
    sequence = (list, tuple, range, np.ndarray)
    return tuple(torch.as_tensor(np.array(part)) if isinstance(part, sequence) else part for part in parts)


def assigned(x: Any, values: Any, index: Any) -> Any:
    assume(not indexing.may_repeat(index))  # which of several values stays is left open there
    out = x.clone()
    out[torch_index(index)] = values
    return out


def take_along_axis(x: Any, indices: Any, axis: Any) -> Any:
    positive = indices % (x.numel() if axis is None else x.shape[axis])
    return torch.take_along_dim(x, torch.as_tensor(positive), axis)


TORCH: dict[Any, Callable[..., Any]] = {
    indexing.getitem: lambda x, index: x[torch_index(index)],
    indexing.assigned: assigned,
    np.take_along_axis: take_along_axis,
}

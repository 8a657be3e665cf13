"""PyTorch's names of the functions that rearrange entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt.ops import shapes

F = torch.nn.functional


def transpose(x: Any, axes: Any = None) -> Any:
    return x.permute(tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def flip(x: Any, axis: Any = None) -> Any:
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,))


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return torch.roll(x, shift)
    for one, dim in np.broadcast(shift, axis):
        x = torch.roll(x, int(one), int(dim))
    return x


TORCH: dict[Any, Callable[..., Any]] = {
    np.ravel: torch.ravel,
    np.broadcast_to: lambda x, shape: torch.broadcast_to(x, shape),
    np.swapaxes: lambda x, axis1, axis2: torch.swapaxes(x, axis1, axis2),
    shapes.reshape: lambda x, shape: x.reshape(shape),
    np.expand_dims: lambda x, axis: x.reshape(np.expand_dims(np.empty(x.shape), axis).shape),
    np.squeeze: lambda x, axis=None: x.squeeze() if axis is None else x.squeeze(axis),
    np.transpose: transpose,
    np.matrix_transpose: lambda x: x.mT,
    np.moveaxis: lambda x, source, destination: torch.movedim(x, source, destination),
    np.flip: flip,
    np.roll: roll,
    np.rot90: lambda x, k, axes: torch.rot90(x, k, axes),
}

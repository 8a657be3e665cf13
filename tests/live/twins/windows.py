"""PyTorch's names of sliding windows and of pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt.ops import pooling, windows

F = torch.nn.functional


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    sizes = window_shape if isinstance(window_shape, tuple) else (window_shape,)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    ndim = x.ndim
    for size, where in zip(sizes, axes, strict=True):
        x = x.unfold(where % ndim, size, 1)
    return x


def max_pool(x: Any, kernel: Any, stride: Any, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False) -> Any:
    return F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)


def from_winners(
    x: Any,
    winners: Any,
    kernel: Any,
    stride: Any,
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """As PyTorch reads entries by the indices of max_pool2d."""
    index = places(winners, x.shape[2:], kernel, stride, padding, dilation)
    return torch.gather(x.flatten(2), 2, index).reshape(winners.shape)


def to_winners(
    g: Any,
    winners: Any,
    size: Any,
    kernel: Any,
    stride: Any,
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """As PyTorch differentiates max_pool2d, by its indices."""
    index = places(winners, size, kernel, stride, padding, dilation)
    out = torch.zeros((*g.shape[:2], size[0] * size[1]), dtype=g.dtype)
    return out.scatter_add(2, index, g.flatten(2)).reshape(*g.shape[:2], *size)


def places(winners: Any, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """The place in its image, row by row, of the entry that won in each window: what PyTorch calls indices."""
    entry = np.divmod(winners.astype(int), kernel[1])
    down, right = (s * np.arange(n) - p for s, n, p in zip(stride, winners.shape[2:], padding, strict=True))
    index = (down[:, None] + dilation[0] * entry[0]) * size[1] + right + dilation[1] * entry[1]
    return torch.from_numpy(index.reshape(*index.shape[:2], len(down) * len(right)))


def sum_pool(x: Any, kernel: Any, stride: Any, padding: Any = 0, ceil_mode: bool = False) -> Any:
    return F.avg_pool2d(x, kernel, stride, padding, ceil_mode, divisor_override=1)


def spread_windows(g: Any, size: Any, kernel: Any, stride: Any, padding: Any = 0, ceil_mode: bool = False) -> Any:
    """As PyTorch differentiates sum_pool."""
    x = torch.zeros((*g.shape[:2], *size), dtype=g.dtype, requires_grad=True)
    y = sum_pool(x, kernel, stride, padding, ceil_mode)
    return torch.autograd.grad(y, x, g, create_graph=True)[0]


TORCH: dict[Any, Callable[..., Any]] = {
    windows.sliding_window_view: sliding_window_view,
    pooling.max_pool: max_pool,
    pooling.from_winners: from_winners,
    pooling.to_winners: to_winners,
    pooling.sum_pool: sum_pool,
    pooling.spread_windows: spread_windows,
}

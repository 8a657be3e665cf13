"""PyTorch's names of sliding windows and of pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    pooling.sum_pool: sum_pool,
    pooling.spread_windows: spread_windows,
}

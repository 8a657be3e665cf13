"""PyTorch's names of convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tinygrad_opt.ops import convolution, signals

F = torch.nn.functional
NONE = ((0, 0), (0, 0))


def padded(x: Any, padding: Any) -> Any:
    (top, bottom), (left, right) = padding
    return F.pad(x, (left, right, top, bottom))


def conv(x: Any, weight: Any, stride: Any = 1, padding: Any = NONE, dilation: Any = 1, groups: int = 1) -> Any:
    return F.conv2d(padded(x, padding), weight, None, stride, 0, dilation, groups)


def biased_conv(
    x: Any, weight: Any, bias: Any, stride: Any = 1, padding: Any = NONE, dilation: Any = 1, groups: int = 1
) -> Any:
    return F.conv2d(padded(x, padding), weight, bias, stride, 0, dilation, groups)


def conv_weight(
    x: Any, g: Any, kernel: Any, stride: Any = 1, padding: Any = NONE, dilation: Any = 1, groups: int = 1
) -> Any:
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    return torch.nn.grad.conv2d_weight(padded(x, padding), shape, g, stride, 0, dilation, groups)


def conv_input(
    g: Any, weight: Any, size: Any, stride: Any = (1, 1), padding: Any = NONE, dilation: Any = (1, 1), groups: int = 1
) -> Any:
    steps = zip(g.shape[2:], weight.shape[2:], stride, dilation, strict=True)
    reached = [(n - 1) * s + d * (k - 1) + 1 for n, k, s, d in steps]
    left_over = [n + sum(p) - r for n, p, r in zip(size, padding, reached, strict=True)]
    whole = F.conv_transpose2d(g, weight, None, stride, 0, left_over, groups, dilation)
    (top, _), (left, _) = padding
    return whole[:, :, top : top + size[0], left : left + size[1]]


def convolve(x: Any, y: Any) -> Any:
    return F.conv1d(x[None, None], y.flip(0)[None, None], padding=len(y) - 1)[0, 0]


TORCH: dict[Any, Callable[..., Any]] = {
    convolution.conv: conv,
    convolution.biased_conv: biased_conv,
    convolution.conv_weight: conv_weight,
    convolution.conv_input: conv_input,
    signals.convolve: convolve,
}

"""Rules of convolution, which in networks is cross-correlation: the kernel is not flipped.

<g, conv(x, weight)> is linear in each of x, weight and g.  Its derivative with respect to each of them
is one of the three functions `conv`, `conv_input` and `conv_weight`, so these are each other's
derivatives, to any order.

In memory the batch is the last axis, (C, H, W, N), of what all three read and write.  Then an entry of the
kernel meets whole runs of numbers at once, the groups are neighbours, a weight is a matrix as it is, and one
product writes the result in its place; what comes out is a view with the axes (N, C, H, W), which the next
operations read without rearranging it.  The five products of LeNet's two layers on 64 images of 28 x 28 take
3.1 ms so, and 8.7 ms with the channels last; a layer of 3x3 from 64 channels to 64 takes a fifth
longer, one of 5x5 from 16 to 32 a quarter.

Windows are laid out anew for the gradient of the weight: that is a tenth of the time, and keeping them would
hold kH * kW copies of the input for as long as the graph lives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .rules import differentiable
from .windows import places, sliding_window_view, span

Pair = tuple[int, int]
Pairs = tuple[Pair, Pair]
NO_PADDING = ((0, 0), (0, 0))
# Entries of the windows that are laid out at a time.  Larger arrays leave the cache, and the system gives and takes
# them anew on every call: with four times as many, LeNet's first layer takes twice as long forward, and its gradient
# three times.
IN_CACHE = 2**16


def conv(
    x: Any, weight: Any, stride: Pair = (1, 1), padding: Pairs = NO_PADDING, dilation: Pair = (1, 1), groups: int = 1
) -> Any:
    """Cross-correlation of x (N, C, H, W) with weight (O, C/groups, kH, kW), to (N, O, OH, OW).

    padding counts the zeros (before, after) on each axis.
    """
    high, wide = output_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    n, filters, taps = len(x), len(weight), matrices(weight, groups)
    out = np.empty((groups, filters // groups, high * wide * n), np.result_type(x, weight))
    for met, columns in windows(x, weight.shape[2:], stride, padding, dilation, groups):
        np.matmul(taps, columns, out=out[:, :, met])
    return out.reshape(filters, high, wide, n).transpose(3, 0, 1, 2)


def biased_conv(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """A layer of filters in one operation: conv(x, weight) + bias[o], without a second array of that size."""
    out = conv(x, weight, stride, padding, dilation, groups)
    each = np.reshape(bias, (-1, 1, 1))
    if each.dtype == out.dtype:
        out += each
        return out
    return out + each


def conv_weight(
    x: Any,
    g: Any,
    kernel: Pair,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """The adjoint of conv in weight, whose kernel is of the given size: (O, C/groups, kH, kW)."""
    slopes = matrices(batch_last(g), groups)  # the right factor: as the left one it takes a third longer
    parts = (columns @ slopes[:, :, met].mT for met, columns in windows(x, kernel, stride, padding, dilation, groups))
    return np.reshape(sum(parts).mT, (g.shape[1], x.shape[1] // groups, *kernel))


def conv_input(
    g: Any,
    weight: Any,
    size: Pair,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """The adjoint of conv in x, whose images are of the given size: (N, C, H, W)."""
    (n, filters, high, wide), (members, *kernel) = g.shape, weight.shape[1:]
    (top, bottom), (left, right) = padding
    rows = weight.reshape(groups, filters // groups, members, *kernel).transpose(3, 0, 4, 2, 1)
    rows = rows.reshape(kernel[0], groups, kernel[1] * members, filters // groups)
    slopes, dtype = matrices(batch_last(g), groups), np.result_type(g, weight)
    out = np.zeros((groups, members, top + size[0] + bottom, left + size[1] + right, n), dtype)
    for first, count, met in blocks(high, wide * n, groups * members * kernel[1]):
        for i, row in enumerate(rows):
            part = (row @ slopes[:, :, met]).reshape(groups, kernel[1], members, count, wide, n)
            down = steps(first * stride[0] + i * dilation[0], count, stride[0])
            for j in range(kernel[1]):
                out[:, :, down, steps(j * dilation[1], wide, stride[1])] += part[:, j]
    images = out[:, :, top : top + size[0], left : left + size[1]]
    return images.reshape(groups * members, *size, n).transpose(3, 0, 1, 2)


def output_size(sizes: Any, kernel: Any, stride: Pair, padding: Pairs, dilation: Pair) -> Any:
    """At how many places the kernel stands on each axis."""
    padded = (n + before + after for n, (before, after) in zip(sizes, padding, strict=True))
    return tuple(map(places, padded, kernel, stride, dilation))


def windows(
    x: Any, kernel: Any, stride: Pair, padding: Pairs, dilation: Pair, groups: int
) -> Iterator[tuple[slice, Any]]:
    """All windows of x as columns, a block of places after the other.

    Each block comes with its place in (OH * OW * N), as an array (groups, C/groups * kH * kW, block).
    """
    images = padded(batch_last(x), padding)
    view = sliding_window_view(images, tuple(map(span, kernel, dilation)), axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]].transpose(0, 4, 5, 1, 2, 3)
    channels, high, wide, n = len(view), *view.shape[3:]
    entries = channels * kernel[0] * kernel[1]
    for first, count, met in blocks(high, wide * n, entries):
        yield met, view[:, :, :, first : first + count].reshape(groups, entries // groups, count * wide * n)


def blocks(high: int, row: int, entries: int) -> Iterator[tuple[int, int, slice]]:
    """Rows of places, as many at a time as the cache holds: the first, their count, and where all their entries are.

    row counts the numbers in a row of places, entries those that are laid out for each.
    """
    step = max(1, IN_CACHE // max(1, row * entries))
    for first in range(0, high, step):
        count = min(step, high - first)
        yield first, count, slice(first * row, (first + count) * row)


def steps(start: int, count: int, stride: int) -> slice:
    """Every stride-th entry from the start, count of them."""
    return slice(start, start + (count - 1) * stride + 1, stride)


def batch_last(x: Any) -> Any:
    """(N, C, H, W) as (C, H, W, N) in memory: no copy of what a convolution has made."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0))


def matrices(x: Any, groups: int) -> Any:
    """The first axis in groups, those after it as one."""
    return x.reshape(groups, len(x) // groups, math.prod(x.shape[1:]))


def padded(images: Any, padding: Pairs) -> Any:
    """Images (C, H, W, N) with zeros around them."""
    if padding == NO_PADDING:
        return images
    channels, *size, n = images.shape
    (top, bottom), (left, right) = padding
    out = np.zeros((channels, top + size[0] + bottom, left + size[1] + right, n), images.dtype)
    out[:, top : top + size[0], left : left + size[1]] = images
    return out


def conv_rule(
    g: Any,
    out: Any,
    x: Any,
    weight: Any,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    return conv_input(g, weight, np.shape(x)[2:], stride, padding, dilation, groups)


def biased_conv_rule(
    g: Any,
    out: Any,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    return conv_rule(g, None, x, weight, stride, padding, dilation, groups)


def conv_weight_rule(
    u: Any,
    out: Any,
    x: Any,
    g: Any,
    kernel: Pair,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    return conv_rule(g, None, x, u, stride, padding, dilation, groups)


def conv_input_rule(
    u: Any,
    out: Any,
    g: Any,
    weight: Any,
    size: Pair,
    stride: Pair = (1, 1),
    padding: Pairs = NO_PADDING,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    return conv(u, weight, stride, padding, dilation, groups)


conv = differentiable(
    conv,
    conv_rule,
    lambda g, out, x, weight, **how: conv_weight(x, g, kernel=np.shape(weight)[2:], **how),
    name="conv2d",
)
biased_conv = differentiable(
    biased_conv,
    biased_conv_rule,
    lambda g, out, x, weight, bias, **how: conv_weight(x, g, kernel=np.shape(weight)[2:], **how),
    lambda g, out, x, weight, bias, **how: np.sum(g, axis=(0, 2, 3)),
    name="conv2d",
)
conv_weight = differentiable(
    conv_weight,
    conv_weight_rule,
    lambda u, out, x, g, kernel, **how: conv(x, u, **how),
)
conv_input = differentiable(
    conv_input,
    conv_input_rule,
    lambda u, out, g, weight, size, **how: conv_weight(u, g, kernel=np.shape(weight)[2:], **how),
)

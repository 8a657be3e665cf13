"""Rules of convolution, which in networks is cross-correlation: the kernel is not flipped.

<g, conv(x, weight)> is linear in each of x, weight and g.  Its derivative with respect to each of them
is one of the three functions `conv`, `conv_input` and `conv_weight`, so these are each other's
derivatives, to any order.

All three work on the windows of rows only, (groups, H, N * OW, kW * C): the kernel's rows are kH
matrix products with as many slices of that one array, which needs no copy.  Windows in both directions
hold kH times more numbers: for 64 images of 16 x 12 x 12 under 32 filters of 5 x 5 a forward and backward
pass with them takes 1.7 times as long, and 2.5 times with the channels before the places.  The gradient of
the images as a convolution of g with the turned kernel takes 1.6 times as long as adding windows up.
Windows are made anew for the gradient of the weight: that is a twentieth of the pass, and keeping them
would hold kW copies of the input for as long as the graph lives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .rules import differentiable
from .windows import places, sliding_window_view, span

Pair = tuple[int, int]
Pairs = tuple[Pair, Pair]
NO_PADDING = ((0, 0), (0, 0))
# Entries of the windows that conv_input adds up at a time.  Larger arrays leave the cache, and the system gives and
# takes them anew on every call, which takes as long as the products.
IN_CACHE = 2**18


def conv(
    x: Any, weight: Any, stride: Pair = (1, 1), padding: Pairs = NO_PADDING, dilation: Pair = (1, 1), groups: int = 1
) -> Any:
    """Cross-correlation of x (N, C, H, W) with weight (O, C/groups, kH, kW), to (N, O, OH, OW).

    padding counts the zeros (before, after) on each axis.
    """
    outputs = output_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    rows = row_windows(x, weight.shape[3], stride[1], padding, dilation[1], groups)
    first, *others = taps(weight, groups)
    out = at_row(rows, 0, outputs[0], stride[0], dilation[0]) @ first
    for i, tap in enumerate(others, start=1):
        out += at_row(rows, i, outputs[0], stride[0], dilation[0]) @ tap
    return channels_first(out, len(x), outputs)


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
    rows = row_windows(x, kernel[1], stride[1], padding, dilation[1], groups)
    slopes = channels_last(g, groups)
    parts = [at_row(rows, i, g.shape[2], stride[0], dilation[0]).mT @ slopes for i in range(kernel[0])]
    filters, channels = g.shape[1], x.shape[1] // groups
    apart = np.reshape(parts, (kernel[0], groups, kernel[1], channels, filters // groups))
    return np.reshape(apart.transpose(1, 4, 3, 0, 2), (filters, channels, *kernel))


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
    _, channels, _, wide = weight.shape
    one_image = (sum(padding[0]) + size[0]) * g.shape[3] * wide * channels * groups
    step = max(1, IN_CACHE // max(1, one_image))
    images = (g[i : i + step] for i in range(0, max(1, len(g)), step))
    parts = [add_windows(some, weight, size, stride, padding, dilation, groups) for some in images]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def add_windows(g: Any, weight: Any, size: Pair, stride: Pair, padding: Pairs, dilation: Pair, groups: int) -> Any:
    """conv_input of as many images as the cache holds: to the windows of rows, then to the images."""
    (n, _, high, wide), (channels, *kernel) = g.shape, weight.shape[1:]
    (top, bottom), (left, right) = padding
    slopes, dtype = channels_last(g, groups), np.result_type(g, weight)
    rows = np.zeros((groups, top + size[0] + bottom, n, wide, kernel[1], channels), dtype)
    for i, tap in enumerate(taps(weight, groups)):
        part = slopes @ tap.mT
        rows[:, steps(i, high, stride[0], dilation[0])] += part.reshape(groups, high, *rows.shape[2:])
    out = np.zeros((groups, rows.shape[1], n, left + size[1] + right, channels), dtype)
    for j in range(kernel[1]):
        out[:, :, :, steps(j, wide, stride[1], dilation[1])] += rows[:, :, :, :, j]
    inside = out[:, top : top + size[0], :, left : left + size[1]]
    return np.reshape(inside.transpose(2, 0, 4, 1, 3), (n, groups * channels, *size))


def output_size(sizes: Any, kernel: Any, stride: Pair, padding: Pairs, dilation: Pair) -> Any:
    """At how many places the kernel stands on each axis."""
    padded = (n + before + after for n, (before, after) in zip(sizes, padding, strict=True))
    return tuple(map(places, padded, kernel, stride, dilation))


def row_windows(x: Any, kernel: int, stride: int, padding: Pairs, dilation: int, groups: int) -> Any:
    """The windows of every row: (groups, H, N * OW, kW * C), padding included."""
    n, channels, high, wide = x.shape
    (top, bottom), (left, right) = padding
    padded = np.zeros((groups, top + high + bottom, n, left + wide + right, channels // groups), x.dtype)
    inside = x.reshape(n, groups, channels // groups, high, wide)
    padded[:, top : top + high, :, left : left + wide] = inside.transpose(1, 3, 0, 4, 2)
    windows = sliding_window_view(padded, span(kernel, dilation), axis=3)[:, :, :, ::stride, :, ::dilation]
    rows = np.ascontiguousarray(np.swapaxes(windows, -1, -2))
    return rows.reshape(*rows.shape[:2], n * rows.shape[3], kernel * rows.shape[5])


def at_row(rows: Any, i: int, count: int, stride: int, dilation: int) -> Any:
    """What row i of the kernel meets at all its places: (groups, OH * N * OW, kW * C), a view if stride is 1."""
    met = rows[:, steps(i, count, stride, dilation)]
    return met.reshape(len(rows), count * rows.shape[2], rows.shape[3])


def steps(i: int, count: int, stride: int, dilation: int) -> slice:
    """Where entry i of a kernel stands on an axis, for each of its places."""
    first = i * dilation
    return slice(first, first + (count - 1) * stride + 1, stride)


def taps(weight: Any, groups: int) -> Any:
    """The kernel row by row, each a matrix for every group: (kH, groups, kW * C, O)."""
    filters, channels, high, wide = weight.shape
    apart = weight.reshape(groups, filters // groups, channels, high, wide)
    return np.reshape(apart.transpose(3, 0, 4, 2, 1), (high, groups, wide * channels, filters // groups))


def channels_last(g: Any, groups: int) -> Any:
    """(N, O, OH, OW) as (groups, OH * N * OW, O)."""
    n, filters, high, wide = g.shape
    apart = g.reshape(n, groups, filters // groups, high, wide).transpose(1, 3, 0, 4, 2)
    return apart.reshape(groups, high * n * wide, filters // groups)


def channels_first(out: Any, n: int, size: Pair) -> Any:
    """Undo channels_last; with one group a view, which the next convolution reads without rearranging it."""
    groups, _, filters = out.shape
    apart = out.reshape(groups, size[0], n, size[1], filters).transpose(2, 0, 4, 1, 3)
    return apart.reshape(n, groups * filters, *size)


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

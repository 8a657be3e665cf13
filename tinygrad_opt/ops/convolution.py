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
from .windows import by, check_axes, check_room, per_axis, places, sliding_window_view, span

Pair = tuple[int, int]
Pairs = tuple[Pair, Pair]
NO_PADDING = ((0, 0), (0, 0))
# Entries of the windows that conv_input adds up at a time.  Larger arrays leave the cache, and the system gives and
# takes them anew on every call, which takes as long as the products.
IN_CACHE = 2**18


# -- the trilinear form ------------------------------------------------------------------------
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


# -- layers, with PyTorch's names and layouts --------------------------------------------------
def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """A layer of filters over images: out[n, o] = bias[o] + sum over c of x[n, c] * weight[o, c] (cross-correlation).

    x (N, C, H, W), weight (O, C/groups, kH, kW), bias (O,)  ->  (N, O, OH, OW)
    with OH = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1.

    padding is a number, a pair, "valid" (none) or "same" (OH = H; stride must be 1).  Raises ValueError if
    channels, filters and groups do not fit, or the kernel is larger than the padded image.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> edge = Value([[[[-1.0, 1.0]]]])
    >>> out = conv2d(image, edge)
    >>> print(out.data[0, 0, 0])
    [1. 1.]
    >>> out.sum().backward()
    >>> print(edge.grad.ravel())
    [21. 27.]
    """
    return layer("conv2d", "H, W", x, weight, bias, stride, padding, dilation, groups)


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """conv2d on one axis: x (N, C, L), weight (O, C/groups, k), bias (O,)  ->  (N, O, OL)."""
    return layer("conv1d", "L", x, weight, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The adjoint of conv2d in its images, as a layer: every entry of x adds a multiple of the kernel to the output.

    x (N, C, H, W), weight (C, O/groups, kH, kW), bias (O,)  ->  (N, O, OH, OW)
    with OH = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1.

    output_padding chooses among the sizes that a stride rounds to the same one.  Raises ValueError if it is not
    smaller than stride, if channels and groups do not fit, or if the output would be empty.

    >>> import numpy as np
    >>> print(conv_transpose2d(np.ones((1, 1, 1, 2)), np.array([[[[1.0, 2.0, 3.0]]]]), stride=2)[0, 0])
    [[1. 2. 4. 2. 3.]]
    """
    return transposed_layer(
        "conv_transpose2d", "H, W", x, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """conv_transpose2d on one axis: x (N, C, L), weight (C, O/groups, k), bias (O,)  ->  (N, O, OL)."""
    return transposed_layer("conv_transpose1d", "L", x, weight, bias, stride, padding, output_padding, groups, dilation)


def layer(
    fn: str, axes: str, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """conv of one or two axes, checked, and the bias."""
    sizes, kernel = check_operands(fn, axes, x, weight, "O, C/groups")
    stride, dilation = (
        per_axis(fn, name, n, len(kernel), 1) for name, n in (("stride", stride), ("dilation", dilation))
    )
    padding = both_sides(fn, padding, kernel, stride, dilation)
    channels, filters = np.shape(x)[1], np.shape(weight)[0]
    check_groups(fn, groups, channels, f"{channels} channels of x")
    check_groups(fn, groups, filters, f"{filters} filters of weight")
    if channels != np.shape(weight)[1] * groups:
        raise ValueError(
            f"{fn}: weight {np.shape(weight)} with groups={groups} takes {np.shape(weight)[1] * groups} channels, "
            f"axis 1 of weight times groups; x {np.shape(x)} has {channels}"
        )
    check_room(fn, sizes, kernel, padding, dilation)
    how = two_axes(stride, padding, dilation)
    out = conv(as_images(x), as_images(weight), groups=groups, **how)
    return with_bias(fn, np.squeeze(out, 2) if len(kernel) == 1 else out, bias)


def transposed_layer(
    fn: str,
    axes: str,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    """conv_input of one or two axes, checked, and the bias."""
    sizes, kernel = check_operands(fn, axes, x, weight, "C, O/groups")
    settings = (("stride", stride, 1), ("dilation", dilation, 1), ("padding", padding, 0))
    stride, dilation, padding = (per_axis(fn, name, given, len(kernel), low) for name, given, low in settings)
    extra = per_axis(fn, "output_padding", output_padding, len(kernel), 0)
    channels = np.shape(x)[1]
    check_groups(fn, groups, channels, f"{channels} channels of x")
    if channels != np.shape(weight)[0]:
        raise ValueError(
            f"{fn}: weight {np.shape(weight)} takes {np.shape(weight)[0]} channels, its axis 0; "
            f"x {np.shape(x)} has {channels}"
        )
    if any(e >= s for e, s in zip(extra, stride, strict=True)):
        raise ValueError(f"{fn}: output_padding must be smaller than stride ({by(stride)}); got {output_padding!r}")
    spans = map(span, kernel, dilation)
    made = zip(sizes, stride, padding, spans, extra, strict=True)
    size = tuple((n - 1) * s - 2 * p + reach + e for n, s, p, reach, e in made)
    if min(size) < 1:
        raise ValueError(f"{fn}: the output would have {by(size)} entries: take less padding")
    how = two_axes(stride, tuple((p, p) for p in padding), dilation)
    size = (1,) * (2 - len(size)) + size
    out = conv_input(as_images(x), as_images(weight), size=size, groups=groups, **how)
    return with_bias(fn, np.squeeze(out, 2) if len(kernel) == 1 else out, bias)


def as_images(x: Any) -> Any:
    """A line (N, C, L) as an image of one row."""
    return np.expand_dims(x, 2) if np.ndim(x) == 3 else x


def two_axes(stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    """The parameters of conv; the only row of a line stays as it is."""
    if len(stride) == 2:
        return {"stride": stride, "padding": padding, "dilation": dilation}
    return {"stride": (1, *stride), "padding": ((0, 0), *padding), "dilation": (1, *dilation)}


def with_bias(fn: str, out: Any, bias: Any) -> Any:
    """out + bias[o] for each filter o; on its own, for the bias within the product saves no time."""
    if bias is None:
        return out
    if np.shape(bias) != np.shape(out)[1:2]:
        raise ValueError(f"{fn}: bias must have shape {np.shape(out)[1:2]}, one number a filter; got {np.shape(bias)}")
    return out + np.reshape(bias, (-1,) + (1,) * (np.ndim(out) - 2))


def check_operands(fn: str, axes: str, x: Any, weight: Any, lead: str) -> tuple[Any, Any]:
    """The sizes of x and of the kernel, once both have the axes they need."""
    kernel_axes = ", ".join(f"k{axis}" for axis in axes.split(", "))
    check_axes(fn, "x", x, f"N, C, {axes}")
    check_axes(fn, "weight", weight, f"{lead}, {kernel_axes}")
    kernel = np.shape(weight)[2:]
    if min(kernel) < 1:
        raise ValueError(f"{fn}: weight {np.shape(weight)} has no entries: a kernel has one at least on each axis")
    return np.shape(x)[2:], kernel


def check_groups(fn: str, groups: int, count: int, what: str) -> None:
    """Refuse groups that are not of equal size."""
    if per_axis(fn, "groups", groups, 1, 1) and count % groups:
        raise ValueError(f"{fn}: groups={groups} does not divide the {what}")


def both_sides(fn: str, padding: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[Pair, ...]:
    """How many zeros stand before and after each axis."""
    if not isinstance(padding, str):
        return tuple((p, p) for p in per_axis(fn, "padding", padding, len(kernel), 0))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise ValueError(f'{fn}: padding must be whole numbers, "same" or "valid"; got {padding!r}')
    if max(stride) > 1:
        raise ValueError(f'{fn}: padding="same" keeps the size, so it needs stride 1; got {stride}')
    missing = [span(k, d) - 1 for k, d in zip(kernel, dilation, strict=True)]
    return tuple((n // 2, n - n // 2) for n in missing)

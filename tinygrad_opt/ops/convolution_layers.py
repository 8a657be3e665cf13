"""Layers of filters under PyTorch's names and layouts: one convolution, its settings checked, and a bias.

A line is an image of one row, so that one and two axes share everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..settings import equal_groups
from .convolution import Pair, biased_conv, conv, conv_input
from .windows import by, check_axes, check_room, per_axis, span


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
    """conv2d on one axis: x (N, C, L), weight (O, C/groups, k), bias (O,)  ->  (N, O, OL).

    >>> print(conv1d([[[1.0, 4.0, 9.0]]], [[[-1.0, 1.0]]]))
    [[[3. 5.]]]
    """
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
    """conv_transpose2d on one axis: x (N, C, L), weight (C, O/groups, k), bias (O,)  ->  (N, O, OL).

    >>> print(conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 10.0]]]))
    [[[ 1. 12. 20.]]]
    """
    return transposed_layer("conv_transpose1d", "L", x, weight, bias, stride, padding, output_padding, groups, dilation)


# -- checked, and put to the primitives --------------------------------------------------------
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
    equal_groups(fn, "groups", groups, channels, "channels of x")
    equal_groups(fn, "groups", groups, filters, "filters of weight")
    if channels != np.shape(weight)[1] * groups:
        raise ValueError(
            f"{fn}: weight {np.shape(weight)} with groups={groups} takes {np.shape(weight)[1] * groups} channels, "
            f"axis 1 of weight times groups; x {np.shape(x)} has {channels}"
        )
    check_room(fn, sizes, kernel, padding, dilation)
    how = two_axes(stride, padding, dilation)
    x, weight = as_images(x), as_images(weight)
    if bias is None:
        out = conv(x, weight, groups=groups, **how)
    else:
        check_bias(fn, bias, filters)
        out = biased_conv(x, weight, bias, groups=groups, **how)
    return np.squeeze(out, 2) if len(kernel) == 1 else out


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
    equal_groups(fn, "groups", groups, channels, "channels of x")
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
    out = np.squeeze(out, 2) if len(kernel) == 1 else out
    if bias is None:
        return out
    check_bias(fn, bias, np.shape(out)[1])
    return out + np.reshape(bias, (-1,) + (1,) * len(kernel))


def as_images(x: Any) -> Any:
    """A line (N, C, L) as an image of one row."""
    return np.expand_dims(x, 2) if np.ndim(x) == 3 else x


def two_axes(stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    """The parameters of conv; the only row of a line stays as it is."""
    if len(stride) == 2:
        return {"stride": stride, "padding": padding, "dilation": dilation}
    return {"stride": (1, *stride), "padding": ((0, 0), *padding), "dilation": (1, *dilation)}


def check_bias(fn: str, bias: Any, filters: int) -> None:
    """Refuse a bias that is not one number a filter."""
    if np.shape(bias) != (filters,):
        raise ValueError(f"{fn}: bias must have shape {(filters,)}, one number a filter; got {np.shape(bias)}")


def check_operands(fn: str, axes: str, x: Any, weight: Any, lead: str) -> tuple[Any, Any]:
    """The sizes of x and of the kernel, once both have the axes they need."""
    kernel_axes = ", ".join(f"k{axis}" for axis in axes.split(", "))
    check_axes(fn, "x", x, f"N, C, {axes}")
    check_axes(fn, "weight", weight, f"{lead}, {kernel_axes}")
    kernel = np.shape(weight)[2:]
    if min(kernel) < 1:
        raise ValueError(f"{fn}: weight {np.shape(weight)} has no entries: a kernel has one at least on each axis")
    return np.shape(x)[2:], kernel


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

"""Layers of filters over lines and images, and the transposed ones, which undo their strides."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functional import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from ..ops.convolution_layers import both_sides
from ..ops.windows import per_axis
from ..settings import count, equal_groups
from ..value import Value
from .inputs import as_input, over_batch
from .module import Module
from .weights import bias_array, weight_array, with_bias


class Convolution(Module):
    """What Conv1d and Conv2d share: their settings, checked when the layer is made, and how weights are drawn."""

    axes: str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: Any = "linear",
        bias_init: Any = None,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ):
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        kernel, strides, spread = checked_settings(self)
        kind, shape = type(self).__name__, (out_channels, in_channels // groups, *kernel)
        both_sides(kind, padding, kernel, strides, spread)
        biased = with_bias(kind, bias)
        self.weight = Value(weight_array(kind, init, shape, rng, dtype))
        self.bias = Value(bias_array(kind, init, bias_init, shape, out_channels, rng, dtype)) if biased else None


class Conv1d(Convolution):
    """A layer of filters over lines, `functional.conv1d`: out[n, o] = bias[o] + sum over c of x[n, c] * weight[o, c].

    x (N, C, L) or one sample (C, L), weight (O, C/groups, k), bias (O,)  ->  (N, O, OL)
    with OL = (L + 2 padding - dilation (k - 1) - 1) // stride + 1.

    Arguments and errors are those of `Conv2d`, with whole numbers for pairs.

    >>> layer = Conv1d(1, 1, kernel_size=2, bias=False)
    >>> layer.weight.data[...] = [-1.0, 1.0]
    >>> layer(np.array([[1.0, 4.0, 9.0]])).data
    array([[3., 5.]])
    """

    axes = "L"

    def forward(self, x: Any) -> Any:
        return over_batch(self, self.axes, lambda x: conv1d(x, *operands(self)), checked_channels(self, x))


class Conv2d(Convolution):
    """A layer of filters over images, `functional.conv2d`: out[n, o] = bias[o] + sum over c of x[n, c] * weight[o, c].

    x (N, C, H, W) or one sample (C, H, W), weight (O, C/groups, kH, kW), bias (O,)  ->  (N, O, OH, OW)
    with OH = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1, and OW alike.

    kernel_size, stride, dilation  a whole number, or a pair for height and width
    padding                        the same, or "valid" (none), or "same" (OH = H, for stride 1); zeros
    groups                         channels and filters in as many groups, each of which sees its own only
    init, bias_init, rng, dtype    as those of `Linear`

    Raises ValueError for settings that do not fit together, when the layer is made; for inputs of other axes or
    channels, and for a kernel larger than the padded image.

    >>> layer = Conv2d(3, 8, kernel_size=3, padding="same")
    >>> layer(np.zeros((5, 3, 28, 28))).shape
    (5, 8, 28, 28)
    """

    axes = "H, W"

    def forward(self, x: Any) -> Any:
        return over_batch(self, self.axes, lambda x: conv2d(x, *operands(self)), checked_channels(self, x))


class TransposedConvolution(Module):
    """What ConvTranspose1d and ConvTranspose2d share.

    The fans of a transposed weight are read from its shape as from any other, which is what PyTorch does:
    fan_in is O/groups times the kernel's entries.
    """

    axes: str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        init: Any = "linear",
        bias_init: Any = None,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ):
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.groups, self.dilation = groups, dilation
        kernel, _, _ = checked_settings(self)
        kind, shape = type(self).__name__, (in_channels, out_channels // groups, *kernel)
        for name, given in (("padding", padding), ("output_padding", output_padding)):
            per_axis(kind, name, given, len(kernel), 0)
        biased = with_bias(kind, bias)
        self.weight = Value(weight_array(kind, init, shape, rng, dtype))
        self.bias = Value(bias_array(kind, init, bias_init, shape, out_channels, rng, dtype)) if biased else None


class ConvTranspose1d(TransposedConvolution):
    """The adjoint of Conv1d as a layer, `functional.conv_transpose1d`.

    x (N, C, L) or one sample (C, L), weight (C, O/groups, k), bias (O,)  ->  (N, O, OL)
    with OL = (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.

    Arguments and errors are those of `ConvTranspose2d`, with whole numbers for pairs.

    >>> ConvTranspose1d(4, 2, kernel_size=2, stride=2)(np.zeros((5, 4, 10))).shape
    (5, 2, 20)
    """

    axes = "L"

    def forward(self, x: Any) -> Any:
        x = checked_channels(self, x)
        return over_batch(self, self.axes, lambda x: conv_transpose1d(x, *transposed_operands(self)), x)


class ConvTranspose2d(TransposedConvolution):
    """The adjoint of Conv2d as a layer: every entry of x adds a multiple of the kernel to the output.

    x (N, C, H, W) or one sample (C, H, W), weight (C, O/groups, kH, kW), bias (O,)  ->  (N, O, OH, OW)
    with OH = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1, and OW alike.

    output_padding chooses among the sizes that a stride rounds to the same one, and is smaller than stride;
    the other arguments and the errors are those of `Conv2d`.

    >>> ConvTranspose2d(4, 2, kernel_size=3, stride=2, padding=1, output_padding=1)(np.zeros((5, 4, 7, 7))).shape
    (5, 2, 14, 14)
    """

    axes = "H, W"

    def forward(self, x: Any) -> Any:
        x = checked_channels(self, x)
        return over_batch(self, self.axes, lambda x: conv_transpose2d(x, *transposed_operands(self)), x)


# -- settings and inputs -----------------------------------------------------------------------
def operands(layer: Any) -> tuple[Any, ...]:
    """What conv takes beside x, in its order."""
    return layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups


def transposed_operands(layer: Any) -> tuple[Any, ...]:
    """What conv_transpose takes beside x, in its order."""
    settings = layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation
    return layer.weight, layer.bias, *settings


def checked_settings(layer: Any) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride and dilation as one whole number for each axis, once sizes and groups fit too."""
    kind = type(layer).__name__
    for name in ("in_channels", "out_channels"):
        equal_groups(kind, "groups", layer.groups, count(kind, name, getattr(layer, name)), name)
    dims = layer.axes.count(",") + 1
    settings = (("kernel_size", layer.kernel_size), ("stride", layer.stride), ("dilation", layer.dilation))
    return tuple(per_axis(kind, name, given, dims, 1) for name, given in settings)


def checked_channels(layer: Any, x: Any) -> Any:
    """x as the layer takes it, if it has its channels."""
    x = as_input(layer, x, layer.weight)
    dims = layer.axes.count(",") + 3
    axis = x.ndim - dims + 1  # 0 in one sample, 1 in a batch
    if axis in (0, 1) and x.shape[axis] != layer.in_channels:
        takes = f"{layer.where} takes {layer.in_channels} channel{'s' * (layer.in_channels > 1)} on axis {axis}"
        raise ValueError(f"{takes}; got shape {x.shape}{advice(layer, x, axis)}")
    return x


def advice(layer: Any, x: Any, axis: int) -> str:
    """What to do about channels that do not fit, where it tells."""
    if x.shape[-1] == layer.in_channels:
        return f": are its channels last? Then pass np.moveaxis(x, -1, {axis})"
    if axis == 0 and layer.in_channels == 1:
        return f": are these {x.shape[0]} samples of one channel? Then pass x[:, None]"
    return ""

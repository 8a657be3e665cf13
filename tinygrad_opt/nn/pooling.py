"""Layers of pooling: the largest entry or the average of every window, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional
from ..ops.adaptive_pooling import window_counts
from ..ops.windows import per_axis
from ..settings import flag
from .inputs import over_batch
from .module import Module


class Pool(Module):
    """What all layers of pooling share: a function that is given the layer's settings in its order."""

    axes: ClassVar[str]
    function: ClassVar[Callable[..., Any]]

    def settings(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        return over_batch(self, self.axes, lambda x: type(self).function(x, *self.settings()), x)


class MaxPool(Pool):
    """What MaxPool1d and MaxPool2d share."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.ceil_mode = dilation, flag(type(self).__name__, "ceil_mode", ceil_mode)
        check_settings(self, kernel_size=1, stride=1, padding=0, dilation=1)

    def settings(self) -> tuple[Any, ...]:
        return self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode


class MaxPool1d(MaxPool):
    """`functional.max_pool1d`: the largest entry of every window; x (N, C, L) or one sample (C, L)  ->  (N, C, OL).

    >>> import numpy as np
    >>> MaxPool1d(2)(np.array([[1.0, 4.0, 2.0, 3.0]]))
    array([[4., 3.]])
    """

    axes = "L"
    function = functional.max_pool1d


class MaxPool2d(MaxPool):
    """`functional.max_pool2d`: the largest entry of every window of an image; of equals the first gets the gradient.

    x (N, C, H, W) or one sample (C, H, W)  ->  (N, C, OH, OW)
    with OH = (H + 2 padding - dilation (kH - 1) - 1) // stride + 1, rounded up with ceil_mode; stride None is the
    kernel's size, windows side by side.

    Raises ValueError for settings below 1 (padding: below 0), when the layer is made; for inputs of other axes, for
    a kernel larger than the padded image, and where a window meets padding only.

    >>> import numpy as np
    >>> MaxPool2d(2)(np.zeros((5, 6, 24, 24))).shape
    (5, 6, 12, 12)
    """

    axes = "H, W"
    function = functional.max_pool2d


class AvgPool(Pool):
    """What AvgPool1d and AvgPool2d share."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        kind = type(self).__name__
        self.ceil_mode = flag(kind, "ceil_mode", ceil_mode)
        self.count_include_pad = flag(kind, "count_include_pad", count_include_pad)
        check_settings(self, kernel_size=1, stride=1, padding=0)

    def settings(self) -> tuple[Any, ...]:
        return self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad


class AvgPool1d(AvgPool):
    """`functional.avg_pool1d`: the average of every window; x (N, C, L) or one sample (C, L)  ->  (N, C, OL).

    >>> import numpy as np
    >>> AvgPool1d(2)(np.array([[1.0, 4.0, 2.0, 3.0]]))
    array([[2.5, 2.5]])
    """

    axes = "L"
    function = functional.avg_pool1d


class AvgPool2d(AvgPool):
    """`functional.avg_pool2d`: the average of every window of an image; shapes and errors as of `MaxPool2d`.

    Zeros of the padding count as entries unless count_include_pad is False.

    >>> import numpy as np
    >>> AvgPool2d(2)(np.zeros((5, 6, 24, 24))).shape
    (5, 6, 12, 12)
    """

    axes = "H, W"
    function = functional.avg_pool2d


class AdaptivePool(Pool):
    """What the adaptive ones share."""

    def __init__(self, output_size: Any):
        self.output_size = output_size
        window_counts(type(self).__name__, output_size, (1,) * (self.axes.count(",") + 1))

    def settings(self) -> tuple[Any, ...]:
        return (self.output_size,)


class AdaptiveAvgPool1d(AdaptivePool):
    """`functional.adaptive_avg_pool1d`: x (N, C, L) or one sample (C, L)  ->  (N, C, output_size)."""

    axes = "L"
    function = functional.adaptive_avg_pool1d


class AdaptiveAvgPool2d(AdaptivePool):
    """`functional.adaptive_avg_pool2d`: the averages of as many windows as output_size says, of images of any size.

    x (N, C, H, W) or one sample (C, H, W)  ->  (N, C, OH, OW) with output_size a number or (OH, OW), in which None
    keeps the size; 1 is the average of each image.

    Raises ValueError for an output_size below 1 and inputs of other axes.

    >>> import numpy as np
    >>> AdaptiveAvgPool2d(1)(np.zeros((5, 6, 24, 17))).shape
    (5, 6, 1, 1)
    """

    axes = "H, W"
    function = functional.adaptive_avg_pool2d


class AdaptiveMaxPool1d(AdaptivePool):
    """`functional.adaptive_max_pool1d`: x (N, C, L) or one sample (C, L)  ->  (N, C, output_size)."""

    axes = "L"
    function = functional.adaptive_max_pool1d


class AdaptiveMaxPool2d(AdaptivePool):
    """`functional.adaptive_max_pool2d`: the largest entries of the windows of `AdaptiveAvgPool2d`."""

    axes = "H, W"
    function = functional.adaptive_max_pool2d


def check_settings(layer: Any, **least: int) -> None:
    """Refuse settings that are not one whole number for each axis; a stride of None is the kernel's size."""
    for name, low in least.items():
        given = getattr(layer, name)
        if not (name == "stride" and given is None):
            per_axis(type(layer).__name__, name, given, layer.axes.count(",") + 1, low)

"""Layers of pooling under PyTorch's names and layouts: one pooling, its settings checked.

A line is an image of one row, so that one and two axes share everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .pooling import count, max_pool, shifts, sum_pool
from .windows import check_axes, check_room, per_axis, span


def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """The largest entry of every window of an image; of equals the first gets the gradient.

    x (N, C, H, W)  ->  (N, C, OH, OW); stride None is the kernel's size, windows side by side.
    With ceil_mode, windows at the end may reach beyond the padded image, and the first one too where less than a
    stride of it lies beyond.

    Raises ValueError for settings below 1 (padding: below 0), for a kernel larger than the padded image, and
    where a window meets padding only.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> x = Value(np.array([[[[1.0, 4.0, 2.0, 2.0], [3.0, 0.0, 2.0, 1.0]]]]))
    >>> y = max_pool2d(x, 2)
    >>> print(y.data[0, 0])
    [[4. 2.]]
    >>> y.sum().backward()
    >>> print(x.grad[0, 0])
    [[0. 1. 1. 0.]
     [0. 0. 0. 0.]]
    """
    check_axes("max_pool2d", "x", x, "N, C, H, W")
    return max_pool(x, **window_settings("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode))


def max_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """max_pool2d on one axis: x (N, C, L)  ->  (N, C, OL).

    >>> print(max_pool1d([[[1.0, 4.0, 2.0, 3.0]]], 2))
    [[[4. 3.]]]
    """
    check_axes("max_pool1d", "x", x, "N, C, L")
    how = window_settings("max_pool1d", x, kernel_size, stride, padding, dilation, ceil_mode)
    return np.squeeze(max_pool(np.expand_dims(x, 2), **how), 2)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The average of every window of an image.

    x (N, C, H, W)  ->  (N, C, OH, OW); stride None is the kernel's size, windows side by side.
    Zeros of the padding count as entries unless count_include_pad is False; what ceil_mode adds never does.
    The average of all of an image is np.mean(x, axis=(2, 3)).

    Raises ValueError as max_pool2d does.

    >>> import numpy as np
    >>> print(avg_pool2d(np.arange(8.0).reshape(1, 1, 2, 4), 2)[0, 0])
    [[2.5 4.5]]
    """
    check_axes("avg_pool2d", "x", x, "N, C, H, W")
    how = window_settings("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    return average(x, how, count_include_pad)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """avg_pool2d on one axis: x (N, C, L)  ->  (N, C, OL).

    >>> print(avg_pool1d([[[1.0, 4.0, 2.0, 3.0]]], 2))
    [[[2.5 2.5]]]
    """
    check_axes("avg_pool1d", "x", x, "N, C, L")
    how = window_settings("avg_pool1d", x, kernel_size, stride, padding, 1, ceil_mode)
    return np.squeeze(average(np.expand_dims(x, 2), how, count_include_pad), 2)


# -- checked, and put to the primitives --------------------------------------------------------
def average(x: Any, how: dict[str, Any], count_include_pad: bool) -> Any:
    """Every window's sum divided by the number of its entries."""
    how.pop("dilation")
    size = np.shape(x)[2:]
    down, right = (
        lengths(size[k], how["kernel"][k], how["stride"][k], how["padding"][k], how["ceil_mode"], count_include_pad)
        for k in (0, 1)
    )
    entries = np.multiply.outer(down, right)
    same = entries.min() == entries.max()
    divisor = float(entries[0, 0]) if same else entries.astype(np.result_type(x))
    return sum_pool(x, **how) / divisor


def lengths(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool, with_padding: bool) -> Any:
    """How many entries every window of an axis has."""
    start = stride * np.arange(count(size, kernel, stride, padding, 1, ceil_mode)) - padding
    outside = padding if with_padding else 0
    return np.minimum(start + kernel, size + outside) - np.maximum(start, -outside)


def window_settings(
    fn: str, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> dict[str, Any]:
    """The parameters of max_pool, checked; the only row of a line stays as it is."""
    size = np.shape(x)[2:]
    given = {
        "kernel_size": (kernel_size, 1),
        "stride": (kernel_size if stride is None else stride, 1),
        "padding": (padding, 0),
        "dilation": (dilation, 1),
    }
    kernel, stride, padding, dilation = (
        per_axis(fn, name, value, len(size), least) for name, (value, least) in given.items()
    )
    axes = [(*setting, ceil_mode) for setting in zip(size, kernel, stride, padding, dilation, strict=True)]
    if not (ceil_mode and all(count(*axis) > 0 for axis in axes)):  # with it, one window may reach beyond both ends
        check_room(fn, size, kernel, [(p, p) for p in padding], dilation)
    for axis in axes:
        check_windows(fn, *axis)
    one = (1,) * (2 - len(size))
    return {
        "kernel": one + kernel,
        "stride": one + stride,
        "padding": (0,) * len(one) + padding,
        "dilation": one + dilation,
        "ceil_mode": ceil_mode,
    }


def check_windows(fn: str, size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> None:
    """Refuse a window that has no entry."""
    met = np.zeros(count(size, kernel, stride, padding, dilation, ceil_mode), bool)
    for windows, _ in shifts(size, kernel, stride, padding, dilation, ceil_mode):
        met[windows] = True
    if not met.all():
        raise ValueError(
            f"{fn}: with padding {padding}, window {int(np.argmin(met))} of an axis of {size} entries meets padding "
            f"only: take less padding than the {span(kernel, dilation)} entries that the kernel spans"
        )

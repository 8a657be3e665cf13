"""Rules of pooling over images: the largest entry of every window, and the average.

At special points: of equal entries in a window the first gets the whole gradient, row by row, as in
PyTorch, so that every window has one winner; np.max over an axis, which has no order, shares it.
A window with nan gives nan, and its first nan gets the gradient.  Padding never wins: it is no entry.

Windows are taken one shift at a time, x[..., i::stride], which needs no copy of x in windows, and
by rows before columns, which for a maximum or a sum needs kH + kW shifts instead of kH * kW.
Windows that do not overlap need no path of their own: their shifts are NumPy slices as a reshape's
are, and reducing the short axes of a reshape takes several times as long.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .indexing import scatter_add
from .operand import concrete
from .rules import differentiable
from .windows import check_axes, check_room, per_axis, span

Pair = tuple[int, int]
EVERY = slice(None)


def count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows an axis has; with ceil_mode also one that ends beyond the padding but begins before it."""
    room = size + 2 * padding - span(kernel, dilation)
    windows = room // stride + 1
    if ceil_mode and room % stride and windows * stride < size + padding:
        windows += 1
    return windows


def shifts(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> Iterator[tuple[slice, slice]]:
    """For each entry of a kernel: the windows in which it meets an entry of the axis, and the entries it meets."""
    windows = count(size, kernel, stride, padding, dilation, ceil_mode)
    for i in range(kernel):
        start = i * dilation - padding
        low = max(0, -(start // stride))
        high = max(low, min(windows, (size - 1 - start) // stride + 1))
        yield slice(low, high), slice(low * stride + start, max(0, (high - 1) * stride + start + 1), stride)


def at(axis: int, part: slice) -> tuple[Any, ...]:
    """The index of a part of the last axis or of the last but one."""
    return (..., part) if axis == -1 else (..., part, EVERY)


def over_windows(x: Any, join: np.ufunc, start: float, how: Callable[[int], tuple[Any, ...]]) -> Any:
    """Join the entries of every window by a ufunc, one axis after the other; how gives an axis its setting."""
    for axis in (-2, -1):
        setting = how(axis)
        shape = list(x.shape)
        shape[axis] = count(shape[axis], *setting)
        out = np.full(shape, start, x.dtype)
        for windows, entries in shifts(x.shape[axis], *setting):
            met = out[at(axis, windows)]
            join(met, x[at(axis, entries)], out=met)
        x = out
    return x


# -- the largest entry -------------------------------------------------------------------------
def max_pool(
    x: Any, kernel: Pair, stride: Pair, padding: Pair = (0, 0), dilation: Pair = (1, 1), ceil_mode: bool = False
) -> Any:
    """The largest entry of every window over the last two axes."""
    return over_windows(x, np.maximum, -np.inf, lambda k: (kernel[k], stride[k], padding[k], dilation[k], ceil_mode))


def winners(
    x: Any,
    out: Any,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """For each window the place of its first largest entry, or of its first nan, in np.ravel(x).

    Entries of the kernel are numbered down to 1 for the last, and the highest number that wins is kept: in
    arithmetic on small whole numbers, which takes a third of the time of assigning under a mask.
    """
    high, wide = np.shape(x)[-2:]
    downs = list(shifts(high, kernel[0], stride[0], padding[0], dilation[0], ceil_mode))
    rights = list(shifts(wide, kernel[1], stride[1], padding[1], dilation[1], ceil_mode))
    taps = len(downs) * len(rights)
    small = np.min_scalar_type(taps).type
    best = np.zeros(np.shape(out), small)
    any_nan = bool(np.isnan(out).any())
    for n, ((down, y), (right, z)) in enumerate(itertools.product(downs, rights)):
        entries, kept = x[..., y, z], best[..., down, right]
        wins = entries == out[..., down, right]
        if any_nan:
            wins |= np.isnan(entries)
        np.maximum(kept, wins * small(taps - n), out=kept)
    return corners(np.shape(x), np.shape(out)[-2:], stride, padding) + within(kernel, dilation, wide)[best]


def corners(shape: Any, counts: Any, stride: Pair, padding: Pair) -> Any:
    """The place in a raveled array where each window begins."""
    *lead, high, wide = shape
    planes = np.arange(math.prod(lead)).reshape(*lead, 1, 1) * (high * wide)
    down, right = (s * np.arange(n) - p for n, s, p in zip(counts, stride, padding, strict=True))
    return planes + (down * wide)[:, None] + right


def within(kernel: Pair, dilation: Pair, wide: int) -> Any:
    """How far behind its window's corner each entry of a kernel stands, numbered down to 1 for the last."""
    down, right = (d * np.arange(k) for k, d in zip(kernel, dilation, strict=True))
    return np.append(np.add.outer(down * wide, right), 0)[::-1]


def max_pool_rule(
    g: Any,
    out: Any,
    x: Any,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    index = winners(concrete(x), concrete(out), kernel, stride, padding, dilation, ceil_mode)
    return np.reshape(scatter_add(np.ravel(g), index=np.ravel(index), shape=(np.size(x),)), np.shape(x))


# -- the sum -----------------------------------------------------------------------------------
def sum_pool(x: Any, kernel: Pair, stride: Pair, padding: Pair = (0, 0), ceil_mode: bool = False) -> Any:
    """The sum of every window over the last two axes."""
    return over_windows(x, np.add, 0, lambda k: (kernel[k], stride[k], padding[k], 1, ceil_mode))


def spread_windows(
    g: Any, size: Pair, kernel: Pair, stride: Pair, padding: Pair = (0, 0), ceil_mode: bool = False
) -> Any:
    """Add to every entry what the windows that it is in were given: the adjoint of sum_pool."""
    for axis in (-1, -2):
        shape = list(g.shape)
        shape[axis] = size[axis]
        out = np.zeros(shape, g.dtype)
        for windows, entries in shifts(size[axis], kernel[axis], stride[axis], padding[axis], 1, ceil_mode):
            out[at(axis, entries)] += g[at(axis, windows)]
        g = out
    return g


max_pool = differentiable(
    max_pool,
    max_pool_rule,
    kink=lambda out, x, kernel, stride, **how: winners(concrete(x), concrete(out), kernel, stride, **how),
)
sum_pool = differentiable(
    sum_pool,
    lambda g, out, x, kernel, stride, padding=(0, 0), ceil_mode=False: spread_windows(
        g, size=np.shape(x)[-2:], kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode
    ),
)
spread_windows = differentiable(
    spread_windows,
    lambda g, out, x, size, kernel, stride, padding=(0, 0), ceil_mode=False: sum_pool(
        g, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode
    ),
)


# -- layers, with PyTorch's names --------------------------------------------------------------
def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """The largest entry of every window of an image; of equals the first gets the gradient.

    x (N, C, H, W)  ->  (N, C, OH, OW); stride None is the kernel's size, windows side by side.
    With ceil_mode, windows at the end may reach beyond the padded image.

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
    """max_pool2d on one axis: x (N, C, L)  ->  (N, C, OL)."""
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
    """avg_pool2d on one axis: x (N, C, L)  ->  (N, C, OL)."""
    check_axes("avg_pool1d", "x", x, "N, C, L")
    how = window_settings("avg_pool1d", x, kernel_size, stride, padding, 1, ceil_mode)
    return np.squeeze(average(np.expand_dims(x, 2), how, count_include_pad), 2)


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
    check_room(fn, size, kernel, [(p, p) for p in padding], dilation)
    for setting in zip(size, kernel, stride, padding, dilation, strict=True):
        check_windows(fn, *setting, ceil_mode)
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

"""Rules of pooling over images: the largest entry of every window, and the average.

At special points: of equal entries in a window the first gets the whole gradient, row by row, as in
PyTorch, so that every window has one winner; np.max over an axis, which has no order, shares it.
A window with nan gives nan, and its first nan gets the gradient.  Padding never wins: it is no entry.

Windows are taken one shift at a time, x[..., i::stride], which needs no copy of x in windows, and
by rows before columns, which for a maximum or a sum needs kH + kW shifts instead of kH * kW.
Windows that do not overlap need no path of their own: their shifts are NumPy slices as a reshape's
are, and reducing the short axes of a reshape takes several times as long.

Results lie in memory as x does: where a convolution has made it, with the batch last.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .elementwise import keep
from .operand import concrete
from .rules import differentiable
from .windows import EVERY, span

Pair = tuple[int, int]


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
        out = np.full_like(x, start, shape=shape)
        for windows, entries in shifts(x.shape[axis], *setting):
            met = out[at(axis, windows)]
            join(met, x[at(axis, entries)], out=met)
        x = out
    return x


# -- the largest entry -------------------------------------------------------------------------
def max_pool(
    x: Any, kernel: Pair, stride: Pair, padding: Pair = (0, 0), dilation: Pair = (1, 1), ceil_mode: bool = False
) -> Any:
    """The largest entry of every window over the last two axes; whole numbers become floats, which have -inf."""
    x = np.asarray(x, np.result_type(x, np.float32))
    return over_windows(x, np.maximum, -np.inf, lambda k: (kernel[k], stride[k], padding[k], dilation[k], ceil_mode))


def first_largest(
    x: Any,
    out: Any,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """For each window the number of its first largest entry, or of its first nan, among the kernel's, row by row.

    That is how many entries before it have not won: counted in small whole numbers, which takes a tenth of the
    time of assigning under a mask.
    """
    any_nan = bool(np.isnan(out).any())
    waiting = np.ones_like(out, bool)
    found = np.zeros_like(out, np.min_scalar_type(kernel[0] * kernel[1]))
    for met, entries in pairs(np.shape(x)[-2:], kernel, stride, padding, dilation, ceil_mode):
        lost = x[entries] != out[met]
        if any_nan:
            lost &= ~np.isnan(x[entries])
        waiting[met] &= lost
        found += waiting
    return found


def pairs(
    size: Any, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Iterator[tuple[Any, Any]]:
    """For each entry of a kernel, row by row: the windows that meet an entry, and the entries they meet, as indices."""
    downs, rights = (list(shifts(size[k], kernel[k], stride[k], padding[k], dilation[k], ceil_mode)) for k in (0, 1))
    for (down, y), (right, z) in itertools.product(downs, rights):
        yield (..., down, right), (..., y, z)


def from_winners(
    x: Any,
    winners: Any,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """The entry of every window that has the window's number: max_pool, were these the largest."""
    out = np.zeros_like(winners, x.dtype)
    for number, (met, entries) in enumerate(pairs(x.shape[-2:], kernel, stride, padding, dilation, ceil_mode)):
        out[met] += keep(x[entries], winners[met] == number)
    return out


def to_winners(
    g: Any,
    winners: Any,
    size: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    """Add what every window was given to the entry that has the window's number: the adjoint of from_winners."""
    if any(map(operator.lt, stride, map(span, kernel, dilation))):
        return add_at_places(g, winners, size, kernel, stride, padding, dilation)
    if g.flags.c_contiguous != winners.flags.c_contiguous:  # arrays of two orders take three times as long
        slopes, g = g, np.empty_like(winners, g.dtype)
        np.copyto(g, slopes)
    out = np.zeros_like(winners, g.dtype, shape=(*g.shape[:-2], *size))
    for number, (met, entries) in enumerate(pairs(size, kernel, stride, padding, dilation, ceil_mode)):
        out[entries] = keep(g[met], winners[met] == number)
    return out


def add_at_places(g: Any, winners: Any, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Any:
    """to_winners where windows overlap: entry by entry, in half the time of as many masks as the kernel has entries."""
    *lead, high, wide = g.shape
    down, right = np.divmod(np.arange(kernel[0] * kernel[1]), kernel[1])
    within = down * (dilation[0] * size[1]) + right * dilation[1]
    top, left = (s * np.arange(n) - p for n, s, p in zip((high, wide), stride, padding, strict=True))
    planes = np.arange(math.prod(lead)).reshape(*lead, 1, 1) * (size[0] * size[1])
    index = planes + (top * size[1])[:, None] + left + within[winners]
    out = np.zeros((*lead, *size), g.dtype)
    np.add.at(out.reshape(-1), index.reshape(-1), g.reshape(-1))
    return out


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
    how: Any = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    winners = first_largest(concrete(x), concrete(out), **how)
    return to_winners(g, winners=winners, size=np.shape(x)[-2:], **how)


def to_winners_rule(
    u: Any,
    out: Any,
    g: Any,
    winners: Any,
    size: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    return from_winners(
        u, winners=winners, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


def from_winners_rule(
    g: Any,
    out: Any,
    x: Any,
    winners: Any,
    kernel: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Any:
    return to_winners(
        g,
        winners=winners,
        size=np.shape(x)[-2:],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )


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
        out = np.zeros_like(g, shape=shape)
        for windows, entries in shifts(size[axis], kernel[axis], stride[axis], padding[axis], 1, ceil_mode):
            out[at(axis, entries)] += g[at(axis, windows)]
        g = out
    return g


max_pool = differentiable(
    max_pool,
    max_pool_rule,
    kink=lambda out, x, kernel, stride, **how: first_largest(concrete(x), concrete(out), kernel, stride, **how),
)
from_winners = differentiable(from_winners, from_winners_rule, analytic=False)
to_winners = differentiable(to_winners, to_winners_rule, analytic=False)
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

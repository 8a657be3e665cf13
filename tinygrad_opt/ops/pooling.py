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
    """The largest entry of every window over the last two axes; whole numbers become floats, which have -inf."""
    x = np.asarray(x, np.result_type(x, np.float32))
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

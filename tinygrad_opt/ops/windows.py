"""Rules of sliding windows, and the geometry that convolution and pooling share.

Taking windows and adding windows up where they overlap are each other's adjoint.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .indexing import along, getitem, scatter_add
from .rules import differentiable
from .shapes import positions

sliding_window_view = np.lib.stride_tricks.sliding_window_view
EVERY = slice(None)


def overlap_add(g: Any, axis: tuple[int, ...]) -> Any:
    """Add windows up where they overlap: the adjoint of sliding_window_view over the given axes.

    The window view has many names for one entry and cannot be written to, so the sum has an array of
    its own, and goes axis by axis, which adds fewer numbers than all the axes at once.
    """
    for where in reversed(axis):
        *shape, length = g.shape
        count = shape[where]
        shape[where] += length - 1
        out = np.zeros(shape, np.result_type(g))
        for i in range(length):
            out[along(where, slice(i, i + count))] += g[..., i]
        g = out
    return g


differentiable(
    sliding_window_view,
    lambda g, out, x, window_shape, axis=None: overlap_add(g, axis=positions(axis, np.ndim(x))),
)
overlap_add = differentiable(
    overlap_add,
    lambda g, out, x, axis: sliding_window_view(g, window_shape=np.shape(x)[np.ndim(x) - len(axis) :], axis=axis),
)


# -- geometry ----------------------------------------------------------------------------------
def per_axis(fn: str, name: str, given: Any, dims: int, least: int) -> tuple[int, ...]:
    """A setting as one whole number for each axis, no smaller than least; one number serves all axes."""
    numbers = tuple(given) if isinstance(given, tuple | list) else (given,) * dims
    try:
        whole = tuple(map(operator.index, numbers))
    except TypeError:
        whole = ()
    if len(whole) != dims or min(whole) < least:
        takes = "a whole number" if dims == 1 else f"a whole number, or {dims} of them"
        raise ValueError(f"{fn}: {name} must be {takes}, at least {least}; got {given!r}")
    return whole


def span(kernel: int, dilation: int) -> int:
    """How many entries a dilated kernel reaches over."""
    return dilation * (kernel - 1) + 1


def places(size: int, kernel: int, stride: int, dilation: int) -> int:
    """At how many places a kernel stands on an axis of the given size."""
    return (size - span(kernel, dilation)) // stride + 1


def check_room(fn: str, sizes: Any, kernel: Any, padding: Any, dilation: Any) -> None:
    """Refuse a kernel that reaches over more entries than the padded input has."""
    spans = [span(k, d) for k, d in zip(kernel, dilation, strict=True)]
    padded = [n + before + after for n, (before, after) in zip(sizes, padding, strict=True)]
    if any(s > n for s, n in zip(spans, padded, strict=True)):
        raise ValueError(
            f"{fn}: the kernel spans {by(spans)} entries, more than the {by(padded)} of the padded input: "
            "pad more, or take a smaller kernel or dilation"
        )


def by(sizes: Any) -> str:
    """Sizes as one says them: 3 x 4."""
    return " x ".join(map(str, sizes))


def check_axes(fn: str, name: str, x: Any, axes: str) -> None:
    """Refuse an array that has not the named axes."""
    if np.ndim(x) != axes.count(",") + 1:
        advice = "; give a single example a batch axis with x[None]" if np.ndim(x) == axes.count(",") else ""
        raise ValueError(f"{fn}: {name} has the axes ({axes}); got shape {np.shape(x)}{advice}")


# -- im2col under PyTorch's names --------------------------------------------------------------
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Every window of a batch of images as a column (im2col).

    x (N, C, H, W)  ->  (N, C * kH * kW, L), one column for each of the L places of the window, row by row.

    Raises ValueError for settings below 1 (padding: below 0) and for a window larger than the padded image.

    >>> import numpy as np
    >>> print(unfold(np.arange(6.0).reshape(1, 1, 2, 3), kernel_size=2)[0])
    [[0. 1.]
     [1. 2.]
     [3. 4.]
     [4. 5.]]
    """
    check_axes("unfold", "x", x, "N, C, H, W")
    kernel, steps = column_settings("unfold", kernel_size, dilation, padding, stride)
    dilation, padding, stride = steps
    check_room("unfold", np.shape(x)[2:], kernel, [(p, p) for p in padding], dilation)
    n, c, *size = np.shape(x)
    inside, padded = frame(size, padding)
    if any(padding):
        x = scatter_add(x, index=inside, shape=(n, c, *padded))
    reaches = tuple(map(span, kernel, dilation))
    windows = getitem(sliding_window_view(x, reaches, (2, 3)), index=lattice(stride, dilation))
    columns = np.transpose(windows, (0, 1, 4, 5, 2, 3))
    return np.reshape(columns, (n, c * kernel[0] * kernel[1], np.shape(windows)[2] * np.shape(windows)[3]))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Add columns up to images where their windows overlap (col2im): the adjoint of unfold.

    x (N, C * kH * kW, L)  ->  (N, C, H, W) with (H, W) = output_size

    Raises ValueError if L or the rows of x are not what unfold makes of images of that size.

    >>> import numpy as np
    >>> print(fold(np.ones((1, 4, 2)), output_size=(2, 3), kernel_size=2)[0, 0])
    [[1. 2. 1.]
     [1. 2. 1.]]
    """
    check_axes("fold", "x", x, "N, C * kH * kW, L")
    size = per_axis("fold", "output_size", output_size, 2, 1)
    kernel, steps = column_settings("fold", kernel_size, dilation, padding, stride)
    dilation, padding, stride = steps
    check_room("fold", size, kernel, [(p, p) for p in padding], dilation)
    inside, padded = frame(size, padding)
    counts = tuple(map(places, padded, kernel, stride, dilation))
    n, rows, columns = np.shape(x)
    channels, rest = divmod(rows, kernel[0] * kernel[1])
    if rest or columns != counts[0] * counts[1]:
        raise ValueError(
            f"fold: images of {by(size)} have {by(counts)} places for a window of {by(kernel)}, so x needs a multiple "
            f"of {kernel[0] * kernel[1]} rows and {counts[0] * counts[1]} columns; got shape {np.shape(x)}"
        )
    windows = np.transpose(np.reshape(x, (n, channels, *kernel, *counts)), (0, 1, 4, 5, 2, 3))
    reaches = tuple(map(span, kernel, dilation))
    dense = tuple(map(places, padded, reaches, (1, 1), (1, 1)))
    spaced = scatter_add(windows, index=lattice(stride, dilation, counts), shape=(n, channels, *dense, *reaches))
    return getitem(overlap_add(spaced, axis=(2, 3)), index=inside)


def column_settings(fn: str, kernel_size: Any, *steps: Any) -> Any:
    """The kernel's size, and dilation, padding and stride, checked."""
    names = (("dilation", 1), ("padding", 0), ("stride", 1))
    kernel = per_axis(fn, "kernel_size", kernel_size, 2, 1)
    return kernel, [per_axis(fn, name, given, 2, low) for given, (name, low) in zip(steps, names, strict=True)]


def frame(size: Any, padding: Any) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Where an image stands within its padding, and the size of both together."""
    inside = (EVERY, EVERY, *(slice(p, p + n) for n, p in zip(size, padding, strict=True)))
    return inside, tuple(n + 2 * p for n, p in zip(size, padding, strict=True))


def lattice(stride: Any, dilation: Any, counts: Any = (None, None)) -> tuple[slice, ...]:
    """The index of every stride-th window, and within it of every dilation-th entry."""
    stops = (None if n is None else (n - 1) * s + 1 for n, s in zip(counts, stride, strict=True))
    steps = (slice(None, stop, s) for stop, s in zip(stops, stride, strict=True))
    return (EVERY, EVERY, *steps, *(slice(None, None, d) for d in dilation))

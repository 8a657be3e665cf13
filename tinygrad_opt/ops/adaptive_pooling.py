"""Pooling to a given number of windows, whatever the size of the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .indexing import along, getitem
from .pooling_layers import avg_pool2d, max_pool2d
from .windows import check_axes, per_axis


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """The average of every window of an image that is cut into output_size windows.

    x (N, C, H, W)  ->  (N, C, OH, OW) with output_size a number or (OH, OW), in which None keeps the size.
    Window i of an axis of n entries goes from floor(i n / m) up to ceil((i + 1) n / m), as in PyTorch: where m
    does not divide n, neighbours share entries.  output_size 1 is the average of each image.

    Raises ValueError for an output_size below 1 and an input without entries.

    >>> print(adaptive_avg_pool2d(np.arange(8.0).reshape(1, 1, 2, 4), 1)[0, 0])
    [[3.5]]
    """
    check_axes("adaptive_avg_pool2d", "x", x, "N, C, H, W")
    return pooled("adaptive_avg_pool2d", avg_pool2d, x, output_size)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """adaptive_avg_pool2d on one axis: x (N, C, L)  ->  (N, C, output_size).

    >>> print(adaptive_avg_pool1d([[[1.0, 4.0, 2.0]]], 2))
    [[[2.5 3. ]]]
    """
    check_axes("adaptive_avg_pool1d", "x", x, "N, C, L")
    return pooled("adaptive_avg_pool1d", avg_pool2d, x, output_size)


def adaptive_max_pool2d(x: Any, output_size: Any) -> Any:
    """The largest entry of every window of `adaptive_avg_pool2d`; of equals the first gets the gradient.

    >>> print(adaptive_max_pool2d(np.arange(8.0).reshape(1, 1, 2, 4), (1, 2))[0, 0])
    [[5. 7.]]
    """
    check_axes("adaptive_max_pool2d", "x", x, "N, C, H, W")
    return pooled("adaptive_max_pool2d", max_pool2d, x, output_size)


def adaptive_max_pool1d(x: Any, output_size: Any) -> Any:
    """adaptive_max_pool2d on one axis: x (N, C, L)  ->  (N, C, output_size).

    >>> print(adaptive_max_pool1d([[[1.0, 4.0, 2.0]]], 2))
    [[[4. 4.]]]
    """
    check_axes("adaptive_max_pool1d", "x", x, "N, C, L")
    return pooled("adaptive_max_pool1d", max_pool2d, x, output_size)


def pooled(fn: str, pool: Callable[..., Any], x: Any, output_size: Any) -> Any:
    """Pool the axes behind the channels, the last one first: by rows, the first of equals stays the first."""
    sizes = np.shape(x)[2:]
    if 0 in sizes:
        raise ValueError(f"{fn}: x {np.shape(x)} has no entries to pool")
    counts = window_counts(fn, output_size, sizes)
    images = np.expand_dims(x, 2) if len(sizes) == 1 else x
    for axis, n in zip((-1, -2), reversed(counts), strict=False):
        images = pooled_axis(pool, images, axis, n)
    return np.squeeze(images, 2) if len(sizes) == 1 else images


def window_counts(fn: str, output_size: Any, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """How many windows each axis gets: those asked for, and for None as many as it has entries."""
    asked = output_size if isinstance(output_size, tuple | list) else (output_size,) * len(sizes)
    if len(asked) == len(sizes):
        asked = tuple(size if n is None else n for n, size in zip(asked, sizes, strict=True))
    return per_axis(fn, "output_size", asked, len(sizes), 1)


def pooled_axis(pool: Callable[..., Any], x: Any, axis: int, n: int) -> Any:
    """n windows on one of the last two axes: windows side by side where n divides the size."""
    size = np.shape(x)[axis]
    if size % n == 0:
        return pool(x, window(axis, size // n))
    bounds = [(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]
    parts = [getitem(x, index=along(axis % 4, slice(*ends))) for ends in bounds]
    return np.concatenate([pool(part, window(axis, np.shape(part)[axis])) for part in parts], axis)


def window(axis: int, length: int) -> tuple[int, int]:
    """A window over one of the last two axes."""
    return (1, length) if axis == -1 else (length, 1)

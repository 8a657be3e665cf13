"""How arrays are cut into blocks, and how the sums of the blocks are put together."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import numpy as np

CACHE_LINE = 64
"""NumPy's loops run up to twice as fast where their results start on a cache line."""

BLOCK_BYTES = 2**20
"""The longest block that a kernel is run over.

With one thread a quarter of it, which the cache of a core holds, is as fast; with two it takes a third longer: at every
call a thread has to wait for the interpreter, and so few calls are better.
"""


CUTS: contextvars.ContextVar[list[tuple[int, int]] | None] = contextvars.ContextVar("CUTS", default=None)


def block_length(dtype: Any) -> int:
    return BLOCK_BYTES // int(np.dtype(dtype).itemsize)


def blocks(size: int, dtype: Any) -> list[tuple[int, int]]:
    """Where the blocks of an array start and stop: as few as can be, and as equal as whole cache lines let them."""
    count = -(-size // block_length(dtype))
    length = whole_lines(-(-size // max(count, 1)), dtype)
    return [(start, min(start + length, size)) for start in range(0, size, length)] if size else []


@contextlib.contextmanager
def cut_like(cuts: list[tuple[int, int]]) -> Iterator[None]:
    """Within it an array is summed in these pieces, those in which a kernel meets it."""
    token = CUTS.set(cuts)
    try:
        yield
    finally:
        CUTS.reset(token)


def whole_lines(size: int, dtype: Any) -> int:
    """A number of entries, raised to whole cache lines."""
    line = CACHE_LINE // int(np.dtype(dtype).itemsize)
    return -(-size // line) * line


def block_sum(x: Any) -> float:
    return float(np.add.reduce(x))


def sum_of(parts: list[float]) -> float:
    return float(sum(parts))

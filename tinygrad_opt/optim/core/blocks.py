"""How arrays are cut into blocks, and how the sums of the blocks are put together."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import numpy as np

CACHE_LINE = 64
"""NumPy's loops run up to twice as fast where their results start on a cache line."""

BLOCK_BYTES = 2**18
"""The longest block that one thread runs a kernel over: the cache of a core holds it, with all that a step needs.

Adam on 784-512-10 in a training loop takes 1.2 ms so, and 1.35 in blocks four times as long.
"""

LONG_BLOCK_BYTES = 2**20
"""The same for several threads.

At every call a thread has to wait for the interpreter, and so few calls are better: with short blocks two threads take
a third longer.
"""

PARALLEL = 2**20
"""Beyond this many entries several threads work.

Alone, two take two thirds of the time of one from half as many on.  But in a training loop BLAS has threads of its
own, which go on waiting for work for a while: at 400,000 entries a step took 3.0 ms with one thread, 3.3 with two.
"""


CUTS: contextvars.ContextVar[list[tuple[int, int]] | None] = contextvars.ContextVar("CUTS", default=None)


def block_length(dtype: Any, entries: int) -> int:
    """How long a block may be where a step goes over so many entries."""
    return (BLOCK_BYTES if entries <= PARALLEL else LONG_BLOCK_BYTES) // int(np.dtype(dtype).itemsize)


def blocks(size: int, dtype: Any, entries: int | None = None) -> list[tuple[int, int]]:
    """Where the blocks of an array start and stop: as few as can be, and as equal as whole cache lines let them.

    entries is how many there are with those of all other arrays.
    """
    count = -(-size // block_length(dtype, size if entries is None else entries))
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

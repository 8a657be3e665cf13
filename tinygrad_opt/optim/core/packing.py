"""Where parameters and their state lie: flat arrays, one for the parameters and one for each slot.

Small parameters lie side by side, so that one call of a kernel serves them all, and their gradients are
gathered.  Large ones start on a cache line of their own and their gradients are read where they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .blocks import CACHE_LINE, block_length, blocks, whole_lines
from .members import Array, Member

Gather = Literal["small", "all", "none"]

SMALL = 2**14
"""A parameter of fewer entries is gathered: the calls of a kernel for it alone would cost more than the copy."""


@dataclass
class Block:
    """A stretch of the packed arrays: their slices, and where its gradient is.

    That is gathered, or the entries start:stop of a member's.
    """

    p: Array
    slots: tuple[Array, ...]
    gathered: Array | None
    member: Member | None
    start: int
    stop: int

    @property
    def gradient(self) -> Any:
        return self.gathered if self.member is None else self.member.gradient[self.start : self.stop]


class Packing:
    """The flat arrays of some members of one dtype.

    rows holds the slots, and if all gradients are gathered (together) those in its last row.

    gather says whose gradients are gathered: those of "small" members, "all", which then lie without a gap
    and can be run over as one array, or "none".
    """

    def __init__(self, members: list[Member], slots: tuple[str, ...], gather: Gather):
        self.members, self.dtype = members, members[0].dtype
        limit = {"small": SMALL, "all": math.inf, "none": 0}[gather]
        gathered = [m for m in members if m.size < limit]
        direct = [m for m in members if m.size >= limit]
        end = 0
        for m in gathered:
            m.start, end = end, end + m.size
        self.together = not direct
        gradients = aligned_zeros((1, end), self.dtype)
        for m in direct:
            m.start = end = whole_lines(end, self.dtype)
            end += m.size
        self.p = aligned_zeros((1, end), self.dtype)[0]  # apart: parameters may outlive their optimizer
        self.rows = aligned_zeros((len(slots) + self.together, end), self.dtype)
        self.slots = dict(zip(slots, self.rows, strict=False))
        self.gradients = self.rows[-1] if self.together else gradients[0]
        for m in members:
            self.place(m, m.size < limit)

    def place(self, m: Member, gathered: bool) -> None:
        """Move a member's entries into the packed array."""
        inside = slice(m.start, m.start + m.size)
        view = self.p[inside].reshape(m.shape)
        view[...] = m.parameter.data
        m.view = view
        m.slots = {name: flat[inside].reshape(m.shape) for name, flat in self.slots.items()}
        m.gathered = self.gradients[inside].reshape(m.shape) if gathered else None
        if not m.is_float:
            m.parameter.data = view

    def blocks(self, members: list[Member]) -> list[Block]:
        """The members' entries in stretches that fit the cache; neighbours that are gathered together."""
        runs: list[list[Any]] = []
        for m in members:
            if m.gathered is not None and runs and runs[-1][0] is None and runs[-1][2] == m.start:
                runs[-1][2] += m.size
            else:
                runs.append([m if m.gathered is None else None, m.start, m.start + m.size])
        return [block for member, start, stop in runs for block in self.stretches(member, start, stop)]

    @property
    def longest(self) -> int:
        """How long a block may be."""
        entries = len(self.p)
        return min(block_length(self.dtype, entries), entries)

    def stretches(self, member: Member | None, start: int, stop: int) -> Iterator[Block]:
        offset = member.start if member else 0
        for a, b in blocks(stop - start, self.dtype, self.p.size):
            inside = slice(start + a, start + b)
            slots = tuple(flat[inside] for flat in self.slots.values())
            gathered = self.gradients[inside] if member is None else None
            yield Block(self.p[inside], slots, gathered, member, start + a - offset, start + b - offset)


def aligned_zeros(shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
    """Rows of zeros, each of which starts on a cache line."""
    rows, length = shape
    stride = whole_lines(length, dtype) * dtype.itemsize
    raw = np.zeros(rows * stride + CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + rows * stride].view(dtype).reshape(rows, stride // dtype.itemsize)[:, :length]

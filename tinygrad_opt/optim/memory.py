"""What a lane's members were before its last step, for the explanation of that step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from .members import Array, Member
from .packing import Packing

REMEMBERED = 1024
"""Lanes of up to so many entries are copied before every step, unless told otherwise: too few to be felt."""


class Moment(NamedTuple):
    """A member before a step: what its rule was given.  arrays holds p, g and the slots, in its shape."""

    h: SimpleNamespace
    t: int
    scalars: dict[str, float]
    arrays: dict[str, Array]


class Memory:
    """Copies of a lane's arrays and numbers."""

    def __init__(self, packing: Packing, members: list[Member]):
        self.packing, self.members = packing, members
        self.together = packing.gradients.size == packing.p.size  # then one copy of each array is one of all members
        self.arrays: dict[Member | None, dict[str, Array]] = {}
        self.h = SimpleNamespace()
        self.t: dict[Member, int] = {}
        self.scalars: dict[Member, dict[str, float]] = {}

    def note(self, h: SimpleNamespace, present: list[Member]) -> None:
        """Copy everything, before the step changes it."""
        self.h = h
        self.t = {m: m.steps + 1 for m in present}
        self.scalars = {m: m.scalars for m in present}
        if self.together:
            flat = {"p": self.packing.p, "g": self.packing.gradients, **self.packing.slots}
            self.arrays = {None: {name: array.copy() for name, array in flat.items()}}
        else:
            self.arrays = {m: copies(m) for m in present}

    def moment(self, m: Member) -> Moment | None:
        """What is remembered of a member; None if it had no part in the last step."""
        if m not in self.t:
            return None
        arrays = self.arrays.get(m)
        if arrays is None:
            inside = slice(m.start, m.start + m.size)
            arrays = {name: array[inside].reshape(m.shape) for name, array in self.arrays[None].items()}
        return Moment(self.h, self.t[m], self.scalars[m], arrays)


def copies(m: Member) -> dict[str, Array]:
    gradient = m.gradient.reshape(m.shape) if m.gathered is None else m.gathered
    sources = {"p": m.view, "g": gradient, **m.slots}
    return {name: array.copy() for name, array in sources.items()}

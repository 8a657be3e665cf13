"""What a lane's members were before its last step, for the explanation of that step."""

from __future__ import annotations

from typing import NamedTuple

from .hyper import Hyper
from .members import Array, Member
from .packing import Packing
from .passes import Unit

REMEMBERED = 1024
"""Lanes of up to so many entries are copied before every step, unless told otherwise: too few to be felt."""


class Moment(NamedTuple):
    """A member before a step: what its rule was given.  arrays holds p, g and the slots, in its shape."""

    h: Hyper
    t: int
    scalars: dict[str, float]
    arrays: dict[str, Array]


class Memory:
    """Copies of a lane's arrays and numbers."""

    def __init__(self, packing: Packing):
        self.packing = packing
        self.p, self.rows = packing.p, packing.rows
        self.arrays: dict[Member, dict[str, Array]] = {}
        self.h = Hyper()
        self.units: list[tuple[list[Member], int, list[float]]] = []

    def note(self, h: Hyper, units: list[Unit]) -> None:
        """Copy everything, before the step changes it."""
        self.h = h
        self.units = [(unit.members, unit.t, unit.scalars) for unit in units]
        if self.packing.together:
            self.p, self.rows = self.packing.p.copy(), self.packing.rows.copy()
        else:
            self.arrays = {m: copies(m) for unit in units for m in unit.members}

    def moment(self, m: Member) -> Moment | None:
        """What is remembered of a member; None if it had no part in the last step."""
        for members, t, scalars in self.units:
            if m in members:
                return Moment(self.h, t, dict(zip(m.scalars, scalars, strict=True)), self.arrays_of(m))
        return None

    def arrays_of(self, m: Member) -> dict[str, Array]:
        if not self.packing.together:
            return self.arrays[m]
        p, *slots, g = (row[m.start : m.start + m.size].reshape(m.shape) for row in (self.p, *self.rows))
        return {"p": p, "g": g, **dict(zip(self.packing.slots, slots, strict=True))}


def copies(m: Member) -> dict[str, Array]:
    gradient = m.gradient.reshape(m.shape) if m.gathered is None else m.gathered
    sources = {"p": m.view, "g": gradient, **m.slots}
    return {name: array.copy() for name, array in sources.items()}

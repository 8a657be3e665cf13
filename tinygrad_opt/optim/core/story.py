"""The last step of one entry of a parameter, equation by equation, with the numbers put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...expr import Expr
from ...notation import number, text
from .formula import equations
from .members import Member
from .traced import traced_pipeline

if TYPE_CHECKING:
    from .lane import Lane


@dataclass(frozen=True)
class Line:
    """One equation: with names, with numbers, and its value."""

    name: str
    formula: str
    numbers: str
    value: Any


@dataclass(frozen=True)
class Story:
    """A step of one entry; print it, or read its lines."""

    title: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        shown = [self.title]
        for line in self.lines:
            steps = [line.formula, line.numbers, number(line.value)]
            shown.append(f"  {line.name} = " + " = ".join(dict.fromkeys(steps)))
        return "\n".join(shown)

    __repr__ = __str__


def told(lanes: Sequence[Lane], parameter: Any, index: Any) -> Story:
    """The story of an entry of a parameter, by itself or by name; of the first one if none is named."""
    lane, m = found(lanes, parameter)
    if lane.memory is None:
        raise ValueError(
            f"the step of {m.name} was not remembered, as it is one of {lane.packing.p.size:,} entries: "
            "make the optimizer with remember=True"
        )
    moment = lane.memory.moment(m)
    if moment is None:
        raise ValueError(
            f"{m.name} was not updated by the last step; call step() after a backward pass that reaches it"
        )
    place = placed(index, m)
    arrays = {name: np.asarray(array) for name, array in moment.arrays.items()}
    traced = traced_pipeline(lane.pipeline, moment.h, moment.t, moment.scalars, arrays)

    def value(x: Any) -> Any:
        """The number that belongs to the entry; of an array of another shape, all of it."""
        if np.ndim(x) == m.view.ndim and all(n in (1, size) for n, size in zip(np.shape(x), m.shape, strict=True)):
            return float(np.broadcast_to(x, m.shape)[place])
        return x if np.ndim(x) else float(x)

    shown = np.asarray if lane.by_array else value  # a rule given whole arrays does not compute entry by entry
    lines = [
        Line(name, text(x), text(summed(x), lambda leaf: number(shown(leaf.value))), value(result))
        for name, x, result in equations(traced)
    ]
    entry = f"[{', '.join(map(str, place))}]" if place else ""
    return Story(f"{type(lane.pipeline.optimizer).__name__}, step {moment.t} of {m.name}{entry}:", tuple(lines))


def summed(x: Any) -> Any:
    """An expression in which each sum over a tensor is the number that it came to: one entry does not show how."""
    if not isinstance(x, Expr) or x.fn is None:
        return x
    if x.fn in ("norm", "total"):
        return Expr(x.value, x.fn)
    return Expr(x.value, None, x.fn, tuple(map(summed, x.args)), x.params, x.defaults)


def found(lanes: Sequence[Lane], parameter: Any) -> tuple[Lane, Member]:
    for lane in lanes:
        for m in lane.members:
            if parameter is None or parameter is m.parameter or (isinstance(parameter, str) and parameter == m.name):
                return lane, m
    names = ", ".join(m.name for lane in lanes for m in lane.members)
    raise ValueError(f"{parameter!r} is not a parameter of this optimizer, which has {names}")


def placed(index: Any, m: Member) -> tuple[int, ...]:
    """Where an entry is: index counts along a flat parameter, from its end if negative, or is a tuple."""
    try:
        place = index if isinstance(index, tuple) else np.unravel_index(index + m.size * (index < 0), m.shape)
        np.empty(m.shape, bool)[place]
    except (IndexError, ValueError):
        raise IndexError(f"{m.name} has shape {m.shape}; there is no entry {index}") from None
    return tuple(int(i) for i in place)

"""What the arguments of a schedule may be, written in their types and checked when the schedule is made."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np

from ...spelling import meant


@dataclass(frozen=True)
class Kind:
    """What an argument may be: in words, and the function that gives it as it is kept, or None if it does not fit."""

    words: str
    fit: Callable[[Any], Any]


def real(given: Any) -> float | None:
    """A finite number as a Python float."""
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def whole(given: Any) -> int | None:
    """A whole number as a Python int."""
    return None if isinstance(given, bool) or not isinstance(given, numbers.Integral) else int(given)


def within(words: str, number: Callable[[Any], Any], fits: Callable[[Any], bool]) -> Kind:
    """The real or the whole numbers that fit."""

    def fit(given: Any) -> Any:
        kept = number(given)
        return kept if kept is not None and fits(kept) else None

    return Kind(words, fit)


def several(words: str, one: Kind, fits: Callable[[tuple[Any, ...]], bool]) -> Kind:
    """The sequences that fit, of entries of one kind, as tuples."""

    def fit(given: Any) -> Any:
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            return None
        kept = tuple(map(one.fit, given))
        return kept if None not in kept and fits(kept) else None

    return Kind(words, fit)


def increasing(counts: tuple[int, ...]) -> bool:
    return all(a < b for a, b in itertools.pairwise(counts))


RATE = within("a finite number, at least 0", real, lambda x: x >= 0)
COUNT = within("a whole number, at least 1", whole, lambda n: n >= 1)

Rate = Annotated[float, RATE]
Positive = Annotated[float, within("a finite number above 0", real, lambda x: x > 0)]
Fraction = Annotated[float, within("a number from 0 to 1", real, lambda x: 0 <= x <= 1)]
Growth = Annotated[float, within("a finite number, at least 1", real, lambda x: x >= 1)]
Count = Annotated[int, COUNT]
Rates = Annotated[Sequence[float], several("one finite number or more, each at least 0", RATE, bool)]
Boundaries = Annotated[Sequence[int], several("whole numbers, at least 1 and increasing", COUNT, increasing)]


def checked(maker: str, name: str, hint: Any, given: Any) -> Any:
    """An argument as it is kept; raises ValueError where it does not fit the type that is written for it."""
    kind = kind_of(hint)
    if kind is None or (given is None and type(None) in get_args(hint)):
        return given
    fitted = kind.fit(given)
    if fitted is None:
        words = get_args(hint) if get_origin(hint) is Literal else ()
        raise ValueError(f"{maker}: {name} must be {kind.words}; got {given!r}{meant(given, words)}")
    return fitted


def kind_of(hint: Any) -> Kind | None:
    """The kind that a type stands for: one of some words, True or False, or what is annotated in it."""
    if get_origin(hint) is Literal:
        words = get_args(hint)
        return Kind(
            " or ".join(map(repr, words)), lambda given: given if type(given) is str and given in words else None
        )
    if hint is bool:
        return Kind("True or False", lambda given: given if type(given) is bool else None)
    notes = (note for part in (hint, *get_args(hint)) for note in getattr(part, "__metadata__", ()))
    return next((note for note in notes if isinstance(note, Kind)), None)

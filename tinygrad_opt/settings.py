"""Settings, checked: a number, a whole number, a truth, one of some words; refused in the name of who asks for it.

Every refusal reads "Conv2d: groups must be a whole number, at least 1; got 0", and is a ValueError.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .spelling import meant

W = TypeVar("W")


class Numbers(NamedTuple):
    """Some finite numbers: in words, and as a question."""

    words: str
    fits: Callable[[float], bool]


ANY = Numbers("a finite number", lambda x: True)
NOT_0 = Numbers("a finite number other than 0", bool)
AT_LEAST_0 = Numbers("a finite number, at least 0", lambda x: x >= 0)
ABOVE_0 = Numbers("a finite number above 0", lambda x: x > 0)
FROM_0_TO_1 = Numbers("a number from 0 to 1", lambda x: 0 <= x <= 1)
FROM_0_BELOW_1 = Numbers("a number of 0 or more and less than 1", lambda x: 0 <= x < 1)


def number(asker: str, name: str, given: Any, fitting: Numbers = ANY) -> float:
    """A finite number that fits, as a Python float, which leaves float32 what it is."""
    real = isinstance(given, float | numbers.Real) and not isinstance(given, bool)
    try:
        value = float(given) if real else math.nan
    except OverflowError:  # a whole number beyond all floats
        value = math.inf
    if not (math.isfinite(value) and fitting.fits(value)):
        raise ValueError(f"{asker}: {name} must be {fitting.words}; got {given!r}")
    return value


def whole_number(asker: str, name: str, given: Any, least: int | None = None) -> int:
    """A whole number, no smaller than least, as a Python int."""
    whole = isinstance(given, int | numbers.Integral) and not isinstance(given, bool)
    if not whole or (least is not None and given < least):
        limit = "" if least is None else f", at least {least}"
        raise ValueError(f"{asker}: {name} must be a whole number{limit}; got {given!r}")
    return int(given)


def count(asker: str, name: str, given: Any) -> int:
    """A whole number of 1 or more, such as a size."""
    return whole_number(asker, name, given, 1)


def equal_groups(asker: str, name: str, groups: Any, size: int, what: str) -> int:
    """A number of groups into which so many can be divided."""
    parts = count(asker, name, groups)
    if size % parts:
        raise ValueError(f"{asker}: {name}={groups} does not divide the {size} {what}")
    return parts


def flag(asker: str, name: str, given: Any, advice: str = "") -> bool:
    """True or False, and nothing that only counts as one, such as a word in its place; advice ends the message."""
    if not isinstance(given, bool | np.bool_):
        raise ValueError(f"{asker}: {name} must be True or False; got {given!r}{advice}")
    return bool(given)


def one_of(asker: str, name: str, given: W, known: Iterable[str]) -> W:
    """One of some words; for any other the closest of them is said."""
    known = tuple(known)
    if isinstance(given, str) and given in known:
        return given
    raise ValueError(f"{asker}: {name} must be one of {', '.join(known)}; got {given!r}{meant(given, known)}")

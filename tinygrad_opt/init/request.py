"""What an initializer is asked for, checked, and refused in the name of the initializer that was called."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ops.random import generator
from ..spelling import meant

Array = np.ndarray[Any, np.dtype[Any]]
Shape = int | Sequence[int]


class Numbers(NamedTuple):
    """Some finite numbers: in words, and as a question."""

    words: str
    fits: Callable[[float], bool]


ANY = Numbers("a finite number", lambda x: True)
AT_LEAST_0 = Numbers("a finite number, at least 0", lambda x: x >= 0)
ABOVE_0 = Numbers("a finite number above 0", lambda x: x > 0)
FROM_0_TO_1 = Numbers("a number from 0 to 1", lambda x: 0 <= x <= 1)
FROM_0_BELOW_1 = Numbers("a number of 0 or more and less than 1", lambda x: 0 <= x < 1)


class Request:
    """A shape, a Generator to draw with and the dtype to give, for the initializer named asker.

    Everything is drawn as float64 and rounded at the end, so that a seed means the same weights in both dtypes.
    """

    def __init__(self, asker: str, shape: Shape, rng: np.random.Generator | None, dtype: np.typing.DTypeLike) -> None:
        self.asker = asker
        self.shape = shape_of(asker, shape)
        self.rng = generator(rng, asker)
        self.dtype = dtype_of(asker, dtype)

    def number(self, name: str, given: Any, fitting: Numbers = ANY) -> float:
        return number(self.asker, name, given, fitting)

    def give(self, values: Any) -> Array:
        return np.asarray(values, self.dtype, order="C")


def shape_of(asker: str, shape: Any) -> tuple[int, ...]:
    """A shape as a tuple; an int is the length of the only axis, as in NumPy."""
    try:
        axes = tuple(map(operator.index, shape if isinstance(shape, Iterable) else (shape,)))
    except TypeError:
        raise TypeError(f"{asker} needs a shape of whole numbers, such as (3, 4); got {shape!r}") from None
    if any(length < 0 for length in axes):
        raise ValueError(f"{asker} needs a shape without negative lengths; got {axes}")
    return axes


def dtype_of(asker: str, dtype: np.typing.DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind not in (np.float32, np.float64):
        raise TypeError(f"{asker} gives arrays of dtype float32 or float64; got {dtype!r}")
    return kind


def number(asker: str, name: str, given: Any, fitting: Numbers = ANY) -> float:
    """An argument as a Python float; raises ValueError for one that does not fit."""
    real = isinstance(given, numbers.Real) and not isinstance(given, bool)
    if not (real and math.isfinite(given) and fitting.fits(given)):
        raise ValueError(f"{asker}: {name} must be {fitting.words}; got {given!r}")
    return float(given)


def count(asker: str, name: str, given: Any) -> int:
    """An argument as a Python int; raises ValueError unless it is a whole number of 1 or more."""
    if isinstance(given, bool) or not isinstance(given, numbers.Integral) or given < 1:
        raise ValueError(f"{asker}: {name} must be a whole number, at least 1; got {given!r}")
    return int(given)


def one_of(asker: str, name: str, given: Any, known: Iterable[str]) -> str:
    """An argument that is one of some words; raises ValueError, with the closest of them, for any other."""
    known = tuple(known)
    if isinstance(given, str) and given in known:
        return given
    raise ValueError(f"{asker}: {name} must be one of {', '.join(known)}; got {given!r}{meant(given, known)}")

"""What an initializer is asked for, checked, and refused in the name of the initializer that was called."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..ops.random import generator
from ..settings import ANY, Numbers, number

Array = np.ndarray[Any, np.dtype[Any]]
Shape = int | Sequence[int]


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

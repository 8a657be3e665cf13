"""A function of any number of arrays as the function of one vector that the methods see."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import calculus
from ...recording import no_grad
from ...tree import filled, leaves
from ...value import Value
from .result import Array, Evaluations, Result, Status


class Problem:
    """f and its derivatives at a vector; it counts evaluations and remembers the path and the best finite point.

    x0 is a number, an array or a tree of them (tuple, list, dict); the vector holds their entries in
    order, in float64.
    """

    def __init__(self, f: Callable[[Any], Any], x0: Any):
        self.f, self.form = f, x0
        parts = [numbers(leaf) for leaf in leaves(x0)]
        if not sum(part.size for part in parts):
            raise ValueError("there is nothing to vary: x0 has no entries")
        self.shapes = [part.shape for part in parts]
        self.ends = np.cumsum([0] + [part.size for part in parts]).tolist()
        self.start: Array = np.concatenate([part.ravel() for part in parts])
        if not np.isfinite(self.start).all():
            raise ValueError(f"x0 must be finite; got {self.start}")
        self.counts = Evaluations()
        self.path: list[Array] = [self.start]
        self.best: tuple[float, Array, Array] | None = None

    def formed(self, vector: Any) -> Any:
        """The entries of a vector, an array or a Value, in the form of x0."""
        bounds = zip(self.ends, self.ends[1:], self.shapes, strict=False)
        return filled(self.form, [vector[a:b].reshape(shape) for a, b, shape in bounds])

    def of_vector(self, vector: Any) -> Any:
        return self.f(self.formed(vector))

    def count(self, **made: int) -> None:
        have = dataclasses.asdict(self.counts)
        self.counts = dataclasses.replace(self.counts, **{name: have[name] + n for name, n in made.items()})

    def value(self, x: Array) -> float:
        self.count(value=1)
        with no_grad():
            return float(calculus.scalar(self.of_vector(Value(x)), "a search for a minimum"))

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """f(x) and its gradient; the lowest finite pair is remembered."""
        self.count(value=1, gradient=1)
        value, gradient = calculus.value_and_grad(self.of_vector)(x)
        value = float(value)
        if np.isfinite(value) and np.isfinite(gradient).all() and (self.best is None or value < self.best[0]):
            self.best = value, x.copy(), gradient
        return value, gradient

    def hessian(self, x: Array) -> Array:
        self.count(hessian=1)
        return np.asarray(calculus.hessian(self.of_vector)(x))

    def hvp(self, x: Array, v: Array) -> Array:
        self.count(hvp=1)
        return np.asarray(calculus.hvp(self.of_vector, x, v))

    def result(self, status: Status, message: str) -> Result:
        """The best point, with why the search ended."""
        value, x, gradient = self.best if self.best else (float("nan"), self.start, np.full(self.start.shape, np.nan))
        return Result(
            self.formed(x), value, self.formed(gradient), len(self.path) - 1, self.counts, status, message,
            np.array(self.path),
        )  # fmt: skip


def numbers(x: Any) -> Array:
    """One part of x0 as a float64 array."""
    array = np.asarray(x.data if isinstance(x, Value) else x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x0 must hold real numbers; got {type(x).__name__} of {array.dtype}")
    return array.astype(np.float64)

"""A function of any number of arrays as the function of one vector that the methods see."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import calculus
from ...engine import newest_first
from ...recording import is_recording, no_grad
from ...tree import filled, leaves
from ...value import Value
from .result import Array, Evaluations, Result, Status

Callback = Callable[[Any, float], object]


class Problem:
    """f and its derivatives at a vector; it counts evaluations and remembers the path and the best finite point.

    x0 is a number, an array or a tree of them (tuple, list, dict); the vector holds their entries in
    order, in float64.  callback(x, value) is called after each accepted step, with x in the form of x0.

    Methods step on values that are not finite by design and look at each of them, so NumPy does not
    warn of them here.
    """

    def __init__(self, f: Callable[[Any], Any], x0: Any, callback: Callback | None = None):
        self.f, self.form, self.callback = f, x0, callback
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
        self.linked = False

    def formed(self, vector: Any) -> Any:
        """The entries of a vector, an array or a Value, in the form of x0."""
        bounds = zip(self.ends, self.ends[1:], self.shapes, strict=False)
        return filled(self.form, [part(vector, a, b, shape) for a, b, shape in bounds])

    def of_vector(self, vector: Any) -> Any:
        y = self.f(self.formed(vector))
        if is_recording() and not self.linked:
            require_link(leaves(y), vector)
            self.linked = True
        return y

    def count(self, **made: int) -> None:
        have = dataclasses.asdict(self.counts)
        self.counts = dataclasses.replace(self.counts, **{name: have[name] + n for name, n in made.items()})

    def value(self, x: Array) -> float:
        self.count(value=1)
        with no_grad(), np.errstate(all="ignore"):
            return float(np.asarray(calculus.scalar(self.of_vector(Value(x)), "a search for a minimum").data).item())

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """f(x) and its gradient; the lowest finite pair is remembered, of equal ones that with the smaller gradient."""
        self.count(value=1, gradient=1)
        with no_grad(), np.errstate(all="ignore"):
            y, gradient = calculus.value_and_grad(self.of_vector)(x)
        value = np.asarray(y).item()
        if np.isfinite(value) and np.isfinite(gradient).all():
            here = value, np.abs(gradient).max()
            if self.best is None or here < (self.best[0], np.abs(self.best[2]).max()):
                self.best = value, x.copy(), gradient
        return value, gradient

    def at_start(self) -> tuple[Array, float, Array]:
        """x0 as a vector, f there and its gradient, which must be finite."""
        value, gradient = self.value_and_gradient(self.start)
        if not np.isfinite(value):
            raise ValueError(f"f must be finite at x0; it is {value} at {self.formed(self.start)}")
        if not np.isfinite(gradient).all():
            raise ValueError(
                f"the gradient of f must be finite at x0; it is {self.formed(gradient)} at {self.formed(self.start)}"
            )
        return self.start, value, gradient

    def accept(self, x: Array, value: float) -> None:
        """Add a point to the path and show it to the callback."""
        self.path.append(x)
        if self.callback:
            self.callback(self.formed(x.copy()), value)

    def hessian(self, x: Array) -> Array:
        self.count(hessian=1)
        with no_grad(), np.errstate(all="ignore"):
            return np.asarray(calculus.hessian(self.of_vector)(x))

    def hvp(self, x: Array, v: Array) -> Array:
        self.count(hvp=1)
        with no_grad(), np.errstate(all="ignore"):
            return np.asarray(calculus.hvp(self.of_vector, x, v))

    def result(self, status: Status, message: str, at: tuple[float, Array, Array] | None = None) -> Result:
        """The point `at` (value, x, gradient), or else the best one, with why the search ended."""
        unknown = float("nan"), self.start, np.full(self.start.shape, np.nan)
        value, x, gradient = at or self.best or unknown
        return Result(
            self.formed(x), value, self.formed(gradient), len(self.path) - 1, self.counts, status, message,
            np.array(self.path),
        )  # fmt: skip


def require_link(parts: list[Any], x: Value) -> None:
    """Refuse numbers that were not computed from x by the engine: their gradient, 0, would look like a minimum's."""
    if not all(isinstance(y, Value | float | int | np.number | np.ndarray) for y in parts):
        return  # what they are is refused where they are used
    if parts and not any(node is x for y in parts if isinstance(y, Value) for node in newest_first(y)):
        kind = type(parts[0]).__name__
        raise ValueError(
            f"f's result does not depend on x: it is {kind}, not made from x by recorded operations. "
            "It left the graph through float(), .data, .item() or math.*, or is constant: compute it from x with "
            "operators and NumPy functions, such as np.cos(x) for math.cos(x)"
        )


def part(vector: Any, a: int, b: int, shape: tuple[int, ...]) -> Any:
    """Entries a to b of a vector in a shape; one without axes is a number."""
    if shape:
        return vector[a:b].reshape(shape)
    return vector[a] if isinstance(vector, Value) else vector.item(a)


def numbers(x: Any) -> Array:
    """One part of x0 as a float64 array."""
    try:
        array = np.asarray(x.data if isinstance(x, Value) else x)
    except ValueError:
        raise ValueError(f"x0 holds rows of unequal length: {x}; make each row an array") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x0 must hold real numbers; got {type(x).__name__} of {array.dtype}")
    return array.astype(np.float64)

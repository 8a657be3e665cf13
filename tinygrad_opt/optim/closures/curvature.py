"""What quasi-Newton methods learn of the curvature, in a form that can be saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ..core.members import Array
from ..deterministic.descent import Directions
from ..deterministic.quasi_newton import InverseHessian, LimitedMemory

LEAST_CURVATURE = 1e-10  # PyTorch's: L-BFGS leaves out a pair whose y's is no larger


class Learned(Directions, Protocol):
    """Directions that can be saved."""

    def saved(self) -> dict[str, Any]:
        """What they are made of, as plain data (copies)."""

    def load(self, saved: Mapping[str, Any], n: int) -> None:
        """Put saved data for n entries in place."""


class Pairs(LimitedMemory):
    """The last history_size pairs, those left out that PyTorch leaves out."""

    def __init__(self, hyper: Mapping[str, Any]):
        self.hyper = hyper
        self.ss: deque[Array] = deque()
        self.ys: deque[Array] = deque()

    def learn(self, step: float, s: Array, y: Array) -> None:
        if y @ s > LEAST_CURVATURE:
            self.ss.append(s)
            self.ys.append(y)
        while len(self.ss) > self.hyper["history_size"]:
            self.ss.popleft()
            self.ys.popleft()

    def saved(self) -> dict[str, Any]:
        return {"ss": [s.copy() for s in self.ss], "ys": [y.copy() for y in self.ys]}

    def load(self, saved: Mapping[str, Any], n: int) -> None:
        if len(saved["ss"]) != len(saved["ys"]):
            raise ValueError(f"the state holds {len(saved['ss'])} ss and {len(saved['ys'])} ys; they come in pairs")
        self.ss, self.ys = (deque([loaded(part, n) for part in saved[name]]) for name in ("ss", "ys"))


class Matrix(InverseHessian):
    """The whole matrix; it begins as gamma I for fixed steps, for which I may be far too large."""

    def __init__(self, hyper: Mapping[str, Any]):
        super().__init__()
        self.hyper = hyper

    @property
    def least(self) -> float:
        return 0.0 if self.hyper["line_search"] is None else 1.0

    def saved(self) -> dict[str, Any]:
        return {"inverse": None if self.inverse is None else self.inverse.copy()}

    def load(self, saved: Mapping[str, Any], n: int) -> None:
        self.inverse = None if saved["inverse"] is None else loaded(saved["inverse"], n, n)


def loaded(saved: Any, *shape: int) -> Array:
    """A saved array as one of our own."""
    array = np.array(saved, np.float64)
    if array.shape != shape:
        raise ValueError(f"the state holds an array of shape {array.shape}; these parameters need {shape}")
    return array

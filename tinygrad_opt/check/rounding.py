"""Rounding errors, measured: of f in its values beside x, of a gradient by moving x by its last digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .inputs import Array
from .slope import EPS, Line

Gradients = Callable[[Sequence[Array]], Sequence[Array]]


def roughness(line: Line) -> float:
    """The rounding error of f, seen in values so near to x that a smooth f would lie on a parabola."""
    h = 2.0**-33
    values = np.array([line(k * h).value for k in range(-6, 7)])
    return float(np.median(np.abs(np.diff(values, 3))))  # not the largest: some may hold a kink


def blur(gradients: Gradients, at: Sequence[Array], x: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """How far each number of a gradient moves as x moves by its last digits: no better is it known itself.

    Beside 1e8 the last digit is 1e-8, and the mean of such numbers has no more.  A kink at x moves a
    gradient by much more; so at most a millionth of the largest entry there is about x is allowed.
    """
    found = [np.zeros(np.shape(g)) for g in at]
    largest = [largest_of(g) for g in gradients(moved(x, 1e-3, rng))]
    for _ in range(3):
        near = gradients(moved(x, 4 * EPS, rng))
        found = [np.maximum(b, 2 * np.abs(n - g)) for b, n, g in zip(found, near, at, strict=True)]
    return [np.where(np.isfinite(b), np.minimum(b, 1e-6 * top), 0.0) for b, top in zip(found, largest, strict=True)]


def moved(x: Sequence[Array], part: float, rng: np.random.Generator) -> list[Array]:
    """x with every entry moved by about a part of itself."""
    return [entries * (1 + part * rng.standard_normal(entries.shape)) for entries in x]


def largest_of(g: Array) -> float:
    return float(np.max(np.abs(g[np.isfinite(g)]), initial=0.0))

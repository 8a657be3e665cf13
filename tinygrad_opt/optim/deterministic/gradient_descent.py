"""Steepest descent: along the gradient, with a fixed step or one that is searched for."""

from __future__ import annotations

from .descent import descend, length_one
from .line_search import LineSearch, backtracking, fixed_step
from .problem import Problem
from .result import Array, Result


class SteepestDescent:
    """x <- x - step * gradient."""

    fresh = True

    def __init__(self) -> None:
        self.step: float | None = None

    def direction(self, gradient: Array) -> Array:
        return -gradient

    def first_step(self, slope: float, fell: float) -> float:
        """Twice the step before, so that steps can grow again; the first one is of length 1 at most."""
        return 2 * self.step if self.step else length_one(slope)

    def learn(self, step: float, s: Array, y: Array) -> None:
        self.step = step

    def forget(self) -> None:
        self.step = None


def gradient_descent(
    problem: Problem,
    *,
    gtol: float = 1e-8,
    max_iterations: int = 10_000,
    lr: float | None = None,
    line_search: LineSearch | None = None,
) -> Result:
    """Steepest descent with the fixed step lr, or with a line search, by default `backtracking`.

    On a quadratic with largest curvature L a fixed step converges if and only if lr < 2 / L.
    Raises ValueError if both lr and line_search are given.
    """
    if lr is not None and line_search is not None:
        raise ValueError("gd takes lr or line_search, not both: with a line search there is no fixed step")
    search = fixed_step(lr) if lr is not None else line_search or backtracking
    return descend(problem, SteepestDescent(), search, gtol, max_iterations)

"""The loop of the methods that choose a direction, then a step along it."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from .line_search import ROUNDING, Failed, LineSearch, Point, Trial, along
from .problem import Problem
from .result import Array, Result, Status

SMALL = 1e-3  # of a gradient: at a kink nothing is left to gain either, but the gradient stays


class Directions(Protocol):
    """What makes one method different from another: the directions it takes.

    fresh  whether nothing was learned yet, so that the next direction is that of steepest descent
    """

    @property
    def fresh(self) -> bool: ...

    def direction(self, gradient: Array) -> Array:
        """Where to go from a point with this gradient."""

    def first_step(self, slope: float, fell: float) -> float:
        """The step to try first along a direction with this slope, where the last step lowered f by fell."""

    def learn(self, step: float, s: Array, y: Array) -> None:
        """Take in an accepted step: s is the change of x, y that of the gradient."""

    def forget(self) -> None:
        """Start again with steepest descent."""


def descend(problem: Problem, directions: Directions, search: LineSearch, gtol: float, max_iterations: int) -> Result:
    """Search along one direction after another until no entry of the gradient is larger than gtol.

    Where a direction does not lead downhill, or the search along it fails, what was learned is
    forgotten and steepest descent is tried before giving up.

    Raises TypeError if search is not a function.
    """
    if not callable(search):
        raise TypeError(f"line_search must be a function, such as strong_wolfe or backtracking; got {search!r}")
    x, value, gradient = problem.at_start()
    fell = 0.0
    while (largest := float(np.abs(gradient).max())) > gtol:
        if len(problem.path) > max_iterations:
            return problem.result(
                Status.ITERATIONS,
                f"the largest entry of the gradient is {largest:.3g} after {max_iterations} iterations, "
                f"above gtol {gtol:g}",
            )
        direction, slope = downhill(directions, gradient)
        if not -np.inf < slope < 0:
            return problem.result(
                Status.NOT_FINITE if slope else Status.STALLED,
                f"the slope along the gradient is {slope}: its largest entry, {largest:.3g}, has no square in float64",
            )
        first = directions.first_step(slope, fell)
        found = along(problem, x, direction, value, gradient, search, first if 0 < first < np.inf else 1.0)
        if isinstance(found, Point):
            with np.errstate(all="ignore"):
                directions.learn(found.step, found.x - x, found.gradient - gradient)
            fell = value - found.value
            x, value, gradient = found.x, found.value, found.gradient
            problem.accept(x, value)
        elif directions.fresh:
            status, message = gave_up(value, gradient, slope, found, gtol)
            return problem.result(status, message, (value, x, gradient) if status is Status.STALLED else None)
        else:
            directions.forget()
    return problem.result(
        Status.CONVERGED,
        f"the largest entry of the gradient, {largest:.3g}, is within gtol {gtol:g}",
        (value, x, gradient),
    )


def length_one(slope: float) -> float:
    """A first step along the gradient: of length 1 at most, for nothing is known of the scale of x."""
    return min(1.0, 1 / math.sqrt(-slope))


def downhill(directions: Directions, gradient: Array) -> tuple[Array, float]:
    """The next direction and the slope along it; steepest descent where it would lead up or is not finite."""
    with np.errstate(all="ignore"):
        direction = directions.direction(gradient)
        slope = float(gradient @ direction)
        if not -np.inf < slope < 0:
            directions.forget()
            direction = directions.direction(gradient)
            slope = float(gradient @ direction)
    return direction, slope


def gave_up(
    value: float, gradient: Array, slope: float, failed: Failed, gtol: float, rounding: float = ROUNDING
) -> tuple[Status, str]:
    """Why no step along the gradient itself was found: at a minimum within rounding, a share of |f|, none can be."""
    largest, left, lost = np.abs(gradient).max(), decrease_left(slope, failed.trials), rounding * abs(value)
    if left <= lost and largest <= SMALL * max(1.0, abs(value)):
        return (
            Status.STALLED,
            f"f cannot be lowered any more: what is left, about {left:.1g}, is within its rounding, {lost:.1g}; "
            f"the largest entry of the gradient is {largest:.3g}, above {gtol:g}",
        )
    finite = all(trial.finite for trial in failed.trials)
    return (
        Status.LINE_SEARCH if finite else Status.NOT_FINITE,
        f"{failed.reason}; the search started from f = {value!r} with slope {slope:.6g}",
    )


def decrease_left(slope: float, trials: tuple[Trial, ...]) -> float:
    """By how much f can fall along a line if it is a parabola, by the shortest trial that shows its curvature."""
    curved = [t for t in trials if t.finite and t.slope - slope > 0.01 * abs(slope)]
    if not curved:
        return np.inf
    trial = min(curved, key=lambda t: t.step)
    return slope**2 * trial.step / (2 * (trial.slope - slope))

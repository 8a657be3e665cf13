"""The loop of the methods that choose a direction, then a step along it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .line_search import ROUNDING, Failed, LineSearch, Trial, along
from .problem import Problem
from .result import Array, Result, Status


class Directions(Protocol):
    """What makes one method different from another: the directions it takes.

    fresh  whether nothing was learned yet, so that the next direction is that of steepest descent
    """

    fresh: bool

    def direction(self, gradient: Array) -> Array:
        """Where to go from a point with this gradient."""

    def first_step(self, slope: float) -> float:
        """The step to try first along a direction with this slope."""

    def learn(self, step: float, s: Array, y: Array, gradient: Array) -> None:
        """Take in an accepted step: s = change of x, y = change of the gradient, gradient = the new one."""

    def forget(self) -> None:
        """Start again with steepest descent."""


def descend(
    problem: Problem, directions: Directions, search: LineSearch, gtol: float, max_iterations: int
) -> Result:
    """Search along one direction after another until no entry of the gradient is larger than gtol.

    Where a direction does not lead downhill, or the search along it fails, what was learned is
    forgotten and steepest descent is tried before giving up.
    """
    x, value, gradient = problem.at_start()
    for iteration in range(max_iterations + 1):
        largest = float(np.abs(gradient).max())
        if largest <= gtol:
            return problem.result(
                Status.CONVERGED,
                f"the largest entry of the gradient, {largest:.3g}, is within gtol {gtol:g}",
                (value, x, gradient),
            )
        if iteration == max_iterations:
            break
        direction, slope = downhill(directions, gradient)
        if slope >= 0:
            return problem.result(
                Status.STALLED, f"the slope along the gradient, {largest:.3g} squared, is 0 to rounding", (value, x, gradient)
            )
        found = along(problem, x, direction, value, gradient, search, directions.first_step(slope))
        if isinstance(found, Failed) and not directions.fresh:
            directions.forget()
            continue
        if isinstance(found, Failed):
            return gave_up(problem, x, value, gradient, slope, found, gtol)
        directions.learn(found.step, found.x - x, found.gradient - gradient, found.gradient)
        x, value, gradient = found.x, found.value, found.gradient
        problem.accept(x, value)
    return problem.result(
        Status.ITERATIONS,
        f"the largest entry of the gradient is {largest:.3g} after {max_iterations} iterations, gtol is {gtol:g}",
    )


def downhill(directions: Directions, gradient: Array) -> tuple[Array, float]:
    """The next direction and the slope along it; steepest descent where it would lead up or is not finite."""
    with np.errstate(all="ignore"):
        direction = directions.direction(gradient)
        slope = float(gradient @ direction)
    if not slope < 0 or not np.isfinite(slope):
        directions.forget()
        direction = directions.direction(gradient)
        slope = float(gradient @ direction)
    return direction, slope


def gave_up(
    problem: Problem, x: Array, value: float, gradient: Array, slope: float, failed: Failed, gtol: float
) -> Result:
    """The result where no step along the gradient itself was found."""
    left, rounding = decrease_left(slope, failed.trials), ROUNDING * abs(value)
    if left <= rounding:
        largest = float(np.abs(gradient).max())
        return problem.result(
            Status.STALLED,
            f"f cannot be lowered any more: what is left, about {left:.1g}, is within the rounding of f, {rounding:.1g}; "
            f"the largest entry of the gradient is {largest:.3g}, gtol is {gtol:g}",
            (value, x, gradient),
        )
    status = Status.LINE_SEARCH if any(trial.finite for trial in failed.trials) else Status.NOT_FINITE
    return problem.result(status, f"{failed.reason}; it started from f = {value!r} with slope {slope:.6g}")


def decrease_left(slope: float, trials: tuple[Trial, ...]) -> float:
    """By how much f can fall along a line, if it is a parabola with the slopes of the shortest finite trial."""
    trial = min((t for t in trials if t.finite), key=lambda t: t.step, default=None)
    if trial is None or not trial.slope > slope:
        return np.inf
    return slope**2 * trial.step / (2 * (trial.slope - slope))

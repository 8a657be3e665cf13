"""What methods with second derivatives share: a step and what it foretells, halving it, conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .descent import SMALL
from .line_search import ROUNDING
from .problem import Problem
from .result import Array, Result, Status

EPS = float(np.finfo(np.float64).eps)
DECREASE = 1e-4  # of the decrease foretold, the least that a step must keep
MAX_HALVINGS = 60
MAX_IDLE = 20  # steps in a row without progress: neither f, beyond its rounding, nor the gradient was ever so low
NO_CURVATURE = float(np.sqrt(EPS))  # of the largest curvature: less is not told from none


class Step(NamedTuple):
    """A step p, with g^T p and p^T H p: the model's value at x + t p is f + t slope + t**2 curvature / 2."""

    p: Array
    slope: float
    curvature: float


Point = tuple[float, Array, Array]  # f, x and the gradient
NextStep = Callable[[Array, Array, bool], Step | None]


@np.errstate(all="ignore")
def descend(problem: Problem, next_step: NextStep, gtol: float, max_iterations: int) -> Result:
    """One step after another, each halved until it lowers f enough.

    next_step(x, gradient, flat) gives the step from x, or None at a minimum; flat says that every
    |gradient[i]| <= gtol.
    """
    value, x, gradient = here = at_start(problem)
    lowest, flattest, idle = np.inf, np.inf, 0
    while True:
        largest = float(np.abs(gradient).max())
        idle = 0 if value < lowest - ROUNDING * abs(value) or largest < flattest else idle + 1
        lowest, flattest = min(lowest, value), min(flattest, largest)
        step = next_step(x, gradient, largest <= gtol)
        if step is None:
            return problem.result(Status.CONVERGED, flat_message(largest, gtol), here)
        if not np.isfinite(step.p).all():
            return problem.result(Status.NOT_FINITE, not_finite_message(problem, x), here)
        if not np.isfinite(step.slope + min(step.curvature, 0.0)):
            message = f"the slope along the step, {step.slope:.3g}, or its curvature overflows: f may have no minimum"
            return problem.result(Status.NOT_FINITE, message, here)
        if len(problem.path) > max_iterations:
            return problem.result(Status.ITERATIONS, not_flat_message(largest, gtol, max_iterations), here)
        if idle == MAX_IDLE:
            return problem.result(why_no_step(here), f"the last {MAX_IDLE} steps lowered f by rounding at most", here)
        found = halved(problem, here, step)
        if isinstance(found, Status):
            return problem.result(found, f"no part of the step lowers f, down to 2**-{MAX_HALVINGS - 1} of it", here)
        value, x, gradient = here = found
        problem.accept(x, value)


def why_no_step(here: Point, finite: bool = True) -> Status:
    """The status where no step lowers f, as after a line search; finite says whether f was at all of the trials."""
    value, _, gradient = here
    if np.abs(gradient).max() <= SMALL * max(1.0, abs(value)):
        return Status.STALLED
    return Status.LINE_SEARCH if finite else Status.NOT_FINITE


def halved(problem: Problem, here: Point, step: Step) -> Point | Status:
    """The first of 1, 1/2, 1/4, ... of the step that lowers f enough (Armijo); the rounding of f is forgiven.

    Where none does, why.
    """
    value, x, _ = here
    part, all_finite = 1.0, True
    for _ in range(MAX_HALVINGS):
        foretold = part * step.slope + part**2 * min(step.curvature, 0.0) / 2
        trial, gradient = problem.value_and_gradient(x + part * step.p)
        low = trial <= value + DECREASE * foretold + ROUNDING * abs(value)
        finite = bool(np.isfinite(trial) and np.isfinite(gradient).all())
        if low and finite:
            return trial, x + part * step.p, gradient
        all_finite = all_finite and finite
        part /= 2
    return why_no_step(here, all_finite)


def at_start(problem: Problem) -> Point:
    x, value, gradient = problem.at_start()
    return value, x, gradient


def no_step(gradient: Array) -> Step:
    """What is found where second derivatives are not finite."""
    return Step(np.full_like(gradient, np.nan), np.nan, np.nan)


def flat_message(largest: float, gtol: float) -> str:
    return f"the largest entry of the gradient, {largest:.3g}, is within gtol {gtol:g}"


def not_flat_message(largest: float, gtol: float, iterations: int) -> str:
    return f"the largest entry of the gradient is {largest:.3g} after {iterations} iterations, gtol is {gtol:g}"


def not_finite_message(problem: Problem, x: Array) -> str:
    return f"the second derivatives are not finite at {problem.formed(x)}"


def truncated_cg(product: Callable[[Array], Array], gradient: Array, radius: float = np.inf) -> Step:
    """A step that lowers g^T p + p^T H p / 2, by conjugate gradients and products H @ v alone.

    Ends where the residual |g + H p| <= min(1/2, sqrt|g|) |g|, which makes Newton's convergence faster
    than linear; at the radius (Steihaug); and at a direction of no positive curvature.  That one is
    followed to the radius; without a radius the step so far is taken, or -g if there is none yet.

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.1 and 7.2.
    """
    norm = float(np.linalg.norm(gradient))
    enough = min(0.5, np.sqrt(norm)) * norm
    p, residual, direction = np.zeros_like(gradient), gradient, -gradient
    if norm == 0:  # its square has underflowed
        return stepped(p, gradient, residual)
    largest = 0.0  # |H d| / |d| seen
    for _ in range(20 * gradient.size):
        change = product(direction)
        curvature = float(direction @ change)
        if not np.isfinite(curvature):
            return no_step(gradient)
        square = float(residual @ residual)
        length = float(np.linalg.norm(direction))
        largest = max(largest, float(np.linalg.norm(change)) / length)
        positive = curvature > 3 * EPS * largest * length**2
        part = square / curvature if positive else np.inf
        if not positive or float(np.linalg.norm(p + part * direction)) >= radius:
            part = to_radius(p, direction, radius) if np.isfinite(radius) else float(not p.any())
            return stepped(p + part * direction, gradient, residual + part * change)
        p, residual = p + part * direction, residual + part * change
        if float(np.linalg.norm(residual)) <= enough:
            break
        direction = -residual + float(residual @ residual) / square * direction
    return stepped(p, gradient, residual)


def stepped(p: Array, gradient: Array, residual: Array) -> Step:
    """A step, where residual = g + H p is known."""
    return Step(p, float(gradient @ p), float(p @ (residual - gradient)))


def to_radius(p: Array, direction: Array, radius: float) -> float:
    """The t > 0 with |p + t direction| = radius."""
    a, b, c = float(direction @ direction), float(p @ direction), float(p @ p) - radius**2
    root = float(np.sqrt(b * b - a * c))
    return (root - b) / a if b <= 0 else -c / (root + b)

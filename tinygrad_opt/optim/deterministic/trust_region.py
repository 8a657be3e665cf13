"""The trust-region method: the quadratic model is believed inside a ball that follows how well it foretells f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .curvature import (
    EPS,
    NO_CURVATURE,
    Point,
    Step,
    flat_message,
    no_step,
    not_finite_message,
    not_flat_message,
    truncated_cg,
    why_no_step,
)
from .line_search import ROUNDING
from .model_step import NEAR, step_within
from .problem import Problem
from .result import Array, Result, Status

Subproblem = Callable[[float], Step]


@np.errstate(all="ignore")
def trust_region(
    problem: Problem,
    gtol: float = 1e-8,
    max_iterations: int = 1000,
    *,
    subproblem: Literal["exact", "cg"] = "exact",
    radius: float = 1.0,
    max_radius: float = 1000.0,
    eta: float = 0.15,
) -> Result:
    """Steps to the minimum of the quadratic model g^T p + p^T H p / 2 with |p| <= radius.

    A step is taken if f falls by more than eta of what the model foretold.  The radius becomes a quarter
    where less than a quarter was kept, and doubles where a step as long as it kept three quarters.

    subproblem "exact" takes the eigenvalues of the Hessian; it converges only where no curvature is
    negative.  "cg" takes conjugate gradients, whose first step is along -g, and no Hessian.

    Costs for each step an evaluation, a Hessian ("exact") or a few products H @ v ("cg"), and for each
    step that is taken a gradient.
    Raises ValueError if f or its gradient is not finite at x0, or for options out of range.
    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 4.1 and 7.2; Moré and Sorensen, 1983.

    >>> trust_region(Problem(lambda x: (x[0] - 3) ** 2 + 10 * (x[1] - x[0]) ** 2, [2.0, 2.0])).x.round(6)
    array([3., 3.])
    """
    if subproblem not in SUBPROBLEMS:
        raise ValueError(f"there is no subproblem {subproblem!r}: choose from {', '.join(SUBPROBLEMS)}")
    if not 0 < radius <= max_radius:
        raise ValueError(f"radius must be positive and at most max_radius, {max_radius}; got {radius}")
    if not 0 <= eta < 0.25:
        raise ValueError(f"eta must be at least 0 and less than 1/4; got {eta}")
    region = Region(radius, max_radius, eta)
    x, value, gradient = problem.at_start()
    while True:
        here = value, x, gradient
        largest = float(np.abs(gradient).max())
        solve = SUBPROBLEMS[subproblem](problem, x, gradient, largest <= gtol)
        if solve is None:
            return problem.result(Status.CONVERGED, flat_message(largest, gtol), here)
        if len(problem.path) > max_iterations:
            return problem.result(Status.ITERATIONS, not_flat_message(largest, gtol, max_iterations), here)
        found = region.next_point(problem, here, solve)
        if isinstance(found, Result):
            return found
        value, x, gradient = found
        problem.accept(x, value)


@dataclass
class Region:
    """The ball in which the model is believed, and how much of a foretold decrease makes a step taken."""

    radius: float
    max_radius: float
    eta: float

    def next_point(self, problem: Problem, here: Point, solve: Subproblem) -> Point | Result:
        """The first point that is taken, of ever smaller balls around this one; or why there is none."""
        value, x, _ = here
        all_finite = True
        while True:
            step = solve(self.radius)
            length = float(np.linalg.norm(step.p))
            if not np.isfinite(length):
                return problem.result(Status.NOT_FINITE, not_finite_message(problem, x), here)
            if length <= EPS * float(np.linalg.norm(x)) or length == 0:
                status = why_no_step(here, all_finite)
                return problem.result(status, f"no step lowers f, down to steps of {length:.2g}", here)
            trial, gradient = problem.value_and_gradient(x + step.p)
            finite = bool(np.isfinite(trial) and np.isfinite(gradient).all())
            all_finite = all_finite and finite
            kept = decrease_kept(value, trial, step) if finite else -np.inf
            if kept < 0.25:
                self.radius = length / 4
            elif kept > 0.75 and length >= (1 - NEAR) * self.radius:
                self.radius = min(2 * self.radius, self.max_radius)
            if kept > self.eta:
                return trial, x + step.p, gradient


def decrease_kept(value: float, trial: float, step: Step) -> float:
    """The part of the decrease foretold that f kept; f's rounding is added to both, so that it does not decide."""
    rounding = ROUNDING * abs(value)
    foretold = -(step.slope + step.curvature / 2)
    kept = (value - trial + rounding) / (foretold + rounding)
    return kept if np.isfinite(kept) else -np.inf


def exact(problem: Problem, x: Array, gradient: Array, flat: bool) -> Subproblem | None:
    """The best step in the ball, from the eigenvalues of the Hessian; None at a minimum."""
    hessian = problem.hessian(x)
    if not np.isfinite(hessian).all():
        return lambda radius: no_step(gradient)
    curvatures, directions = np.linalg.eigh(hessian)
    if flat and curvatures[0] >= -NO_CURVATURE * np.abs(curvatures).max():
        return None
    slopes = directions.T @ gradient

    def solve(radius: float) -> Step:
        q, _ = step_within(curvatures, slopes, radius)
        return Step(directions @ q, float(slopes @ q), float(curvatures @ q**2))

    return solve


def cg(problem: Problem, x: Array, gradient: Array, flat: bool) -> Subproblem | None:
    """A step in the ball by products with the Hessian; None where the gradient is flat."""
    return None if flat else lambda radius: truncated_cg(lambda v: problem.hvp(x, v), gradient, radius)


SUBPROBLEMS: dict[str, Callable[[Problem, Array, Array, bool], Subproblem | None]] = {"exact": exact, "cg": cg}

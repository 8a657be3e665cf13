"""How far to go along a direction: searches on phi(step) = f(x + step * direction).

Each search is a function of phi, of its value and slope at 0 and of the first step to try, so it can
be used by itself:

>>> strong_wolfe(lambda step: ((step - 3) ** 2, 2 * (step - 3)), value=9.0, slope=-6.0, c2=0.1)
Trial(step=3.0, value=0.0, slope=0.0)

and `along` uses it on a problem.  Constants are set with functools.partial(strong_wolfe, c2=0.1).

Nocedal & Wright, Numerical Optimization, 2nd edition, 2006, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .result import Array

Phi = Callable[[float], tuple[float, float]]
ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of |f|: what a sum of some thousand terms may be off
STEEP = 0.9  # of the slope at 0: a step that leaves more, and f as it is, was too short to see anything


@dataclass(frozen=True)
class Trial:
    """A step, and phi's value and slope there."""

    step: float
    value: float
    slope: float

    @property
    def finite(self) -> bool:
        return math.isfinite(self.value) and math.isfinite(self.slope)


@dataclass(frozen=True)
class Failed:
    """A search that found no step: why, and what it tried."""

    reason: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Point:
    """Where a step leads: x + step * direction, f there and its gradient."""

    step: float
    x: Array
    value: float
    gradient: Array


LineSearch = Callable[[Phi, float, float, float], Trial | Failed]


class Differentiable(Protocol):
    """A function of a vector, such as a `Problem`."""

    def value_and_gradient(self, x: Array) -> tuple[float, Array]: ...


class Line:
    """phi for a problem, a point and a direction; it remembers the point that it saw last."""

    def __init__(self, problem: Differentiable, x: Array, direction: Array):
        self.problem, self.x, self.direction = problem, x, direction
        self.last: Point | None = None

    def __call__(self, step: float) -> tuple[float, float]:
        with np.errstate(all="ignore"):
            x = self.x + step * self.direction
            value, gradient = self.problem.value_and_gradient(x)
            self.last = Point(step, x, value, gradient)
            return value, float(gradient @ self.direction)

    def at(self, step: float) -> Point:
        if self.last is None or self.last.step != step:
            self(step)
        assert self.last is not None
        return self.last


def along(
    problem: Differentiable,
    x: Array,
    direction: Array,
    value: float,
    gradient: Array,
    search: LineSearch,
    first: float = 1.0,
) -> Point | Failed:
    """A search from x, where f and its gradient are known, along a direction.

    >>> from tinygrad_opt.optim.deterministic import Problem
    >>> problem = Problem(lambda x: x @ x, [3.0, 4.0])
    >>> x, value, gradient = problem.at_start()
    >>> along(problem, x, -gradient, value, gradient, backtracking).x
    array([0., 0.])
    """
    line = Line(problem, x, direction)
    found = search(line, value, float(gradient @ direction), first)
    return found if isinstance(found, Failed) else line.at(found.step)


def backtracking(
    phi: Phi, value: float, slope: float, first: float = 1.0, *, c1: float = 1e-4, max_trials: int = 40
) -> Trial | Failed:
    """The first of ever shorter steps that lowers f enough.

    phi(step) <= phi(0) + c1 step phi'(0)  (Armijo).  The next step is where the parabola, later the
    cubic, through the values known has its minimum, kept within 0.1 and 0.5 of the last one; where phi
    is not finite, half of it.  First, steps so short that neither phi nor its slope changes grow tenfold.

    Raises ValueError if slope >= 0 or c1 is not between 0 and 1.
    Nocedal & Wright, Algorithm 3.1 and section 3.5.

    >>> backtracking(lambda step: ((step - 3) ** 2, 2 * (step - 3)), value=9.0, slope=-6.0, first=8.0)
    Trial(step=3.0, value=0.0, slope=0.0)
    """
    check_start(value, slope, first, max_trials)
    if not 0 < c1 < 1:
        raise ValueError(f"backtracking needs 0 < c1 < 1; got c1={c1}")
    trials: list[Trial] = []
    step, too_short = first, True
    for _ in range(max_trials):
        trial = Trial(step, *phi(step))
        if trial.finite and trial.value < value and trial.value <= value + c1 * step * slope:
            return trial
        before = trials[-1] if trials and trials[-1].finite and not too_short else None
        trials.append(trial)
        too_short = too_short and trial.value <= value + ROUNDING * abs(value) and trial.slope <= STEEP * slope
        if too_short:
            step *= 10
            continue
        minimum = armijo_minimum(value, slope, trial, before) if trial.finite else math.nan
        step = clipped(minimum, 0.1 * step, 0.5 * step)
    return failed(trials, "lowered f enough")


def strong_wolfe(
    phi: Phi,
    value: float,
    slope: float,
    first: float = 1.0,
    *,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_trials: int = 40,
    rounding: float = ROUNDING,
) -> Trial | Failed:
    """A step that lowers f enough and leaves a slope flat enough (the strong Wolfe conditions).

    phi(step) <= phi(0) + c1 step phi'(0)  and  |phi'(step)| <= c2 |phi'(0)|.  The first condition
    forgives the rounding of f, a share of |phi(0)|, without which no minimum is found to more than half
    of the digits.

    low is the best step so far.  Steps grow until a minimum lies between low and high; then cubics
    through both ends close in on it.  Where phi is not finite it counts as too high.  Where it is that of
    low but for rounding, and its slope still that of 0, steps grow too: they were too short to see anything.

    Raises ValueError if slope >= 0 or not 0 < c1 < c2 < 1.
    Nocedal & Wright, Algorithms 3.5 and 3.6.
    """
    check_start(value, slope, first, max_trials)
    if not 0 < c1 < c2 < 1:
        raise ValueError(f"the constants of a line search must satisfy 0 < c1 < c2 < 1; got c1={c1}, c2={c2}")
    forgiven = rounding * abs(value)
    low, high = Trial(0.0, value, slope), Trial(math.inf, math.inf, math.nan)
    trials: list[Trial] = []
    step = first
    for _ in range(max_trials):
        trial = Trial(step, *phi(step))
        trials.append(trial)
        enough = trial.finite and trial.value <= value + c1 * step * slope + forgiven
        if enough and abs(trial.slope) <= c2 * abs(slope):
            return trial
        last = low
        too_short = math.isinf(high.step) and trial.value <= low.value + forgiven and trial.slope <= STEEP * slope
        if not enough or (trial.value >= low.value and not too_short):
            high = trial
        else:
            if trial.slope * (high.step - low.step) >= 0:
                high = low
            low = trial
        step = beyond(last, low) if math.isinf(high.step) else between(low, high)
    if math.isinf(high.step):
        went = f"f still fell at the longest step tried, {low.step:.3g}, to {low.value:.6g}: it may have no minimum"
        if low.value >= value - forgiven:
            went = f"f stays at {low.value:.6g} up to the longest step tried, {low.step:.3g}, though its slope is not 0"
        return Failed(went, tuple(trials))
    return failed(trials, f"met the Wolfe conditions with c1={c1:g}, c2={c2:g}")


def exact_for_quadratics(phi: Phi, value: float, slope: float, first: float = 1.0) -> Trial | Failed:
    """The minimum of a phi that is a parabola, from its slopes at 0 and at the first step.

    step = first phi'(0) / (phi'(0) - phi'(first)).  Costs two evaluations.

    Raises ValueError if slope >= 0.

    >>> exact_for_quadratics(lambda step: ((step - 3) ** 2, 2 * (step - 3)), value=9.0, slope=-6.0)
    Trial(step=3.0, value=0.0, slope=0.0)
    """
    check_start(value, slope, first)
    probe = Trial(first, *phi(first))
    if not probe.finite or not probe.slope > slope:
        return Failed(
            f"the slope goes from {slope:.3g} to {probe.slope:.3g} at step {first:.3g}: no parabola with a minimum",
            (probe,),
        )
    step = first * slope / (slope - probe.slope)
    trial = Trial(step, *phi(step))
    return trial if trial.finite else failed([probe, trial], "was the minimum of a parabola")


def fixed_step(lr: float) -> LineSearch:
    """The search that always takes the step lr, and fails where f is not finite there.

    Raises ValueError if lr is not positive and finite.

    >>> fixed_step(0.5)(lambda step: ((step - 3) ** 2, 2 * (step - 3)), 9.0, -6.0, 1.0)
    Trial(step=0.5, value=6.25, slope=-5.0)
    """
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be positive and finite; got {lr}")

    def search(phi: Phi, value: float, slope: float, first: float = 1.0) -> Trial | Failed:
        trial = Trial(lr, *phi(lr))
        return trial if trial.finite else Failed(f"f or its slope is not finite after the step {lr:g}", (trial,))

    return search


def check_start(value: float, slope: float, first: float, trials: int = 1) -> None:
    if not (math.isfinite(value) and math.isfinite(slope)):
        raise ValueError(f"a line search starts where f is finite; got value {value}, slope {slope}")
    if slope >= 0:
        raise ValueError(f"not a descent direction: f does not fall along it, its slope is {slope:.6g}")
    if not 0 < first < math.inf:
        raise ValueError(f"the first step must be positive and finite; got {first}")
    if trials < 1:
        raise ValueError(f"a line search needs at least one trial; got max_trials={trials}")


def failed(trials: list[Trial], wanted: str) -> Failed:
    """A search whose trials all missed what was wanted."""
    steps, values = [t.step for t in trials], [t.value for t in trials if t.finite]
    lost = len(trials) - len(values)
    reason = f"none of {len(trials)} steps from {max(steps):.3g} to {min(steps):.3g} {wanted}"
    reason += f"; f or its slope was not finite at {lost} of them" if lost else ""
    reason += f"; the lowest value was {min(values)!r}" if values else ""
    return Failed(reason, tuple(trials))


# -- interpolation: nan where the curve has no minimum -----------------------------------------
def clipped(step: float, low: float, high: float) -> float:
    return high if math.isnan(step) else min(max(step, low), high)


def beyond(a: Trial, b: Trial) -> float:
    """Where the cubic through two trials has its minimum, 2 to 10 times as far as the second; 10 if it has none."""
    minimum = cubic_minimum(a, b)
    return clipped(minimum, 2 * b.step, 10 * b.step) if minimum > b.step else 10 * b.step


def between(low: Trial, high: Trial) -> float:
    """Where the cubic through two trials has its minimum, not near an end; half-way if one is not finite."""
    minimum = cubic_minimum(low, high) if high.finite else math.nan
    if math.isnan(minimum):
        return low.step + 0.5 * (high.step - low.step)
    margin = 0.1 * abs(high.step - low.step)
    return clipped(minimum, min(low.step, high.step) + margin, max(low.step, high.step) - margin)


@np.errstate(all="ignore")
def cubic_minimum(a: Trial, b: Trial) -> float:
    """The minimum of the cubic with the values and slopes of two trials (equation 3.59)."""
    width = np.float64(b.step - a.step)
    d1 = a.slope + b.slope + 3 * (a.value - b.value) / width
    d2 = np.copysign(np.sqrt(d1 * d1 - a.slope * b.slope), width)
    return float(b.step - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))


@np.errstate(all="ignore")
def armijo_minimum(value: float, slope: float, trial: Trial, before: Trial | None) -> float:
    """The minimum of the parabola through one trial, or of the cubic through two, from the start (3.58 and after).

    In the cubic cube t^3 + square t^2 + slope t + value, as -slope / (square + root): cube may be 0.
    """
    t = np.float64(trial.step)
    square = (trial.value - value - slope * t) / t**2
    if before is None:
        return float(-slope / (2 * square))
    square_before = (before.value - value - slope * before.step) / np.float64(before.step) ** 2
    cube = (square - square_before) / (t - before.step)
    square = square - cube * t
    return float(-slope / (square + np.sqrt(square * square - 3 * cube * slope)))

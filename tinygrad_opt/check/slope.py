"""The slope of a function along a line, by differences, and the verdict on a gradient beside it.

Every method here sees f only as ``line(t)``, its value at x + t * direction with the branches that
were taken there.  Accuracies, for a function of scale 1 in float64: central differences 1e-10,
Richardson's extrapolation of them 1e-12, a complex step 1e-16.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # where truncation (h**2) and cancellation (eps/h) errors of a central difference are equal
LADDER = [10.0**-k for k in range(2, 10)]  # steps for Richardson, relative to the size of x
TINY = 1e-30  # of a complex step: its square is nothing beside x
GOOD = 1e-9  # a slope known to this relative accuracy needs no better one

OK, FAIL, AT_KINK, CROSSED_KINK, NONFINITE = "OK", "FAIL", "AT_KINK", "CROSSED_KINK", "NONFINITE"


@dataclasses.dataclass(frozen=True)
class Sample:
    """A value of f, and which side of each kink it is on; sides is None where f does not tell."""

    value: float
    sides: tuple[Any, ...] | None

    @property
    def finite(self) -> bool:
        return math.isfinite(self.value)


Line = Callable[[float], Sample]


@dataclasses.dataclass(frozen=True)
class Slope:
    """A numeric derivative, how far it can be trusted, and how it was found."""

    value: float
    error: float
    method: str

    @property
    def trust(self) -> tuple[float, float]:
        """Less is better.  A slope that is no larger than its error may come of a step across many waves of f."""
        return min(1.0, self.error / abs(self.value)) if self.value else 1.0, self.error

    def fits(self, other: Slope) -> bool:
        """Whether another slope, found by differences, is this one as far as it can tell."""
        return abs(self.value - other.value) <= 10 * other.error + GOOD * abs(other.value)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of comparing one number of a gradient with differences."""

    status: str
    numeric: float
    tolerance: float
    method: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One number of a gradient and the line along which it should be the slope.

    analytic  the number to check
    line      f along the direction it belongs to
    start     f at x
    sizes     the lengths on which x may live, the likeliest first: steps are taken relative to them
    noise     the rounding error of f itself
    exact     the slope by a complex step, or None if f does not allow one
    blur      the rounding error of the number itself
    """

    analytic: float
    line: Line
    start: Sample
    sizes: tuple[float, ...]
    noise: float
    exact: Callable[[], float] | None
    blur: float = 0.0

    @property
    def size(self) -> float:
        return self.sizes[0]

    def verdict(self, rtol: float, method: str = "auto") -> Verdict:
        """Central differences first; only what they miss, or do not know well, is looked at more closely."""
        quick = self.central()
        if not math.isfinite(self.analytic):
            return Verdict(NONFINITE, quick.value if quick else math.nan, 0.0, quick.method if quick else "none")
        if quick and (method == "central" or (method == "auto" and self.is_known_by(quick))):
            found = self.compared(quick, rtol)
            if found.status != OK and method == "central":
                found = self.compared(self.truncated(quick), rtol)
            if found.status == OK:
                return found
        close = self.second_look(quick, method)
        if close is None:
            return self.beside_kink(rtol)
        found = self.compared(close, rtol)
        return found if found.status == OK else self.perhaps_kink(found, rtol)

    def is_known_by(self, slope: Slope) -> bool:
        """Whether a slope needs no second look: it is known to four digits, or no step could tell it from zero."""
        value, longest = max(abs(self.analytic), abs(slope.value)), self.size if self.exact else LADDER[0] * self.size
        blurred = value <= 10 * self.noise / longest
        return slope.error <= 1e-4 * value or blurred

    def compared(self, slope: Slope, rtol: float) -> Verdict:
        tolerance = rtol * max(abs(self.analytic), abs(slope.value)) + slope.error + self.blur
        agrees = abs(self.analytic - slope.value) <= tolerance
        return Verdict(OK if agrees else FAIL, slope.value, tolerance, slope.method)

    def smooth(self, *samples: Sample) -> bool:
        """Whether all samples are finite and took the same branches as x."""
        return all(s.finite and s.sides == self.start.sides for s in samples)

    def rounding(self, *samples: Sample) -> float:
        """The rounding error of f at these points: they may lie higher than x, as beside a minimum."""
        return max(self.noise, EPS * max(abs(s.value) for s in samples))

    # -- two-sided slopes ----------------------------------------------------------------------
    def central(self, step: float = STEP) -> Slope | None:
        h = power_of_two(step * self.size)
        right, left = self.line(h), self.line(-h)
        if not self.smooth(left, right):
            return None
        return Slope((right.value - left.value) / (2 * h), self.rounding(left, right) / h, "central differences")

    def truncated(self, quick: Slope) -> Slope:
        """The same slope with its truncation error, which a step of twice the length shows."""
        wide = self.central(2 * STEP)
        return dataclasses.replace(quick, error=quick.error + abs(wide.value - quick.value)) if wide else quick

    def second_look(self, quick: Slope | None, method: str) -> Slope | None:
        """A complex step where it fits what differences say, else Richardson's extrapolation.

        Code that computes with x.data, say its absolute value, is blind to the imaginary part of a step.
        """
        exact = self.by_complex_step() if method in ("auto", "complex") else None
        if exact and quick and exact.fits(quick):
            return exact
        slope = self.richardson()
        return exact if exact and slope and exact.fits(slope) else slope

    def by_complex_step(self) -> Slope | None:
        """Exact to rounding: no difference is taken (Squire & Trapp, 1998)."""
        value = self.exact() if self.exact else math.nan
        return Slope(value, 10 * self.noise / self.size, "complex step") if math.isfinite(value) else None

    def richardson(self) -> Slope | None:
        """The best of Richardson's extrapolations over steps from large to small; None if all meet a kink.

        A large step that leaps over whole waves of f finds a slope of the same value at every part of
        it, and that is not the slope at x: a step that is larger than ``near`` must agree with it.
        """
        near = self.extrapolated(power_of_two(STEP * self.size))
        best: Slope | None = None
        for step in (step * size for size in self.sizes for step in LADDER):
            slope = self.extrapolated(power_of_two(step))
            if slope and near and step > STEP * self.size:
                slope = slope if abs(slope.value - near.value) <= slope.error + near.error else None
            if slope and (best is None or slope.trust < best.trust):
                best = slope
            if best and best.error <= GOOD * abs(best.value):
                break
        return best

    def extrapolated(self, h: float) -> Slope | None:
        """Central differences at h, h/2 and h/4, extrapolated twice; their disagreement estimates the error."""
        table, noise = [], 0.0
        for step in (h, h / 2, h / 4):
            right, left = self.line(step), self.line(-step)
            if not self.smooth(left, right):
                return None
            table.append((right.value - left.value) / (2 * step))
            noise = max(noise, self.rounding(left, right))
        first = [(4 * b - a) / 3 for a, b in itertools.pairwise(table)]
        value = (16 * first[1] - first[0]) / 15
        return Slope(value, 10 * abs(value - first[1]) + 8 * noise / h, "Richardson")

    # -- slopes on either side of a kink -------------------------------------------------------
    def beside_kink(self, rtol: float) -> Verdict:
        """No step is short enough: the gradient must lie between the slopes on the two sides."""
        tiny = 4 * EPS * self.size
        apart = self.line(tiny).sides != self.line(-tiny).sides
        return self.between(AT_KINK if apart else CROSSED_KINK, rtol)

    def between(self, status: str, rtol: float) -> Verdict:
        sides = [slope for slope in (self.one_sided(1), self.one_sided(-1)) if slope]
        if not sides:
            return Verdict(NONFINITE, math.nan, 0.0, "one-sided differences")
        low, high = min(s.value for s in sides), max(s.value for s in sides)
        tolerance = max(s.error for s in sides) + max(rtol, 1e-6) * max(abs(low), abs(high))
        nearest = min(max(self.analytic, low), high)
        agrees = abs(self.analytic - nearest) <= tolerance
        method = f"slopes {low:.6g} and {high:.6g}"
        return Verdict(status if agrees else FAIL, nearest, tolerance, method)

    def one_sided(self, direction: int) -> Slope | None:
        """The slope at x of the parabola through three points on one side, x itself left out: f may jump there."""
        for step in (1e-4, 1e-5, 1e-6, 1e-7):
            h = power_of_two(step * self.size)
            a, b, c = (self.line(direction * k * h) for k in (1, 2, 3))
            if a.finite and b.finite and c.finite and a.sides == b.sides == c.sides:
                value = direction * (-2.5 * a.value + 4 * b.value - 1.5 * c.value) / h
                plain = direction * (b.value - a.value) / h
                error = 10 * self.rounding(a, b, c) / h + 10 * step * abs(value - plain)
                return Slope(value, error, "one-sided differences")
        return None

    def perhaps_kink(self, found: Verdict, rtol: float) -> Verdict:
        """A kink at x that f does not tell: the slopes of the two sides differ by as much at any step.

        Where f only curves, they differ by less at a shorter step; where it jumps, by more.
        """
        wide, *narrow = (power_of_two(step * self.size) for step in (1e-4, 1e-6, 1e-8))
        bend = self.bend(wide)
        telling = [h for h in narrow if 40 * self.noise / h < abs(bend) / 2]
        if telling and all(0.5 < self.bend(h) / bend < 2 for h in telling):
            return self.between(AT_KINK, rtol)
        return found

    def bend(self, h: float) -> float:
        """By how much the slopes of the two sides differ."""
        return (self.line(h).value + self.line(-h).value - 2 * self.start.value) / h


def imaginary_slope(run: Callable[[], Any]) -> float:
    """The derivative along a direction from f at x + 1j * TINY * direction; NaN if f refuses complex numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # a part of the step would be dropped
            return float(np.imag(run())) / TINY
    except Exception:  # f is written for real numbers, and may refuse others as it likes
        return math.nan


def power_of_two(h: float) -> float:
    """The power of two nearest to h: adding it to x rounds little, dividing by it not at all."""
    return float(2.0 ** round(math.log2(h)))


def lengths(x: float, largest: float) -> tuple[float, ...]:
    """The lengths to step relative to, for an entry x of an array whose largest entry is given."""
    found = [max(1.0, abs(x))]
    for size in (largest, abs(x)):
        if 0 < size < 1e-3 * found[-1]:
            found.append(size)
    return tuple(found)

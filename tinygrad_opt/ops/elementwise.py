"""Rules of NumPy's elementwise functions, and of sigmoid, which is the slope of logaddexp.

At special points: |x|'(0) = 0; where maximum, minimum, fmax or fmin tie, each side gets half, and a
NaN that fmax or fmin passes over gets 0; clip passes the gradient at its bounds; the base of 0**0
gets 0, and so does the exponent of 0**n; hypot and arctan2 are flat at the origin, and logaddexp
where both are -inf.  Rounding functions are flat: their gradient is 0 wherever it exists.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .operand import Operand
from .rules import alias, composed, differentiable

LN2 = math.log(2)
LN10 = math.log(10)
DEGREE = math.pi / 180
BITS: dict[Any, Any] = {np.dtype(np.float64): np.dtype(np.int64), np.dtype(np.float32): np.dtype(np.int32)}


def keep(g: Any, mask: Any) -> Any:
    """np.where(mask, g, 0): a choice and not a product, in which an infinite g would make inf * 0 = nan."""
    if type(g) is float:
        return g if mask else 0.0
    if type(g) is type(mask) is np.ndarray:  # where takes a branch an entry, four times the time of this
        kept: Any = np.multiply(g.view(BITS[g.dtype]), mask)
        return kept.view(g.dtype)
    return np.where(mask, g, 0.0)


def one_less(n: Any, x: Any) -> Any:
    """The exponent n - 1 of the slope of x**n; n itself at 0**0, where the slope is 0."""
    moves = np.not_equal(n, 0) | np.not_equal(x, 0) if isinstance(n, Operand) else n != 0
    if getattr(n, "dtype", None) == np.float32:
        return n - moves  # beside it 1.0 * moves, of float64, would count
    return n - 1.0 * moves


def unit(x: Any, r: Any) -> Any:
    """x / r, and 0 where r is 0."""
    return keep(x / (r + (r == 0)), r != 0)


def inverted(x: Any, y: Any) -> Any:
    """x / (x*x + y*y), without overflow, and 0 at the origin."""
    r = np.hypot(x, y)
    return unit(unit(x, r), r)


def gap(x: Any, y: Any) -> Any:
    """x - y, and 0 for equal infinities."""
    with np.errstate(invalid="ignore"):
        return keep(x - y, (x != y) | np.isfinite(x))


def sigmoid(x: Any) -> Any:
    """Logistic function: 1 / (1 + exp(-x)), without overflow for any x."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


# fmt: off
# -- arithmetic --------------------------------------------------------------------------------
differentiable(np.add,      lambda g, out, x, y: g,
                            lambda g, out, x, y: g,             scalar=operator.add)
differentiable(np.subtract, lambda g, out, x, y: g,
                            lambda g, out, x, y: -g,            scalar=operator.sub)
differentiable(np.multiply, lambda g, out, x, y: g * y,
                            lambda g, out, x, y: g * x,         scalar=operator.mul)
differentiable(np.divide,   lambda g, out, x, y: g / y,
                            lambda g, out, x, y: -g * out / y,  scalar=operator.truediv,
                            domain=lambda x, y: y != 0)
for power in (np.power, np.float_power):
    differentiable(power,   lambda g, out, x, n: g * n * x ** one_less(n, x),
                            lambda g, out, x, n: g * out * np.log(x + (x == 0) * (n >= 0)),
                            scalar=operator.pow,
                            domain=lambda x, n: (x > 0) | (n == np.floor(n)))
differentiable(np.remainder,
                            lambda g, out, x, y: g,
                            lambda g, out, x, y: -g * (x // y), scalar=operator.mod,
                            kink=lambda out, x, y: x // y,      domain=lambda x, y: y != 0)
differentiable(np.fmod,     lambda g, out, x, y: g,
                            lambda g, out, x, y: -g * np.rint((x - out) / y), scalar=math.fmod,
                            kink=lambda out, x, y: np.rint((x - out) / y), domain=lambda x, y: y != 0)
differentiable(np.floor_divide,
                            lambda g, out, x, y: np.zeros_like(g),
                            lambda g, out, x, y: np.zeros_like(g), scalar=operator.floordiv,
                            kink=lambda out, x, y: out,         domain=lambda x, y: y != 0)
differentiable(np.negative, lambda g, out, x: -g,               scalar=operator.neg)
differentiable(np.positive, lambda g, out, x: g,                scalar=operator.pos)
differentiable(np.square,   lambda g, out, x: g * 2 * x,        scalar=lambda x: x * x)
differentiable(np.reciprocal,
                            lambda g, out, x: -g * out * out,   scalar=lambda x: 1.0 / x,
                            domain=lambda x: x != 0)
differentiable(np.absolute, lambda g, out, x: g * np.sign(x),   scalar=abs,
                            kink=lambda out, x: np.sign(x))
differentiable(np.copysign, lambda g, out, x, y: g * np.sign(out) * np.sign(x),
                            lambda g, out, x, y: np.zeros_like(g), scalar=math.copysign,
                            kink=lambda out, x, y: np.sign(x) + 2 * np.sign(out))

# -- flat: piecewise constant ------------------------------------------------------------------
for flat in (np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix):
    differentiable(flat,    lambda g, out, x: np.zeros_like(g), elementwise=True, kink=lambda out, x: out)
differentiable(np.round,    lambda g, out, x, decimals=0: np.zeros_like(g), elementwise=True,
                            kink=lambda out, x, decimals=0: out)
differentiable(np.heaviside,
                            lambda g, out, x, at_zero: np.zeros_like(g),
                            lambda g, out, x, at_zero: keep(g, x == 0), kink=lambda out, x, at_zero: np.sign(x))

# -- exponentials and logarithms ---------------------------------------------------------------
# exp, log, sin, cos, sinh and cosh stand in rules, where NumPy computes them even for a float; with
# no scalar form of their own, a pass that builds a graph gives the same bits as one that does not.
differentiable(np.exp,      lambda g, out, x: g * out)
differentiable(np.exp2,     lambda g, out, x: g * out * LN2,    scalar=math.exp2,  analytic=False)
differentiable(np.expm1,    lambda g, out, x: g * (out + 1),    scalar=math.expm1)
differentiable(np.log,      lambda g, out, x: g / x,                               domain=lambda x: x > 0)
differentiable(np.log1p,    lambda g, out, x: g / (1 + x),      scalar=math.log1p, domain=lambda x: x > -1)
differentiable(np.log2,     lambda g, out, x: g / (x * LN2),    scalar=math.log2,  domain=lambda x: x > 0)
differentiable(np.log10,    lambda g, out, x: g / (x * LN10),   scalar=math.log10, domain=lambda x: x > 0)
differentiable(np.sqrt,     lambda g, out, x: g / (2 * out),    scalar=math.sqrt,  domain=lambda x: x >= 0)
differentiable(np.cbrt,     lambda g, out, x: g / (3 * out * out), scalar=math.cbrt, analytic=False,
                            domain=lambda x: abs(x) < math.inf)
differentiable(np.logaddexp,
                            lambda g, out, x, y: keep(g, out > -np.inf) * sigmoid(gap(x, y)),
                            lambda g, out, x, y: keep(g, out > -np.inf) * sigmoid(gap(y, x)), analytic=False)
differentiable(np.logaddexp2,
                            lambda g, out, x, y: keep(g, out > -np.inf) * sigmoid(LN2 * gap(x, y)),
                            lambda g, out, x, y: keep(g, out > -np.inf) * sigmoid(LN2 * gap(y, x)), analytic=False)
sigmoid = differentiable(sigmoid, lambda g, out, x: g * out * (1 - out), elementwise=True, analytic=False)

# -- trigonometric and hyperbolic --------------------------------------------------------------
differentiable(np.sin,      lambda g, out, x: g * np.cos(x))
differentiable(np.cos,      lambda g, out, x: -g * np.sin(x))
differentiable(np.tan,      lambda g, out, x: g * (1 + out * out), scalar=math.tan)
differentiable(np.arcsin,   lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)), scalar=math.asin,
                            domain=lambda x: (x >= -1) & (x <= 1))
differentiable(np.arccos,   lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)), scalar=math.acos,
                            domain=lambda x: (x >= -1) & (x <= 1))
differentiable(np.arctan,   lambda g, out, x: g / (1 + x * x),  scalar=math.atan)
differentiable(np.arctan2,  lambda g, out, y, x: g * inverted(x, y),
                            lambda g, out, y, x: -g * inverted(y, x),
                            scalar=math.atan2, kink=lambda out, y, x: (x < 0) & (y < 0))
differentiable(np.hypot,    lambda g, out, x, y: g * unit(x, out),
                            lambda g, out, x, y: g * unit(y, out), analytic=False)
differentiable(np.sinh,     lambda g, out, x: g * np.cosh(x))
differentiable(np.cosh,     lambda g, out, x: g * np.sinh(x))
differentiable(np.tanh,     lambda g, out, x: g * (1 - out * out), scalar=math.tanh)
differentiable(np.arcsinh,  lambda g, out, x: g / np.sqrt(1 + x * x), scalar=math.asinh)
differentiable(np.arccosh,  lambda g, out, x: g / np.sqrt((x - 1) * (x + 1)), scalar=math.acosh,
                            domain=lambda x: x >= 1)
differentiable(np.arctanh,  lambda g, out, x: g / ((1 - x) * (1 + x)), scalar=math.atanh,
                            domain=lambda x: (x > -1) & (x < 1))
differentiable(np.deg2rad,  lambda g, out, x: g * DEGREE,       analytic=False)
differentiable(np.rad2deg,  lambda g, out, x: g / DEGREE,       analytic=False)

# -- choosing ----------------------------------------------------------------------------------
differentiable(np.maximum,  lambda g, out, x, y: keep(g, x > y) + keep(g, x == y) / 2,
                            lambda g, out, x, y: keep(g, x < y) + keep(g, x == y) / 2,
                            kink=lambda out, x, y: x > y)
differentiable(np.minimum,  lambda g, out, x, y: keep(g, x < y) + keep(g, x == y) / 2,
                            lambda g, out, x, y: keep(g, x > y) + keep(g, x == y) / 2,
                            kink=lambda out, x, y: x < y)
for extremum in (np.fmax, np.fmin):
    differentiable(extremum,
                            lambda g, out, x, y: keep(g, (out == x) & (x != y)) + keep(g, x == y) / 2,
                            lambda g, out, x, y: keep(g, (out == y) & (x != y)) + keep(g, x == y) / 2,
                            kink=lambda out, x, y: out == x)
differentiable(np.where,    None,
                            lambda g, out, condition, x, y: np.where(condition, g, 0),
                            lambda g, out, condition, x, y: np.where(condition, 0, g),
                            elementwise=True, kink=lambda out, condition, x, y: condition,
                            scalar=lambda condition, x, y: x if condition else y)
# fmt: on


def below(x: Any, low: Any) -> Any:
    """Which entries clip raises to its lower bound."""
    return x < (-np.inf if low is None else low)


def above(x: Any, high: Any) -> Any:
    """Which entries clip lowers to its upper bound."""
    return x > (np.inf if high is None else high)


def clip(x: Any, min: Any, max: Any) -> Any:
    """x, but no less than min and no more than max; None means no bound."""
    return np.clip(x, min, max)


clip = differentiable(
    clip,
    lambda g, out, x, low, high: keep(g, out == x),
    lambda g, out, x, low, high: keep(g, below(x, low) & (out == low)),
    lambda g, out, x, low, high: keep(g, above(x, high) | (below(x, low) & (out != low))),
    elementwise=True,
    optional=True,
    kink=lambda out, x, low, high: 1.0 * above(x, high) - 1.0 * below(x, low),
)


@composed(np.clip)
def numpy_clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """np.clip, whose bounds have two names each."""
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip takes its bounds as a_min and a_max, or as min and max; got some of both")
    return clip(a, a_min if min is None else min, a_max if max is None else max)


differentiable(
    np.nan_to_num,  # without copy=, which would write into x
    lambda g, out, x, nan=0.0, posinf=None, neginf=None: keep(g, np.isfinite(x)),
    elementwise=True,
    kink=lambda out, x, nan=0.0, posinf=None, neginf=None: np.isfinite(x),
)

alias(np.fabs, np.absolute)
alias(np.clip, clip)
alias(np.radians, np.deg2rad)
alias(np.degrees, np.rad2deg)
alias(np.around, np.round)

"""Rules of the elementwise functions, NumPy's and the activations that NumPy does not name.

At special points: relu'(0) = 0 and |x|'(0) = 0; where maximum or minimum tie, each side gets half;
clip passes the gradient at its bounds; the base of 0**0 gets 0, and so does the exponent of 0**n.
Rounding functions are flat: their gradient is 0 wherever it exists.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .operand import Operand
from .rules import alias, differentiable

LN2 = math.log(2)
LN10 = math.log(10)


def one_less(n: Any, x: Any) -> Any:
    """The exponent n - 1 of the slope of x**n; n itself at 0**0, where the slope is 0."""
    moves = np.not_equal(n, 0) | np.not_equal(x, 0) if isinstance(n, Operand) else n != 0
    if getattr(n, "dtype", None) == np.float32:
        return n - moves  # beside it 1.0 * moves, of float64, would count
    return n - 1.0 * moves


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
differentiable(np.power,    lambda g, out, x, n: g * n * x ** one_less(n, x),
                            lambda g, out, x, n: g * out * np.log(x + (x == 0) * (n >= 0)),
                            scalar=operator.pow,
                            domain=lambda x, n: (x > 0) | (n == np.floor(n)))
differentiable(np.remainder,
                            lambda g, out, x, y: g,
                            lambda g, out, x, y: -g * (x // y), scalar=operator.mod,
                            kink=lambda out, x, y: x // y,      domain=lambda x, y: y != 0)
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

# -- flat: piecewise constant ------------------------------------------------------------------
for flat in (np.sign, np.floor, np.ceil, np.rint, np.trunc):
    differentiable(flat,    lambda g, out, x: np.zeros_like(g), kink=lambda out, x: out)
differentiable(np.zeros_like, lambda g, out, x: np.zeros_like(g), elementwise=True)

# -- exponentials and logarithms ---------------------------------------------------------------
# exp, log, sin, cos, sinh and cosh stand in rules, where NumPy computes them even for a float; with
# no scalar form of their own, a pass that builds a graph gives the same bits as one that does not.
differentiable(np.exp,      lambda g, out, x: g * out)
differentiable(np.expm1,    lambda g, out, x: g * (out + 1),    scalar=math.expm1)
differentiable(np.log,      lambda g, out, x: g / x,                               domain=lambda x: x > 0)
differentiable(np.log1p,    lambda g, out, x: g / (1 + x),      scalar=math.log1p, domain=lambda x: x > -1)
differentiable(np.log2,     lambda g, out, x: g / (x * LN2),    scalar=math.log2,  domain=lambda x: x > 0)
differentiable(np.log10,    lambda g, out, x: g / (x * LN10),   scalar=math.log10, domain=lambda x: x > 0)
differentiable(np.sqrt,     lambda g, out, x: g / (2 * out),    scalar=math.sqrt,  domain=lambda x: x >= 0)
differentiable(np.logaddexp,
                            lambda g, out, x, y: g * sigmoid(x - y),
                            lambda g, out, x, y: g * sigmoid(y - x), analytic=False)

# -- trigonometric and hyperbolic --------------------------------------------------------------
differentiable(np.sin,      lambda g, out, x: g * np.cos(x))
differentiable(np.cos,      lambda g, out, x: -g * np.sin(x))
differentiable(np.tan,      lambda g, out, x: g * (1 + out * out), scalar=math.tan)
differentiable(np.arcsin,   lambda g, out, x: g / np.sqrt(1 - x * x), scalar=math.asin,
                            domain=lambda x: (x >= -1) & (x <= 1))
differentiable(np.arccos,   lambda g, out, x: -g / np.sqrt(1 - x * x), scalar=math.acos,
                            domain=lambda x: (x >= -1) & (x <= 1))
differentiable(np.arctan,   lambda g, out, x: g / (1 + x * x),  scalar=math.atan)
differentiable(np.sinh,     lambda g, out, x: g * np.cosh(x))
differentiable(np.cosh,     lambda g, out, x: g * np.sinh(x))
differentiable(np.tanh,     lambda g, out, x: g * (1 - out * out), scalar=math.tanh)

# -- choosing ----------------------------------------------------------------------------------
differentiable(np.maximum,  lambda g, out, x, y: g * (x > y) + g * (x == y) / 2,
                            lambda g, out, x, y: g * (x < y) + g * (x == y) / 2,
                            kink=lambda out, x, y: x > y)
differentiable(np.minimum,  lambda g, out, x, y: g * (x < y) + g * (x == y) / 2,
                            lambda g, out, x, y: g * (x > y) + g * (x == y) / 2,
                            kink=lambda out, x, y: x < y)
differentiable(np.where,    None,
                            lambda g, out, condition, x, y: np.where(condition, g, 0),
                            lambda g, out, condition, x, y: np.where(condition, 0, g),
                            elementwise=True, kink=lambda out, condition, x, y: condition)
# fmt: on


def below(x: Any, low: Any) -> Any:
    """Which entries clip raises to its lower bound."""
    return x < (-np.inf if low is None else low)


def above(x: Any, high: Any) -> Any:
    """Which entries clip lowers to its upper bound."""
    return x > (np.inf if high is None else high)


differentiable(
    np.clip,
    lambda g, out, x, low, high: g * (out == x),
    lambda g, out, x, low, high: g * (below(x, low) & (out == low)),
    lambda g, out, x, low, high: g * (above(x, high) | (below(x, low) & (out != low))),
    elementwise=True,
    optional=True,
    kink=lambda out, x, low, high: 1.0 * above(x, high) - 1.0 * below(x, low),
)


# -- activations -------------------------------------------------------------------------------
def sigmoid(x: Any) -> Any:
    """Logistic function: 1 / (1 + exp(-x)), without overflow for any x."""
    return np.exp(-np.logaddexp(0, -x))


def softplus(x: Any) -> Any:
    """Smooth relu: log(1 + exp(x)), without overflow for any x."""
    return np.logaddexp(x, 0)


def relu(x: Any) -> Any:
    """Rectified linear unit: max(x, 0); its slope at 0 is 0."""
    return np.maximum(x, 0)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where x > 0, else slope * x (Maas, Hannun & Ng, 2013)."""
    return np.where(x > 0, x, slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x) - 1) (Clevert, Unterthiner & Hochreiter, 2016)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


# fmt: off
sigmoid  = differentiable(sigmoid,  lambda g, out, x: g * out * (1 - out), elementwise=True, analytic=False)
softplus = differentiable(softplus, lambda g, out, x: g * sigmoid(x),      elementwise=True, analytic=False)
relu     = differentiable(relu,     lambda g, out, x: g * (x > 0),         elementwise=True,
                          scalar=lambda x: 0.0 if x <= 0 else x,           kink=lambda out, x: x > 0)
leaky_relu = differentiable(
    leaky_relu, lambda g, out, x, slope=0.01: g * (x > 0) + slope * g * (x <= 0),
    elementwise=True, scalar=lambda x, slope=0.01: x if x > 0 else slope * x,
    kink=lambda out, x, slope=0.01: x > 0)
elu = differentiable(
    elu, lambda g, out, x, alpha=1.0: g * (x > 0) + (out + alpha) * g * (x <= 0),
    elementwise=True, scalar=lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
    kink=lambda out, x, alpha=1.0: x > 0)
# fmt: on

alias(np.fabs, np.absolute)

"""Activations: the elementwise functions of networks, with PyTorch's names, defaults and slopes at kinks.

Those that nets are trained with have a rule of their own; the others are written in functions that have.
At a kink the slope is the one of the flat or left side: relu'(0) = 0, leaky_relu'(0) = slope; but
hardswish'(3) = 1.  An input that is nan gives nan, and gets the gradient 0 from relu and its kin;
PyTorch passes theirs on to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .elementwise import keep, sigmoid
from .indexing import along, getitem
from .operand import Operand, array_like
from .rules import differentiable
from .scalars import plain_settings
from .special import erfc

Approximate = Literal["none", "tanh"]

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
ROOT_2, ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)


# -- piecewise linear --------------------------------------------------------------------------
def relu(x: Any) -> Any:
    """Rectified linear unit: max(x, 0); its slope at 0 is 0."""
    return np.maximum(x, 0)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where x > 0, else slope * x (Maas, Hannun & Ng, 2013)."""
    return np.maximum(x, 0) + slope * np.minimum(x, 0)


def prelu(x: Any, weight: Any) -> Any:
    """x where x > 0, else weight * x, with a weight to be learned (He et al., 2015).

    weight broadcasts against x: one number, or one for each entry of the last axis; for one a
    channel of images (N, C, H, W) give it the shape (C, 1, 1).
    """
    return np.maximum(x, 0) + weight * np.minimum(x, 0)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x, but no less than min_val and no more than max_val; its slope at both is 0."""
    return np.minimum(np.maximum(x, min_val), max_val)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6) (Howard et al., 2017); its slope at 0 and 6 is 0."""
    return hardtanh(x, min_val=0.0, max_val=6.0)


def hardsigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6: a sigmoid of three straight lines."""
    return relu6(array_like(x) + 3) / 6


def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """x where |x| > lambd, else 0."""
    x = array_like(x)
    return np.where((x >= -lambd) & (x <= lambd), 0, x)


@plain_settings
def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """x moved towards 0 by lambd, and 0 where |x| <= lambd: the proximal step of the L1 norm.

    Raises ValueError for a lambd below 0.
    """
    if not lambd >= 0:
        raise ValueError(f"softshrink needs a lambd of 0 or more; got {lambd}")
    x = array_like(x)
    return x - np.clip(x, -lambd, lambd)


@plain_settings
def threshold(x: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else value."""
    x = array_like(x)
    return np.where(x <= threshold, value, x)


# -- sigmoid and its kin -----------------------------------------------------------------------
def softplus(x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    """Smooth relu: log(1 + exp(beta * x)) / beta, without overflow for any x.

    Where beta * x is above a threshold, x itself: PyTorch's is 20, which is short of the truth by up to 2.1e-9 / beta.
    """
    if beta == 0:
        raise ValueError("softplus divides by beta, which must not be 0")
    z = scaled(x, beta)
    smooth = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    return smooth if threshold is None else np.where(z > threshold, x, smooth)


def scaled(x: Any, beta: float) -> Any:
    """beta * x, which for 1 is not to be seen in formulas."""
    return x if beta == 1 else beta * x


def squareplus(x: Any, b: float = 4.0) -> Any:
    """Smooth relu without exponentials: (x + sqrt(x * x + b)) / 2, accurate for any x (Barron, 2021); b above 0."""
    if not b > 0:
        raise ValueError(f"squareplus needs a b above 0; got {b}")
    return np.maximum(x, 0) + b / 2 / (np.hypot(x, math.sqrt(b)) + np.abs(x))


def sparse_plus(x: Any) -> Any:
    """Smooth relu with a flat side: 0 up to -1, (x + 1)**2 / 4 up to 1, then x (Keras)."""
    x = array_like(x)
    return (np.clip(x, -1, 1) + 1) ** 2 / 4 + relu(x - 1)


def sparse_sigmoid(x: Any) -> Any:
    """The slope of sparse_plus: 0 up to -1, (x + 1) / 2 up to 1, then 1 (Keras)."""
    return (hardtanh(x) + 1) / 2


def exponential(x: Any) -> Any:
    """exp(x), under the name that Keras has for it as an activation."""
    return np.exp(array_like(x))


def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)), accurate where sigmoid underflows to 0."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def logit(x: Any) -> Any:
    """log(x / (1 - x)), the inverse of sigmoid, for x between 0 and 1; to stay within, np.clip x first."""
    return np.log(x) - np.log1p(-x)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish (Hendrycks & Gimpel, 2016)."""
    return x * sigmoid(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra, 2019)."""
    return x * np.tanh(softplus(x))


def hardswish(x: Any) -> Any:
    """x * relu6(x + 3) / 6 (Howard et al., 2019); its slope is 0 at -3 and 1 at 3."""
    return x * (np.minimum(np.maximum(x + 3, 0), 6) / 6)


def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: the first half of axis times the sigmoid of the second (Dauphin et al., 2017).

    Raises ValueError if the axis has an odd number of entries.
    """
    shape = np.shape(x)
    place = normalize_axis_index(axis, len(shape), "glu")
    if shape[place] % 2:
        raise ValueError(f"glu halves axis {axis}, which needs an even number of entries; got shape {shape}")
    half = shape[place] // 2
    first, second = (getitem(x, index=along(place, part)) for part in (slice(half), slice(half, None)))
    return first * sigmoid(second)


# -- exponential and normal --------------------------------------------------------------------
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x) - 1) (Clevert, Unterthiner & Hochreiter, 2016)."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


@plain_settings
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x / alpha) - 1): an elu with a smooth slope (Barron, 2017); alpha above 0."""
    if not alpha > 0:
        raise ValueError(f"celu needs an alpha above 0; got {alpha}")
    return alpha * elu(array_like(x) / alpha)


def selu(x: Any) -> Any:
    """The multiple of elu under which a deep net keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


def gelu(x: Any, approximate: Approximate = "none", kept: list[Any] | None = None) -> Any:
    """x times the probability that a normal number is below x (Hendrycks & Gimpel, 2016).

    approximate="tanh" takes a logistic curve for that probability, as GPT-2 does.
    Raises ValueError for another approximation.
    """
    p = below_normal(x, approximate)
    if kept is not None:
        kept.append(p)
    return x * p


def below_normal(x: Any, approximate: Approximate) -> Any:
    """The normal distribution function, exact or as the curve that gelu has in place of it."""
    if approximate == "none":
        return 0.5 * erfc(-x / ROOT_2)
    if approximate == "tanh":
        return sigmoid(4 / ROOT_2_PI * (x + 0.044715 * x * x * x))
    raise ValueError(f'gelu takes approximate="none" or "tanh"; got {approximate!r}')


def normal_density(x: Any, approximate: Approximate) -> Any:
    """The slope of below_normal."""
    if approximate == "none":
        return np.exp(-0.5 * x * x) / ROOT_2_PI
    p = below_normal(x, approximate)
    return p * (1 - p) * (4 / ROOT_2_PI) * (1 + 0.134145 * x * x)


# -- rational ----------------------------------------------------------------------------------
def softsign(x: Any) -> Any:
    """x / (1 + |x|) (Bergstra et al., 2009)."""
    x = array_like(x)
    return x / (1 + np.abs(x))


def tanhshrink(x: Any) -> Any:
    """x - tanh(x)."""
    x = array_like(x)
    return x - np.tanh(x)


# -- the rules ---------------------------------------------------------------------------------
def silu_rule(g: Any, out: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s + out * (1 - s))


def gelu_rule(g: Any, out: Any, x: Any, approximate: Approximate = "none", kept: Sequence[Any] = ()) -> Any:
    p = kept[0] if kept and not isinstance(x, Operand) else below_normal(x, approximate)
    return g * (p + x * normal_density(x, approximate))


def softplus_rule(g: Any, out: Any, x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    z = scaled(x, beta)
    slope = g * sigmoid(z)
    return slope if threshold is None else np.where(z > threshold, g, slope)


# fmt: off
relu       = differentiable(relu, lambda g, out, x: keep(g, x > 0),
                            elementwise=True, kink=lambda out, x: x > 0, scalar=lambda x: 0.0 if x <= 0 else x)
leaky_relu = differentiable(leaky_relu, lambda g, out, x, slope=0.01: keep(g, x > 0) + slope * keep(g, x <= 0),
                            elementwise=True, kink=lambda out, x, slope=0.01: x > 0,
                            scalar=lambda x, slope=0.01: x if x > 0 else slope * x)
prelu      = differentiable(prelu, lambda g, out, x, weight: keep(g, x > 0) + weight * keep(g, x <= 0),
                            lambda g, out, x, weight: g * np.minimum(x, 0),
                            elementwise=True, kink=lambda out, x, weight: x > 0)
hardtanh   = differentiable(hardtanh, lambda g, out, x, min_val=-1.0, max_val=1.0:
                            keep(g, (x > min_val) & (x < max_val)),
                            elementwise=True, kink=lambda out, x, min_val=-1.0, max_val=1.0: out == x)
softplus   = differentiable(softplus, softplus_rule,                        elementwise=True,
                            kink=lambda out, x, beta=1.0, threshold=None:
                            scaled(x, beta) > (np.inf if threshold is None else threshold))
squareplus = differentiable(squareplus, lambda g, out, x, b=4.0: g * out / np.hypot(x, math.sqrt(b)),
                            elementwise=True, analytic=False)
logsigmoid = differentiable(logsigmoid, lambda g, out, x: g * sigmoid(-x),  elementwise=True, analytic=False)
logit      = differentiable(logit, lambda g, out, x: g / (x * (1 - x)),     elementwise=True,
                            domain=lambda x: (x > 0) & (x < 1))
silu       = differentiable(silu, silu_rule,                                elementwise=True, analytic=False)
hardswish  = differentiable(hardswish, lambda g, out, x:
                            keep(g * (x / 3 + 0.5), (x > -3) & (x < 3)) + keep(g, x >= 3),
                            elementwise=True, kink=lambda out, x: 1 * (x > -3) + 1 * (x >= 3))
elu        = differentiable(elu, lambda g, out, x, alpha=1.0:
                            keep(g, x > 0) + (keep(out, x <= 0) + alpha) * keep(g, x <= 0),
                            elementwise=True, kink=lambda out, x, alpha=1.0: x > 0,
                            scalar=lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x))
gelu       = differentiable(gelu, gelu_rule,                  elementwise=True, analytic=False, keeps=True)
# fmt: on

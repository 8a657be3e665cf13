"""Activations as modules, under PyTorch's names; what each computes stands in `functional`.

Keras' names and defaults are said where they differ.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from .. import functional
from ..ops.activations import Approximate
from ..ops.random import checked_rng
from ..settings import ABOVE_0, AT_LEAST_0, NOT_0, number, one_of
from .module import Module


# -- without settings --------------------------------------------------------------------------
class Identity(Module):
    """x as it is: where a module is asked for and no activation is wanted; Keras calls it linear."""

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """max(x, 0); the slope at 0 is 0."""

    forward = staticmethod(functional.relu)


class ReLU6(Module):
    """min(max(x, 0), 6)."""

    forward = staticmethod(functional.relu6)


class SELU(Module):
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1): keeps mean 0 and variance 1 in a deep net.

    That takes weights of variance 1 / fan_in, `init.lecun_normal`, and inputs of mean 0 and variance 1.
    """

    forward = staticmethod(functional.selu)


class Sigmoid(Module):
    """1 / (1 + exp(-x)): from 0 to 1; the slope is 1/4 at most."""

    forward = staticmethod(functional.sigmoid)


class LogSigmoid(Module):
    """log(sigmoid(x)), accurate where sigmoid underflows to 0."""

    forward = staticmethod(functional.logsigmoid)


class Hardsigmoid(Module):
    """relu6(x + 3) / 6: a sigmoid of three straight lines; Keras 2 had 0.2 x + 0.5 between 0 and 1."""

    forward = staticmethod(functional.hardsigmoid)


class Tanh(Module):
    """tanh(x): from -1 to 1; the slope is 1 at 0 and less everywhere else."""

    forward = staticmethod(np.tanh)


class Tanhshrink(Module):
    """x - tanh(x)."""

    forward = staticmethod(functional.tanhshrink)


class Softsign(Module):
    """x / (1 + |x|): from -1 to 1, which it comes near more slowly than tanh."""

    forward = staticmethod(functional.softsign)


class SiLU(Module):
    """x sigmoid(x), also called swish."""

    forward = staticmethod(functional.silu)


class Hardswish(Module):
    """x relu6(x + 3) / 6; Keras calls it hard_silu."""

    forward = staticmethod(functional.hardswish)


class Mish(Module):
    """x tanh(softplus(x))."""

    forward = staticmethod(functional.mish)


class Exponential(Module):
    """exp(x), for outputs that are rates, above 0 (Keras)."""

    forward = staticmethod(functional.exponential)


class SparsePlus(Module):
    """Smooth relu with a flat side: 0 up to -1, (x + 1)**2 / 4 up to 1, then x (Keras)."""

    forward = staticmethod(functional.sparse_plus)


class SparseSigmoid(Module):
    """The slope of SparsePlus: 0 up to -1, (x + 1) / 2 up to 1, then 1 (Keras)."""

    forward = staticmethod(functional.sparse_sigmoid)


# -- with settings -----------------------------------------------------------------------------
class Threshold(Module):
    """x where x > threshold, else value."""

    def __init__(self, threshold: float, value: float):
        self.threshold = number("Threshold", "threshold", threshold)
        self.value = number("Threshold", "value", value)

    def forward(self, x: Any) -> Any:
        return functional.threshold(x, self.threshold, self.value)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x.

    Keras' layer LeakyReLU has 0.3 for it, its function leaky_relu 0.2.
    """

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Any) -> Any:
        return functional.leaky_relu(x, slope=self.negative_slope)


class RReLU(Module):
    """LeakyReLU with random slopes: in training every entry draws its own, uniform from lower to upper.

    In evaluation the slope is their mean.  rng is what draws; left out, no seed repeats it.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, *, rng: np.random.Generator | None = None):
        self.lower, self.upper = number("RReLU", "lower", lower), number("RReLU", "upper", upper)
        if lower > upper:
            raise ValueError(f"RReLU: lower must not be above upper; got lower={lower}, upper={upper}")
        self.rng = checked_rng(rng, "RReLU")

    def forward(self, x: Any) -> Any:
        return functional.rrelu(x, self.lower, self.upper, training=self.training, rng=self.rng)


class ELU(Module):
    """x where x > 0, else alpha (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0):
        self.alpha = number("ELU", "alpha", alpha)

    def forward(self, x: Any) -> Any:
        return functional.elu(x, alpha=self.alpha)


class CELU(Module):
    """x where x > 0, else alpha (exp(x / alpha) - 1): the slope at 0 is 1 for any alpha above 0.

    PyTorch takes alpha below 0 too, where the left side grows without bound.
    """

    def __init__(self, alpha: float = 1.0):
        self.alpha = number("CELU", "alpha", alpha, ABOVE_0)

    def forward(self, x: Any) -> Any:
        return functional.celu(x, alpha=self.alpha)


class Hardtanh(Module):
    """x, but no less than min_val and no more than max_val; the slope at both is 0."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        self.min_val, self.max_val = number("Hardtanh", "min_val", min_val), number("Hardtanh", "max_val", max_val)
        if min_val >= max_val:
            raise ValueError(f"Hardtanh: min_val must be below max_val; got min_val={min_val}, max_val={max_val}")

    def forward(self, x: Any) -> Any:
        return functional.hardtanh(x, min_val=self.min_val, max_val=self.max_val)


class GELU(Module):
    """x times the probability that a normal number is below x: exact, or with approximate="tanh" as in GPT-2.

    Keras' function activations.gelu is exact too, its ops.gelu approximate: 0.84134 and 0.84119 at 1.
    """

    def __init__(self, approximate: Approximate = "none"):
        one_of("GELU", "approximate", approximate, get_args(Approximate))
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return functional.gelu(x, approximate=self.approximate)


class Softplus(Module):
    """Smooth relu: log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.

    There it falls short of the formula by 2.1e-9 / beta at most; threshold=None takes the formula everywhere,
    which does not overflow either.  Keras has neither setting: beta=1, threshold=None.
    """

    def __init__(self, beta: float = 1.0, threshold: float | None = 20.0):
        self.beta = number("Softplus", "beta", beta, NOT_0)
        self.threshold = None if threshold is None else number("Softplus", "threshold", threshold)

    def forward(self, x: Any) -> Any:
        return functional.softplus(x, beta=self.beta, threshold=self.threshold)


class Squareplus(Module):
    """Smooth relu without exponentials: (x + sqrt(x**2 + b)) / 2, for b above 0 (Keras)."""

    def __init__(self, b: float = 4.0):
        self.b = number("Squareplus", "b", b, ABOVE_0)

    def forward(self, x: Any) -> Any:
        return functional.squareplus(x, b=self.b)


class Softshrink(Module):
    """x moved towards 0 by lambd, and 0 where |x| <= lambd."""

    def __init__(self, lambd: float = 0.5):
        self.lambd = number("Softshrink", "lambd", lambd, AT_LEAST_0)

    def forward(self, x: Any) -> Any:
        return functional.softshrink(x, lambd=self.lambd)


class Hardshrink(Module):
    """x where |x| > lambd, else 0."""

    def __init__(self, lambd: float = 0.5):
        self.lambd = number("Hardshrink", "lambd", lambd, AT_LEAST_0)

    def forward(self, x: Any) -> Any:
        return functional.hardshrink(x, lambd=self.lambd)

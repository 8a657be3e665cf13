"""Constraints: what a parameter must satisfy, restored after every update.

They are those of Keras, whose weights lie (in, out); ours lie (out, in) as PyTorch's do, and the norms are
taken along all axes but the first unless axis says otherwise.  So the units are the same ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.hyper import Rate
from ..core.pipeline import Constraint
from .units import UnitWise


class NonNegative(Constraint):
    """No entry below zero."""

    @staticmethod
    def rule(h: Any, t: Any, p: Any) -> Any:
        return np.maximum(p, 0.0)


class MaxNorm(UnitWise, Constraint):
    """The norm of every unit at most limit; eps, Keras' 1e-7, keeps zero over zero away.

    A unit within the limit shrinks by eps over its norm, as in Keras.  Srivastava et al., Dropout: a simple way to
    prevent neural networks from overfitting, 2014, section 5.1.
    """

    limit: Rate = 2.0
    eps: Rate = 1e-7

    def rule(self, h: Any, t: Any, p: Any) -> Any:
        norms = self.norm(p)
        return p * (np.minimum(norms, h.limit) / (h.eps + norms))


class UnitNorm(UnitWise, Constraint):
    """The norm of every unit one."""

    eps: Rate = 1e-7

    def rule(self, h: Any, t: Any, p: Any) -> Any:
        return p / (h.eps + self.norm(p))


class MinMaxNorm(UnitWise, Constraint):
    """The norm of every unit moved towards the range from smallest to largest, by the fraction rate of the way."""

    smallest: Rate = 0.0
    largest: Rate = 1.0
    rate: Rate = 1.0
    eps: Rate = 1e-7

    def rule(self, h: Any, t: Any, p: Any) -> Any:
        norms = self.norm(p)
        desired = h.rate * np.minimum(np.maximum(norms, h.smallest), h.largest) + (1 - h.rate) * norms
        return p * (desired / (h.eps + norms))

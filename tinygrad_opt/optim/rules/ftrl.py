"""FTRL-Proximal: sparse weights for linear models that learn one example after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer


class FTRL(Optimizer):
    """Each weight is the exact minimum of the gradients' sum, a quadratic and l1 |p|: many are exactly zero.

    McMahan et al.: Ad Click Prediction: a View from the Trenches (KDD 2013), Algorithm 1.  A weight is computed
    from its sums z and n alone.  Start from zero: those sums do not know of another start, and the first
    step takes the share sqrt(initial_accumulator / n) of it away.

    lr_power             n ** -lr_power / lr is the weight of the quadratic: -0.5 for the paper's square root, 0 for
                         a fixed rate
    initial_accumulator  where n starts; the paper has 0
    l2                   as in Keras: the penalty is l2 p ** 2, the paper's lambda_2 twice as much
    l2_shrinkage         adds 2 l2_shrinkage p to the gradient, but not to n
    lr_beta              the paper's beta: lowers the first rates
    """

    slots = ("z", "n")
    lr: Rate = 1e-3
    lr_power: Rate = -0.5
    initial_accumulator: Rate = 0.1
    l1: Rate = 0.0
    l2: Rate = 0.0
    l2_shrinkage: Rate = 0.0
    lr_beta: Rate = 0.0
    positive: ClassVar = ("lr",)
    presets: ClassVar = {"keras": {}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"n": h.initial_accumulator}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, z: Any, n: Any) -> Any:
        old = n ** (-h.lr_power)
        n = n + g**2
        new = n ** (-h.lr_power)
        z = z + g + 2 * h.l2_shrinkage * p - (new - old) / h.lr * p
        curvature = (h.lr_beta + new) / h.lr + 2 * h.l2
        return np.where(np.abs(z) > h.l1, (h.l1 * np.sign(z) - z) / curvature, 0.0), z, n

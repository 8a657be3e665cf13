"""MADGRAD: dual averaging, with a cube root in the place of Adagrad's square root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer


class MADGRAD(Optimizer):
    """A momentum towards p0 - s / cbrt(v): sums of gradients and squares, of which later ones weigh more.

    Defazio, Jelassi: Adaptivity without Compromise (2021), arXiv 2101.11075, Algorithm 1.  Its rates are unlike
    Adam's: search them anew.  weight_decay is added to the gradient; it wants much less than with SGD.

    eps keeps the cube root from zero, and by the authors' code and optax it is added to lr too, so that a tiny lr
    still counts the gradients.  Not to lr = 0, unlike there: such a step changes no sum, and p goes on to where the
    sums of the steps before lead.
    """

    slots = ("s", "v", "p0")
    lr: Rate = 1e-2
    momentum: Rate = 0.9
    eps: Rate = 1e-6
    weight_decay: Rate = 0.0
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"p0": p}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, s: Any, v: Any, p0: Any) -> Any:
        weight = (h.lr + h.eps if h.lr else 0.0) * t**0.5
        decayed = g + h.weight_decay * p
        s = s + weight * decayed
        v = v + weight * decayed**2
        goal = p0 - s / (np.cbrt(v) + h.eps)
        return h.momentum * p + (1 - h.momentum) * goal, s, v, p0

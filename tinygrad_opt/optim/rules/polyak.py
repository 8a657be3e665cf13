"""Polyak's step: as long as it takes for a straight line down to reach the minimum."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..core.hyper import Rate
from ..core.optimizer import Optimizer
from ..core.vocabulary import ratio, total, where


class PolyakSGD(Optimizer):
    """A step whose length follows from how far the loss is above its minimum, f_min, which must be known.

    step(loss) needs the value of the loss.  lr is a factor of the step, max_lr the longest step size, eps is added
    to the squared norm of the gradient, which is taken over all parameters of a group.  A loss below f_min (a
    wrong f_min, or the loss of a batch) gives no step with variant="sps+", but one uphill with "sps", as in optax.
    Where the gradient is zero there is no step.

    Polyak, Introduction to Optimization (1987), section 5.3; "sps" with its bound max_lr is SPS_max of Loizou et al.
    (AISTATS 2021, arXiv:2002.10542), "sps+" of Garrigos et al. (arXiv:2307.14528).
    """

    uses_loss = True
    lr: Rate = 1.0
    f_min: Rate = 0.0
    max_lr: Rate = 1.0
    eps: Rate = 0.0
    variant: Literal["sps", "sps+"] = "sps+"

    presets: ClassVar = {"optax": {"variant": "sps"}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        gap = h.loss - h.f_min
        if h.variant == "sps+":
            gap = where(gap < 0, 0.0, gap)
        squared = total(g * g) + h.eps
        length = ratio(gap, squared, otherwise=0.0)
        step = where(length > h.max_lr, h.max_lr, length)
        return p - h.lr * step * g

    @classmethod
    def may_be_negative(cls, name: str) -> bool:
        return name == "f_min" or super().may_be_negative(name)

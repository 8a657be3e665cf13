"""Schedule-free optimizers: an average of the iterates takes the place of a falling learning rate.

Defazio et al., The Road Less Scheduled, 2024, arXiv:2405.15682.  Gradients are taken at y, which the parameters
hold, between the plain iterate z and its weighted average x: y = (1 - beta1) * z + beta1 * x.  Only z is stored, and
the beta1 that y was made with, so that beta1 may change.  x is what to evaluate and to save as the result:
``with opt.applied(): ...``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..around.averaging import Averaged
from ..around.transforms import DecoupledDecay
from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer, Report
from ..core.pipeline import Constraint
from ..core.vocabulary import where


class ScheduleFree(Averaged):
    """What the schedule-free optimizers share: z starts at the parameter, and x is what z averages to.

    x follows from y and z, by a beta1 above 0.  Whatever would move y alone is refused: ValueError.
    """

    positive: ClassVar[tuple[str, ...]] = ("beta1",)
    transforms: Any
    constraints: Any

    def refuse_misuse(self) -> None:
        for piece in (*self.transforms, *self.constraints):
            if isinstance(piece, DecoupledDecay | Constraint):
                kind = type(self).__name__
                raise ValueError(f"{kind}: {piece!r} would move y and not z: leave it out (weight decay is L2 here)")

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"z": p, "beta1_of_y": h.beta1}

    def step(self, loss: Any = None) -> Report:
        self.refuse_away()
        return super().step(loss)  # type: ignore[misc, no-any-return]  # that of Optimizer, the other base

    def average(self) -> list[Array]:
        """x, from the y that the parameters hold and z."""
        return [x_of(m.parameter.data, m.slots["z"], m.scalars["beta1_of_y"]) for m in self.members]


def x_of(y: Any, z: Any, beta1: Any) -> Any:
    """The x of which, with z, y was made."""
    return (y - (1 - beta1) * z) / beta1


class ScheduleFreeSGD(ScheduleFree, Optimizer):
    """Plain steps of z, gradients at y, the average x for evaluation.

    Defazio et al. 2024, arXiv:2405.15682: the equations of y, z and x in section 1, with the weights of Algorithm 1.
    z enters x with the weight max_lr ** weight_power, max_lr the largest lr so far.  Warm-up is a schedule for lr;
    weight decay is transforms=[L2(strength)], taken at y.
    """

    slots = ("z",)
    scalars = ("weight_sum", "max_lr", "beta1_of_y")
    lr: Rate = 1.0
    beta1: Rate = 0.9
    weight_power: Rate = 2.0
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, z: Any, weight_sum: Any, max_lr: Any, beta1_of_y: Any) -> Any:
        max_lr = where(h.lr > max_lr, h.lr, max_lr)
        weight = max_lr**h.weight_power
        weight_sum = weight_sum + weight
        c = weight / where(weight_sum > 0, weight_sum, 1.0)  # no weight yet where lr has been 0 so far
        x = x_of(p, z, beta1_of_y)
        z = z - h.lr * g
        x = (1 - c) * x + c * z
        return h.beta1 * x + (1 - h.beta1) * z, z, weight_sum, max_lr, h.beta1


class ScheduleFreeAdamW(ScheduleFree, Optimizer):
    """ScheduleFreeSGD with Adam's scaling of the gradient, without its momentum; weight_decay is taken at y.

    Defazio et al. 2024, arXiv:2405.15682, Algorithm 1, in the form of optax.contrib: v is divided by its bias
    correction.  The paper multiplies the learning rate by the root of the correction instead, so that it acts on
    eps, the decay and the weights of the average too; its warm-up is a schedule for lr here.  Keras weighs all
    steps alike, which matters only where lr changes; its weight_decay shrinks y alone, before the step.
    """

    slots = ("z", "v")
    scalars = ("weight_sum", "max_lr", "beta1_of_y")
    lr: Rate = 2.5e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    weight_decay: Rate = 0.0
    weight_power: Rate = 2.0
    presets: ClassVar = {"optax": {}, "keras": {"weight_power": 0.0}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, z: Any, v: Any, weight_sum: Any, max_lr: Any, beta1_of_y: Any) -> Any:
        v = h.beta2 * v + (1 - h.beta2) * g**2
        v_hat = v / (1 - h.beta2**t)
        u = g / (np.sqrt(v_hat) + h.eps) + h.weight_decay * p
        p, z, *scalars = ScheduleFreeSGD.rule(h, t, p, u, z, weight_sum, max_lr, beta1_of_y)
        return p, z, v, *scalars

"""Schedule-free optimizers: an average of the iterates takes the place of a falling learning rate.

Defazio et al., 2024, arXiv:2405.15682.  Gradients are taken at y, which the parameters hold, between the plain
iterate z and its weighted average x: y = (1 - beta1) * z + beta1 * x.  Only z is stored.  x is what to evaluate and
to save as the result: ``with opt.applied(): ...``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..around.averaging import Averaged
from ..core.hyper import Rate
from ..core.members import Array, Member
from ..core.optimizer import Optimizer, Report
from ..core.vocabulary import where


class ScheduleFree(Averaged):
    """What the schedule-free optimizers share: z starts at the parameter, and x is what z averages to."""

    lanes: Any

    @classmethod
    def setting(cls, name: str, value: Any) -> Any:
        number = super().setting(name, value)  # type: ignore[misc]  # of the optimizer beside it
        if name == "beta1" and number == 0:
            raise ValueError(f"{cls.__name__}: beta1 must be above 0, or x cannot be told from y and z")
        return number

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"z": p}

    def step(self, loss: Any = None) -> Report:
        self.refuse_away()
        return super().step(loss)  # type: ignore[misc, no-any-return]

    def average(self) -> list[Array]:
        """x, from the y that the parameters hold and z."""
        beta1 = {m: lane.h.beta1 for lane in self.lanes for m in lane.members}
        return [self.x(m, beta1[m]) for m in self.members]

    @staticmethod
    def x(m: Member, beta1: float) -> Array:
        found: Array = (np.asarray(m.parameter.data) - (1 - beta1) * m.slots["z"]) / beta1
        return found


class ScheduleFreeSGD(ScheduleFree, Optimizer):
    """Plain steps of z, gradients at y, the average x for evaluation; Algorithm 1 of the paper.

    z enters x with the weight max_lr ** weight_power, max_lr the largest lr so far.  Warm-up is a schedule for lr;
    weight decay is transforms=[L2(strength)], taken at y.
    """

    slots = ("z",)
    scalars = ("weight_sum", "max_lr")
    lr: Rate = 1.0
    beta1: Rate = 0.9
    weight_power: Rate = 2.0
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, z: Any, weight_sum: Any, max_lr: Any) -> Any:
        max_lr = where(h.lr > max_lr, h.lr, max_lr)
        weight = max_lr**h.weight_power
        weight_sum = weight_sum + weight
        c = weight / where(weight_sum > 0, weight_sum, 1.0)  # no weight yet where lr has been 0 so far
        x = (p - (1 - h.beta1) * z) / h.beta1
        z = z - h.lr * g
        x = (1 - c) * x + c * z
        return h.beta1 * x + (1 - h.beta1) * z, z, weight_sum, max_lr


class ScheduleFreeAdamW(ScheduleFree, Optimizer):
    """ScheduleFreeSGD with Adam's scaling of the gradient, without its momentum; weight_decay is taken at y.

    Keras weighs all steps alike, which matters only where lr changes; its weight_decay is DecoupledDecay here.
    """

    slots = ("z", "v")
    scalars = ("weight_sum", "max_lr")
    lr: Rate = 2.5e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    weight_decay: Rate = 0.0
    weight_power: Rate = 2.0
    presets: ClassVar = {"optax": {}, "keras": {"weight_power": 0.0}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, z: Any, v: Any, weight_sum: Any, max_lr: Any) -> Any:
        v = h.beta2 * v + (1 - h.beta2) * g**2
        v_hat = v / (1 - h.beta2**t)
        u = g / (np.sqrt(v_hat) + h.eps) + h.weight_decay * p
        p, z, weight_sum, max_lr = ScheduleFreeSGD.rule(h, t, p, u, z, weight_sum, max_lr)
        return p, z, v, weight_sum, max_lr

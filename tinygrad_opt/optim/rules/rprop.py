"""Resilient backpropagation: every entry has a step size of its own, and the gradient gives only its sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.optimizer import Optimizer


class Rprop(Optimizer):
    """Steps that grow while the gradient keeps its sign, and shrink where it changes.

    After a change of sign an entry rests for one step.  lr is the size of the first steps only; as none is below
    step_min, lr = 0 begins with steps of step_min.  For full batches: the sign of a noisy gradient changes without
    reason.

    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm",
    ICNN 1993, without its step back after a change of sign (Igel and Huesken, 2000, call this form Rprop-), but
    with the rest, as in PyTorch.
    """

    slots = ("direction", "step_size")
    lr: Rate = 0.01
    eta_minus: Rate = 0.5
    eta_plus: Rate = 1.2
    step_min: Rate = 1e-6
    step_max: Rate = 50.0

    presets: ClassVar = {"torch": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, direction: Any, step_size: Any) -> Any:
        agreement = direction * np.sign(g)
        longer, shorter = h.eta_plus * step_size, h.eta_minus * step_size
        step_size = np.where(agreement > 0, longer, np.where(agreement < 0, shorter, step_size))
        step_size = np.clip(step_size, h.step_min, h.step_max)
        direction = np.where(agreement < 0, 0.0, np.sign(g))
        return p - step_size * direction, direction, step_size

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"step_size": h.lr}

    @classmethod
    def configured(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        settings = super().configured(given)
        minus, plus, low, high = (settings[name] for name in ("eta_minus", "eta_plus", "step_min", "step_max"))
        if not any(map(callable, (minus, plus))) and not 0 < minus < 1 < plus:
            raise ValueError(f"Rprop: 0 < eta_minus < 1 < eta_plus must hold; got {minus:g} and {plus:g}")
        if not any(map(callable, (low, high))) and low > high:
            raise ValueError(f"Rprop: step_min={low:g} is above step_max={high:g}")
        return settings

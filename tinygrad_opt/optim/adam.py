"""Adam and its relatives: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .hyper import Rate
from .optimizer import Optimizer


class Adam(Optimizer):
    """Steps scaled by running moments of the gradient."""

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        return p - h.lr * m_hat / (np.sqrt(v_hat) + h.eps), m, v

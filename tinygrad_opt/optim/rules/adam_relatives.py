"""Relatives of Adam: other second moments, more moments, bounds, or the sign alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.optimizer import Optimizer


class AdaBelief(Optimizer):
    """Adam whose second moment is that of what the gradient differs from its running mean.

    Zhuang et al. 2020, Algorithm 2, arXiv:2010.07468: steps are large where gradients are as expected.  eps is added to
    s at every step and to its root.
    """

    slots = ("m", "s")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-16
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, s: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        s = h.beta2 * s + (1 - h.beta2) * (g - m) ** 2 + h.eps
        m_hat = m / (1 - h.beta1**t)
        s_hat = s / (1 - h.beta2**t)
        return p - h.lr * m_hat / (np.sqrt(s_hat) + h.eps), m, s


class Yogi(Optimizer):
    """Adam whose second moment moves towards the squared gradient by no more than a share of that gradient.

    Zaheer et al. 2018, Algorithm 2, "Adaptive methods for nonconvex optimization".  v falls slowly where
    gradients become small, so the rate does not shoot up as Adam's does.  Both moments start at
    initial_accumulator_value.
    """

    slots = ("m", "v")
    lr: Rate = 0.01
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-3
    initial_accumulator_value: Rate = 1e-6
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"m": h.initial_accumulator_value, "v": h.initial_accumulator_value}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = v - (1 - h.beta2) * np.sign(v - g**2) * g**2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        return p - h.lr * m_hat / (np.sqrt(v_hat) + h.eps), m, v


class Adan(Optimizer):
    """Nesterov's look ahead by a running mean of how the gradient changes from step to step.

    Xie et al. 2022, Algorithm 1, arXiv:2208.06677, in the form and with the betas of the authors' code: shares of the
    old, 1 minus those of the paper.  The difference therefore counts beta2 = 0.92; optax 0.2.8 has 1 - beta2 in its
    place, which is not the method of the paper.  weight_decay shrinks the parameter after the step.
    """

    slots = ("m", "v", "n", "g_before")
    lr: Rate = 1e-3
    beta1: Rate = 0.98
    beta2: Rate = 0.92
    beta3: Rate = 0.99
    eps: Rate = 1e-8
    weight_decay: Rate = 0.0

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any, n: Any, g_before: Any) -> Any:
        difference = g - (g if t == 1 else g_before)
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * difference
        n = h.beta3 * n + (1 - h.beta3) * (g + h.beta2 * difference) ** 2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        n_hat = n / (1 - h.beta3**t)
        p = p - h.lr * (m_hat + h.beta2 * v_hat) / (np.sqrt(n_hat) + h.eps)
        if h.weight_decay:
            p = p / (1 + h.lr * h.weight_decay)
        return p, m, v, n, g


class AdEMAMix(Optimizer):
    """Adam with a second, much slower mean of the gradient added to the first.

    Pagliardini, Ablin and Grangier 2024, Algorithm 1, arXiv:2409.03137.  slow starts at zero and is not corrected;
    the paper lets alpha and beta3 grow to their values over the run: give schedules.
    """

    slots = ("m", "slow", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    beta3: Rate = 0.9999
    alpha: Rate = 5.0
    eps: Rate = 1e-8
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, slow: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        slow = h.beta3 * slow + (1 - h.beta3) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        return p - h.lr * (m_hat + h.alpha * slow) / (np.sqrt(v_hat) + h.eps), m, slow, v


class ADOPT(Optimizer):
    """Adam that divides by the second moment of the steps before, so that it converges with any beta2.

    Taniguchi et al. 2024, Algorithm 2, arXiv:2411.02853.  The first call only initializes v.  Divided gradients
    are clipped to (t - 1) ** 0.25, unless clip is False.
    """

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.9999
    eps: Rate = 1e-6
    clip: bool = True
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        if t == 1:
            return p, m, g**2
        scaled = g / np.maximum(np.sqrt(v), h.eps)
        if h.clip:
            limit = (t - 1) ** 0.25
            scaled = np.clip(scaled, -limit, limit)
        m = h.beta1 * m + (1 - h.beta1) * scaled
        v = h.beta2 * v + (1 - h.beta2) * g**2
        return p - h.lr * m, m, v


class QHAdam(Optimizer):
    """Adam with a share of the plain gradient beside each running mean.

    Ma and Yarats 2019, section 4, arXiv:1810.06801.  nu1 = nu2 = 1 is Adam, nu1 = 0 and nu2 = 1 bias-corrected RMSprop,
    nu1 = nu2 = 0 the sign of the gradient.
    """

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.995
    beta2: Rate = 0.999
    nu1: Rate = 0.7
    nu2: Rate = 1.0
    eps: Rate = 1e-8

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        above = h.nu1 * m_hat + (1 - h.nu1) * g
        below = h.nu2 * v_hat + (1 - h.nu2) * g**2
        return p - h.lr * above / (np.sqrt(below) + h.eps), m, v


class AdaBound(Optimizer):
    """Adam whose rates are kept between bounds that close on final_lr: Adam at first, momentum in the end.

    Luo et al. 2019, Algorithm 2, arXiv:1902.09843, in the form of the authors' code: with Adam's bias corrections and
    without the paper's 1 / sqrt(t).  gamma is the speed at which the bounds close.  Where lr falls below the lower
    bound, even to 0, the rate is that bound: to stop, let final_lr fall too.
    """

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    final_lr: Rate = 0.1
    gamma: Rate = 1e-3
    eps: Rate = 1e-8
    positive: ClassVar[tuple[str, ...]] = ("gamma",)

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        lower = h.final_lr * (1 - 1 / (h.gamma * t + 1))
        upper = h.final_lr * (1 + 1 / (h.gamma * t))
        corrected = h.lr * (1 - h.beta2**t) ** 0.5 / (1 - h.beta1**t)
        rate = np.clip(corrected / (np.sqrt(v) + h.eps), lower, upper)
        return p - rate * m, m, v


class Lion(Optimizer):
    """Steps of size lr, in the direction of the sign of a running mean.

    Chen et al. 2023, Algorithm 2, arXiv:2302.06675, found by a program search.  The sign is taken of a mean with
    share beta1, the one that is kept has share beta2.  The libraries differ in lr and weight_decay.
    """

    slots = ("m",)
    lr: Rate = 1e-4
    beta1: Rate = 0.9
    beta2: Rate = 0.99
    weight_decay: Rate = 0.0
    presets: ClassVar = {"keras": {"lr": 1e-3}, "optax": {"weight_decay": 1e-3}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any) -> Any:
        update = np.sign(h.beta1 * m + (1 - h.beta1) * g)
        if h.weight_decay:
            update = update + h.weight_decay * p
        m = h.beta2 * m + (1 - h.beta2) * g
        return p - h.lr * update, m

"""Prodigy, DoG and DoWG: the learning rate is found from how far the parameters have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer
from ..core.vocabulary import norm, ratio, total, where


class Prodigy(Optimizer):
    """Adam whose learning rate d is a lower bound of the distance to the solution, which grows as it is learned.

    Mishchenko, Defazio: Prodigy: An Expeditiously Adaptive Parameter-Free Learner (ICML 2024), arXiv 2306.06101,
    Algorithm 4.  lr stays at 1, or is a schedule of shares of d.  Sums are over all parameters of a group.

    d0                where d starts: too small does little harm, too large may diverge
    d_coef            multiplies the bounds that d is raised to
    beta3             how much of the sums behind d is kept; None: the square root of beta2
    bias_correction   Adam's, as a factor of the rate (optax); the authors' code has none by default
    safeguard_warmup  leaves the rate out of the denominator, for schedules that start near zero
    weight_decay      decoupled, times the rate
    """

    slots = ("m", "v", "s", "p0")
    scalars = ("d", "numerator")
    lr: Rate = 1.0
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    beta3: Rate | None = None
    eps: Rate = 1e-8
    d0: Rate = 1e-6
    d_coef: Rate = 1.0
    weight_decay: Rate = 0.0
    bias_correction: bool = False
    safeguard_warmup: bool = False
    positive: ClassVar = ("d0",)
    presets: ClassVar = {"optax": {"bias_correction": True}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"p0": p, "d": h.d0}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any, s: Any, p0: Any, d: Any, numerator: Any) -> Any:
        beta3 = h.beta2**0.5 if h.beta3 is None else h.beta3
        rate = d * h.lr
        if h.bias_correction:
            rate = rate * (1 - h.beta2**t) ** 0.5 / (1 - h.beta1**t)
        m = h.beta1 * m + (1 - h.beta1) * d * g
        v = h.beta2 * v + (1 - h.beta2) * (d * g) ** 2
        s = beta3 * s + d / h.d0 * (d if h.safeguard_warmup else rate) * g
        numerator = beta3 * numerator + d / h.d0 * rate * total(g * (p0 - p))
        d_hat = h.d_coef * ratio(numerator, total(np.abs(s)), 0.0)
        d = where(d_hat > d, d_hat, d)
        return p - rate * h.weight_decay * p - rate * m / (np.sqrt(v) + d * h.eps), m, v, s, p0, d, numerator


class DoG(Optimizer):
    """Gradient descent whose rate is the largest distance from the start over the norm of all gradients so far.

    Ivgi, Hinder, Carmon: DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule (ICML 2023), arXiv
    2302.12022.  The authors recommend to average the iterates.  Norms are over all parameters of a group.

    first  the distance assumed at first is first * (1 + |p0|)
    """

    slots = ("p0",)
    scalars = ("distance", "squares")
    lr: Rate = 1.0
    first: Rate = 1e-6
    eps: Rate = 1e-8
    weight_decay: Rate = 0.0
    positive: ClassVar = ("eps",)
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"p0": p}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, p0: Any, distance: Any, squares: Any) -> Any:
        decayed = g + h.weight_decay * p
        if t == 1:
            distance = h.first * (1 + norm(p))
        else:
            now = norm(p - p0)
            distance = where(now > distance, now, distance)
        squares = squares + total(decayed**2)
        return p - h.lr * distance / (squares + h.eps) ** 0.5 * decayed, p0, distance, squares


class DoWG(Optimizer):
    """DoG that weighs each gradient by the distance at which it was met, and so forgets the first ones.

    Khaled, Mishchenko, Jin: DoWG Unleashed (NeurIPS 2023), arXiv 2305.16284, Algorithm 1.

    first  the square of the distance assumed at first
    """

    slots = ("p0",)
    scalars = ("squared", "weighted")
    lr: Rate = 1.0
    first: Rate = 1e-4
    eps: Rate = 1e-4
    weight_decay: Rate = 0.0
    positive: ClassVar = ("eps",)
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"p0": p, "squared": h.first}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, p0: Any, squared: Any, weighted: Any) -> Any:
        decayed = g + h.weight_decay * p
        now = total((p - p0) ** 2)
        squared = where(now > squared, now, squared)
        weighted = weighted + squared * total(decayed**2)
        return p - h.lr * squared / (weighted**0.5 + h.eps) * decayed, p0, squared, weighted

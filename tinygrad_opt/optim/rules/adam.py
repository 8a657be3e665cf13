"""Adam and its variants: steps scaled by running moments of the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..core.hyper import Rate
from ..core.optimizer import Optimizer
from .root import root


class Adam(Optimizer):
    """Steps scaled by running moments of the gradient, both corrected for their start at zero.

    Kingma and Ba 2015, Algorithm 1, arXiv:1412.6980.  PyTorch and optax follow it; Keras, like the paper's more
    efficient order of computation, adds eps before the correction of v: eps_mode="hat".  "inside" the root it is
    optax' eps_root.  bias_correction=False leaves both corrections out: the first step is then
    (1 - beta1) / sqrt(1 - beta2) times as large, 3.16 lr with these betas.

    On one slide m stands where m_hat should, and eps inside the root.  Its first step would be 0.1 lr long, not lr:
    that is a slip.

    >>> from tinygrad_opt import Value
    >>> print(Adam([Value(1.0)]).formula())
    m[t] = beta1 * m[t-1] + (1 - beta1) * g[t]
    v[t] = beta2 * v[t-1] + (1 - beta2) * g[t] ** 2
    m_hat = m[t] / (1 - beta1 ** t)
    v_hat = v[t] / (1 - beta2 ** t)
    p[t] = p[t-1] - lr * m_hat / (sqrt(v_hat) + eps)
    """

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    eps_mode: Literal["outside", "inside", "hat"] = "outside"
    bias_correction: bool = True
    presets: ClassVar = {"torch": {}, "keras": {"eps": 1e-7, "eps_mode": "hat"}, "optax": {}, "seed": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        if not h.bias_correction:
            return p - h.lr * m / root(h, v), m, v
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        return p - h.lr * m_hat / root(h, v_hat, 1 - h.beta2**t), m, v


class AdamW(Adam):
    """Adam with decay of the weights beside the step, not through the gradient.

    Loshchilov and Hutter 2019, Algorithm 2, arXiv:1711.05101, with the decay multiplied by lr, as the libraries
    have it; they differ in weight_decay.
    """

    weight_decay: Rate = 0.01
    presets: ClassVar = {
        "torch": {},
        "keras": {**Adam.presets["keras"], "weight_decay": 0.004},
        "optax": {"weight_decay": 1e-4},
    }

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        p = (1 - h.lr * h.weight_decay) * p
        return Adam.rule(h, t, p, g, m, v)


class AMSGrad(Optimizer):
    """Adam whose second moment never falls.

    Reddi, Kale and Kumar 2018, Algorithm 2, arXiv:1904.09237.  The libraries add Adam's bias corrections:
    PyTorch (Adam(amsgrad=True)) and Keras keep the largest v and correct it (maximum_of="raw"); optax keeps the largest
    corrected v ("hat"), in which the noise of the first steps stays.
    """

    slots = ("m", "v", "v_max")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    eps_mode: Literal["outside", "inside", "hat"] = "outside"
    maximum_of: Literal["raw", "hat"] = "raw"
    presets: ClassVar = {"torch": {}, "keras": Adam.presets["keras"], "optax": {"maximum_of": "hat"}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any, v_max: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        if h.maximum_of == "raw":
            v_max = np.maximum(v_max, v)
            v_hat = v_max / (1 - h.beta2**t)
        else:
            v_hat = v_max = np.maximum(v_max, v / (1 - h.beta2**t))
        return p - h.lr * m_hat / root(h, v_hat, 1 - h.beta2**t), m, v, v_max


class Adamax(Optimizer):
    """Adam with the largest recent gradient, faded by beta2, in the place of the root of the second moment.

    Kingma and Ba 2015, Algorithm 2, arXiv:1412.6980.  The paper has no eps.  PyTorch and optax add it to the gradient's
    size (eps_mode="inside"), Keras to the maximum ("outside").
    """

    slots = ("m", "u")
    lr: Rate = 2e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    eps_mode: Literal["inside", "outside"] = "inside"
    presets: ClassVar = {"torch": {}, "keras": {"lr": 1e-3, "eps": 1e-7, "eps_mode": "outside"}, "optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, u: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        m_hat = m / (1 - h.beta1**t)
        if h.eps_mode == "inside":
            u = np.maximum(h.beta2 * u, np.abs(g) + h.eps)
            return p - h.lr * m_hat / u, m, u
        u = np.maximum(h.beta2 * u, np.abs(g))
        return p - h.lr * m_hat / (u + h.eps), m, u


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead: the moment of the next step, with this gradient in it.

    Dozat 2016, "Incorporating Nesterov momentum into Adam".  The share mu of the old moment grows to beta1 as the
    paper's beta1 (1 - 0.96**(t momentum_decay) / 2): PyTorch's momentum_decay is 0.004, Keras' 1.  optax
    has no such schedule (momentum_schedule=False): mu is beta1 at every step.
    """

    slots = ("m", "v")
    scalars = ("mu_product",)
    lr: Rate = 2e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    momentum_schedule: bool = True
    momentum_decay: Rate = 4e-3
    presets: ClassVar = {
        "torch": {},
        "keras": {"lr": 1e-3, "eps": 1e-7, "momentum_decay": 1.0},
        "optax": {"momentum_schedule": False},
    }

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"mu_product": 1.0}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any, mu_product: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        mu = mu_next = h.beta1
        if h.momentum_schedule:
            mu = h.beta1 * (1 - 0.5 * 0.96 ** (t * h.momentum_decay))
            mu_next = h.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h.momentum_decay))
        mu_product = mu_product * mu
        m_hat = mu_next / (1 - mu_product * mu_next) * m + (1 - mu) / (1 - mu_product) * g
        v_hat = v / (1 - h.beta2**t)
        return p - h.lr * m_hat / (np.sqrt(v_hat) + h.eps), m, v, mu_product


class RAdam(Optimizer):
    """Adam that divides by its second moment only when enough gradients have been seen for it to be trusted.

    Liu et al. 2020, Algorithm 2, arXiv:1908.03265.  rho is the number of gradients that v is worth; the paper asks for
    more than 4, the libraries for 5 (PyTorch more than that, optax at least that).  PyTorch adds eps before the bias
    correction of v, optax after it.
    """

    slots = ("m", "v")
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-8
    eps_mode: Literal["outside", "inside", "hat"] = "hat"
    threshold: Rate = 5.0
    presets: ClassVar = {
        "torch": {},
        "optax": {"eps_mode": "outside", "threshold": math.nextafter(5.0, 0.0)},  # 5 itself is enough
    }

    @classmethod
    def setting(cls, name: str, value: Any) -> Any:
        value = super().setting(name, value)
        if name == "threshold" and not callable(value) and value < 4:
            raise ValueError(f"{cls.__name__}: threshold must be at least 4, where r begins to exist; got {value:g}")
        return value

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        rho_max = 2 / (1 - h.beta2) - 1
        rho = rho_max - 2 * t * h.beta2**t / (1 - h.beta2**t)
        if rho > h.threshold:
            r = ((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho)) ** 0.5
            v_hat = v / (1 - h.beta2**t)
            return p - h.lr * r * m_hat / root(h, v_hat, 1 - h.beta2**t), m, v
        return p - h.lr * m_hat, m, v

"""LARS, LAMB and NovoGrad: each parameter's step is scaled by norms of its own, for large batches."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from ..core.hyper import Rate
from ..core.optimizer import Optimizer
from ..core.vocabulary import norm, ratio, total, where


class LARS(Optimizer):
    """Momentum whose steps are a fixed share, trust, of the norm of the parameter that they change.

    A parameter of zeros takes plain steps, lr times the gradient, so that it can leave zero.

    You, Gitman, Ginsburg: Large Batch Training of Convolutional Networks (2017), arXiv 1708.03888, Algorithm 1.
    The gradient's scale does not matter; layers with large gradients no longer limit the learning rate.

    decay_norm  "apart": the ratio is |p| / (|g| + weight_decay |p|), as in the paper; "joint":
                |p| / |g + weight_decay p|, as in optax
    adapt       False for a group of biases and scales of normalization, which are usually left out: the ratio
                is 1 for them
    """

    slots = ("v",)
    granularity = "tensor"
    lr: Rate = 1.0
    momentum: Rate = 0.9
    weight_decay: Rate = 0.0
    trust: Rate = 1e-3
    eps: Rate = 0.0
    decay_norm: Literal["apart", "joint"] = "apart"
    nesterov: bool = False
    adapt: bool = True
    presets: ClassVar = {"optax": {"decay_norm": "joint"}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, v: Any) -> Any:
        decayed = g + h.weight_decay * p
        rate = h.lr
        if h.adapt:
            p_norm = norm(p)
            step = norm(decayed) if h.decay_norm == "joint" else norm(g) + h.weight_decay * p_norm
            rate = h.lr * where(p_norm != 0, ratio(h.trust * p_norm, step + h.eps), 1.0)
        v = h.momentum * v + rate * decayed
        if h.nesterov:
            return p - (h.momentum * v + rate * decayed), v
        return p - v, v


class LAMB(Optimizer):
    """Adam whose step is given the norm of the parameter that it changes, times the learning rate.

    A parameter of zeros takes Adam's step, so that it can leave zero.

    You et al.: Large Batch Optimization for Deep Learning: Training BERT in 76 minutes (ICLR 2020),
    arXiv 1904.00962, Algorithm 2.

    decay_in_ratio  True: weight_decay p is part of the step whose norm is taken (paper, optax); False: p
                    shrinks by lr * weight_decay before (Keras)
    """

    slots = ("m", "v")
    granularity = "tensor"
    lr: Rate = 1e-3
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    eps: Rate = 1e-6
    weight_decay: Rate = 0.01
    decay_in_ratio: bool = True
    presets: ClassVar = {
        "keras": {"eps": 1e-7, "weight_decay": 0.0, "decay_in_ratio": False},
        "optax": {"weight_decay": 0.0},
    }

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        m_hat = m / (1 - h.beta1**t)
        v_hat = v / (1 - h.beta2**t)
        u = m_hat / (np.sqrt(v_hat) + h.eps)
        if h.decay_in_ratio:
            u = u + h.weight_decay * p
        else:
            p = p - h.lr * h.weight_decay * p
        p_norm = norm(p)
        trust = where(p_norm != 0, ratio(p_norm, norm(u)), 1.0)
        return p - h.lr * trust * u, m, v


class NovoGrad(Optimizer):
    """Momentum of gradients that are divided by a running norm; its second moment is one number a tensor.

    Ginsburg et al.: Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of Deep Networks
    (2019), arXiv 1905.11286, Algorithm 1.  Half of Adam's memory.  The momentum is a sum, so that steps grow to
    1 / (1 - beta1) times the first one.
    """

    slots = ("m",)
    scalars = ("v",)
    granularity = "tensor"
    lr: Rate = 1e-2
    beta1: Rate = 0.95
    beta2: Rate = 0.98
    eps: Rate = 1e-8
    weight_decay: Rate = 0.0
    presets: ClassVar = {"optax": {"beta1": 0.9, "beta2": 0.25, "eps": 1e-6}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
        v = total(g * g) if t == 1 else h.beta2 * v + (1 - h.beta2) * total(g * g)
        m = h.beta1 * m + g / (v**0.5 + h.eps) + h.weight_decay * p
        return p - h.lr * m, m, v

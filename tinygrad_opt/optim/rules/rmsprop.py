"""RMSprop: steps divided by the root of a running mean of the squared gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..core.hyper import Rate
from ..core.optimizer import Optimizer
from .root import root


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradient.

    Tieleman and Hinton 2012, "Neural networks for machine learning", lecture 6e: rho 0.9, neither eps nor correction.

    lr               0.001 as in Keras; with PyTorch's 0.01 a network often starts with steps that are too large, as the
                     first ones are lr / sqrt(1 - rho)
    rho              PyTorch's alpha, optax' decay
    centered         divide by the standard deviation: the squared mean is taken off (Graves 2013, arXiv:1308.0850)
    momentum         of the divided steps; the momentum buffer holds them times lr if lr_in_buffer (Keras, optax),
                     which matters when lr changes, else without (PyTorch)
    bias_correction  divide by 1 - rho**t, as one of the slides and optax, if asked, do: under a constant gradient
                     every step is then lr.  Without it the first steps are larger, by up to 1 / sqrt(1 - rho)
    initial_scale    what the mean of squares starts at; 1 in TensorFlow 1
    eps_mode         "inside" the root in Keras and optax

    seed is the form that most of the slides have, neither centered nor corrected, eps 1e-8 outside the root; another
    has rho 0.95 and eps inside.  They write the bias' mean of squares with the weight's in it; each parameter has its
    own.
    """

    slots = ("v", "mean", "buffer")
    lr: Rate = 0.001
    rho: Rate = 0.99
    eps: Rate = 1e-8
    eps_mode: Literal["outside", "inside"] = "outside"
    centered: bool = False
    momentum: Rate = 0.0
    lr_in_buffer: bool = False
    bias_correction: bool = False
    initial_scale: Rate = 0.0
    presets: ClassVar = {
        "torch": {"lr": 0.01},
        "keras": {"lr": 1e-3, "rho": 0.9, "eps": 1e-7, "eps_mode": "inside", "lr_in_buffer": True},
        "optax": {"rho": 0.9, "eps_mode": "inside", "lr_in_buffer": True},
        "seed": {},
    }

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"v": h.initial_scale}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, v: Any, mean: Any, buffer: Any) -> Any:
        correction = 1 - h.rho**t
        v = h.rho * v + (1 - h.rho) * g**2
        v_hat = v / correction if h.bias_correction else v
        if h.centered:
            mean = h.rho * mean + (1 - h.rho) * g
            mean_hat = mean / correction if h.bias_correction else mean
            v_hat = np.maximum(v_hat - mean_hat**2, 0.0)  # rounding alone could make it negative
        step = g / root(h, v_hat)
        if not h.momentum:
            return p - h.lr * step, v, mean, buffer
        if h.lr_in_buffer:
            buffer = h.momentum * buffer + h.lr * step
            return p - buffer, v, mean, buffer
        buffer = h.momentum * buffer + step
        return p - h.lr * buffer, v, mean, buffer

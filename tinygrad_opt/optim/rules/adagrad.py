"""Adagrad and Adadelta: rates that each parameter's own past gradients set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from ..core.hyper import Rate
from ..core.optimizer import Optimizer
from .root import root


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization",
    JMLR 12, the form with diagonal matrices.  The sum only grows: under a constant gradient step t is lr / sqrt(t).
    PyTorch adds eps outside the root and starts the sum at 0; Keras and optax add it inside and start at 0.1.
    lr_decay, of PyTorch, divides lr further by 1 + (t - 1) lr_decay.

    The slides have two forms.  seed is the one that is given with its number, eps 1e-7 outside the root; the other
    has an eps without a number inside it: eps_mode="inside".  One of them writes the sum with the gradient of step
    t + 1 in it; that is not known yet at step t.

    >>> from tinygrad_opt import Value
    >>> w = Value(1.0)
    >>> opt = Adagrad([w], lr=0.5)
    >>> for _ in range(4):
    ...     w.grad, before = 3.0, w.data
    ...     report = opt.step()
    >>> round(before - w.data, 6)
    0.25
    """

    slots = ("square_sum",)
    lr: Rate = 0.01
    lr_decay: Rate = 0.0
    initial_accumulator_value: Rate = 0.0
    eps: Rate = 1e-10
    eps_mode: Literal["outside", "inside"] = "outside"
    presets: ClassVar = {
        "torch": {},
        "keras": {"lr": 1e-3, "initial_accumulator_value": 0.1, "eps": 1e-7, "eps_mode": "inside"},
        "optax": {"initial_accumulator_value": 0.1, "eps": 1e-7, "eps_mode": "inside"},
        "seed": {"eps": 1e-7},
    }

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"square_sum": h.initial_accumulator_value}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, square_sum: Any) -> Any:
        square_sum = square_sum + g**2
        rate = h.lr
        if h.lr_decay:
            rate = h.lr / (1 + (t - 1) * h.lr_decay)
        return p - rate * g / root(h, square_sum), square_sum


class Adadelta(Optimizer):
    """Steps as large as past steps were, in proportion to how large the gradient is beside past gradients.

    Zeiler 2012, Algorithm 1, arXiv:1212.5701, where lr is 1 and rho 0.95.  step_square starts at zero, so eps alone
    sets the first steps: sqrt(eps / (1 - rho)) with eps inside both roots, as the paper, the libraries and the
    slides' code have it; seed is that code, with its eps of 1e-5.  The slides' formula has eps outside, and starts
    with steps sqrt(eps) times as large as that.  They call it almost the same as RMSprop, which has no running mean
    of the steps.
    """

    slots = ("grad_square", "step_square")
    lr: Rate = 1.0
    rho: Rate = 0.9
    eps: Rate = 1e-6
    eps_mode: Literal["inside", "outside"] = "inside"
    presets: ClassVar = {
        "torch": {},
        "keras": {"lr": 1e-3, "rho": 0.95, "eps": 1e-7},
        "optax": {},
        "seed": {"eps": 1e-5},
    }

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, grad_square: Any, step_square: Any) -> Any:
        grad_square = h.rho * grad_square + (1 - h.rho) * g**2
        step = root(h, step_square) / root(h, grad_square) * g
        step_square = h.rho * step_square + (1 - h.rho) * step**2
        return p - h.lr * step, grad_square, step_square

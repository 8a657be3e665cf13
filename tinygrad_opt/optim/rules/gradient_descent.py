"""Gradient descent: plain, with momentum, averaged, and by the sign of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer


class SGD(Optimizer):
    """A step against the gradient, or against a memory of past gradients.

    Without momentum v is neither read nor written.  momentum_form says what v is:

    "classical"  a sum of gradients: a constant g is multiplied by 1 / (1 - momentum) in the end
                 (Polyak; PyTorch, optax)
    "velocity"   the step itself, with the learning rate inside (Sutskever et al.; Keras): the same
                 steps, until the learning rate changes
    "ewma"       an exponentially weighted average of gradients: a constant g stays g in the end; the
                 classical form with lr * (1 - momentum)

    dampening multiplies new gradients in the classical form by 1 - dampening, all but the first, as in PyTorch.

    nesterov looks ahead (Nesterov): the gradient is taken at x + momentum * v, the point that the memory
    alone would lead to.  Here p is that point, so that its gradient is at hand; in the velocity form
    x = p - momentum * v.

    Polyak, Some methods of speeding up the convergence of iteration methods, 1964; Nesterov, A method of solving a
    convex programming problem with convergence rate O(1/k^2), 1983; Sutskever et al., On the importance of
    initialization and momentum in deep learning, ICML 2013.

    >>> from tinygrad_opt import Value
    >>> print(SGD([Value(1.0)], momentum=0.9, momentum_form="velocity", nesterov=True).formula())
    v[t] = momentum * v[t-1] - lr * g[t]
    p[t] = p[t-1] + (momentum * v[t] - lr * g[t])
    """

    slots = ("v",)
    lr: Rate = 0.01
    momentum: Rate = 0.0
    momentum_form: Literal["classical", "velocity", "ewma"] = "classical"
    dampening: Rate = 0.0
    nesterov: bool = False

    presets: ClassVar = {
        "torch": {"lr": 1e-3},
        "keras": {"momentum_form": "velocity"},
        "optax": {},
        "seed": {},
    }

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, v: Any) -> Any:
        if not h.momentum:
            return p - h.lr * g, v
        if h.momentum_form == "velocity":
            v = h.momentum * v - h.lr * g
            return p + (h.momentum * v - h.lr * g if h.nesterov else v), v
        v = h.momentum * v + weighted(h, t, g)
        return p - h.lr * (h.momentum * v + weighted(h, t, g) if h.nesterov else v), v

    @classmethod
    def configured(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        settings = super().configured(given)
        if settings["dampening"] and (settings["nesterov"] or settings["momentum_form"] != "classical"):
            raise ValueError(
                f"{cls.__name__}: dampening={settings['dampening']} is for momentum_form='classical' without nesterov"
            )
        return settings


def weighted(h: Any, t: Any, g: Any) -> Any:
    """The gradient as it enters the memory."""
    if h.momentum_form == "ewma":
        return (1 - h.momentum) * g
    return (1 - h.dampening) * g if h.dampening and t > 1 else g


class Momentum(SGD):
    """SGD that remembers: each gradient goes on acting, 0.9 as much after every step.

    Polyak 1964, the heavy ball; SGD has the forms and the source.  seed is the form that most of the slides have, the
    average; one has both of the others.
    """

    momentum: Rate = 0.9
    presets: ClassVar = {**SGD.presets, "seed": {"momentum_form": "ewma"}}


class Nesterov(SGD):
    """SGD with momentum that takes the gradient where the momentum leads.

    Nesterov 1983, with a fixed momentum; SGD has the forms and the source.
    """

    momentum: Rate = 0.9
    nesterov: bool = True
    presets: ClassVar = {**SGD.presets, "seed": {"momentum_form": "velocity"}}


class ASGD(Optimizer):
    """SGD whose answer is the average of its iterates, ax (averages()); the iterates themselves go on jumping about.

    Averaging starts after t0 steps (t0 + 2, as PyTorch counts); before, ax is p.  The learning rate of step t is
    lr / (1 + lambd lr (t - 1))**alpha, and lambd pulls towards zero.

    Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992; the rate and alpha = 3/4 are
    Bottou's, Stochastic gradient descent tricks, 2012.  The form is that of PyTorch, which keeps the falling rate and
    the weight of the average in float32.
    """

    slots = ("ax",)
    lr: Rate = 0.01
    lambd: Rate = 1e-4
    alpha: Rate = 0.75
    t0: Rate = 1e6

    presets: ClassVar = {"torch": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, ax: Any) -> Any:
        rate = h.lr / (1 + h.lambd * h.lr * (t - 1)) ** h.alpha
        p = (1 - h.lambd * rate) * p - rate * g
        if t <= h.t0 + 2:
            return p, p
        return p, ax + (p - ax) / (t - 1 - h.t0)

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        return {"ax": p}

    def averages(self) -> dict[str, Array]:
        """The averaged parameters, by name (copies)."""
        return {m.name: m.slots["ax"].copy() for m in self.members}


class SignSGD(Optimizer):
    """Steps of one size, lr, by the sign of the gradient alone: one bit an entry.

    Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML 2018 (arXiv:1802.04434),
    Algorithm 1.
    """

    lr: Rate = 1e-3

    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        return p - h.lr * np.sign(g)


class Signum(Optimizer):
    """SignSGD by the sign of an average of gradients, so that one outlier does not turn the step.

    Bernstein et al. (arXiv:1802.04434), Algorithm 2.
    """

    slots = ("m",)
    lr: Rate = 1e-3
    beta: Rate = 0.9

    presets: ClassVar = {"optax": {}}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any) -> Any:
        m = h.beta * m + (1 - h.beta) * g
        return p - h.lr * np.sign(m), m

"""SAM: the gradient from the worst point nearby."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...settings import ABOVE_0, flag, number
from ..core.formula import written
from ..core.members import Array
from ..core.optimizer import Optimizer, Report
from .wrapper import Wrapper, moved

TINY = 1e-12
"""Added to |g|, as in the implementation for PyTorch that most use (davda54/sam): a gradient of zeros leads nowhere."""


class SAM(Wrapper):
    """Updates with the gradient at p + rho * g / |g|, uphill at distance rho, to end in flat minima.

    Foret et al., 2021, Algorithm 1, arXiv:2010.01412; |g| is the norm over all parameters.  With adaptive, the
    distance is measured relative to the entries of p: p + rho * p**2 * g / |p * g| (Kwon et al., 2021,
    Algorithm 1, arXiv:2102.11600, with eta = 0).

    step takes a closure that computes the loss and calls backward; it is called twice, with the gradients
    forgotten before each.  The parameters are back, exactly, before the optimizer updates them, and after an
    error in the closure.
    """

    settings = ("rho", "adaptive")
    needs_closure = True

    def __init__(self, optimizer: Optimizer | Wrapper, rho: float = 0.05, adaptive: bool = False):
        super().__init__(optimizer)
        self.rho, self.adaptive = number("SAM", "rho", rho, ABOVE_0), flag("SAM", "adaptive", adaptive)

    def step(self, loss: Any = None) -> Report:
        if not callable(loss):
            raise TypeError(
                "SAM.step(closure) takes a function that computes the loss and calls backward, as it is evaluated "
                f"twice; got {loss!r}"
            )
        self.zero_grad()
        value = float(loss())
        with moved(self.members, self.uphill()):
            self.zero_grad()
            loss()
        return self.optimizer.step(value)

    def uphill(self) -> list[Array]:
        """Where the second gradient is taken; a parameter without a gradient stays where it is."""
        points = [np.array(m.parameter.data, m.dtype) for m in self.members]
        gradients = [0.0 if m.parameter.grad is None else m.parameter.grad for m in self.members]
        with np.errstate(all="ignore"):
            scaled = [p * g if self.adaptive else g for p, g in zip(points, gradients, strict=True)]
            size = math.hypot(*(float(np.linalg.norm(np.asarray(s, float))) for s in scaled)) + TINY
            h = SimpleNamespace(rho=self.rho, adaptive=self.adaptive, size=size)
            return [self.rule(h, p, g) for p, g in zip(points, gradients, strict=True)]

    @staticmethod
    def rule(h: Any, p: Any, g: Any) -> Any:
        return p + (p * (p * g) if h.adaptive else g) * (h.rho / h.size)

    def around(self, latex: bool) -> str:
        formula = written(self.rule, {"rho": self.rho, "adaptive": self.adaptive, "size": 1.0}, ("p", "g"), latex)
        return f"g is the gradient at {formula}, where size is the norm of {'p * g' if self.adaptive else 'g'}"

"""A closure, the function that computes the loss and its gradients anew, as a function of one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.members import Array, Member
from ..deterministic.line_search import ROUNDING

EXAMPLE = """\
    def closure():
        optimizer.zero_grad()
        loss = ...
        loss.backward()
        return loss
    optimizer.step(closure)"""


class Closure:
    """The loss and its gradient at any vector of the parameters' entries, which lie one after the other in float64.

    home      the point that the parameters are put back to if the closure raises; where they are at first
    calls     how often the closure was called
    skipped   the members that the last call left without a gradient; it counts as zero
    """

    def __init__(self, function: Callable[[], Any], members: list[Member]):
        self.function, self.members = function, members
        self.ends = np.cumsum([0] + [m.size for m in members]).tolist()
        self.calls = 0
        self.skipped: list[Member] = []
        self.home = self.vector()

    @property
    def rounding(self) -> float:
        """What the loss may be off, relative, in the coarsest dtype of the parameters."""
        return ROUNDING * float(max(np.finfo(m.dtype).eps for m in self.members) / np.finfo(np.float64).eps)

    def vector(self) -> Array:
        """Where the parameters are."""
        for m in self.members:
            if m.parameter.data is not m.view:
                m.adopt()
        return np.concatenate([m.view.ravel() for m in self.members], dtype=np.float64)

    def move_to(self, x: Array) -> None:
        """Give the parameters the entries of x, rounded to their dtypes."""
        for m, a, b in zip(self.members, self.ends, self.ends[1:], strict=False):
            with np.errstate(all="ignore"):
                m.view[...] = x[a:b].reshape(m.shape)
            if m.is_float:
                m.publish()
            else:
                m.parameter.data = m.view

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Move to x and call the closure there."""
        try:
            self.move_to(x)
            return self()
        except BaseException:
            self.move_to(self.home)
            raise

    def __call__(self) -> tuple[float, Array]:
        """The loss and its gradient where the parameters are.

        Gradients are cleared before, so that one that the closure does not compute is noticed.  NumPy does not warn
        of values that are not finite: they are looked at.
        """
        for m in self.members:
            m.parameter.grad = None
        self.calls += 1
        with np.errstate(all="ignore"):
            loss = as_number(self.function())
        self.skipped = [m for m in self.members if not m.take_gradient()]
        if len(self.skipped) == len(self.members):
            raise ValueError(
                "the closure left no parameter with a gradient: it computes the loss from the parameters, "
                f"calls backward() and does not clear gradients after that:\n{EXAMPLE}"
            )
        parts = [np.zeros(m.size) if m in self.skipped else m.gradient for m in self.members]
        return loss, np.concatenate(parts, dtype=np.float64)


def as_number(loss: Any) -> float:
    """The loss as a float, if it is one number."""
    if loss is None:
        raise TypeError(f"the closure returned None; it returns the loss:\n{EXAMPLE}")
    number = np.asarray(getattr(loss, "data", loss))
    if number.size != 1 or number.dtype.kind not in "biuf":
        raise TypeError(
            f"the closure returned {type(loss).__name__} of {number.dtype}, shape {number.shape}; "
            "it returns the loss, one real number"
        )
    return float(number.item())

"""Accumulate: one update from the gradients of several backward passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...settings import count
from ..core.members import Array
from ..core.optimizer import Optimizer, Report
from ..core.state import number, whole
from .sam import SAM
from .wrapper import Wrapper, restored, within


class Accumulate(Wrapper):
    """Averages the gradients of every so many steps and updates with the average: large batches in small memory.

    step takes the gradients away (.grad is None afterwards): whether zero_grad is called between the passes does not
    matter, as no gradient is lost and none is counted twice.  The report's updated is 0 where only gradients were
    taken in; where there was an update, its loss is the average of those told.  A parameter that a pass did not
    reach counts as zero in it.

    Raises ValueError around SAM, which computes gradients of its own; SAM(Accumulate(optimizer)) is possible.
    """

    settings = ("every",)

    def __init__(self, optimizer: Optimizer | Wrapper, every: int = 4):
        super().__init__(optimizer)
        if any(isinstance(inner, SAM) for inner in within(optimizer)):
            raise ValueError(
                "Accumulate has only gradients for SAM, which takes a closure: use SAM(Accumulate(optimizer))"
            )
        self.every = count("Accumulate", "every", every)
        self.reset()

    def reset(self) -> None:
        """Forget what has been accumulated."""
        self.sums: list[Array | None] = [None] * len(self.members)
        self.passes, self.losses = 0, 0.0

    def step(self, loss: Any = None) -> Report:
        value = self.evaluated(loss)
        skipped = self.take_in()
        self.passes += 1
        self.losses += value or 0.0
        if self.passes < self.every:
            return Report(self.t, 0, skipped, value)
        return self.update(value is not None)

    def take_in(self) -> tuple[str, ...]:
        """Add the gradients to the sums; returns the names of the parameters without one."""
        for m in self.members:
            if m.parameter.grad is not None:
                m.check_gradient()
        skipped = []
        for i, m in enumerate(self.members):
            g, sum_ = m.parameter.grad, self.sums[i]
            if g is None:
                skipped.append(m.name)
            elif sum_ is None:
                self.sums[i] = np.array(g, m.dtype)
            else:
                sum_ += g
        self.zero_grad()
        return tuple(skipped)

    def update(self, with_loss: bool) -> Report:
        """One step of the optimizer with the averages."""
        for m, sum_ in zip(self.members, self.sums, strict=True):
            if sum_ is not None:
                m.parameter.grad = float(sum_) / self.every if m.is_float else sum_ / self.every
        loss = self.losses / self.every if with_loss else None
        self.reset()
        try:
            return self.optimizer.step(loss)
        finally:
            self.zero_grad()

    def around(self, latex: bool) -> str:
        return f"g is the mean of the gradients of {self.every} steps"

    def own_state(self) -> dict[str, Any]:
        return {"sums": self.sums, "passes": self.passes, "losses": self.losses}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        self.sums = restored("sums", self.members, state["sums"], absent=True)
        self.passes, self.losses = whole("passes", state["passes"]), number("losses", state["losses"])

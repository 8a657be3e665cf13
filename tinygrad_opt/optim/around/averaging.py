"""Averages of the parameters over the steps, for evaluation: EMA and SWA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...settings import FROM_0_BELOW_1, count, flag, number, whole_number
from ..core.formula import written
from ..core.members import Array, Member
from ..core.optimizer import Optimizer, Report
from ..core.state import whole
from .wrapper import Wrapper, moved, restored, values_of, write


class Averaged:
    """Optimizers that are evaluated at other values than those at which they train."""

    members: Any
    away = False

    def average(self) -> list[Array]:
        """The values for evaluation, one array for each parameter."""
        raise NotImplementedError

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters hold the average while the block runs; then their own values again, bit for bit.

        Raises ValueError if there is no average yet, and within such a block.
        """
        self.refuse_away()
        members: list[Member] = self.members
        with moved(members, self.average()):
            self.away = True
            try:
                yield
            finally:
                self.away = False

    def apply(self) -> None:
        """Give the parameters the average for good, once training is over.

        Raises ValueError if there is no average yet, and within a block of applied().
        """
        self.refuse_away()
        write(self.members, self.average())

    def refuse_away(self) -> None:
        if self.away:
            raise ValueError("the parameters hold the average: leave the block of applied() first")


class WeightAverage(Averaged, Wrapper):
    """An average that takes in the parameters after each update of the optimizer, the first one too."""

    def __init__(self, optimizer: Optimizer | Wrapper):
        super().__init__(optimizer)
        self.averaged = 0
        self.arrays: list[Array] = []

    def step(self, loss: Any = None) -> Report:
        self.refuse_away()
        report = self.optimizer.step(loss)
        if report.updated:
            with np.errstate(all="ignore"):
                self.take_in()
        return report

    def take_in(self) -> None:
        raise NotImplementedError

    def average(self) -> list[Array]:
        if not self.averaged:
            raise ValueError(f"{type(self).__name__} has no average yet after {self.t} steps")
        return self.arrays

    def own_state(self) -> dict[str, Any]:
        return {"averaged": self.averaged, "arrays": self.arrays}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        self.averaged = whole("averaged", state["averaged"])
        self.arrays = restored("arrays", self.members, state["arrays"]) if self.averaged else []


class EMA(WeightAverage):
    """The exponential moving average a = decay * a + (1 - decay) * p after every step, and its constraints.

    It starts as a copy of the first p, as in Keras and PyTorch.  With debias it starts at zero and is divided by
    1 - decay**n, as Adam's moments are and in optax: early values then count equally.  Tarvainen & Valpola, Mean
    teachers are better role models, 2017, arXiv:1703.01780.

    >>> from tinygrad_opt import Value
    >>> from tinygrad_opt.optim import EMA, Adam
    >>> w = Value(1.0)
    >>> opt = EMA(Adam([w], lr=0.1), decay=0.5)
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (w * w).backward()
    ...     report = opt.step()
    >>> with opt.applied():
    ...     print(round(w.data, 3))
    0.85
    >>> print(round(w.data, 3))
    0.8
    """

    settings = ("decay", "debias")

    def __init__(self, optimizer: Optimizer | Wrapper, decay: float = 0.999, debias: bool = False):
        super().__init__(optimizer)
        self.decay = number("EMA", "decay", decay, FROM_0_BELOW_1)
        self.debias = flag("EMA", "debias", debias)

    def take_in(self) -> None:
        values = values_of(self.members)
        if not self.averaged:
            self.arrays = [np.array((1 - self.decay) * p) if self.debias else p for p in values]
        else:
            for a, p in zip(self.arrays, values, strict=True):
                a[...] = self.rule(self, a, p)
        self.averaged += 1

    @staticmethod
    def rule(h: Any, average: Any, p: Any) -> Any:
        return h.decay * average + (1 - h.decay) * p

    def around(self, latex: bool) -> str:
        formula = written(self.rule, {"decay": self.decay}, ("average", "p"), latex)
        unbiased = " (divided by 1 - decay ** n for use)" if self.debias else ""
        return f"after every update: average = {formula}{unbiased}"

    def average(self) -> list[Array]:
        arrays = super().average()
        return [a / (1 - self.decay**self.averaged) for a in arrays] if self.debias else arrays


class SWA(WeightAverage):
    """The plain mean of the parameters after every so many steps, once start steps are over.

    Izmailov et al., 2018, Algorithm 1, arXiv:1803.05407.
    """

    settings = ("start", "every")

    def __init__(self, optimizer: Optimizer | Wrapper, start: int = 0, every: int = 1):
        super().__init__(optimizer)
        self.start, self.every = whole_number("SWA", "start", start, 0), count("SWA", "every", every)

    def take_in(self) -> None:
        if self.t <= self.start or (self.t - self.start) % self.every:
            return
        values = values_of(self.members)
        self.averaged += 1
        if self.averaged == 1:
            self.arrays = values
            return
        for a, p in zip(self.arrays, values, strict=True):
            a[...] = self.rule(SimpleNamespace(n=self.averaged), a, p)

    @staticmethod
    def rule(h: Any, average: Any, p: Any) -> Any:
        return average + (p - average) / h.n

    def around(self, latex: bool) -> str:
        formula = written(self.rule, {"n": max(self.averaged, 1)}, ("average", "p"), latex)
        return f"after every {self.every} updates, from update {self.start + self.every} on: average = {formula}"

"""Lookahead: k steps forward, one step back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...settings import Numbers, count, number
from ..core.formula import written
from ..core.optimizer import Optimizer, Report
from ..core.state import whole
from .averaging import Averaged
from .wrapper import Wrapper, restored, values_of, within, write

ABOVE_0_TO_1 = Numbers("a number above 0, at most 1", lambda x: 0 < x <= 1)


class Lookahead(Wrapper):
    """After every k steps, the parameters go to slow + alpha * (fast - slow), and start from there again.

    Zhang et al., 2019, Algorithm 1, arXiv:1907.08610.  slow is where the last k steps started.  The state of the
    optimizer is kept at such a point, the paper's default.  Raises ValueError around a schedule-free optimizer, which
    finds its average from where it has put the parameters itself.
    """

    settings = ("k", "alpha")

    def __init__(self, optimizer: Optimizer | Wrapper, k: int = 5, alpha: float = 0.5):
        super().__init__(optimizer)
        *_, inmost = within(optimizer)
        if isinstance(inmost, Averaged):
            kind = type(inmost).__name__
            raise ValueError(f"Lookahead would move the parameters of {kind} and not its z: use one without the other")
        self.k, self.alpha = count("Lookahead", "k", k), number("Lookahead", "alpha", alpha, ABOVE_0_TO_1)
        self.slow = values_of(self.members)
        self.since = 0

    def step(self, loss: Any = None) -> Report:
        report = self.optimizer.step(loss)
        self.since += bool(report.updated)
        if self.since == self.k:
            self.since = 0
            with np.errstate(all="ignore"):
                for slow, fast in zip(self.slow, values_of(self.members), strict=True):
                    slow[...] = self.rule(self, slow, fast)
            write(self.members, self.slow)
        return report

    @staticmethod
    def rule(h: Any, slow: Any, p: Any) -> Any:
        return slow + h.alpha * (p - slow)

    def around(self, latex: bool) -> str:
        formula = written(self.rule, {"alpha": self.alpha}, ("slow", "p"), latex)
        return f"after every {self.k} steps: p = slow = {formula}"

    def own_state(self) -> dict[str, Any]:
        return {"slow": self.slow, "since": self.since}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        self.slow, self.since = restored("slow", self.members, state["slow"]), whole("since", state["since"])

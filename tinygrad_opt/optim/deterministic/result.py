"""What a search for a minimum returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Status(StrEnum):
    """Why a search ended.

    stalled      no step lowers f, and the gradient is small: a minimum within rounding
    line search  no step lowers f, though the gradient is not small: a kink, a wrong gradient, no minimum
    not finite   the same, where f or a derivative was not finite at some of the steps
    """

    CONVERGED = "converged"
    STALLED = "stalled"
    ITERATIONS = "iterations"
    EVALUATIONS = "evaluations"
    LINE_SEARCH = "line search"
    NOT_FINITE = "not finite"


@dataclass(frozen=True)
class Evaluations:
    """How often each thing was computed."""

    value: int = 0
    gradient: int = 0
    hessian: int = 0
    hvp: int = 0
    jacobian: int = 0


@dataclass(frozen=True, repr=False)
class Result:
    """The best point found, and how the search went.

    x            the point, in the form of x0
    value        f there
    gradient     its gradient there, in the form of x0
    iterations   accepted steps
    evaluations  how often f, its gradient, Hessian, Hessian-vector products and Jacobian were computed
    status       why the search ended; message says it in words, with the numbers
    path         every accepted point, x0 first, as an array (points, numbers)
    """

    x: Any
    value: float
    gradient: Any
    iterations: int
    evaluations: Evaluations
    status: Status
    message: str
    path: Array = field(compare=False)

    @property
    def converged(self) -> bool:
        return self.status is Status.CONVERGED

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in vars(self.evaluations).items() if count)
        return (
            f"{self.status}: {self.message}\n"
            f"value {self.value:.10g} after {self.iterations} iterations ({counts})\n"
            f"x = {self.x}"
        )

"""Schedule: a rate as a pure function of the step."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import numpy as np

from .arguments import RATE, Kind, checked, several, whole

P = ParamSpec("P")


@dataclass(frozen=True, repr=False)
class Schedule:
    """A rate for each update: ``lr(t)``, where t counts from 0 before the first.

    maker      the function that made it; its formula gives the rate
    arguments  their names and values

    A schedule remembers nothing between calls: t alone decides, in any order. Two that were made alike
    are equal. ``repr`` is the call that makes it.

    >>> from tinygrad_opt.optim.schedules import cosine
    >>> lr = cosine(0.1, steps=100)
    >>> lr
    cosine(0.1, steps=100, end=0.0, power=1.0, after='hold')
    >>> lr(0), lr(50), lr.values(3)
    (0.1, 0.05, array([0.1       , 0.09997533, 0.09990134]))
    """

    maker: Callable[..., Schedule]
    arguments: tuple[tuple[str, Any], ...]

    def __call__(self, t: int) -> float:
        """The rate of update t. Raises ValueError for a t that counts no update, or a rate that is none."""
        count = whole(t)
        if count is None or count < 0:
            raise ValueError(f"{self}: t counts updates: it must be a whole number, at least 0; got {t!r}")
        formula: Callable[..., float] = self.maker.__wrapped__  # type: ignore[attr-defined]  # set by functools.wraps
        try:
            given = formula(count, **dict(self.arguments))
        except OverflowError:
            given = math.inf
        found = RATE.fit(given)
        if found is None:
            raise ValueError(f"{self} gives {given!r} at t = {t}; a rate must be {RATE.words}")
        return float(found)

    def values(self, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The rates of the first n updates."""
        count = whole(n)
        if count is None or count < 0:
            raise ValueError(f"{self}.values: n must be a whole number, at least 0; got {n!r}")
        return np.array([self(t) for t in range(count)], dtype=np.float64)

    def __repr__(self) -> str:
        parameters = inspect.signature(self.maker).parameters
        settings = [
            f"{name}={value!r}" if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY else repr(value)
            for name, value in self.arguments
            if value is not None
        ]
        return f"{self.maker.__name__}({', '.join(settings)})"


def schedule(formula: Callable[Concatenate[int, P], float]) -> Callable[P, Schedule]:
    """The function that makes schedules of a formula: it takes the formula's arguments, without t.

    What the types of the arguments say is checked when a schedule is made, and the formula is run at
    t = 0. Define the formula at the top of a module, so that its schedules can be pickled.

    >>> from tinygrad_opt.optim.schedules import Rate
    >>> @schedule
    ... def square_root(t: int, lr: Rate, *, k: Rate = 1.0) -> float:
    ...     return lr / math.sqrt(1 + k * t)
    >>> square_root(0.1, k=3)
    square_root(0.1, k=3.0)
    >>> square_root(0.1, k=3)(1)
    0.05
    """
    whole_signature = inspect.signature(formula)
    signature = whole_signature.replace(parameters=list(whole_signature.parameters.values())[1:])
    name = formula.__name__

    @functools.wraps(formula)
    def make(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            takes = ", ".join(signature.parameters)
            raise TypeError(f"{name}: {error}; it takes {takes}") from None
        bound.apply_defaults()
        hints = hints_of(formula)
        arguments = tuple((key, checked(name, key, hints.get(key), given)) for key, given in bound.arguments.items())
        made = Schedule(make, arguments)
        made(0)
        return made

    make.__signature__ = signature.replace(return_annotation="Schedule")  # type: ignore[attr-defined]  # for help()
    return make


@functools.cache
def hints_of(formula: Callable[..., float]) -> dict[str, Any]:
    return get_type_hints(formula, include_extras=True)


def fit_rate(given: Any) -> Any:
    """A schedule as it is, a rate as a float."""
    return given if isinstance(given, Schedule) else RATE.fit(given)


SCHEDULED = Kind(f"a schedule or {RATE.words}", fit_rate)

Scheduled = Annotated[Schedule | float, SCHEDULED]
AllScheduled = Annotated[
    Sequence[Schedule | float], several("one schedule or more, or finite numbers, each at least 0", SCHEDULED, bool)
]


def rate(given: Schedule | float, t: int) -> float:
    """The rate of update t, given a schedule or a number.

    >>> rate(0.1, 7)
    0.1
    """
    return given(t) if isinstance(given, Schedule) else float(given)


def between(start: float, end: float, part: float) -> float:
    """The point that divides the way from start to end: exactly start for part 0, exactly end for 1."""
    return start * (1 - part) + end * part


def progress(t: int, start: float, end: float) -> float:
    """Which part of the way from start to end t has come, held within 0 and 1."""
    return min(max((t - start) / (end - start), 0.0), 1.0) if end > start else 1.0

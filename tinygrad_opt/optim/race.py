"""A race: optimizers side by side on one landscape, each at the best learning rate of a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..value import Value
from .closures.quasi_newton import QuasiNewton
from .landscapes import Landscape
from .registry import get

Array = np.ndarray[Any, np.dtype[Any]]

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
LOST = 1e6
"""A run that has come so far from the start is over."""


@dataclass(frozen=True)
class Run:
    """One contestant: the learning rate it ran with, its path (steps + 1, 2), the heights along it.

    A run that diverged is shorter than the others.
    """

    name: str
    lr: float
    path: Array
    heights: Array

    @property
    def diverged(self) -> bool:
        return not np.isfinite(self.heights[-1])

    def height_at(self, step: int) -> float:
        """The height after so many steps; nan for a run that was over by then."""
        return float(self.heights[step]) if step < len(self.heights) else float("nan")


def race(
    landscape: Landscape, names: Sequence[str], *, steps: int = 1000, start: Any = None, lr: float | None = None,
    rates: Iterable[float] = RATES,
) -> list[Run]:  # fmt: skip
    """Run optimizers, by name, from the landscape's start; the lowest comes first.

    Each runs with lr, or else with the one of rates that is lowest in the end.
    Raises ValueError for no steps, a start that is not a point, and no rates.

    >>> from tinygrad_opt.optim.landscapes import booth
    >>> [(run.name, run.lr) for run in race(booth, ["adam"], steps=100, rates=(0.01, 0.1, 1.0))]
    [('adam', 1.0)]
    """
    if steps < 1:
        raise ValueError(f"a race has at least one step; got {steps}")
    first = np.asarray(landscape.start if start is None else start, float)
    if first.shape != (2,) or not np.isfinite(first).all():
        raise ValueError(f"a race starts at a point x, y; got {start!r}")
    tried = tuple(rates) if lr is None else (lr,)
    if not tried:
        raise ValueError("a race has at least one learning rate to try; got no rates")
    fastest = [min(runs(landscape, name, first, steps, tried), key=outcome) for name in names]
    return sorted(fastest, key=outcome)


def runs(landscape: Landscape, name: str, start: Array, steps: int, rates: Iterable[float]) -> Iterator[Run]:
    for lr in rates:
        path, heights = walked(landscape, get(name, lr=lr), start, steps)
        yield Run(name, lr, path, heights)


def outcome(run: Run) -> float:
    """How low a run ended; a diverged one behind all others."""
    return float(np.nan_to_num(run.heights[-1], nan=np.inf))


def walked(landscape: Landscape, make: Any, start: Array, steps: int) -> tuple[Array, Array]:
    """The points and heights of one run; it ends early where it leaves the map.

    Its coordinates are two numbers, with which the engine is five times as fast as with an array of two.
    """
    x, y = Value(float(start[0]), name="x"), Value(float(start[1]), name="y")
    optimizer = make([x, y])
    if isinstance(optimizer, QuasiNewton):
        raise ValueError(
            f"a race gives one look a step; {type(optimizer).__name__} looks as often as it needs to: "
            "optim.minimize has it as a method, and its result the path"
        )
    path, heights = [(x.data, y.data)], []
    for _ in range(steps):
        optimizer.zero_grad()
        height = landscape.formula(x, y)
        height.backward(keep="leaves")
        heights.append(height.data)
        optimizer.step(height.data)
        path.append((x.data, y.data))
        if not (abs(x.data) < LOST and abs(y.data) < LOST):  # max(..., nan) may be the other
            return np.array(path), np.array([*heights, np.nan])
    return np.array(path), np.array([*heights, landscape(path[-1])])

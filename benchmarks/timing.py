"""Timing on a machine that others use too: contestants take turns, and medians decide."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OURS = "tinygrad_opt"


@dataclass
class Table:
    """What a benchmark found: one row for each case, keyed by column heading."""

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def seconds(call: Callable[[], Any]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleaved(contestants: Mapping[str, Callable[[], Any]], rounds: int, calls: int = 1) -> dict[str, list[float]]:
    """Seconds per call of each contestant, one entry a round.

    Every round times all of them in turn, so that a slow minute of the machine slows all alike, and
    each round starts with another, so that none always follows the same one.  The garbage of one is
    collected before the next begins, so that each pays for its own.
    """
    names = list(contestants)
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        contestants[name]()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            times[name].append(seconds(repeated(contestants[name], calls)) / calls)
    return times


def repeated(call: Callable[[], Any], calls: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(calls):
            call()

    return run


def compared(times: Mapping[str, list[float]], unit: str, scale: float) -> list[dict[str, Any]]:
    """One row a contestant: its median, and the median over the rounds of its time divided by ours."""
    return [
        {
            "contestant": name,
            unit: statistics.median(taken) * scale,
            f"divided by {OURS}": statistics.median(t / ours for t, ours in zip(taken, times[OURS], strict=True)),
        }
        for name, taken in times.items()
    ]


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Run without Python's cyclic garbage collector."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""Long chains: what each operation on a graph costs per node, which must not grow with the graph."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Callable
from typing import Any

from tinygrad_opt import Value, explain

from .timing import Table, seconds


def run(quick: bool) -> Table:
    sizes = (1_000, 10_000) if quick else (10_000, 100_000, 1_000_000)
    time = {n: measured(n, seconds) for n in sizes}
    memory = {n: measured(n, peak_bytes) for n in sizes}
    rows = []
    for name in time[sizes[0]]:
        row: dict[str, Any] = {"operation": name}
        row |= {f"µs/node, {n:,} nodes": time[n][name] / n * 1e6 for n in sizes}
        row |= {f"bytes/node, {n:,}": memory[n][name] / n for n in sizes}
        row["seconds, longest"] = time[sizes[-1]][name]
        rows.append(row)
    return Table(
        "chain: the cost of one node in a long chain", rows, "bytes: the most held at once during the operation"
    )


def measured(n: int, measure: Callable[[Callable[[], Any]], float]) -> dict[str, float]:
    """measure applied to each operation on one chain of n nodes."""
    held: dict[str, Any] = {"forward": Value(1.0)}

    def forward() -> None:
        held["forward"] = chain(held["forward"], n)

    found = {"forward": measure(forward)}
    root = held["forward"]
    operations: dict[str, Callable[[], Any]] = {
        "backward": root.backward,
        "explain(...).steps": lambda: explain(root).steps,
        "repr": lambda: repr(root),
        "copy.copy": lambda: copy.copy(root),
        "copy.deepcopy": lambda: held.update(copied=copy.deepcopy(root)),
        "del": lambda: held.pop("copied"),
    }
    return found | {name: measure(operation) for name, operation in operations.items()}


def chain(v: Value, n: int) -> Value:
    for _ in range(n // 2):
        v = v * 0.999 + 0.001
    return v


def peak_bytes(call: Callable[[], Any]) -> float:
    """The most memory that Python held at once during the call, beyond what it held before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

"""Run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich.box
from rich.console import Console
from rich.table import Table as RichTable

import tinygrad_opt

from . import chain, contractions, convolution, import_time, networks, optimizer_step, scalars, tensor_step, training
from .timing import OURS, Table, installed

# The scalars come first: the objects of whatever is imported after them would be the collector's work too.
BENCHMARKS: dict[str, Callable[[bool], Table]] = {
    "scalars": scalars.run,
    "tensor_step": tensor_step.run,
    "contractions": contractions.run,
    "convolution": convolution.run,
    "networks": networks.run,
    "optimizer_step": optimizer_step.run,
    "chain": chain.run,
    "training": training.run,
    "import": import_time.run,
}
PEERS = ("numpy", "micrograd", "torch")


def main() -> None:
    options = parser().parse_args()
    # A pipe has no width of its own, and the tables are wider than the eighty columns assumed for it.
    console = Console() if Console().is_terminal else Console(width=140)
    surroundings = machine()
    console.print(", ".join(f"{name} {value}" for name, value in surroundings.items()), highlight=False)
    tables = {}
    for name in [name for name in BENCHMARKS if name in (options.only or BENCHMARKS)]:
        tables[name] = BENCHMARKS[name](options.quick)
        show(tables[name], console)
    if options.json:
        found = {"machine": surroundings, "benchmarks": {name: asdict(table) for name, table in tables.items()}}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    p.add_argument("--only", action="append", choices=BENCHMARKS, help="run this one; may be given more than once")
    p.add_argument("--json", type=Path, metavar="FILE", help="also write what was found to FILE")
    p.add_argument("--quick", action="store_true", help="small sizes and few rounds: does it run at all?")
    return p


def machine() -> dict[str, Any]:
    """What a measurement depends on: the cores and the versions."""
    versions = {peer: importlib.metadata.version(peer) for peer in PEERS if installed(peer)}
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "Python": platform.python_version(),
        OURS: tinygrad_opt.__version__,
        **versions,
    }


def show(table: Table, console: Console) -> None:
    console.print(f"\n{table.title}", style="bold", highlight=False)
    shown = RichTable(box=rich.box.SIMPLE_HEAD)
    for heading, first in (table.rows[0] if table.rows else {}).items():
        shown.add_column(heading, justify="left" if isinstance(first, str) else "right", no_wrap=isinstance(first, str))
    for row in table.rows:
        shown.add_row(*(cell if isinstance(cell, str) else figure(cell) for cell in row.values()))
    if table.rows:
        console.print(shown)
    if table.note:
        console.print(table.note, highlight=False)


def figure(x: float) -> str:
    """A number with three significant digits, without an exponent where it can be read."""
    if x >= 100:
        return f"{x:,.0f}"
    return f"{x:.3g}" if x >= 0.001 or x == 0 else f"{x:.1e}"


if __name__ == "__main__":
    main()

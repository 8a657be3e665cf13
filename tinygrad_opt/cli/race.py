"""The command `tinygrad-opt race`: optimizers side by side on a landscape."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots
from ..optim import landscapes
from ..optim.race import RATES, Run, race
from .table import print_table

DESCRIPTION = f"""\
Run optimizers side by side on a landscape, a function of two numbers, and print how far each has come.
Each runs with the learning rate, of {len(RATES)} between {min(RATES):g} and {max(RATES):g}, that ends lowest.
With the extra plots, their paths and heights are drawn."""

EPILOG = """\
examples:
  tinygrad-opt race rosenbrock sgd momentum nesterov adagrad rmsprop adadelta adam
  tinygrad-opt race beale adam lion --steps 300 --lr 0.01
  tinygrad-opt race saddle sgd momentum adam --start 0.001 2 --picture race.svg"""

CHECKPOINTS = (1, 10, 100, 1000, 10000)


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "race",
        help="run optimizers side by side on a landscape",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("landscape", metavar="LANDSCAPE", help="rosenbrock, beale, himmelblau, saddle, ...")
    parser.add_argument("optimizers", metavar="OPTIMIZER", nargs="+", help="sgd, momentum, adam, ...")
    parser.add_argument("--steps", type=int, default=1000, help="how long the race is (default 1000)")
    parser.add_argument("--lr", type=float, help="one learning rate for all")
    parser.add_argument("--start", metavar=("X", "Y"), nargs=2, type=float, help="where it starts (its own place)")
    picture = parser.add_mutually_exclusive_group()
    picture.add_argument("--picture", metavar="FILE", type=Path, help="where the picture goes (race-LANDSCAPE.svg)")
    picture.add_argument("--no-picture", action="store_true", help="draw none")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run one race; the exit status."""
    landscape = landscapes.get(options.landscape)
    runs = race(landscape, options.optimizers, steps=options.steps, start=options.start, lr=options.lr)
    print(repr(landscape))
    print_runs(landscape, runs, options.steps)
    if not options.no_picture:
        draw(landscape, runs, options.picture)
    return 0


def draw(landscape: landscapes.Landscape, runs: Sequence[Run], path: Path | None) -> None:
    """Write the picture of a race, unless nothing can draw it and nobody has asked for it."""
    if path is None and not importlib.util.find_spec("matplotlib"):
        print("picture: none, as matplotlib is not installed: pip install 'tinygrad_opt[plots]'")
        return
    path = path or Path(f"race-{landscape.name}.svg")
    plots.race(landscape, runs).savefig(path)
    print(f"picture: {path}")


def print_runs(landscape: landscapes.Landscape, runs: Sequence[Run], steps: int) -> None:
    """The runs in the order of arrival: their height at some steps, and where they ended."""
    shown = [step for step in CHECKPOINTS if step < steps] + [steps]
    rows = []
    for run in runs:
        heights = [f"{run.height_at(step):.3g}".replace("nan", "lost") for step in shown]
        end = "lost" if run.diverged else "({:.4g}, {:.4g})".format(*run.path[-1])
        rows.append([run.name, f"{run.lr:g}", *heights, end, distance(landscape, run)])
    print_table(["", "lr", *(f"step {step}" for step in shown), "ends at", "distance"], rows)


def distance(landscape: landscapes.Landscape, run: Run) -> str:
    """How far a run ended from the nearest minimum."""
    if run.diverged or not landscape.minima:
        return "-"
    return f"{min(np.linalg.norm(run.path[-1] - np.array(minimum)) for minimum in landscape.minima):.2g}"

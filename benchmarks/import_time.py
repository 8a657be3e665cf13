"""Importing the package beside importing NumPy alone, each in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

from .timing import OURS, Table, compared, interleaved

PROGRAMS = {OURS: "import tinygrad_opt", "numpy": "import numpy", "Python alone": "pass"}


def run(quick: bool) -> Table:
    with tempfile.TemporaryDirectory() as bytecode:
        starts = {name: fresh(program, bytecode) for name, program in PROGRAMS.items()}
        times = interleaved(starts, rounds=2 if quick else 11)
    return Table("import: a fresh interpreter, from its start to its end", compared(times, "ms", 1e3))


def fresh(program: str, bytecode: str) -> Callable[[], object]:
    """Run a program in an interpreter of its own, with the bytecode cache that an installed package has."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    return lambda: subprocess.run([sys.executable, "-c", program], check=True, env=environment)

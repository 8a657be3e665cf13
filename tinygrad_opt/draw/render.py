"""From DOT text to SVG or PNG: which program does it, and for how long it may try."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

WHEEL = "graphviz-pure"


def executable() -> str:
    """The system's dot where there is one, else the program of the graphviz-pure wheel.

    Raises RuntimeError that says what to install if there is neither.
    """
    found = shutil.which("dot") or bundled()
    if found is None:
        raise RuntimeError(
            f"drawing needs Graphviz's dot, which is not on PATH, or the {WHEEL} package, which is not installed: "
            f"pip install {WHEEL}. The picture's DOT text needs neither: picture.source"
        )
    return found


def bundled() -> str | None:
    """The wheel's program where pip put it, which need not be on PATH."""
    try:
        files = distribution(WHEEL).files or []
    except PackageNotFoundError:
        return None
    programs = (Path(str(file.locate())) for file in files if file.stem == WHEEL and file.suffix in ("", ".exe"))
    return next((str(program) for program in programs if program.is_file()), None)


def layout(source: str, format: str, engine: str = "dot", time_limit: float | None = 30.0) -> bytes:
    """DOT text as a picture in the given format; warnings of a layout that succeeds are dropped.

    Raises TimeoutError after time_limit seconds, RuntimeError where Graphviz refuses or is missing.
    """
    command = [executable(), f"-K{engine}", f"-T{format}"]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=time_limit)
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"the layout of {count(NODE, source)} nodes and {count(EDGE, source)} edges was stopped after "
            f"{time_limit:g} s: lower the budget, draw(node, budget=50), draw an intermediate node, "
            "or give it longer: picture.time_limit = 300"
        ) from None
    if done.returncode:
        raise RuntimeError(f"{command[0]} could not draw as {format}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


NODE = re.compile(r"^\s*[nc]\d+ \[", re.MULTILINE)
EDGE = re.compile(r"^\s*[nc]\d+ -> ", re.MULTILINE)


def count(statement: re.Pattern[str], source: str) -> int:
    return len(statement.findall(source))

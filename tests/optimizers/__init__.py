"""Optimizers against the libraries that define them: one file of cases for each family."""

from importlib import import_module
from pathlib import Path

FAMILIES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__init__", "cases", "oracles")
)


def cases_of(family):
    return import_module(f"optimizers.{family}").CASES

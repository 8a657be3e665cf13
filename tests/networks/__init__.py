"""Layers beside PyTorch's: one table of cases for the recorded numbers and for the live comparison."""

import importlib
import pkgutil

FAMILIES = [file.name for file in pkgutil.iter_modules(__path__) if file.name not in ("cases", "oracles")]


def cases_of(family):
    return importlib.import_module(f"networks.{family}").CASES

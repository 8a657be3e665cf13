"""For test authors: gradients as assertions, and Hypothesis strategies for arrays, Values and whole programs.

Nothing here is loaded by ``import tinygrad_opt``.  The strategies need Hypothesis, which comes with
``pip install 'tinygrad_opt[test]'``; `assert_gradients` does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .gradients import assert_gradients

if TYPE_CHECKING:
    from .programs import Program, expression_graphs
    from .strategies import arrays, broadcastable_shapes, values

__all__ = ["Program", "arrays", "assert_gradients", "broadcastable_shapes", "expression_graphs", "values"]

HOMES = dict.fromkeys(["arrays", "broadcastable_shapes", "values"], "strategies")
HOMES |= dict.fromkeys(["Program", "expression_graphs"], "programs")


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f".{HOMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(
            f"tinygrad_opt.testing.{name} needs Hypothesis: pip install 'tinygrad_opt[test]'", name="hypothesis"
        ) from None

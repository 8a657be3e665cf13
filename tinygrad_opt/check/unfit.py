"""Why f cannot be differentiated here: it is another function at each call, or it is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Node, newest_first
from .subject import concrete


def unfit(y: Any, again: Any) -> tuple[str, str] | None:
    """The status and the reason, from two evaluations at one point; None if f is fit to be checked."""
    value, other = float(concrete(y)), float(concrete(again))
    if value != other and not (np.isnan(value) and np.isnan(other)):
        return (
            "NONDETERMINISTIC",
            f"f gave {value:.10g} and then {other:.10g} for the same inputs{first_to_differ(y, again)}",
        )
    if not np.isfinite(value):
        return "NONFINITE", f"f is {value} at this point{first_non_finite(y)}"
    return None


def first_to_differ(y: Any, again: Any) -> str:
    """Name the first operation whose result differs between two evaluations."""
    if isinstance(y, Node) and isinstance(again, Node):
        for a, b in zip(reversed(newest_first(y)), reversed(newest_first(again)), strict=False):
            if not np.array_equal(a.data, b.data):
                what = a.op.name if a.op else "an input"
                return f": the result of {what} is the first to differ. Draw random numbers from an rng made outside f"
    return ". Draw random numbers from an rng made outside f"


def first_non_finite(y: Any) -> str:
    """Name the first operation whose result is not finite."""
    if isinstance(y, Node):
        for node in reversed(newest_first(y)):
            if not np.all(np.isfinite(node.data)):
                return f": {node.op.name} is the first to be so" if node.op else ": an input is so itself"
    return ""

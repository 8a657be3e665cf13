"""The root of a running mean of squares that a step is divided by, kept away from zero."""

from __future__ import annotations

from typing import Any

import numpy as np


def root(h: Any, v: Any, correction: Any = 1.0) -> Any:
    """The square root of v with h.eps where h.eps_mode has it: the forms differ while v is not much larger than eps.

    "outside"  sqrt(v) + eps
    "inside"   sqrt(v + eps)
    "hat"      sqrt(v) + eps / sqrt(correction), the epsilon hat of Kingma and Ba: added to the root of the
               mean before v was divided by the bias correction

    >>> from types import SimpleNamespace
    >>> root(SimpleNamespace(eps=0.25, eps_mode="outside"), np.array([0.0]))
    array([0.25])
    >>> root(SimpleNamespace(eps=0.25, eps_mode="inside"), np.array([0.0]))
    array([0.5])
    """
    if h.eps_mode == "inside":
        return np.sqrt(v + h.eps)
    if h.eps_mode == "hat":
        return np.sqrt(v) + h.eps / correction**0.5
    return np.sqrt(v) + h.eps

"""Gradients that were not made here: by hand in NumPy, or by another library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops.rules import GradientShapeError
from ..tree import leaves
from .slope import EPS
from .subject import Backprop, Subject, as_number, concrete


def given_gradient(subject: Subject, gradient: Callable[..., Any], y: Any) -> Backprop:
    """What the caller's own function says, in the order of the slots, and the rounding error to expect of f."""
    with subject.placed(subject.points()) as (_, args):
        found = gradient(*args)
    several = len(subject.inputs) > 1 and isinstance(found, tuple | list)
    parts = [as_number(leaf) for part in (found if several else [found]) for leaf in leaves(part)]
    slots = subject.slots
    if len(parts) != len(slots):
        raise TypeError(f"gradient must return one array for each of {len(slots)} inputs; it returned {len(parts)}")
    for slot, g in zip(slots, parts, strict=True):
        if g.shape != slot.data.shape:
            raise GradientShapeError(misshaped(slot.name, slot.data.shape, g.shape))
    value = concrete(y)
    eps = max(EPS, float(np.finfo(np.result_type(value)).eps))
    return Backprop([np.asarray(g, float) for g in parts], 8 * eps * abs(float(value)), abs(float(value)))


def misshaped(name: str, shape: tuple[int, ...], found: tuple[int, ...]) -> str:
    """How a gradient's shape differs from its input's, and what that is likely to mean."""
    said = f"gradient for {name} has shape {found}, {name} has {shape}"
    lead = len(found) - len(shape)
    if len(found) > 1 and found == shape[::-1]:
        return f"{said}. It is the transpose; it needs .T"
    if lead > 0 and found[lead:] == shape:
        axes = ", ".join(map(str, range(lead)))
        return f"{said}. {name} was stretched along axis {axes}; sum the gradient over axis {axes}"
    if stretches_to(found, shape):
        return f"{said}. Spread it over the axes that it lacks: np.broadcast_to(..., np.shape({name}))"
    return f"{said}; they must be equal"


def stretches_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether NumPy would repeat an array of this shape to the target."""
    ends = zip(shape[::-1], target[::-1], strict=False)
    return len(shape) <= len(target) and all(n in (1, m) for n, m in ends)

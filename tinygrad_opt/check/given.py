"""Gradients that were not made here: by hand in NumPy, or by another library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops.rules import GradientShapeError
from ..tree import in_order_of, leaves
from .inputs import Array
from .slope import EPS
from .subject import Backprop, Subject, as_number, concrete


def given_gradient(subject: Subject, gradient: Callable[..., Any], y: Any) -> Backprop:
    """What the caller's own function says, in the order of the slots, and the rounding error to expect of f."""
    weights = subject.weights or []
    if len(weights) != 1 or np.ndim(weights[0]):
        shapes = ", ".join(str(np.shape(w)) for w in weights)
        raise TypeError(f"gradient= is the gradient of one number; f returned results of shape {shapes}: sum them")
    parts = gradients_by(subject, gradient, subject.points())
    value = concrete(y)
    eps = max(EPS, float(np.finfo(np.result_type(value)).eps))
    return Backprop(parts, 8 * eps * abs(float(value)))


def gradients_by(subject: Subject, gradient: Callable[..., Any], points: Sequence[Array]) -> list[Array]:
    """What the caller's function returns at a point, one array for each slot."""
    with subject.placed(points) as (_, args):
        found = gradient(*args)
    several = len(subject.inputs) > 1 and isinstance(found, tuple | list)
    pairs = zip(subject.inputs, found, strict=False) if several else [(subject.inputs[0], found)]
    entries = [leaf for x, part in pairs for leaf in leaves(in_order_of(x, part, "what gradient returns"))]
    parts = [as_number(entry, "gradient must return an array for each input; it") for entry in entries]
    slots = subject.slots
    if any(np.iscomplexobj(part) for part in parts):
        raise TypeError("gradient must return real numbers; it returned complex ones")
    if len(parts) != len(slots) or (several and len(found) != len(subject.inputs)):
        count = len(found) if several else len(parts)
        raise TypeError(f"gradient must return one array for each of {len(slots)} inputs; it returned {count}")
    for slot, g in zip(slots, parts, strict=True):
        if g.shape != slot.data.shape:
            raise GradientShapeError(misshaped(slot.name, slot.data.shape, g.shape))
    return [np.asarray(g, float) for g in parts]


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

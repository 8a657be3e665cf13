"""What all losses share: a target for each prediction, and the way from many losses to one."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from .aside import aside
from .operand import Operand, array_like, converted, no_number

Reduction = Literal["mean", "sum", "none"]


# -- from losses to a loss ---------------------------------------------------------------------
def check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none"; got {reduction!r}')


def reduced(losses: Any, reduction: str) -> Any:
    """The losses as they are, their sum, or their mean."""
    if reduction == "none":
        return losses
    if reduction == "mean" and isinstance(losses, Operand):
        return np.mean(losses)
    total = np.add.reduce(losses, axis=None)
    return total / np.size(losses) if reduction == "mean" else total


def unless_mean(reduction: str) -> dict[str, Any]:
    """reduction as a parameter of an operation: the default is left out, and need not be sorted among the others."""
    return {} if reduction == "mean" else {"reduction": reduction}


def share(g: Any, count: int, reduction: str) -> Any:
    """What each of count losses receives of the gradient of their reduction."""
    return g / count if reduction == "mean" else g


# -- a target for each prediction --------------------------------------------------------------
def compared(name: str, prediction: Any, target: Any, reduction: str) -> tuple[Any, Any]:
    """The operands of a loss that compares entry by entry, checked, the target as `beside` the prediction."""
    check_reduction(reduction)
    check_given(name, prediction=prediction, target=target)
    prediction = array_like(prediction)
    target = beside(prediction, target)
    if prediction.shape != target.shape:
        check_same_shape(name, prediction=prediction, target=target)
    return prediction, target


def check_given(name: str, **operands: Any) -> None:
    """Refuse a model in the place of its prediction, and None."""
    for role, x in operands.items():
        if x is None or callable(x):
            seen = "None" if x is None and role == "target" else no_number(x)
            raise TypeError(f"{name}: the {role} is {seen}")


def beside(prediction: Any, target: Any) -> Any:
    """A plain target in the prediction's dtype: whole numbers and masks are targets too, and float32 stays float32."""
    if isinstance(target, Operand) or (type(target) is np.ndarray and target.dtype == prediction.dtype):
        return target
    array = np.asarray(target)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"targets and weights are real numbers; got {array.dtype}")
    dtype = np.result_type(prediction, np.float32)
    return array if array.dtype == dtype else np.asarray(converted(array, dtype))


def check_same_shape(name: str, **operands: Any) -> None:
    """Refuse silent broadcasting: a column of predictions against a row of targets is a mistake."""
    (first, x), *others = operands.items()
    shape = np.shape(x)
    for role, other in others:
        if np.shape(other) != shape:
            raise ValueError(f"{name}: {misfit(first, shape, role, np.shape(other))}")


def misfit(first: str, shape: tuple[int, ...], role: str, other: tuple[int, ...]) -> str:
    """What would become of two shapes that differ, and what to do about it."""
    seen = f"{first} {shape} and {role} {other}"
    try:
        together = np.broadcast_shapes(shape, other)
    except ValueError:
        return f"{seen} must have the same shape"
    if math.prod(shape) == math.prod(other):
        crossed = f", every {first} compared with every {role}" if together not in (shape, other) else ""
        rows = ", ".join(map(str, (-1, *shape[1:]) if shape else ("()",)))
        return f"{seen} would broadcast to {together}{crossed}; use {role}.reshape({rows})"
    whom = first if other == together else role
    return f"{seen} would broadcast to {together}; if that is meant, use np.broadcast_to({whom}, {together})"


def broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of this shape can be repeated to the target shape."""
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))


@aside
def check_signs(name: str, target: Any) -> None:
    """Refuse targets other than -1 and 1, such as the 0 and 1 of the logistic losses."""
    if not np.all((target == 1) | (target == -1)):
        seen = np.unique(target)
        advice = ": use 2 * target - 1" if np.all((target == 0) | (target == 1)) else ""
        shown = f"{seen.tolist()}" if seen.size <= 4 else f"{seen[0]:.6g} to {seen[-1]:.6g}"
        raise ValueError(f"{name} takes targets -1 and 1; got {shown}{advice}")


SLACK = 1e-6  # by which rounding may carry a probability or its logarithm past its bound


@aside
def check_shares(name: str, target: Any) -> None:
    """Refuse targets that are no probabilities of yes, such as the -1 and 1 of the hinge losses."""
    low, high = np.minimum.reduce(target, axis=None, initial=0), np.maximum.reduce(target, axis=None, initial=1)
    if low < -SLACK or high > 1 + SLACK:
        advice = ": for -1 and 1 use (target + 1) / 2" if np.all(np.abs(target) == 1) else ""
        raise ValueError(f"{name} takes targets from 0 to 1; got {np.min(target):.6g} to {np.max(target):.6g}{advice}")

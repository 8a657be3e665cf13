"""Vectors made and scaled: one-hot rows, unit length, bounded length."""

from __future__ import annotations

from typing import Any

import numpy as np

from .aside import aside
from .operand import Operand, array_like
from .scalars import plain_settings
from .shapes import Axes


def one_hot(labels: Any, num_classes: int | None = None, dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """Rows of zeros with a 1 at each label: labels of any shape S make an array of shape (*S, num_classes).

    num_classes is the largest label plus 1 unless given.
    Raises TypeError for labels that are not plain integers, ValueError for one outside the range.

    >>> one_hot([1, 0], num_classes=3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    if isinstance(labels, Operand):
        raise TypeError(f"labels carry no gradient and must be plain integers; got a {type(labels).__name__}")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers; got {labels.dtype}")
    classes = num_classes if num_classes is not None else count_classes(labels)
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}; got {labels.min()} to {labels.max()}")
    return np.asarray(labels[..., None] == np.arange(classes), dtype)


@aside
def count_classes(labels: Any) -> int:
    return int(labels.max()) + 1 if labels.size else 0


def length(x: Any, axis: Axes) -> Any:
    """The Euclidean norm over axis, which is kept; flat at a zero vector, where the root would be steep."""
    total = np.sum(np.square(x), axis=axis, keepdims=True)
    nonzero = total > 0
    return np.where(nonzero, np.sqrt(np.where(nonzero, total, 1)), 0)


@plain_settings
def normalize(x: Any, axis: Axes = -1, eps: float = 1e-12) -> Any:
    """x / max(norm(x), eps): vectors of Euclidean length 1 along axis.

    A zero vector stays zero, and its gradient is 0.

    >>> from tinygrad_opt import Value
    >>> v = Value([3.0, 4.0])
    >>> u = normalize(v)
    >>> u[0].backward()
    >>> u.data.round(2).tolist(), v.grad.round(3).tolist()
    ([0.6, 0.8], [0.128, -0.096])
    """
    x = array_like(x)
    norm = length(x, axis)
    return np.where(norm > 0, x, 0) / np.maximum(norm, eps)


@plain_settings
def clip_by_norm(x: Any, max_norm: float, axis: Axes = None) -> Any:
    """x, scaled down to the Euclidean norm max_norm where it is longer; axis None takes x as one vector.

    The scale is differentiated too; within the ball the gradient passes.
    Raises ValueError for a max_norm that is not positive.

    >>> clip_by_norm([3.0, 4.0], 1.0).round(2).tolist()
    [0.6, 0.8]
    """
    if not max_norm > 0:
        raise ValueError(f"clip_by_norm needs a positive max_norm; got {max_norm}")
    x = array_like(x)
    return x * (max_norm / np.maximum(length(x, axis), max_norm))

"""Sparsemax: probabilities of which many are exactly 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .activations import relu
from .operand import array_like, concrete


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The probabilities over axis that are nearest to x: max(x - tau, 0), with the tau for which they sum to 1.

    Softmax gives every entry something; here, those more than 1 below the largest, and often more, get exactly 0.
    Their slope is 0; over the others, the gradient less its mean (Martins & Astudillo, 2016, equations 3 to 5 and 14,
    arXiv:1602.02068).  Keras 3.15 gives all 0 for the example below, which is not that.

    >>> sparsemax([2.0, 1.8, 0.0])
    array([0.6, 0.4, 0. ])
    """
    x = array_like(x)
    axis = normalize_axis_index(axis, np.ndim(x), "sparsemax")
    plain = concrete(x)
    top = np.max(plain, axis=axis, keepdims=True)
    kept = support(plain - top, axis)
    x = x - top  # a constant, which moves tau as much: nothing changes but that large numbers lose no digits
    size = np.sum(kept, axis=axis, keepdims=True, dtype=plain.dtype)
    tau = (np.sum(np.where(kept, x, 0), axis=axis, keepdims=True) - 1) / size
    return relu(x - tau)


def support(x: Any, axis: int) -> Any:
    """Which entries stay above 0: those of rank k with 1 + k x[k] above the sum of the k largest; nan is one."""
    falling = np.flip(np.sort(x, axis=axis), axis)
    rank = np.expand_dims(np.arange(1, x.shape[axis] + 1), tuple(range(1, x.ndim - axis)))
    size = np.sum(~(1 + rank * falling <= np.cumsum(falling, axis=axis)), axis=axis, keepdims=True)
    return ~(x < np.take_along_axis(falling, np.maximum(size, 1) - 1, axis))

"""Rules of the products of vectors and matrices, for every shape that NumPy takes.

For two matrices out = x @ y they are the textbook pair dx = g @ y.T and dy = x.T @ g; a vector on
either side stands for a row or a column, and leading axes are a batch.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .rules import differentiable


def matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g * y if x.ndim == 1 else np.expand_dims(g, -1) * y
    if x.ndim == 1:
        return np.squeeze(y @ np.expand_dims(g, -1), -1)
    return g @ y.mT


def matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return g * x if y.ndim == 1 else np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if y.ndim == 1:
        return np.squeeze(x.mT @ np.expand_dims(g, -1), -1)
    if y.ndim == 2 and x.ndim > 2:
        return rows(x).mT @ rows(g)  # one large product instead of a batch of small ones to be summed
    return x.mT @ g


def rows(x: Any) -> Any:
    """All leading axes joined: a matrix whose rows are the last axis."""
    if x.ndim == 2:
        return x
    *lead, last = np.shape(x)
    return np.reshape(x, (math.prod(lead), last))


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """A layer of neurons in one operation: x @ weight.T + bias.

    x (..., D), weight (K, D), bias (K,)  ->  (..., K)
    """
    out = x @ weight.mT
    if type(bias) is np.ndarray and bias.dtype is out.dtype and bias.shape == out.shape[-1:]:
        out += bias  # a third less time than with a second array
        return out
    return out + bias


def dot_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return g * y
    if np.ndim(y) <= 2:
        return matmul_left(g, out, x, y)
    columns = dot_columns(y)
    return np.reshape(np.reshape(g, (math.prod(np.shape(x)[:-1]), np.shape(columns)[1])) @ columns.mT, np.shape(x))


def dot_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return g * x
    if np.ndim(y) <= 2:
        return matmul_right(g, out, x, y)
    columns = dot_columns(y)
    flat = rows(x).mT @ np.reshape(g, (math.prod(np.shape(x)[:-1]), np.shape(columns)[1]))
    rest = (*np.shape(y)[:-2], np.shape(y)[-1])
    return np.moveaxis(np.reshape(flat, (np.shape(x)[-1], *rest)), 0, -2)


def dot_columns(y: Any) -> Any:
    """y as a matrix whose rows are the axis that np.dot sums over, the last but one."""
    moved = np.moveaxis(y, -2, 0)
    first, *rest = np.shape(moved)
    return np.reshape(moved, (first, math.prod(rest)))


differentiable(np.matmul, matmul_left, matmul_right, scalar=operator.matmul)
differentiable(np.dot, dot_left, dot_right)
differentiable(
    np.outer,
    lambda g, out, x, y: np.reshape(g @ np.ravel(y), np.shape(x)),
    lambda g, out, x, y: np.reshape(np.ravel(x) @ g, np.shape(y)),
)
linear = differentiable(
    linear,
    lambda g, out, x, weight, bias: g @ weight,
    lambda g, out, x, weight, bias: rows(g).mT @ rows(x),
    lambda g, out, x, weight, bias: g,
)

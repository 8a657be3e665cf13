"""Products of vectors and matrices, for every shape that NumPy takes.

For two matrices out = x @ y they are the textbook pair dx = g @ y.T and dy = x.T @ g; a vector on
either side stands for a row or a column, and leading axes are a batch.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from .rules import composed, differentiable


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


def product(x: Any, y: Any) -> Any:
    """x @ y; a small matrix of numbers by the method dot, which takes a third less time.

    It fills its result with zeros first, so that a large one takes longer.
    """
    if type(x) is type(y) is np.ndarray and x.ndim == y.ndim == 2 and len(x) * y.shape[1] <= 4096:
        return x.dot(y)
    return x @ y


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """A layer of neurons in one operation: x @ weight.T + bias.

    x (..., D), weight (K, D), bias (K,) or None  ->  (..., K)

    >>> from tinygrad_opt import Value
    >>> weight = Value([[1.0, 2.0]])
    >>> y = linear(Value([3.0, 4.0]), weight, [0.5])
    >>> y.sum().backward()
    >>> print(y.data, weight.grad)
    [11.5] [[3. 4.]]
    """
    out = product(x, weight.mT)
    if bias is None:
        return out
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
    lambda g, out, x, weight, bias: product(g, weight),
    lambda g, out, x, weight, bias: product(rows(g).mT, rows(x)),
    lambda g, out, x, weight, bias: g,
    optional=True,
)


# -- the cross product -------------------------------------------------------------------------
def cross(a: Any, b: Any) -> Any:
    """The vector at right angles to two vectors of length 3 along the last axis, as long as the area they span."""
    return np.cross(a, b)


cross = differentiable(cross, lambda g, out, a, b: cross(b, g), lambda g, out, a, b: cross(g, a))


@composed(np.cross, np.linalg.cross)
def cross_over_axes(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """np.cross of vectors of length 3; NumPy 2 gives up those of length 2."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    shapes = np.shape(a), np.shape(b)
    lengths = [
        shape[i] if -len(shape) <= i < len(shape) else 0 for shape, i in zip(shapes, (axisa, axisb), strict=True)
    ]
    if lengths != [3, 3]:
        raise ValueError(
            f"cross takes vectors of length 3; got shapes {shapes[0]} and {shapes[1]} with the vectors along "
            f"axes {axisa} and {axisb}. In the plane the product is a[0] * b[1] - a[1] * b[0]"
        )
    return moved(cross(moved(a, axisa, -1), moved(b, axisb, -1)), -1, axisc)


def moved(x: Any, source: int, destination: int) -> Any:
    return x if source == destination else np.moveaxis(x, source, destination)


# -- products written in others ----------------------------------------------------------------
@composed(np.linalg.matmul)
def matmul(x1: Any, x2: Any) -> Any:
    return x1 @ x2


@composed(np.linalg.outer)
def outer(x1: Any, x2: Any) -> Any:
    """np.outer of two vectors, and of nothing else."""
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"linalg.outer takes two vectors; got shapes {np.shape(x1)} and {np.shape(x2)}")
    return np.outer(x1, x2)


@composed(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The inner product of all entries."""
    if np.size(a) != np.size(b):
        raise ValueError(f"vdot: shapes {np.shape(a)} and {np.shape(b)}: as many entries in the one as in the other")
    return np.dot(np.ravel(a), np.ravel(b))


@composed(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: every entry of a times all of b, block by block."""
    ndim = max(np.ndim(a), np.ndim(b))
    left, right = ((1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b))
    blocks = np.reshape(a, [n for pair in zip(left, (1,) * ndim, strict=True) for n in pair])
    entries = np.reshape(b, [n for pair in zip((1,) * ndim, right, strict=True) for n in pair])
    return np.reshape(blocks * entries, [m * n for m, n in zip(left, right, strict=True)])


@composed(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices in the order that takes the fewest multiplications.

    The first may be a row and the last a column of numbers, as for ``@``.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> x = Value([[1.0, 2.0]])
    >>> np.linalg.multi_dot([x, np.eye(2), x.T]).data
    array([[5.]])
    """
    arrays = list(arrays)
    shapes = [np.shape(x) for x in arrays]
    inner = [len(shape) == 2 for shape in shapes[1:-1]]
    if len(arrays) < 2 or not all(inner) or {len(shapes[0]), len(shapes[-1])} - {1, 2}:
        raise ValueError(f"multi_dot takes two matrices or more, and a vector at either end; got shapes {shapes}")
    first = shapes[0][0] if len(shapes[0]) == 2 else 1
    lengths = [first, *(shape[0] for shape in shapes[1:]), shapes[-1][1] if len(shapes[-1]) == 2 else 1]

    @functools.cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """How many multiplications arrays[i:j] take, and the place of the last product."""
        if j - i == 1:
            return 0, i
        ways = ((k, lengths[i] * lengths[k] * lengths[j]) for k in range(i + 1, j))
        return min((cheapest(i, k)[0] + cheapest(k, j)[0] + last, k) for k, last in ways)

    def product(i: int, j: int) -> Any:
        k = cheapest(i, j)[1]
        return arrays[i] if j - i == 1 else product(i, k) @ product(k, j)

    return product(0, len(arrays))

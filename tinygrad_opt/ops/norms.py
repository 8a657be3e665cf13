"""Norms of vectors and matrices, and the condition number.

At special points: the zero vector has gradient 0, and so has a zero entry under any p; the largest
entry, column or singular value shares its gradient equally among ties; singular values that are zero
to rounding add nothing to the gradient of the nuclear norm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .factorizations import largest, svdvals
from .reductions import spread
from .rules import composed, differentiable
from .shapes import Axes


# -- vectors -----------------------------------------------------------------------------------
def p_norm(x: Any, p: float = 2, axis: Axes = None, keepdims: bool = False) -> Any:
    """sum(|x|^p)^(1/p) over axis, for p other than 0 and the infinities."""
    if p == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def p_norm_rule(g: Any, out: Any, x: Any, p: float = 2, axis: Axes = None, keepdims: bool = False) -> Any:
    """x / |x| to the power p - 1, entry by entry with its sign; zero entries and vectors get 0."""
    size = spread(out, np.shape(x), axis, keepdims)
    share = x * (size != 0) / (size + (size == 0))
    if p != 2:
        share = np.sign(x) * (np.abs(share) + (share == 0)) ** (p - 1)
    return spread(g, np.shape(x), axis, keepdims) * share


p_norm = differentiable(p_norm, p_norm_rule, analytic=False)


def over_vectors(x: Any, ord: Any, axis: Axes, keepdims: bool) -> Any:
    """The norm of the vectors along axis, of whatever order."""
    if ord == math.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(np.abs(np.sign(x)), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return p_norm(x, p=2 if ord is None else ord, axis=axis, keepdims=keepdims)


@composed(np.linalg.vector_norm)
def vector_norm(x: Any, axis: Axes = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of all entries, or of those along one axis or several."""
    if isinstance(ord, str):
        raise ValueError(f"vector_norm takes a number for ord, or inf or -inf; got {ord!r}")
    return over_vectors(x, ord, axis, keepdims)


# -- matrices ----------------------------------------------------------------------------------
MATRIX_ORDERS = (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


def over_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The norm of the matrices whose rows and columns are along two axes."""
    if ord not in MATRIX_ORDERS:
        raise ValueError(f'a norm of matrices has ord None, "fro", "nuc", 1, -1, 2, -2, inf or -inf; got {ord!r}')
    rows, columns = axes
    if ord in (None, "fro"):
        return p_norm(x, axis=axes, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        out = of_singular_values(np.moveaxis(x, axes, (-2, -1)), ord)
    else:
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=along, keepdims=True)
        out = np.squeeze((np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True), axes)
    return np.expand_dims(out, axes) if keepdims else out


def of_singular_values(x: Any, ord: Any) -> Any:
    """The sum, the largest or the smallest of the singular values."""
    s = svdvals(x)
    if ord == "nuc":
        rounding = max(np.shape(x)[-2:]) * np.finfo(s.dtype).eps * largest(s)
        return np.sum(np.where(s > np.expand_dims(rounding, -1), s, 0), axis=-1)
    return np.max(s, axis=-1) if ord == 2 else np.min(s, axis=-1)


@composed(np.linalg.matrix_norm)
def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes."""
    if np.ndim(x) < 2:
        raise ValueError(f"matrix_norm takes matrices, in the last two axes; got shape {np.shape(x)}")
    return over_matrices(x, ord, (np.ndim(x) - 2, np.ndim(x) - 1), keepdims)


@composed(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """np.linalg.norm: of the vectors along one axis, of the matrices along two, or of all entries.

    Raises ValueError for an order that is none, and for one given to more than two axes.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> x = Value([3.0, 4.0])
    >>> np.linalg.norm(x).backward()
    >>> x.grad
    array([0.6, 0.8])
    """
    ndim = np.ndim(x)
    if axis is None and ord is None:
        return p_norm(x, axis=None, keepdims=keepdims)
    axes = normalize_axis_tuple(range(ndim) if axis is None else axis, ndim, "np.linalg.norm")
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"a norm of vectors takes a number for ord, or inf or -inf; got {ord!r}")
        return over_vectors(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm over axes {axes} of shape {np.shape(x)}: give axis= one axis or two")
    return over_matrices(x, ord, axes, keepdims)


@composed(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number: by singular values, largest over smallest, or norm(x, p) * norm(inv(x), p)."""
    if p in (None, 2, -2):
        s = svdvals(x)
        high, low = s[..., 0], s[..., -1]
        return low / high if p == -2 else high / low
    return matrix_norm(x, ord=p) * matrix_norm(np.linalg.inv(x), ord=p)

"""Determinants of square matrices; leading axes are a batch.

The gradient of det is the matrix of cofactors, which is finite and exact at singular matrices too;
so is the second derivative.  The third needs a matrix that has an inverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .operand import concrete
from .reductions import product_of_others
from .rules import composed, differentiable


def cofactor(a: Any) -> Any:
    """The cofactors of a square matrix, which are det(a) * inv(a).T if it has an inverse.

    With a = u @ diag(s) @ vh they are det(u) det(vh) u @ diag(product of all other s) @ vh.
    """
    u, s, vh = np.linalg.svd(a)
    return (orientation(u, vh) * u * np.expand_dims(product_of_others(s, axis=-1), -2)) @ vh


def cofactor_change(a: Any, along: Any) -> Any:
    """How the cofactors of a change along a direction: the second derivatives of det, summed with it."""
    u, s, vh = np.linalg.svd(a)
    inner = np.matrix_transpose(u) @ along @ np.matrix_transpose(vh)
    others = all_but_two(s)
    diagonal = others @ np.expand_dims(np.linalg.diagonal(inner), -1)
    return (
        orientation(u, vh)
        * u
        @ (np.eye(s.shape[-1], dtype=s.dtype) * diagonal - others * np.matrix_transpose(inner))
        @ vh
    )


def orientation(u: Any, vh: Any) -> Any:
    """det(u) det(vh), which is 1 or -1, for stacks of orthogonal matrices."""
    return np.rint(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def all_but_two(s: Any) -> Any:
    """At (i, j) the product of all entries but these two, and 0 at (i, i): no division, so zeros do no harm."""
    n = s.shape[-1]
    above = np.tri(n, k=-1, dtype=bool).T
    after_i = np.where(above, np.expand_dims(s, -2), 1)
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    between = np.cumprod(np.concatenate([np.ones_like(after_i[..., :1]), after_i[..., :-1]], axis=-1), axis=-1)
    upper = above * np.expand_dims(before, -1) * between * np.expand_dims(after, -2)
    return upper + np.matrix_transpose(upper)


def cofactor_change_rule(g: Any, out: Any, a: Any, along: Any) -> Any:
    """The third derivatives of det, from (c <c, h> - c h.T c) / det, in which c are the cofactors."""
    c, det = cofactor(a), over_matrix(np.linalg.det(a))
    turned = g @ c.mT @ along + along @ c.mT @ g
    slope = g * inner(c, along) + along * inner(c, g) - turned
    return (cofactor_change(a, slope) - inner(g, out) * c) / det


def inner(a: Any, b: Any) -> Any:
    """The inner product of two matrices, with the axes to multiply a matrix by."""
    return np.sum(a * b, axis=(-2, -1), keepdims=True)


def over_matrix(x: Any) -> Any:
    """One number a matrix, with the axes to multiply a matrix by."""
    return np.expand_dims(x, (-2, -1))


def logabsdet(a: Any) -> Any:
    """log|det(a)|, without overflow."""
    return np.linalg.slogdet(a)[1]


def inverse(a: Any) -> Any:
    """inv(a) for the slope of log|det(a)|, which is infinite where there is none."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            f"slogdet of shape {np.shape(a)}: log|det| is -inf at a singular matrix and its gradient infinite. "
            "Add a multiple of the identity, or use np.linalg.det, whose gradient is finite"
        ) from None


@composed(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """NumPy's pair: the sign of the determinant, plain as it has no gradient, and log|det(a)|.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[0.0, 2.0], [4.0, 0.0]])
    >>> sign, logabsdet = np.linalg.slogdet(a)
    >>> logabsdet.backward()
    >>> float(sign), a.grad.tolist()
    (-1.0, [[0.0, 0.5], [0.25, 0.0]])
    """
    value = logabsdet(a)
    plain = np.linalg.slogdet(concrete(a))
    return type(plain)(plain.sign, value)


# fmt: off
differentiable(np.linalg.det,       lambda g, out, a: over_matrix(g) * cofactor(a), analytic=False)
cofactor = differentiable(cofactor, lambda g, out, a: cofactor_change(a, g), analytic=False)
cofactor_change = differentiable(
    cofactor_change,                cofactor_change_rule,
                                    lambda g, out, a, along: cofactor_change(a, g), analytic=False)
logabsdet = differentiable(logabsdet, lambda g, out, a: over_matrix(g) * inverse(a).mT, analytic=False)
# fmt: on

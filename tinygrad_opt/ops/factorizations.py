"""Factorizations of matrices: cholesky, eigh, svd and qr; leading axes are a batch.

A factorization is one node that holds its factors stacked in one array, of which NumPy's named
tuple takes slices.

cholesky and eigh are functions of the symmetric part, (a + a.T) / 2, where NumPy reads one triangle:
the same for the symmetric matrices they are meant for, and the gradient is symmetric, as in PyTorch
and JAX.

The vectors of an eigenvalue or singular value that comes twice are one choice of many.  What they
share is left out of the gradient there instead of dividing by zero: it is finite, and right for
functions of the values alone.  A function of the vectors has more to its slope than they can tell,
even one that does not depend on the choice: for powers and exponentials take matrix_power and expm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .linalg import check_square
from .operand import concrete
from .rules import composed, differentiable


def symmetric(x: Any) -> Any:
    """The symmetric part of square matrices."""
    return (x + np.matrix_transpose(x)) / 2


# -- gaps between values -----------------------------------------------------------------------
def apart(gaps: Any, size: Any) -> Any:
    """Where gaps are more than rounding, beside numbers up to the given size, one for each matrix."""
    plain = np.abs(concrete(gaps))
    rounding = 4 * gaps.shape[-1] * np.finfo(plain.dtype).eps * concrete(size)
    return plain > rounding[..., None, None]


def largest(w: Any) -> Any:
    """The largest absolute value in each row of w, as a plain number."""
    return np.max(np.abs(concrete(w)), axis=-1, initial=0)


def inverse_gaps(w: Any) -> Any:
    """1 / (w[j] - w[i]) at (i, j); 0 on the diagonal and where the two are equal to rounding."""
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    differ = apart(gaps, largest(w))
    return differ / np.where(differ, gaps, 1)


# -- cholesky ----------------------------------------------------------------------------------
def cholesky(a: Any) -> Any:
    """The lower triangular x with positive diagonal for which x @ x.T is a."""
    return np.linalg.cholesky(symmetric(a))


def cholesky_rule(g: Any, out: Any, a: Any) -> Any:
    """Murray, "Differentiation of the Cholesky decomposition" (arXiv 1602.07527), section 3.1."""
    lower_half = np.tri(out.shape[-1], dtype=out.dtype) - np.eye(out.shape[-1], dtype=out.dtype) / 2
    inner = np.linalg.solve(out.mT, lower_half * (out.mT @ g))
    return symmetric(np.linalg.solve(out.mT, inner.mT))


cholesky = differentiable(cholesky, cholesky_rule, analytic=False)


@composed(np.linalg.cholesky)
def cholesky_of_either_triangle(a: Any, upper: bool = False) -> Any:
    """np.linalg.cholesky of the symmetric part of a.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[4.0, 2.0], [2.0, 5.0]])
    >>> factor = np.linalg.cholesky(a)
    >>> factor.data
    array([[2., 0.],
           [1., 2.]])
    >>> np.sum(np.log(np.linalg.diagonal(factor))).backward()  # half of log(det(a))
    >>> a.grad * 32
    array([[ 5., -2.],
           [-2.,  4.]])
    """
    check_square("cholesky", a)
    factor = cholesky(a)
    return np.matrix_transpose(factor) if upper else factor


# -- eigenvalues -------------------------------------------------------------------------------
def stacked_eigh(a: Any) -> Any:
    """Eigenvalues w and vectors v of the symmetric part of a, as rows [w; v]."""
    w, v = np.linalg.eigh(symmetric(a))
    return np.concatenate([w[..., None, :], v], axis=-2)


def eigh_rule(g: Any, out: Any, a: Any) -> Any:
    """Giles, "Collected matrix derivative results" (2008), section 3.1."""
    v, gv = out[..., 1:, :], g[..., 1:, :]
    values = np.eye(out.shape[-1], dtype=out.dtype) * g[..., :1, :]
    return symmetric(v @ (values + inverse_gaps(out[..., 0, :]) * (v.mT @ gv)) @ v.mT)


stacked_eigh = differentiable(stacked_eigh, eigh_rule, analytic=False)
EIGH_RESULT: Any = type(np.linalg.eigh(np.eye(1)))


@composed(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues in ascending order and orthonormal eigenvectors, in columns, of the symmetric part of a.

    The sign of each vector is LAPACK's choice; UPLO changes nothing, as both triangles are read.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[2.0, 1.0], [1.0, 2.0]])
    >>> w, v = np.linalg.eigh(a)
    >>> w[1].backward()
    >>> a.grad.round(12)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    check_square("eigh", a)
    rows = stacked_eigh(a)
    return EIGH_RESULT(rows[..., 0, :], rows[..., 1:, :])


@composed(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of the symmetric part of a, in ascending order."""
    return eigh(a)[0]


# -- singular values ---------------------------------------------------------------------------
def stacked_svd(a: Any) -> Any:
    """Singular values s and vectors u, v, as rows [u; s; v]; a = u @ diag(s) @ v.T.

    a (..., m, n)  ->  (..., m + 1 + n, min(m, n))
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], np.matrix_transpose(vh)], axis=-2)


def svd_rule(g: Any, out: Any, a: Any) -> Any:
    """Townsend, "Differentiating the singular value decomposition" (2016).

    A zero singular value has vectors as free as those of a double one: their part is left out too.
    """
    m, n = np.shape(a)[-2:]
    u, s, v = out[..., :m, :], out[..., m, :], out[..., m + 1 :, :]
    gu, gs, gv = g[..., :m, :], g[..., m : m + 1, :], g[..., m + 1 :, :]
    gaps, sums = inverse_gaps(s), np.expand_dims(s, -2) + np.expand_dims(s, -1)
    some = apart(sums, largest(s))
    gaps = gaps * some / np.where(some, sums, 1)
    row, col = np.expand_dims(s, -2), np.expand_dims(s, -1)
    left, right = u.mT @ gu, v.mT @ gv
    inner = np.eye(s.shape[-1], dtype=out.dtype) * gs + gaps * (left - left.mT) * row + col * gaps * (right - right.mT)
    part = u @ inner @ v.mT
    some = apart(row, largest(s))
    inverse = some / np.where(some, row, 1)
    if m > n:
        part = part + ((gu - u @ left) * inverse) @ v.mT
    if n > m:
        part = part + u @ ((gv - v @ right) * inverse).mT
    return part


stacked_svd = differentiable(stacked_svd, svd_rule, analytic=False)
SVD_RESULT: Any = type(np.linalg.svd(np.eye(1)))


@composed(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """NumPy's singular value decomposition; with compute_uv=False the singular values alone.

    The sign of each pair of vectors is LAPACK's choice.
    Raises ValueError for the full matrices of one that is not square, as the added vectors have no derivative.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[3.0, 0.0], [0.0, -2.0]])
    >>> np.sum(np.linalg.svd(a, compute_uv=False)).backward()
    >>> a.grad.tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    shape = np.shape(a)
    if len(shape) < 2:
        raise ValueError(f"svd takes matrices, in the last two axes; got shape {shape}")
    if hermitian:
        raise ValueError("svd(hermitian=True) on a Value: use np.linalg.eigh")
    if compute_uv and full_matrices and shape[-1] != shape[-2]:
        raise ValueError(
            f"svd of shape {shape} with full_matrices=True adds vectors that are any basis of what is left, "
            "and have no derivative: pass full_matrices=False"
        )
    rows, m = stacked_svd(a), shape[-2]
    if not compute_uv:
        return rows[..., m, :]
    return SVD_RESULT(rows[..., :m, :], rows[..., m, :], np.matrix_transpose(rows[..., m + 1 :, :]))


@composed(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """The singular values, in descending order."""
    return svd(x, compute_uv=False)


# -- qr ----------------------------------------------------------------------------------------
def stacked_qr(a: Any) -> Any:
    """q with orthonormal columns and upper triangular r, as rows [q; r.T]; a = q @ r.

    a (..., m, n)  ->  (..., m + n, min(m, n))
    """
    q, r = np.linalg.qr(a)
    return np.concatenate([q, np.matrix_transpose(r)], axis=-2)


def qr_rule(g: Any, out: Any, a: Any) -> Any:
    """Walter & Lehmann (2010) for m >= n; for wide matrices Liao, Liu, Wang & Xiang (2019), section 3.

    The columns beyond the first m of a wide matrix are q @ the rest of r, whose gradient joins q's.
    """
    m, n = np.shape(a)[-2:]
    k = min(m, n)
    q, rt, gq, grt = out[..., :m, :], out[..., m : m + k, :], g[..., :m, :], g[..., m : m + k, :]
    beyond = g[..., m + k :, :].mT
    if n > m:
        gq = gq + a[..., k:] @ beyond.mT
    mixed = rt.mT @ grt - gq.mT @ q
    lower = np.tri(k, dtype=out.dtype)
    strictly = lower - np.eye(k, dtype=out.dtype)
    part = triangular_solve(rt.mT, (gq + q @ (mixed * lower + (mixed * strictly).mT)).mT, np.shape(a)).mT
    return np.concatenate([part, q @ beyond], axis=-1) if n > m else part


def triangular_solve(r: Any, b: Any, shape: tuple[int, ...]) -> Any:
    try:
        return np.linalg.solve(r, b)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            f"qr of shape {shape}: the first columns depend on each other, and qr has no gradient there. "
            "Leave out such columns, or use np.linalg.svd"
        ) from None


stacked_qr = differentiable(stacked_qr, qr_rule, analytic=False)
QR_RESULT: Any = type(np.linalg.qr(np.eye(1)))


@composed(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """NumPy's reduced QR decomposition, of matrices with independent first columns; with mode="r" r alone.

    Raises ValueError for mode="complete" of a matrix with more rows than columns, and for mode="raw".

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[3.0], [4.0]])
    >>> q, r = np.linalg.qr(a)
    >>> abs(r).sum().backward()  # the length of the column
    >>> a.grad.round(12).tolist()
    [[0.6], [0.8]]
    """
    shape = np.shape(a)
    if len(shape) < 2:
        raise ValueError(f"qr takes matrices, in the last two axes; got shape {shape}")
    if mode not in ("reduced", "r") and not (mode == "complete" and shape[-2] <= shape[-1]):
        raise ValueError(f'qr of shape {shape} on a Value takes mode="reduced" or "r"; got {mode!r}')
    rows, m = stacked_qr(a), shape[-2]
    r = np.matrix_transpose(rows[..., m:, :])
    return r if mode == "r" else QR_RESULT(rows[..., :m, :], r)

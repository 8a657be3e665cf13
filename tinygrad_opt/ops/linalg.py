"""Systems of equations, inverses and powers of matrices; leading axes are a batch.

A rule uses the result at hand or solves; it inverts nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .operand import array_like, concrete
from .rules import composed, differentiable


def check_square(name: str, a: Any) -> None:
    """Refuse what is not a stack of square matrices."""
    shape = np.shape(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"{name} takes square matrices, in the last two axes; got shape {shape}")


# -- systems of equations ----------------------------------------------------------------------
def column(x: Any, like: Any) -> Any:
    """x as a stack of one-column matrices if like is the vector that np.linalg.solve takes as such."""
    return np.expand_dims(x, -1) if np.ndim(like) == 1 else x


def solve_left(g: Any, out: Any, a: Any, b: Any) -> Any:
    return -column(solve_right(g, out, a, b), b) @ column(out, b).mT


def solve_right(g: Any, out: Any, a: Any, b: Any) -> Any:
    solution = np.linalg.solve(a.mT, column(g, b))
    return np.squeeze(solution, -1) if np.ndim(b) == 1 else solution


def pinv_rule(g: Any, out: Any, a: Any, rcond: Any = None) -> Any:
    """Golub & Pereyra (1973), for matrices whose rank does not change nearby."""
    across, along = g.mT - a @ (out @ g.mT), g.mT - (g.mT @ out) @ a
    return across @ out @ out.mT + out.mT @ out @ along - out.mT @ g @ out.mT


differentiable(np.linalg.solve, solve_left, solve_right)
differentiable(np.linalg.inv, lambda g, out, a: -(out.mT @ g @ out.mT))
differentiable(np.linalg.pinv, pinv_rule, analytic=False)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The solution x of a @ x = b, where only one triangle of a is read: the upper, or with lower=True the lower.

    a (..., n, n); b (n,) or (..., n, k), as in np.linalg.solve.  NumPy has no substitution in LAPACK's
    speed, and one written in Python takes n steps: this is np.linalg.solve on the triangle.

    Raises ValueError for matrices that are not square, LinAlgError for a zero on the diagonal.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[2.0, 9.0], [1.0, 4.0]])
    >>> x = solve_triangular(a, np.array([2.0, 5.0]), lower=True)
    >>> x.data
    array([1., 1.])
    >>> np.sum(x).backward()
    >>> a.grad
    array([[-0.375, -0.   ],
           [-0.25 , -0.25 ]])
    """
    a, b = array_like(a), array_like(b)
    check_square("solve_triangular", a)
    triangle = np.tri(np.shape(a)[-1], dtype=a.dtype)
    return np.linalg.solve(a * (triangle if lower else triangle.T), b)


@composed(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The x of least norm among those that make a @ x - b smallest; then NumPy's residuals, rank and singular values.

    x is pinv(a) @ b and can be differentiated where the rank of a does not change nearby; the others are plain.
    """
    shapes = np.shape(a), np.shape(b)
    if len(shapes[0]) != 2 or len(shapes[1]) not in (1, 2) or shapes[0][0] != shapes[1][0]:
        raise ValueError(
            f"lstsq takes a matrix and a right side of as many rows; got shapes {shapes[0]} and {shapes[1]}"
        )
    if rcond is None:
        rcond = float(np.finfo(np.result_type(a, np.float32)).eps) * max(np.shape(a))
    _, *others = np.linalg.lstsq(concrete(a), concrete(b), rcond)
    return np.linalg.pinv(a, rcond=rcond) @ b, *others


# -- matrices as numbers -----------------------------------------------------------------------
@composed(np.linalg.diagonal)
def diagonal(x: Any, offset: int = 0) -> Any:
    """The diagonals of the last two axes."""
    if np.ndim(x) < 2:
        raise ValueError(f"a diagonal is of matrices, in the last two axes; got shape {np.shape(x)}")
    return np.diagonal(x, offset, -2, -1)


@composed(np.linalg.trace)
def trace(x: Any, offset: int = 0) -> Any:
    """The sums of the diagonals of the last two axes."""
    return np.sum(diagonal(x, offset), axis=-1)


@composed(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """a multiplied by itself n times, by squaring; the inverse of that for a negative n."""
    check_square("matrix_power", a)
    if not isinstance(n, int | np.integer):
        raise ValueError(f"matrix_power takes a whole exponent; got n={n!r}")
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.zeros_like(a) + np.eye(np.shape(a)[-1], dtype=a.dtype)
    if n == 1:
        return a
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half


PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
        670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)  # fmt: skip


def expm(a: Any) -> Any:
    """The exponential of square matrices, the sum over k of a^k / k!.

    The Padé approximant of degree 13 at a / 2^s, squared s times (Higham, "The scaling and squaring method for
    the matrix exponential revisited", SIAM J. Matrix Anal. Appl., 2005), in operations that have rules.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[0.0, 1.0], [0.0, 0.0]])
    >>> expm(a).data
    array([[1., 1.],
           [0., 1.]])
    """
    a = array_like(a)
    check_square("expm", a)
    size = float(np.max(np.sum(np.abs(concrete(a)), axis=-2), initial=0))
    squarings = max(0, math.ceil(math.log2(size / 5.371920351148152))) if size > 0 else 0
    a = a / 2.0**squarings
    one, a2 = np.eye(np.shape(a)[-1], dtype=a.dtype), a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    b = [coefficient / PADE[0] for coefficient in PADE]
    odd = a @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    power = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        power = power @ power
    return power

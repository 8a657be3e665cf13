"""Quasi-Newton methods: the inverse Hessian from what steps did to the gradient."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from .descent import descend, length_one
from .line_search import LineSearch, strong_wolfe
from .problem import Problem
from .result import Array, Result


def bfgs_update(inverse: Array, s: Array, y: Array) -> Array:
    """The inverse Hessian after a step s that changed the gradient by y.

    H+ = (I - rho s y') H (I - rho y s') + rho s s',  rho = 1 / y's;  then H+ y = s.

    H (n, n), s and y (n,).  H+ is positive definite if H is and y's > 0.
    Nocedal & Wright, equation 6.17.

    >>> bfgs_update(np.eye(2), np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([[0.5, 0. ],
           [0. , 1. ]])
    """
    rho = 1 / float(y @ s)
    Hy = inverse @ y
    half = np.outer(s, 0.5 * rho * (1 + rho * float(y @ Hy)) * s - rho * Hy)
    updated: Array = inverse + (half + half.T)  # written out, it would take 2.5 times as long for n = 1000
    return updated


def two_loop(gradient: Array, ss: Sequence[Array], ys: Sequence[Array]) -> Array:
    """The inverse Hessian of the steps ss and their changes ys of the gradient, oldest first, times a gradient.

    It is what `bfgs_update` makes, one pair after another, of gamma I with gamma = s'y / y'y of the
    newest pair, without a matrix: 4 m n multiplications for m pairs.
    Nocedal & Wright, Algorithm 7.4.

    >>> two_loop(np.array([2.0, 3.0]), [np.array([1.0, 0.0])], [np.array([2.0, 0.0])])
    array([1. , 1.5])
    """
    q = gradient.copy()
    rhos = [1 / (y @ s) for s, y in zip(ss, ys, strict=True)]
    alphas = []
    for s, y, rho in zip(reversed(ss), reversed(ys), reversed(rhos), strict=True):
        alphas.append(rho * (s @ q))
        q = q - alphas[-1] * y
    r = q * scale(ss[-1], ys[-1]) if ss else q
    for s, y, rho, alpha in zip(ss, ys, rhos, reversed(alphas), strict=True):
        r = r + s * (alpha - rho * (y @ r))
    return r


def scale(s: Array, y: Array) -> float:
    """gamma = s'y / y'y, the inverse curvature along y (Nocedal & Wright, equation 6.20)."""
    return float(s @ y / (y @ y))


def curves(s: Array, y: Array) -> bool:
    """Whether a pair shows positive curvature by more than rounding; one that does not is left out."""
    return bool(y @ s > np.finfo(np.float64).eps * math.sqrt((y @ y) * (s @ s)))


class InverseHessian:
    """BFGS: the whole matrix, which begins as I if none is given, or as gamma I if gamma > 1.

    A search soon puts right what is too large, not what is too small: on twenty random problems gamma < 1
    costs 2.6 times as many gradients.
    """

    def __init__(self, inverse: Array | None = None):
        self.inverse = inverse

    @property
    def fresh(self) -> bool:
        return self.inverse is None

    @property
    def least(self) -> float:
        """The least scale to begin with."""
        return 1.0

    def direction(self, gradient: Array) -> Array:
        return -gradient if self.inverse is None else -(self.inverse @ gradient)

    def first_step(self, slope: float, fell: float) -> float:
        """1, or less where a parabola that falls as far as the last step did is lowest before (equation 3.60)."""
        if self.fresh:
            return length_one(slope)
        return min(1.0, 1.01 * 2 * fell / -slope) if fell > 0 else 1.0

    def learn(self, step: float, s: Array, y: Array) -> None:
        if curves(s, y):
            inverse = np.eye(s.size) * max(self.least, scale(s, y)) if self.inverse is None else self.inverse
            self.inverse = bfgs_update(inverse, s, y)

    def forget(self) -> None:
        self.inverse = None


class LimitedMemory:
    """L-BFGS: the last pairs of s and y."""

    def __init__(self, memory: int):
        self.ss: deque[Array] = deque(maxlen=memory)
        self.ys: deque[Array] = deque(maxlen=memory)

    @property
    def fresh(self) -> bool:
        return not self.ss

    def direction(self, gradient: Array) -> Array:
        return -two_loop(gradient, self.ss, self.ys)

    def first_step(self, slope: float, fell: float) -> float:
        return length_one(slope) if self.fresh else 1.0

    def learn(self, step: float, s: Array, y: Array) -> None:
        if curves(s, y):
            self.ss.append(s)
            self.ys.append(y)

    def forget(self) -> None:
        self.ss.clear()
        self.ys.clear()


def bfgs(
    problem: Problem,
    *,
    gtol: float = 1e-8,
    max_iterations: int = 10_000,
    inverse: Array | None = None,
    line_search: LineSearch = strong_wolfe,
) -> Result:
    """BFGS: steps along -H g, where H, an (n, n) matrix, approaches the inverse Hessian.

    inverse is a guess of H to start with.  Without one H is I, or gamma I after the first step if that
    is larger.

    Raises ValueError if inverse is not a symmetric, positive definite (n, n) matrix.
    Nocedal & Wright, Algorithm 6.1.
    """
    if inverse is not None:
        inverse = checked_inverse(inverse, problem.start.size)
    return descend(problem, InverseHessian(inverse), line_search, gtol, max_iterations)


def checked_inverse(inverse: Array, n: int) -> Array:
    """A guess of the inverse Hessian of n numbers, as float64."""
    matrix = np.asarray(inverse)
    if matrix.shape != (n, n) or matrix.dtype.kind not in "biuf":
        raise ValueError(f"inverse must be a matrix of numbers of shape {(n, n)}; got {matrix.dtype} {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"inverse must be finite; got {matrix}")
    if not np.allclose(matrix, matrix.T):
        raise ValueError("inverse must be symmetric; it differs from its transpose")
    lowest = float(np.linalg.eigvalsh(matrix).min())
    if not lowest > 0:
        raise ValueError(f"inverse must be positive definite; its smallest eigenvalue is {lowest:.3g}")
    return matrix.astype(np.float64)


def lbfgs(
    problem: Problem,
    *,
    gtol: float = 1e-8,
    max_iterations: int = 10_000,
    memory: int = 10,
    line_search: LineSearch = strong_wolfe,
) -> Result:
    """L-BFGS: BFGS from the last `memory` steps only, in 2 memory n numbers.

    Raises ValueError if memory is not a positive integer.
    Liu & Nocedal, 1989; Nocedal & Wright, Algorithm 7.5.
    """
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 1:
        raise ValueError(f"memory must be a positive integer, the number of steps to remember; got {memory!r}")
    return descend(problem, LimitedMemory(memory), line_search, gtol, max_iterations)

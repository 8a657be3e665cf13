"""Newton's method: with the Hessian, made positive definite where it is not, or with its products alone."""

from __future__ import annotations

import numpy as np

from .curvature import NO_CURVATURE, Step, descend, no_step, truncated_cg
from .problem import Problem
from .result import Array, Result

FIRST_SHIFT = 1e-3  # of the Hessian's largest entry


def newton(problem: Problem, gtol: float = 1e-8, max_iterations: int = 200) -> Result:
    """Steps to the minimum of the quadratic model, halved until they lower f enough.

        (H + tau I) p = -g,  tau = 0 where H is positive definite

    Converges where every |g[i]| is at most gtol and no curvature is negative; where one is, at a saddle or
    a maximum, the next step goes along the most negative one.

    Costs for each step a gradient and a Hessian, and an evaluation for each halving.
    Raises ValueError if f or its gradient is not finite at x0.
    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.2 and 3.3.

    >>> newton(Problem(lambda x: (x[0] - 3) ** 2 + 10 * (x[1] - x[0]) ** 2, [0.0, 0.0])).x
    array([3., 3.])
    """

    def next_step(x: Array, gradient: Array, flat: bool) -> Step | None:
        hessian = problem.hessian(x)
        if not np.isfinite(hessian).all():
            return no_step(gradient)
        p = downward(hessian, gradient) if flat else shifted_newton(hessian, gradient)
        return None if p is None else Step(p, float(gradient @ p), float(p @ hessian @ p))

    return descend(problem, next_step, gtol, max_iterations)


def newton_cg(problem: Problem, gtol: float = 1e-8, max_iterations: int = 1000) -> Result:
    """Newton's method with p from conjugate gradients, for many parameters: no Hessian is made.

    The steps are solved the better the smaller the gradient is.  Where a direction has no positive
    curvature, the step found before it is taken.  Converges where every |g[i]| is at most gtol; a saddle
    that is met exactly, with a gradient of 0, is not told from a minimum.

    Costs for each step a gradient, a few products H @ v, and an evaluation for each halving.
    Raises ValueError if f or its gradient is not finite at x0.
    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.1.

    >>> newton_cg(Problem(lambda x: (x[0] - 3) ** 2 + 10 * (x[1] - x[0]) ** 2, [0.0, 0.0])).x.round(6)
    array([3., 3.])
    """

    def next_step(x: Array, gradient: Array, flat: bool) -> Step | None:
        return None if flat else truncated_cg(lambda v: problem.hvp(x, v), gradient)

    return descend(problem, next_step, gtol, max_iterations)


def shifted_newton(hessian: Array, gradient: Array) -> Array:
    """The p with (H + tau I) p = -g, for the first tau tried that makes the matrix positive definite."""
    first = FIRST_SHIFT * (float(np.abs(hessian).max()) or 1.0)
    lowest = float(np.diag(hessian).min())
    tau = 0.0 if lowest > 0 else first - lowest
    identity = np.eye(gradient.size)
    while True:
        try:
            factor = np.linalg.cholesky(hessian + tau * identity)
        except np.linalg.LinAlgError:
            tau = max(2 * tau, first)
        else:
            return np.asarray(-np.linalg.solve(factor.T, np.linalg.solve(factor, gradient)))


def downward(hessian: Array, gradient: Array) -> Array | None:
    """The direction of length 1 of the most negative curvature, down the slope; None if there is no such curvature."""
    curvatures, directions = np.linalg.eigh(hessian)
    if curvatures[0] >= -NO_CURVATURE * np.abs(curvatures).max():
        return None
    p = np.asarray(directions[:, 0])
    return -p if gradient @ p > 0 else p

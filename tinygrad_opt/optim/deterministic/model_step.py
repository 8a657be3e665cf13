"""The step that minimizes a quadratic model inside a ball, where the model's curvatures are known.

Both the exact trust-region method (eigenvalues of the Hessian) and Levenberg-Marquardt (squared
singular values of the Jacobian) take it.
"""

from __future__ import annotations

import numpy as np

from .result import Array

MAX_TRIALS = 100  # of a shift: some five are enough unless numbers overflow
NEAR = 0.1  # how near the ball's surface is near enough: the radius itself is a guess (Moré, 1978)


def step_within(curvatures: Array, slopes: Array, radius: float) -> tuple[Array, float]:
    """The q, at most radius long, with the least sum(curvatures * q**2 / 2 + slopes * q), and its shift.

        q = -slopes / (curvatures + shift),  shift >= 0,  curvatures + shift >= 0

    The shift is 0 if q fits, else such that q is as long as the radius, to a tenth.  Directions of no
    curvature and no slope are left alone.  In the hard case, no slope along the lowest curvature,
    which is negative, q is made long enough along it: both signs are as good, and + is taken.

    Source: Moré and Sorensen, 1983, Computing a trust region step; Nocedal and Wright, section 4.3.

    >>> step_within(np.array([2.0, 4.0]), np.array([-2.0, 4.0]), radius=10.0)
    (array([ 1., -1.]), 0.0)
    >>> step_within(np.array([-1.0, 1.0]), np.array([0.0, 0.0]), radius=3.0)
    (array([3., 0.]), 1.0)
    """
    lowest = float(curvatures.min())
    base = max(0.0, -lowest)
    curvatures = curvatures + base  # none is negative now
    q = shifted(curvatures, slopes, 0.0)
    length = float(np.linalg.norm(q))
    if length > (1 + NEAR) * radius:
        q, shift = on_surface(curvatures, slopes, radius)
        return q, base + shift
    if lowest < 0:
        q[np.argmin(curvatures)] += np.sqrt(max(radius**2 - length**2, 0.0))
    return q, base


def shifted(curvatures: Array, slopes: Array, shift: float) -> Array:
    """-slopes / (curvatures + shift), and 0 where there is no slope."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(-slopes, curvatures + shift, out=np.zeros_like(slopes), where=slopes != 0)


@np.errstate(all="ignore")
def on_surface(curvatures: Array, slopes: Array, radius: float) -> tuple[Array, float]:
    """The q as long as the radius, where it is longer without a shift; no curvature is negative.

    Newton's method for 1 / radius = 1 / |q(shift)|, which is nearly linear in the shift; where it
    leaves the bounds, a point between them is tried, as in MINPACK.
    """
    low, high = 0.0, float(np.linalg.norm(slopes) / radius)
    shift = 0.0
    for _ in range(MAX_TRIALS):
        if not low < shift < high < np.inf:
            shift = max(1e-3 * high, float(np.sqrt(low) * np.sqrt(high)))
        q = shifted(curvatures, slopes, shift)
        length = np.linalg.norm(q)
        if abs(length - radius) <= NEAR * radius:
            return q, shift
        low, high = (shift, high) if length > radius else (low, shift)
        fall = np.sum((q / length) ** 2 / (curvatures + shift))  # -d length / d shift, as a part of length
        shift += float((length - radius) / radius / fall)
    return shifted(curvatures, slopes, high), high

"""The residuals as a function of one vector, and their linear model at a point."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import calculus
from ...recording import no_grad
from ...tree import leaves
from ...value import Value
from .model_step import step_within
from .problem import Problem
from .result import Array

EPS = float(np.finfo(np.float64).eps)
FREE = float(np.sqrt(EPS))  # of a direction of length 1 that the Jacobian does not see: less is its rounding


class Residuals(Problem):
    """A problem whose function returns residuals: an array, a number or a tree of them, read as one vector."""

    def of_vector(self, vector: Any) -> Any:
        parts = [calculus.as_value(part, "least_squares") for part in leaves(super().of_vector(vector))]
        if not sum(part.size for part in parts):
            raise ValueError("least_squares needs at least one residual; the function returned none")
        return np.concatenate([np.reshape(part, -1) for part in parts])

    def residuals(self, x: Array) -> Array:
        self.count(value=1)
        with no_grad(), np.errstate(all="ignore"):
            return np.asarray(self.of_vector(Value(x)).data)

    def jacobian(self, x: Array) -> Array:
        self.count(jacobian=1)
        with no_grad(), np.errstate(all="ignore"):
            return np.asarray(calculus.jacobian(self.of_vector)(x))


class LinearModel:
    """residuals + jacobian @ p, the residuals at x + p to first order, and the steps p that make it short.

    Steps are measured as q = scale * p.  The singular values of jacobian / scale give every damped step,
    and J^T J, which would square the condition number, is never formed; those below rounding count as 0,
    so that of many shortest steps the one with the least |q| is taken.
    """

    def __init__(self, x: Array, residuals: Array, jacobian: Array, scale: Array):
        self.x, self.residuals, self.jacobian, self.scale = x, residuals, jacobian, scale
        left, self.singular, self.right = np.linalg.svd(jacobian / scale, full_matrices=False)
        self.singular[self.singular <= EPS * max(jacobian.shape) * self.singular[0]] = 0.0
        self.explained = np.where(self.singular > 0, left.T @ residuals, 0.0)

    @property
    def rank(self) -> int:
        return int(np.count_nonzero(self.singular))

    @property
    def cost(self) -> float:
        return half_square(self.residuals)

    @property
    def promise(self) -> float:
        """By how much the Gauss-Newton step lowers the model's cost."""
        return half_square(self.explained)

    @property
    def rounding(self) -> float:
        """By how much the cost changes when x is rounded to float64: less than that it does not tell."""
        moved = np.abs(self.jacobian) @ np.abs(self.x) + np.abs(self.residuals)
        return EPS * float(np.abs(self.residuals) @ moved)

    @property
    def slope(self) -> float:
        """The largest cosine of an angle between the residuals and a column of the Jacobian: 0 at a minimum."""
        lengths = np.linalg.norm(self.jacobian, axis=0) * np.linalg.norm(self.residuals)
        products = np.abs(self.jacobian.T @ self.residuals)
        return float(np.max(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)))

    def step(self, radius: float) -> tuple[Array, float, float]:
        """The best step at most radius long: p, its length |q|, and by how much it lowers the model's cost."""
        q, shift = step_within(self.singular**2, self.singular * self.explained, radius)
        length = float(np.linalg.norm(q))
        return self.right.T @ q / self.scale, length, half_square(self.singular * q) + shift * length**2

    def gauss_newton(self) -> tuple[Array, float]:
        """The step to the model's minimum, and its length |q|."""
        step, length, _ = self.step(np.inf)
        return step, length

    def inverse_normal(self) -> Array:
        """The inverse of J^T J, from columns of length 1; infinite for parameters that J does not determine.

        Those can change along directions that J does not see.
        """
        n = self.x.size
        lengths = np.linalg.norm(self.jacobian, axis=0)
        lengths[lengths == 0] = 1.0
        _, singular, right = np.linalg.svd(self.jacobian / lengths, full_matrices=len(self.residuals) < n)
        rank = np.count_nonzero(singular > EPS * max(self.jacobian.shape) * singular[0])
        root = right[:rank].T / singular[:rank] / lengths[:, np.newaxis]
        with np.errstate(over="ignore", invalid="ignore"):
            inverse = np.asarray(root @ root.T)
        free = np.linalg.norm(right[rank:], axis=0) > FREE if rank < n else np.zeros(n, bool)
        inverse[free] = inverse[:, free] = np.inf
        return inverse


def half_square(r: Array) -> float:
    """1/2 sum(r**2), infinite where it is not finite."""
    with np.errstate(all="ignore"):
        square = float(r @ r) / 2
    return square if np.isfinite(square) else np.inf

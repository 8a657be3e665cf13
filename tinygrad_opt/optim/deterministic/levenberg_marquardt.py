"""Levenberg-Marquardt and Gauss-Newton, from the first linear model of the residuals to the last."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tree import in_order_of, leaves
from .descent import SMALL
from .model_step import NEAR
from .problem import numbers
from .residuals import EPS, LinearModel, Residuals, half_square
from .result import Array, Status

SUFFICIENT = 1e-4  # of the promised decrease, the least that is accepted
SHRINKING = 0.9  # of the length two steps before, the most that shows progress where the cost no longer does
SETTLED = "the cost can only fall by rounding, and the steps no longer shrink"
End = tuple[LinearModel, Status, str]


class Search:
    """The problem, the scale of its parameters so far, and when to stop."""

    def __init__(self, problem: Residuals, scale: Any, ftol: float, xtol: float, gtol: float, max_iterations: int):
        self.problem, self.max_iterations = problem, max_iterations
        self.ftol, self.xtol, self.gtol = ftol, xtol, gtol
        self.fixed = scale is not None
        self.scale: Array = fixed_scale(problem, scale) if self.fixed else np.zeros(problem.start.shape)

    def first(self) -> LinearModel:
        x = self.problem.start
        residuals = self.problem.residuals(x)
        require_finite("residuals", residuals)
        if not np.isfinite(half_square(residuals)):
            raise ValueError(
                f"the sum of squares overflows at x0; the largest residual is {np.abs(residuals).max():.3g}"
            )
        jacobian = self.problem.jacobian(x)
        require_finite("Jacobian", jacobian)
        return self.model(x, residuals, jacobian)

    def at(self, x: Array, residuals: Array) -> LinearModel | None:
        """The model at the next point of the path; None where it is not finite."""
        jacobian = self.problem.jacobian(x)
        if not (np.isfinite(residuals).all() and np.isfinite(jacobian).all()):
            return None
        self.problem.accept(x, half_square(residuals))
        return self.model(x, residuals, jacobian)

    def model(self, x: Array, residuals: Array, jacobian: Array) -> LinearModel:
        """The model in the largest lengths that columns have had, or in the present ones if only those keep its rank.

        At a start far away a column may be 1e12 times as long as ever after, and then drowns in rounding.
        """
        if self.fixed:
            return LinearModel(x, residuals, jacobian, self.scale)
        lengths = np.linalg.norm(jacobian, axis=0)
        largest = np.maximum(self.scale, lengths)
        model = LinearModel(x, residuals, jacobian, np.where(largest > 0, largest, 1.0))
        if model.rank < len(model.singular) and (lengths < largest).any():
            largest = np.where(lengths > 0, lengths, largest)
            present = LinearModel(x, residuals, jacobian, np.where(largest > 0, largest, 1.0))
            model = max(model, present, key=lambda m: m.rank)
        self.scale = np.where(largest > 0, model.scale, 0.0)
        return model

    def ended(self, model: LinearModel) -> End | None:
        """The end, where there is nothing more to gain."""
        if model.slope <= self.gtol:
            return model, Status.CONVERGED, f"slope {model.slope:.2g} is at most gtol {self.gtol:.2g}"
        if model.promise <= self.ftol * model.cost:
            share = model.promise / model.cost if model.cost else 0.0  # both have underflowed
            return model, Status.CONVERGED, f"a step promises {share:.2g} of the cost, at most ftol {self.ftol:.2g}"
        if model.promise <= model.rounding:
            return self.polished(model), Status.CONVERGED, SETTLED
        if self.short(model, model.gauss_newton()[1]):
            return model, Status.CONVERGED, f"a step is at most xtol {self.xtol:.2g} of x"
        if len(self.problem.path) > self.max_iterations:
            return model, Status.ITERATIONS, f"not converged after max_iterations = {self.max_iterations}"
        return None

    def short(self, model: LinearModel, length: float) -> bool:
        return length <= self.xtol * float(np.linalg.norm(model.scale * model.x))

    def polished(self, model: LinearModel) -> LinearModel:
        """The model after Gauss-Newton steps that the cost can no longer judge.

        A minimum is flat: where the cost is known to 16 digits, it tells 8 of the parameters.  Its
        gradient tells them all, and the steps shrink as long as the gradient is more than rounding.
        """
        step, length = model.gauss_newton()
        before = last = np.inf
        while length <= SHRINKING * before and not self.short(model, length):
            if len(self.problem.path) > self.max_iterations:
                break
            x = model.x + step
            residuals = self.problem.residuals(x)
            after = self.at(x, residuals) if half_square(residuals) <= model.cost + model.rounding else None
            if after is None:
                break
            model, before, last = after, last, length
            step, length = model.gauss_newton()
        return model


def levenberg_marquardt(search: Search, radius: float) -> End:
    """Steps inside a radius that follows how much of the promised decrease was kept (Moré, 1978)."""
    model = search.first()
    first, radius = radius, first_radius(model, radius)
    while not (end := search.ended(model)):
        after = None
        while after is None:
            step, length, promise = model.step(radius)
            if search.short(model, length) or promise <= model.rounding:
                return no_step(model, f"no step lowers the cost, down to scaled steps of {length:.2g}")
            x = model.x + step
            residuals = search.problem.residuals(x)
            kept = (model.cost - half_square(residuals)) / promise
            after = search.at(x, residuals) if kept > SUFFICIENT else None
            failed = after is None and kept > SUFFICIENT
            radius = next_radius(radius, length, -np.inf if failed else kept)
        if (after.scale < model.scale).any():
            radius = first_radius(after, first)
        model = after
    return end


def first_radius(model: LinearModel, part: float) -> float:
    """A part of the length of x; at 0 nothing bounds the step."""
    return part * float(np.linalg.norm(model.scale * model.x)) or np.inf


def next_radius(radius: float, length: float, kept: float) -> float:
    """The radius after a step of this length that kept this part of what the model promised."""
    if kept <= 0.25:
        return length / (4 if np.isfinite(kept) else 10)
    if kept >= 0.75 or length < (1 - NEAR) * radius:
        return 2 * length
    return radius


def gauss_newton(search: Search, radius: float) -> End:
    """Steps to the minimum of the linear model, halved until they lower the cost; the radius is not used."""
    model = search.first()
    while not (end := search.ended(model)):
        step, length = model.gauss_newton()
        part, after = 1.0, None
        while after is None:
            if search.short(model, part * length) or part * model.promise <= model.rounding:
                return no_step(model, f"no part of the step lowers the cost, down to {part:.2g} of it")
            x = model.x + part * step
            residuals = search.problem.residuals(x)
            lower = half_square(residuals) <= model.cost - SUFFICIENT * 2 * part * model.promise
            after = search.at(x, residuals) if lower else None
            part /= 2
        model = after
    return end


def no_step(model: LinearModel, message: str) -> End:
    """The end where no step lowers the cost: at a minimum, near one, or with a slope that promises more.

    The linear model foretells no minimum whose Jacobian is 0, such as that of x**2 + 1.
    """
    gradient = np.abs(model.jacobian.T @ model.residuals)
    if (gradient <= EPS * max(model.jacobian.shape) * model.scale * np.linalg.norm(model.residuals)).all():
        return model, Status.CONVERGED, f"the gradient is 0 to rounding, and {message}"
    return model, Status.STALLED if model.slope <= SMALL else Status.LINE_SEARCH, message


def fixed_scale(problem: Residuals, scale: Any) -> Array:
    """The scale that the caller gives, as a vector."""
    parts = [numbers(part) for part in leaves(in_order_of(problem.form, scale, "scale"))]
    shapes = [part.shape for part in parts]
    if shapes != problem.shapes:
        raise ValueError(f"scale must have the shape of x0: {problem.shapes}; got {shapes}")
    vector: Array = np.concatenate([part.ravel() for part in parts])
    if not (np.isfinite(vector).all() and (vector > 0).all()):
        raise ValueError(f"scale must be positive and finite; got {vector}")
    return vector


def require_finite(what: str, array: Array) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = ", ".join(map(str, bad[0]))
        raise ValueError(f"the {what} at x0 must be finite; entry [{place}] is {array[tuple(bad[0])]}: start elsewhere")

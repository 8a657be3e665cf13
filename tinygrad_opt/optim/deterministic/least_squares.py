"""Nonlinear least squares: Levenberg-Marquardt and Gauss-Newton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...tree import leaves, paths
from .levenberg_marquardt import Search, gauss_newton, levenberg_marquardt
from .problem import Callback
from .residuals import LinearModel, Residuals
from .result import Array, Result, Status


@dataclass(frozen=True, repr=False)
class LeastSquaresResult(Result):
    """The best parameters found, and how well the data determine them; value is the cost, 1/2 sum(residuals**2).

    residuals                    at x, as one vector
    jacobian                     d residuals[i] / d parameter[j] at x, as a matrix
    residual_standard_deviation  s = sqrt(sum(residuals**2) / (m - n)), for m residuals and n parameters
    covariance                   of the parameters, s**2 (J^T J)^-1
    standard_deviations          of the parameters, in the form of x0

    The last three are of the linear model at x, for residuals of equal and independent errors; nan where
    m <= n leaves none to estimate s, and infinite for the parameters that the data do not determine, because
    their columns of J are 0 or depend on each other.
    """

    residuals: Array = field(compare=False)
    jacobian: Array = field(compare=False)
    residual_standard_deviation: float
    covariance: Array = field(compare=False)
    standard_deviations: Any = field(compare=False)

    @property
    def cost(self) -> float:
        return self.value

    def __repr__(self) -> str:
        lines = super().__repr__().splitlines()[:2]
        for (path, x), deviations in zip(paths(self.x), leaves(self.standard_deviations), strict=True):
            for index, entry in np.ndenumerate(x):
                place = path + (f"[{', '.join(map(str, index))}]" if index else "")
                lines.append(f"x{place} = {entry:.10g} +- {np.asarray(deviations)[index]:.2g}")
        return "\n".join([*lines, f"residual standard deviation {self.residual_standard_deviation:.10g}"])


def least_squares(
    residuals: Callable[[Any], Any],
    x0: Any,
    *,
    method: Literal["lm", "gauss-newton"] = "lm",
    ftol: float = 0.0,
    xtol: float = 1e-15,
    gtol: float = 0.0,
    max_iterations: int = 1000,
    radius: float = 1.0,
    scale: Any = None,
    callback: Callback | None = None,
) -> LeastSquaresResult:
    """The parameters with the least 1/2 sum(residuals(x)**2), near x0.

    Each step p minimizes |residuals + J p|: "gauss-newton" takes it, or the first of p, p/2, p/4, ... that
    lowers the cost enough; "lm", Levenberg-Marquardt, the best p with |scale * p| at most a radius,
    which follows how well the linear model foretells the cost.

    x0              a number, an array or a tree of them, such as a dict
    ftol            stop where the linear model promises to lower the cost by at most this part of it
    xtol            stop where a step is at most this part of x, both multiplied by scale
    gtol            stop where the cosine of every angle between residuals and a column of J is at most this
    max_iterations  of accepted steps
    radius          the first radius of "lm" as a part of |scale * x0|; nothing bounds the first step from 0
    scale           in the form of x0; without it, the largest lengths that the columns of J have had, which
                    makes the steps independent of the parameters' units
    callback        callback(x, cost) is called after each accepted step

    With the defaults the search goes on for as many digits as float64 gives: where the cost no longer
    tells two points apart, Gauss-Newton steps are taken as long as each is shorter than the one before.
    There may be fewer residuals than parameters; the steps are then the shortest, in |scale * p|.

    Costs one evaluation of the residuals for each trial step, and one Jacobian for each accepted one.
    Raises ValueError if residuals or Jacobian are not finite at x0; later, such a trial shortens the step.
    Source: Moré, 1978, The Levenberg-Marquardt algorithm: implementation and theory (MINPACK's lmder).

    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([2.0, 1.2, 0.8, 0.4])
    >>> fit = least_squares(lambda p: p["a"] * np.exp(-p["k"] * t) - y, {"a": 1.0, "k": 1.0})
    >>> {name: round(float(p), 6) for name, p in fit.x.items()}
    {'a': 2.000518, 'k': 0.497099}
    """
    methods = {"lm": levenberg_marquardt, "gauss-newton": gauss_newton}
    if method not in methods:
        raise ValueError(f"there is no method {method!r}: choose from {', '.join(methods)}")
    options = {"ftol": ftol, "xtol": xtol, "gtol": gtol, "max_iterations": max_iterations}
    for name, given in options.items():
        if not given >= 0:
            raise ValueError(f"{name} must not be negative; got {given}")
    if not radius > 0:
        raise ValueError(f"radius must be positive; got {radius}")
    search = Search(Residuals(residuals, x0, callback), scale, ftol, xtol, gtol, max_iterations)
    return result(search.problem, *methods[method](search, radius))


def result(problem: Residuals, model: LinearModel, status: Status, message: str) -> LeastSquaresResult:
    """The end of the search, with the spread of the parameters."""
    freedom = model.residuals.size - model.x.size
    deviation = float(np.sqrt(2 * model.cost / freedom)) if freedom > 0 else np.nan
    spread = model.inverse_normal()
    if np.isinf(spread).any():
        message += "; the data do not determine all parameters there: the Jacobian loses rank"
    spread[np.isfinite(spread)] *= deviation**2
    covariance = spread if freedom > 0 else np.full_like(spread, np.nan)
    return LeastSquaresResult(
        x=problem.formed(model.x),
        value=model.cost,
        gradient=problem.formed(model.jacobian.T @ model.residuals),
        iterations=len(problem.path) - 1,
        evaluations=problem.counts,
        status=status,
        message=message,
        path=np.array(problem.path),
        residuals=model.residuals,
        jacobian=model.jacobian,
        residual_standard_deviation=deviation,
        covariance=covariance,
        standard_deviations=problem.formed(np.sqrt(np.diag(covariance))),
    )

"""Methods that see the whole function: line searches, conjugate gradients, quasi-Newton, Newton, least squares."""

from .line_search import Failed, Point, Trial, along, backtracking, exact_for_quadratics, fixed_step, strong_wolfe
from .minimize import minimize
from .problem import Problem
from .quasi_newton import bfgs_update, two_loop
from .result import Evaluations, Result, Status

__all__ = [
    "Evaluations",
    "Failed",
    "Point",
    "Problem",
    "Result",
    "Status",
    "Trial",
    "along",
    "backtracking",
    "bfgs_update",
    "exact_for_quadratics",
    "fixed_step",
    "minimize",
    "strong_wolfe",
    "two_loop",
]

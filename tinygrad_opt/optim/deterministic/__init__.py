"""Methods that see the whole function: line searches, conjugate gradients, quasi-Newton, Newton, least squares."""

from .least_squares import LeastSquaresResult, least_squares
from .line_search import Failed, Point, Trial, along, backtracking, exact_for_quadratics, fixed_step, strong_wolfe
from .minimize import minimize
from .newton import newton, newton_cg
from .problem import Problem
from .quasi_newton import bfgs_update, two_loop
from .result import Evaluations, Result, Status
from .trust_region import trust_region

__all__ = [
    "Evaluations",
    "Failed",
    "LeastSquaresResult",
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
    "least_squares",
    "minimize",
    "newton",
    "newton_cg",
    "strong_wolfe",
    "trust_region",
    "two_loop",
]

"""Methods that see the whole function: line searches, conjugate gradients, quasi-Newton, Newton, least squares."""

from .least_squares import LeastSquaresResult, least_squares
from .newton import newton, newton_cg
from .problem import Problem
from .result import Evaluations, Result, Status
from .trust_region import trust_region

__all__ = [
    "Evaluations",
    "LeastSquaresResult",
    "Problem",
    "Result",
    "Status",
    "least_squares",
    "newton",
    "newton_cg",
    "trust_region",
]

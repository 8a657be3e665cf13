"""Derivative rules, one line per argument."""

from . import (
    contractions,
    determinants,
    elementwise,
    factorizations,
    indexing,
    linalg,
    norms,
    products,
    reductions,
    shapes,
)
from .operand import Operand, concrete
from .operation import COMPOSITIONS, RULES, Operation
from .rules import composed, differentiable, summed_axes, unbroadcast

__all__ = [
    "COMPOSITIONS",
    "RULES",
    "Operand",
    "Operation",
    "composed",
    "concrete",
    "contractions",
    "determinants",
    "differentiable",
    "elementwise",
    "factorizations",
    "indexing",
    "linalg",
    "norms",
    "products",
    "reductions",
    "shapes",
    "summed_axes",
    "unbroadcast",
]

"""Derivative rules, one line per argument."""

from . import elementwise, indexing, products, reductions, shapes
from .operand import Operand, concrete
from .operation import RULES, Operation
from .rules import differentiable, summed_axes, unbroadcast

__all__ = [
    "RULES",
    "Operand",
    "Operation",
    "concrete",
    "differentiable",
    "elementwise",
    "indexing",
    "products",
    "reductions",
    "shapes",
    "summed_axes",
    "unbroadcast",
]

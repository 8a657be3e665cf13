"""Derivative rules, one line per argument."""

from . import activations, elementwise, indexing, products, reductions, shapes, special, vectors
from .operand import Operand, concrete
from .operation import COMPOSITIONS, RULES, Operation
from .rules import composed, differentiable, summed_axes, unbroadcast

__all__ = [
    "COMPOSITIONS",
    "RULES",
    "Operand",
    "Operation",
    "activations",
    "composed",
    "concrete",
    "differentiable",
    "elementwise",
    "indexing",
    "products",
    "reductions",
    "shapes",
    "special",
    "summed_axes",
    "unbroadcast",
    "vectors",
]

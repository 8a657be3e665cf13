"""Derivative rules, one line per argument."""

from . import (
    activations,
    diagonals,
    dropout,
    elementwise,
    indexing,
    joining,
    losses,
    normalization,
    ordering,
    padding,
    products,
    reductions,
    scans,
    shapes,
    special,
    statistics,
    vectors,
)
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
    "diagonals",
    "differentiable",
    "dropout",
    "elementwise",
    "indexing",
    "joining",
    "losses",
    "normalization",
    "ordering",
    "padding",
    "products",
    "reductions",
    "scans",
    "shapes",
    "special",
    "statistics",
    "summed_axes",
    "unbroadcast",
    "vectors",
]

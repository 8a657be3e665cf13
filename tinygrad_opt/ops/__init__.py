"""Derivative rules, one line per argument."""

from . import convolution, elementwise, indexing, pooling, products, reductions, shapes, signals, windows
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
    "convolution",
    "differentiable",
    "elementwise",
    "indexing",
    "pooling",
    "products",
    "reductions",
    "shapes",
    "signals",
    "summed_axes",
    "unbroadcast",
    "windows",
]

"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .adam import Adam
from .deterministic import minimize
from .hyper import Rate
from .optimizer import Optimizer, Report
from .pipeline import Constraint, Transform
from .registry import get
from .rules import norm, ratio, total, where

__all__ = [
    "Adam",
    "Constraint",
    "Optimizer",
    "Rate",
    "Report",
    "Transform",
    "get",
    "landscapes",
    "minimize",
    "norm",
    "ratio",
    "schedules",
    "total",
    "where",
]

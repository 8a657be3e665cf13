"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .adam import Adam
from .deterministic import minimize
from .gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .hyper import Rate
from .optimizer import Optimizer, Report
from .perceptron import perceptron_loss
from .pipeline import Constraint, Transform
from .polyak import PolyakSGD
from .quasi_newton import BFGS, LBFGS
from .registry import get
from .rprop import Rprop
from .rules import norm, ratio, total, where

__all__ = [
    "ASGD",
    "BFGS",
    "LBFGS",
    "SGD",
    "Adam",
    "Constraint",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "PolyakSGD",
    "Rate",
    "Report",
    "Rprop",
    "SignSGD",
    "Signum",
    "Transform",
    "get",
    "landscapes",
    "minimize",
    "norm",
    "perceptron_loss",
    "ratio",
    "schedules",
    "total",
    "where",
]

"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .deterministic import least_squares, minimize
from .gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .hyper import Rate
from .optimizer import Optimizer, Report
from .perceptron import perceptron_loss
from .pipeline import Constraint, Transform
from .polyak import PolyakSGD
from .registry import get
from .rmsprop import RMSprop
from .rprop import Rprop
from .rules import norm, ratio, total, where

__all__ = [
    "ADOPT",
    "ASGD",
    "SGD",
    "AMSGrad",
    "AdEMAMix",
    "AdaBelief",
    "AdaBound",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Constraint",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "PolyakSGD",
    "QHAdam",
    "RAdam",
    "RMSprop",
    "Rate",
    "Report",
    "Rprop",
    "SignSGD",
    "Signum",
    "Transform",
    "Yogi",
    "get",
    "landscapes",
    "least_squares",
    "minimize",
    "norm",
    "perceptron_loss",
    "ratio",
    "schedules",
    "total",
    "where",
]

"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .deterministic import least_squares, minimize
from .factored import SM3, Adafactor
from .ftrl import FTRL
from .gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .hyper import Rate
from .layerwise import LAMB, LARS, NovoGrad
from .madgrad import MADGRAD
from .muon import Muon, split_matrices
from .optimizer import Optimizer, Report
from .perceptron import perceptron_loss
from .pipeline import Constraint, Transform
from .polyak import PolyakSGD
from .prodigy import DoG, DoWG, Prodigy
from .registry import get
from .rmsprop import RMSprop
from .rprop import Rprop
from .rules import named, norm, ratio, total, where

__all__ = [
    "ADOPT",
    "ASGD",
    "FTRL",
    "LAMB",
    "LARS",
    "MADGRAD",
    "SGD",
    "SM3",
    "AMSGrad",
    "AdEMAMix",
    "AdaBelief",
    "AdaBound",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Constraint",
    "DoG",
    "DoWG",
    "Lion",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "NovoGrad",
    "Optimizer",
    "PolyakSGD",
    "Prodigy",
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
    "named",
    "norm",
    "perceptron_loss",
    "ratio",
    "schedules",
    "split_matrices",
    "total",
    "where",
]

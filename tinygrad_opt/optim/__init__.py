"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .hyper import Rate
from .optimizer import Optimizer, Report
from .pipeline import Constraint, Transform
from .registry import get
from .rmsprop import RMSprop
from .rules import norm, ratio, total, where

__all__ = [
    "ADOPT",
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
    "NAdam",
    "Optimizer",
    "QHAdam",
    "RAdam",
    "RMSprop",
    "Rate",
    "Report",
    "Transform",
    "Yogi",
    "get",
    "norm",
    "ratio",
    "total",
    "where",
]

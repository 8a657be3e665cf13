"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .accumulation import Accumulate
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .averaging import EMA, SWA
from .constraints import MaxNorm, MinMaxNorm, NonNegative, UnitNorm
from .deterministic import least_squares, minimize
from .gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .hyper import Rate
from .lookahead import Lookahead
from .optimizer import Optimizer, Report
from .perceptron import perceptron_loss
from .pipeline import Constraint, Transform
from .polyak import PolyakSGD
from .registry import get
from .rmsprop import RMSprop
from .rprop import Rprop
from .rules import norm, ratio, total, where
from .sam import SAM
from .schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from .transforms import (
    L1,
    L2,
    AdaptiveClip,
    Centralize,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    DecoupledDecay,
    GradientNoise,
    RequireFinite,
)

__all__ = [
    "ADOPT",
    "ASGD",
    "EMA",
    "L1",
    "L2",
    "SAM",
    "SGD",
    "SWA",
    "AMSGrad",
    "Accumulate",
    "AdEMAMix",
    "AdaBelief",
    "AdaBound",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "AdaptiveClip",
    "Centralize",
    "ClipGlobalNorm",
    "ClipNorm",
    "ClipValue",
    "Constraint",
    "DecoupledDecay",
    "GradientNoise",
    "Lion",
    "Lookahead",
    "MaxNorm",
    "MinMaxNorm",
    "Momentum",
    "NAdam",
    "Nesterov",
    "NonNegative",
    "Optimizer",
    "PolyakSGD",
    "QHAdam",
    "RAdam",
    "RMSprop",
    "Rate",
    "Report",
    "RequireFinite",
    "Rprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "SignSGD",
    "Signum",
    "Transform",
    "UnitNorm",
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

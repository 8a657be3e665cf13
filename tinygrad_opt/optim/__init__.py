"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .accumulation import Accumulate
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .averaging import EMA, SWA
from .constraints import MaxNorm, MinMaxNorm, NonNegative, UnitNorm
from .deterministic import least_squares, minimize
from .factored import SM3, Adafactor
from .ftrl import FTRL
from .gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .hyper import Rate
from .layerwise import LAMB, LARS, NovoGrad
from .lookahead import Lookahead
from .madgrad import MADGRAD
from .muon import Muon, split_matrices
from .optimizer import Optimizer, Report
from .perceptron import perceptron_loss
from .pipeline import Constraint, Transform
from .polyak import PolyakSGD
from .prodigy import DoG, DoWG, Prodigy
from .quasi_newton import BFGS, LBFGS
from .registry import get
from .rmsprop import RMSprop
from .rprop import Rprop
from .rules import named, norm, ratio, total, where
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
    "BFGS",
    "EMA",
    "FTRL",
    "L1",
    "L2",
    "LAMB",
    "LARS",
    "LBFGS",
    "MADGRAD",
    "SAM",
    "SGD",
    "SM3",
    "SWA",
    "AMSGrad",
    "Accumulate",
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
    "AdaptiveClip",
    "Centralize",
    "ClipGlobalNorm",
    "ClipNorm",
    "ClipValue",
    "Constraint",
    "DecoupledDecay",
    "DoG",
    "DoWG",
    "GradientNoise",
    "Lion",
    "Lookahead",
    "MaxNorm",
    "MinMaxNorm",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "NonNegative",
    "NovoGrad",
    "Optimizer",
    "PolyakSGD",
    "Prodigy",
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
    "named",
    "norm",
    "perceptron_loss",
    "ratio",
    "schedules",
    "split_matrices",
    "total",
    "where",
]

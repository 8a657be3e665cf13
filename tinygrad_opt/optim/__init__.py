"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from . import landscapes, schedules
from .around.accumulation import Accumulate
from .around.averaging import EMA, SWA
from .around.constraints import MaxNorm, MinMaxNorm, NonNegative, UnitNorm
from .around.lookahead import Lookahead
from .around.sam import SAM
from .around.transforms import (
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
from .closures.quasi_newton import BFGS, LBFGS
from .core.hyper import Rate
from .core.optimizer import Optimizer, Report
from .core.pipeline import Constraint, Transform
from .core.vocabulary import named, norm, ratio, total, where
from .deterministic import least_squares, minimize
from .registry import get
from .rules.adagrad import Adadelta, Adagrad
from .rules.adam import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam
from .rules.adam_relatives import ADOPT, AdaBelief, AdaBound, Adan, AdEMAMix, Lion, QHAdam, Yogi
from .rules.factored import SM3, Adafactor
from .rules.ftrl import FTRL
from .rules.gradient_descent import ASGD, SGD, Momentum, Nesterov, SignSGD, Signum
from .rules.layerwise import LAMB, LARS, NovoGrad
from .rules.madgrad import MADGRAD
from .rules.muon import Muon, split_matrices
from .rules.perceptron import perceptron_loss
from .rules.polyak import PolyakSGD
from .rules.prodigy import DoG, DoWG, Prodigy
from .rules.rmsprop import RMSprop
from .rules.rprop import Rprop
from .rules.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD

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

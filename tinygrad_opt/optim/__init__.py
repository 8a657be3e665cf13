"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from .adam import Adam
from .factored import SM3, Adafactor
from .ftrl import FTRL
from .hyper import Rate
from .layerwise import LAMB, LARS, NovoGrad
from .madgrad import MADGRAD
from .muon import Muon, split_matrices
from .optimizer import Optimizer, Report
from .pipeline import Constraint, Transform
from .prodigy import DoG, DoWG, Prodigy
from .registry import get
from .rules import named, norm, ratio, total, where

__all__ = [
    "FTRL",
    "LAMB",
    "LARS",
    "MADGRAD",
    "SM3",
    "Adafactor",
    "Adam",
    "Constraint",
    "DoG",
    "DoWG",
    "Muon",
    "NovoGrad",
    "Optimizer",
    "Prodigy",
    "Rate",
    "Report",
    "Transform",
    "get",
    "named",
    "norm",
    "ratio",
    "split_matrices",
    "total",
    "where",
]

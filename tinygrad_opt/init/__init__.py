"""Initializers: functions of a shape, and of an rng, that give the array a parameter starts from.

fn(shape, ..., rng=None, dtype=np.float64); weights are in PyTorch's layout, (out, in, *kernel).  Names, arguments and
defaults are PyTorch's for what it has: its xavier_uniform_(tensor) is xavier_uniform(shape, rng=rng), a new array.
rng is a NumPy Generator; left out, it is one of the process, which no seed repeats.  dtype is float64 or float32; the
draws are those of float64, rounded.
"""

from .constants import constant, dirac, eye, ones, zeros
from .distributions import normal, truncated_normal, uniform
from .dropout_adjusted import dropout_adjusted
from .fans import calculate_gain, fan_in_and_fan_out
from .registry import ACTIVATIONS, INITIALIZERS, get
from .scaled import (
    kaiming_normal,
    kaiming_uniform,
    lecun_normal,
    lecun_uniform,
    torch_default,
    variance_scaling,
    xavier_normal,
    xavier_uniform,
)
from .structured import orthogonal, sparse

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "calculate_gain",
    "constant",
    "dirac",
    "dropout_adjusted",
    "eye",
    "fan_in_and_fan_out",
    "get",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "sparse",
    "torch_default",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

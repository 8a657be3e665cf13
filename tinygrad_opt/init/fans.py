"""How wide the draws should be: the fans of a weight, and the gain that an activation asks for."""

from __future__ import annotations

import math
from typing import Literal

from ..settings import number, one_of
from .request import Shape, shape_of

Mode = Literal["fan_in", "fan_out", "fan_avg"]

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}
"""PyTorch's, but for leaky_relu, whose gain depends on its slope; selu's was found by trying."""


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What the standard deviation of a weight is multiplied by for the activation that follows: PyTorch's table.

    1 for linear, convolutions and sigmoid, 5/3 for tanh, sqrt(2) for relu, 3/4 for selu, and
    sqrt(2 / (1 + param**2)) for leaky_relu, where param is its slope, 0.01 if left out.
    relu's keeps E[x**2] through a layer (He et al., 2015, equation 10, arXiv:1502.01852), leaky_relu's too (15).
    A self-normalizing net with selu needs 1, not 3/4: `lecun_normal` (Klambauer et al., 2017).
    Raises ValueError for a name that is not in the table, and for a param of one that has none.

    >>> calculate_gain("relu"), calculate_gain("leaky_relu", 1.0)
    (1.4142135623730951, 1.0)
    """
    return gain_of("calculate_gain", nonlinearity, "param", param)


def gain_of(asker: str, nonlinearity: str, name: str, slope: float | None) -> float:
    """The gain, with the argument for the slope under the name that it has for who asks."""
    one_of(asker, "nonlinearity", nonlinearity, [*GAINS, "leaky_relu"])
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if slope is None else number(asker, name, slope)) ** 2))
    if slope is not None:
        raise ValueError(f"{asker}: {name} is the slope of leaky_relu, and {nonlinearity} has none; got {slope!r}")
    return GAINS[nonlinearity]


def fan_in_and_fan_out(shape: Shape) -> tuple[int, int]:
    """How many numbers an output is made of, and how many outputs a number goes into, for a weight of that shape.

    Of a weight (out, in, *kernel): in and out, each times the size of the kernel.  This is PyTorch's layout;
    Keras' is (*kernel, in, out).  Raises ValueError for less than 2 axes and for an axis of length 0.

    >>> fan_in_and_fan_out((8, 3)), fan_in_and_fan_out((8, 3, 5, 5))
    ((3, 8), (75, 200))
    """
    return fans("fan_in_and_fan_out", shape_of("fan_in_and_fan_out", shape))


def fans(asker: str, shape: tuple[int, ...]) -> tuple[int, int]:
    outputs, inputs, *kernel = weight_shape(asker, shape)
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def fan(asker: str, shape: tuple[int, ...], mode: str) -> float:
    """The fan that a mode names."""
    one_of(asker, "mode", mode, ("fan_in", "fan_out", "fan_avg"))
    fan_in, fan_out = fans(asker, shape)
    return {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]


def weight_shape(asker: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape itself, if it is one of a weight: (out, in, *kernel), nothing of it empty."""
    if len(shape) < 2:
        raise ValueError(f"{asker} needs the shape of a weight, (out, in, *kernel): 2 axes or more; got {shape}")
    if 0 in shape:
        raise ValueError(f"{asker} needs the shape of a weight, with no axis of length 0; got {shape}")
    return shape

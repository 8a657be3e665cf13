"""Initializers by name, and by the activation that follows."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .. import spelling
from .constants import constant, dirac, eye, ones, zeros
from .distributions import normal, truncated_normal, uniform
from .dropout_adjusted import dropout_adjusted
from .request import Array
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

Initializer = Callable[..., Array]

# fmt: off
INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros, "ones": ones, "constant": constant, "eye": eye, "identity": eye, "dirac": dirac,
    "uniform": uniform, "normal": normal, "truncated_normal": truncated_normal, "trunc_normal": truncated_normal,
    "xavier_uniform": xavier_uniform, "glorot_uniform": xavier_uniform,
    "xavier_normal": xavier_normal, "glorot_normal": xavier_normal,
    "kaiming_uniform": kaiming_uniform, "he_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal, "he_normal": kaiming_normal,
    "lecun_uniform": lecun_uniform, "lecun_normal": lecun_normal, "variance_scaling": variance_scaling,
    "torch": torch_default, "torch_default": torch_default,
    "orthogonal": orthogonal, "sparse": sparse, "dropout_adjusted": dropout_adjusted,
}
"""Initializers by their names, PyTorch's and Keras'."""

for_relu = functools.partial(kaiming_normal, nonlinearity="relu")

ACTIVATIONS: dict[str, Initializer] = {
    # rectifiers, and the smooth functions that are near them
    "relu": for_relu, "relu6": for_relu, "threshold": for_relu, "elu": for_relu, "celu": for_relu,
    "gelu": for_relu, "silu": for_relu, "swish": for_relu, "mish": for_relu, "hardswish": for_relu,
    "sparse_plus": for_relu,
    "leaky_relu": functools.partial(kaiming_normal, a=0.01),
    "prelu": functools.partial(kaiming_normal, a=0.25),
    "rrelu": functools.partial(kaiming_normal, a=11 / 48),  # the mean of its slopes
    # saturating, or with no rule of their own; softplus has E[f(z)**2] = 0.92, next to the 1 that needs no gain
    "sigmoid": xavier_normal, "tanh": xavier_normal, "hardsigmoid": xavier_normal, "hardtanh": xavier_normal,
    "softsign": xavier_normal, "softmax": xavier_normal, "log_softmax": xavier_normal, "logsigmoid": xavier_normal,
    "softplus": xavier_normal, "hardshrink": xavier_normal, "softshrink": xavier_normal, "tanhshrink": xavier_normal,
    "glu": xavier_normal, "softmin": xavier_normal, "sparsemax": xavier_normal, "sparse_sigmoid": xavier_normal,
    "squareplus": xavier_normal, "exponential": xavier_normal,
    # the fixed point of self-normalizing nets has this variance
    "selu": lecun_normal,
    # no activation
    "linear": xavier_uniform, "none": xavier_uniform,
}
"""The initializer of a weight, by the activation that follows its layer.

He's for rectifiers, Xavier's for sigmoid and tanh, LeCun's for selu; a slope of leaky_relu is given as a setting, a.
"""
# fmt: on

NAMED = ACTIVATIONS | INITIALIZERS

FAMILIES = {
    name: f"is '{name}_normal' or '{name}_uniform': say which"
    for name in ("he", "kaiming", "xavier", "glorot", "lecun")
}
"""Names that two initializers share."""


def get(init: str | Initializer | None, **settings: Any) -> Initializer:
    """The initializer of that name, or for the activation of that name; a function is returned as it is.

    A name is first looked for among the initializers, then among the activations: "identity" is the identity matrix,
    "linear" (or None) is no activation.  Upper and lower case, hyphens, underscores and spaces do not matter.
    settings are arguments of the initializer: get("leaky_relu", a=0.2), get("constant", val=0.1).
    Raises ValueError, with the closest name, for one that is not known; TypeError for a setting that the initializer
    does not take, or one that it lacks.

    >>> get("he-normal") is kaiming_normal
    True
    >>> get("tanh") is xavier_normal
    True
    >>> get("constant", val=0.1)(2)
    array([0.1, 0.1])
    """
    if init is None:
        init = "linear"
    if callable(init):
        return functools.partial(init, **settings) if settings else init
    if not isinstance(init, str):
        raise TypeError(
            f"init.get takes the name of an initializer or an activation, or a function of a shape; got {init!r}"
        )
    found = spelling.named("initializer or activation", init, NAMED, FAMILIES)
    signature = inspect.signature(found)
    try:
        signature.bind((), **settings)
    except TypeError as error:
        _, *takes = signature.parameters
        raise TypeError(f"the initializer {init!r} takes {', '.join(takes)}: {error}") from None
    return functools.partial(found, **settings) if settings else found

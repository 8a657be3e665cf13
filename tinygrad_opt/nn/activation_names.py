"""Activations by name: PyTorch's of the class, that of the function, Keras'."""

from __future__ import annotations

from typing import Any

from ..spelling import named
from . import activations as elementwise
from . import activations_over_axes as over_axis
from .description import constructor
from .module import Module
from .prelu import PReLU

KINDS: tuple[type[Module], ...] = (
    elementwise.CELU, elementwise.ELU, elementwise.Exponential, elementwise.GELU, elementwise.Hardshrink,
    elementwise.Hardsigmoid, elementwise.Hardswish, elementwise.Hardtanh, elementwise.Identity, elementwise.LeakyReLU,
    elementwise.LogSigmoid, elementwise.Mish, PReLU, elementwise.RReLU, elementwise.ReLU, elementwise.ReLU6,
    elementwise.SELU, elementwise.SiLU, elementwise.Sigmoid, elementwise.Softplus, elementwise.Softshrink,
    elementwise.Softsign, elementwise.SparsePlus, elementwise.SparseSigmoid, elementwise.Squareplus, elementwise.Tanh,
    elementwise.Tanhshrink, elementwise.Threshold,
    over_axis.GLU, over_axis.LogSoftmax, over_axis.Softmax, over_axis.Softmin, over_axis.Sparsemax,
)  # fmt: skip

NAMED = {kind.__name__.lower(): kind for kind in KINDS} | {
    "linear": elementwise.Identity,
    "none": elementwise.Identity,
    "swish": elementwise.SiLU,
    "hardsilu": elementwise.Hardswish,
}


def activation(name: str, **settings: Any) -> Module:
    """A new module by the name of its class, of its function, or by Keras'; settings are those of its class.

    Upper and lower case, hyphens, underscores and spaces do not matter.  "linear" and "none" are Identity.
    Raises ValueError, with the closest name, for one that is not known; TypeError for settings it does not take.

    >>> activation("relu"), activation("leaky_relu", negative_slope=0.2), activation("swish")
    (ReLU(), LeakyReLU(negative_slope=0.2), SiLU())
    """
    if not isinstance(name, str):
        raise TypeError(f"activation takes a name, such as 'relu'; got {name!r}")
    kind = named("activation", name, NAMED)
    try:
        constructor(kind).bind(**settings)
    except TypeError as error:
        takes = ", ".join(constructor(kind).parameters) or "no settings"
        raise TypeError(f"the activation {name!r} takes {takes}: {error}") from None
    return kind(**settings)

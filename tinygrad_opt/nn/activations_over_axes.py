"""Activations in which the entries of an axis depend on each other, as modules under PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional
from ..settings import whole_number
from .inputs import named
from .module import Module


class OverAxis(Module):
    """An activation that runs along one axis: dim, as PyTorch calls it, by default the last as in Keras."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, dim: int = -1):
        self.dim = whole_number(type(self).__name__, "dim", dim)

    def forward(self, x: Any) -> Any:
        with named(self):
            return type(self).function(x, axis=self.dim)


class Softmax(OverAxis):
    """exp(x) / sum(exp(x)) over dim: probabilities that sum to 1.

    PyTorch has no default for dim.  CrossEntropyLoss takes x itself, without a Softmax before it.
    """

    function = functional.softmax


class LogSoftmax(OverAxis):
    """log(softmax(x)) over dim, accurate where softmax underflows to 0."""

    function = functional.log_softmax


class Softmin(OverAxis):
    """softmax(-x) over dim: the smallest entry gets the largest share."""

    function = functional.softmin


class Sparsemax(OverAxis):
    """The probabilities over dim that are nearest to x: those of entries far below the largest are exactly 0.

    `functional.sparsemax` has the formula and its source.
    """

    function = functional.sparsemax


class GLU(OverAxis):
    """The first half of dim times the sigmoid of the second: an axis of n entries leaves n / 2."""

    function = functional.glu

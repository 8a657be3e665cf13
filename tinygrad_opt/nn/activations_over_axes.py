"""Activations in which the entries of an axis depend on each other, as modules under PyTorch's names."""

from __future__ import annotations

from typing import Any

from .. import functional
from ..settings import whole_number
from .module import Module


class OverAxis(Module):
    """An activation that runs along one axis: dim, as PyTorch calls it, by default the last as in Keras."""

    def __init__(self, dim: int = -1):
        self.dim = whole_number(type(self).__name__, "dim", dim)


class Softmax(OverAxis):
    """exp(x) / sum(exp(x)) over dim: probabilities that sum to 1.

    PyTorch has no default for dim.  CrossEntropyLoss takes x itself, without a Softmax before it.
    """

    def forward(self, x: Any) -> Any:
        return functional.softmax(x, axis=self.dim)


class LogSoftmax(OverAxis):
    """log(softmax(x)) over dim, accurate where softmax underflows to 0."""

    def forward(self, x: Any) -> Any:
        return functional.log_softmax(x, axis=self.dim)


class Softmin(OverAxis):
    """softmax(-x) over dim: the smallest entry gets the largest share."""

    def forward(self, x: Any) -> Any:
        return functional.softmin(x, axis=self.dim)


class Sparsemax(OverAxis):
    """The probabilities over dim that are nearest to x: those of entries far below the largest are exactly 0.

    `functional.sparsemax` has the formula and its source.
    """

    def forward(self, x: Any) -> Any:
        return functional.sparsemax(x, axis=self.dim)


class GLU(OverAxis):
    """The first half of dim times the sigmoid of the second: an axis of n entries leaves n / 2."""

    def forward(self, x: Any) -> Any:
        return functional.glu(x, axis=self.dim)

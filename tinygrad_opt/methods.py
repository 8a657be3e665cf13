"""The methods of a Value: those of a NumPy array, and the functions that networks are written with.

Each records the very node that the function of the same name records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

import numpy as np

from .engine import Node
from .ops import RULES, activations, elementwise, reductions
from .ops.operation import NO_PARAMS
from .ops.shapes import Axes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .ops import Operation
    from .value import Value

# fmt: off
EXP, LOG, SQRT, SQUARE = RULES[np.exp], RULES[np.log], RULES[np.sqrt], RULES[np.square]
SIN, COS, TANH, ABSOLUTE = RULES[np.sin], RULES[np.cos], RULES[np.tanh], RULES[np.absolute]
RELU, SIGMOID = RULES[activations.relu], RULES[elementwise.sigmoid]
SUM, MEAN, PROD, MAX, MIN = (RULES[f] for f in (np.sum, np.mean, np.prod, np.max, np.min))
CUMSUM, CUMPROD = RULES[np.cumsum], RULES[np.cumprod]
VAR, STD, CLIP, DOT = RULES[np.var], RULES[np.std], RULES[np.clip], RULES[np.dot]
LOGSUMEXP, SOFTMAX, LOG_SOFTMAX = (
    RULES[f] for f in (reductions.logsumexp, reductions.softmax, reductions.log_softmax))
RESHAPE, RAVEL, SQUEEZE, SWAPAXES = (RULES[f] for f in (np.reshape, np.ravel, np.squeeze, np.swapaxes))
TRANSPOSE, MATRIX_TRANSPOSE = RULES[np.transpose], RULES[np.matrix_transpose]


class Methods(Node):
    """NumPy's array methods in terms of `record`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @staticmethod
        def record(operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Value: ...

    # -- elementwise ---------------------------------------------------------------------------
    def exp(self) -> Value:        return self.record(EXP, (self,), NO_PARAMS)
    def log(self) -> Value:        return self.record(LOG, (self,), NO_PARAMS)
    def sqrt(self) -> Value:       return self.record(SQRT, (self,), NO_PARAMS)
    def square(self) -> Value:     return self.record(SQUARE, (self,), NO_PARAMS)
    def sin(self) -> Value:        return self.record(SIN, (self,), NO_PARAMS)
    def cos(self) -> Value:        return self.record(COS, (self,), NO_PARAMS)
    def tanh(self) -> Value:       return self.record(TANH, (self,), NO_PARAMS)
    def abs(self) -> Value:        return self.record(ABSOLUTE, (self,), NO_PARAMS)
    def relu(self) -> Value:       return self.record(RELU, (self,), NO_PARAMS)
    def sigmoid(self) -> Value:    return self.record(SIGMOID, (self,), NO_PARAMS)

    def clip(self, min: Any = None, max: Any = None) -> Value:
        return self.record(CLIP, (self, min, max), NO_PARAMS)

    # -- reductions ----------------------------------------------------------------------------
    def over(self, operation: Operation, other: Mapping[str, Any], **params: Any) -> Value:
        """The operation on self, unless the call has other keywords, such as PyTorch's dim."""
        if other:
            raise TypeError(operation.refuse_call(other, 1, 1))
        return self.record(operation, (self,), params)

    def sum(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(SUM, other, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(MEAN, other, axis=axis, keepdims=keepdims)

    def prod(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(PROD, other, axis=axis, keepdims=keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(MAX, other, axis=axis, keepdims=keepdims)

    def min(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(MIN, other, axis=axis, keepdims=keepdims)

    def var(self, axis: Axes = None, ddof: float = 0, keepdims: bool = False, **other: Never) -> Value:
        return self.over(VAR, other, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axes = None, ddof: float = 0, keepdims: bool = False, **other: Never) -> Value:
        return self.over(STD, other, axis=axis, ddof=ddof, keepdims=keepdims)

    def logsumexp(self, axis: Axes = None, keepdims: bool = False, **other: Never) -> Value:
        return self.over(LOGSUMEXP, other, axis=axis, keepdims=keepdims)

    def softmax(self, axis: Axes = -1, **other: Never) -> Value:
        return self.over(SOFTMAX, other, axis=axis)

    def log_softmax(self, axis: Axes = -1, **other: Never) -> Value:
        return self.over(LOG_SOFTMAX, other, axis=axis)

    def cumsum(self, axis: int | None = None, **other: Never) -> Value:
        return self.over(CUMSUM, other, axis=axis)

    def cumprod(self, axis: int | None = None, **other: Never) -> Value:
        return self.over(CUMPROD, other, axis=axis)

    # -- products and shapes -------------------------------------------------------------------
    def dot(self, y: Any) -> Value:
        return self.record(DOT, (self, y), NO_PARAMS)

    def reshape(self, *shape: Any) -> Value:
        return self.record(RESHAPE, (self,), {"shape": unpacked(shape)})

    def ravel(self) -> Value:
        return self.record(RAVEL, (self,), NO_PARAMS)

    flatten = ravel

    def transpose(self, *axes: Any) -> Value:
        return self.record(TRANSPOSE, (self,), {"axes": unpacked(axes) or None})

    def swapaxes(self, axis1: int, axis2: int) -> Value:
        return self.record(SWAPAXES, (self,), {"axis1": axis1, "axis2": axis2})

    def squeeze(self, axis: Axes = None, **other: Never) -> Value:
        return self.over(SQUEEZE, other, axis=axis)

    @property
    def T(self) -> Value:
        """All axes reversed."""
        return self.record(TRANSPOSE, (self,), NO_PARAMS)

    @property
    def mT(self) -> Value:
        """The last two axes swapped."""
        return self.record(MATRIX_TRANSPOSE, (self,), NO_PARAMS)
# fmt: on


def unpacked(given: tuple[Any, ...]) -> Any:
    """x.reshape(2, 3) and x.reshape((2, 3)) are the same call."""
    return given[0] if len(given) == 1 and not isinstance(given[0], int) else given

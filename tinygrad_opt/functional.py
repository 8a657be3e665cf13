"""Functions that networks are written with and NumPy does not name."""

from __future__ import annotations

from typing import Any

from .ops.dropout import dropout
from .ops.elementwise import elu, leaky_relu, relu, sigmoid, softplus
from .ops.losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, nll_loss
from .ops.normalization import batch_norm, layer_norm, rms_norm
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, softmax
from .value import Value

__all__ = [
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "nll_loss",
    "relu",
    "rms_norm",
    "sigmoid",
    "softmax",
    "softplus",
    "stop_gradient",
]


def stop_gradient(x: Any) -> Any:
    """x as a constant: a Value of the same data through which no gradient flows, as `Value.detach`.

    A plain number or array is returned as it is.

    >>> x = Value(3.0)
    >>> (x * stop_gradient(x)).backward()
    >>> x.grad
    3.0
    """
    return x.detach() if isinstance(x, Value) else x

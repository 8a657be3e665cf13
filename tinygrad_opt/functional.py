"""Functions that networks are written with and NumPy does not name."""

from __future__ import annotations

from .ops.elementwise import elu, leaky_relu, relu, sigmoid, softplus
from .ops.losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, nll_loss
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, softmax

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "elu",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
]

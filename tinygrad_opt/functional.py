"""Functions that networks are written with and NumPy does not name."""

from __future__ import annotations

from typing import Any

from .ops.convolution import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .ops.elementwise import elu, leaky_relu, relu, sigmoid, softplus
from .ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, nll_loss, softmax
from .ops.windows import fold, unfold

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "elu",
    "fold",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_pool1d",
    "max_pool2d",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "unfold",
]


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Softmax cross-entropy: the mean over rows of -log(softmax(logits)[i, labels[i]]).

    logits (N, C) are any real numbers, labels (N,) integers from 0 to C-1.

    >>> import numpy as np
    >>> print(cross_entropy(np.zeros((3, 2)), np.array([0, 1, 1])))  # log(2)
    0.6931471805599453
    """
    return nll_loss(log_softmax(logits), labels)

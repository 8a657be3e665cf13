"""Functions that networks are written with and NumPy does not name."""

from __future__ import annotations

from typing import Any

from .ops.activations import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logit,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from .ops.elementwise import sigmoid
from .ops.indexing import embedding, index_put
from .ops.ordering import topk
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, nll_loss, softmax
from .ops.special import erf, erfc, rsqrt
from .ops.vectors import clip_by_norm, normalize, one_hot

__all__ = [
    "celu",
    "clip_by_norm",
    "cross_entropy",
    "elu",
    "embedding",
    "erf",
    "erfc",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "index_put",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logit",
    "logsigmoid",
    "logsumexp",
    "mish",
    "nll_loss",
    "normalize",
    "one_hot",
    "prelu",
    "relu",
    "relu6",
    "rsqrt",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "topk",
]


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Softmax cross-entropy: the mean over rows of -log(softmax(logits)[i, labels[i]]).

    logits (N, C) are any real numbers, labels (N,) integers from 0 to C-1.

    >>> import numpy as np
    >>> print(cross_entropy(np.zeros((3, 2)), np.array([0, 1, 1])))  # log(2)
    0.6931471805599453
    """
    return nll_loss(log_softmax(logits), labels)

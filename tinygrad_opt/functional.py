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
from .ops.adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool1d, adaptive_max_pool2d
from .ops.binary_losses import binary_cross_entropy, binary_cross_entropy_with_logits
from .ops.convolution_layers import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .ops.dropout import dropout
from .ops.elementwise import sigmoid
from .ops.indexing import embedding, index_put
from .ops.linalg import expm, solve_triangular
from .ops.losses import cross_entropy, nll_loss
from .ops.normalization import batch_norm, layer_norm, rms_norm
from .ops.ordering import topk
from .ops.pooling_layers import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, softmax
from .ops.special import erf, erfc, rsqrt
from .ops.vectors import clip_by_norm, normalize, one_hot
from .ops.windows import fold, unfold
from .value import Value

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "clip_by_norm",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "erf",
    "erfc",
    "expm",
    "fold",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "index_put",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logit",
    "logsigmoid",
    "logsumexp",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "nll_loss",
    "normalize",
    "one_hot",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rsqrt",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "solve_triangular",
    "stop_gradient",
    "tanhshrink",
    "threshold",
    "topk",
    "unfold",
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

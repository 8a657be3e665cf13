"""Functions that networks are written with and NumPy does not name."""

from __future__ import annotations

from typing import Any

from .ops.activations import (
    celu,
    elu,
    exponential,
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
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanhshrink,
    threshold,
)
from .ops.adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool1d, adaptive_max_pool2d
from .ops.batch_normalization import batch_norm, instance_norm
from .ops.binary_losses import binary_cross_entropy, binary_cross_entropy_with_logits
from .ops.convolution_layers import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .ops.distance_losses import cosine_embedding_loss, cosine_similarity, triplet_margin_loss
from .ops.dropout import alpha_dropout, dropout, dropout1d, dropout2d, gaussian_dropout, gaussian_noise
from .ops.elementwise import sigmoid
from .ops.indexing import embedding, index_put
from .ops.likelihood_losses import gaussian_nll_loss, kl_div, poisson_nll_loss
from .ops.linalg import expm, solve_triangular
from .ops.losses import cross_entropy, nll_loss
from .ops.margin_losses import (
    categorical_hinge_loss,
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    multi_margin_loss,
    soft_margin_loss,
    squared_hinge_loss,
)
from .ops.normalization import group_norm, layer_norm, rms_norm
from .ops.ordering import topk
from .ops.pooling_layers import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .ops.products import linear
from .ops.reductions import log_softmax, logsumexp, softmax, softmin
from .ops.regression_losses import (
    half_mse_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
    mse_loss,
    smooth_l1_loss,
)
from .ops.rrelu import rrelu
from .ops.sparsemax import sparsemax
from .ops.special import erf, erfc, rsqrt
from .ops.vectors import clip_by_norm, normalize, one_hot
from .ops.windows import fold, unfold
from .value import Value

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_hinge_loss",
    "celu",
    "clip_by_norm",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elu",
    "embedding",
    "erf",
    "erfc",
    "expm",
    "exponential",
    "fold",
    "gaussian_dropout",
    "gaussian_nll_loss",
    "gaussian_noise",
    "gelu",
    "glu",
    "group_norm",
    "half_mse_loss",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "index_put",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_cosh_loss",
    "log_softmax",
    "logit",
    "logsigmoid",
    "logsumexp",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rrelu",
    "rsqrt",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "solve_triangular",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squared_hinge_loss",
    "squareplus",
    "stop_gradient",
    "tanhshrink",
    "threshold",
    "topk",
    "triplet_margin_loss",
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

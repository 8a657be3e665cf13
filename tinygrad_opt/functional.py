"""Functions that networks are written with and NumPy does not name."""

from .ops.elementwise import elu, leaky_relu, relu, sigmoid, softplus
from .ops.reductions import log_softmax, logsumexp, softmax

__all__ = ["elu", "leaky_relu", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus"]

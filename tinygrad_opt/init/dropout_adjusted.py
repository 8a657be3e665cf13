"""The initializer that makes up for what dropout does to the variance."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..ops.dropout import probability
from ..settings import ABOVE_0, number, one_of
from .fans import weight_shape
from .request import Array, Request, Shape

SECOND_MOMENTS = {
    "relu": (0.5, 0.5),
    "elu": (0.6449454174929239, 0.6681020012231708),
    "gelu": (0.4252214825702987, 0.4558508656492872),
    "tanh": (0.3942944903978412, 0.4644029024482682),
}
"""E[f(z)**2] and E[f'(z)**2] of activations f, for a standard normal z, by quadrature.

The paper prints .671, .444 and .216 for the slopes of elu, gelu and tanh; tanh's is the square of the .464 here.
"""


def dropout_adjusted(
    shape: Shape,
    p: float = 0.5,
    activation: str | tuple[float, float] = "relu",
    layer: Literal["first", "hidden", "last"] = "hidden",
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """For nets with dropout: each unit's weights in a random direction, of length 1 / sqrt(c_f / k + c_b k), k = 1 - p.

    p is the probability that dropout sets an entry to 0; the paper's p is k, that it is kept.
    c_f = E[f(z)**2] and c_b = E[f'(z)**2] are those of the activation f for a standard normal z: relu, elu, gelu or
    tanh by name, any other as the pair (c_f, c_b).
    The inputs of the first layer are not activated, 1 / sqrt(1 + c_b k), nor the outputs of the last,
    1 / sqrt(c_f / k + 1).  A unit is a row of the weight, or a filter of a convolution.
    Hendrycks & Gimpel, Adjusting for dropout variance in batch normalization and weight initialization, 2017,
    arXiv:1607.02488.

    >>> w = dropout_adjusted((2, 50), p=0.5, activation="relu", rng=np.random.default_rng(0))
    >>> print(np.sum(w * w, axis=1) * (0.5 / 0.5 + 0.5 * 0.5))
    [1. 1.]
    """
    request = Request("dropout_adjusted", shape, rng, dtype)
    rows, *_ = weight_shape("dropout_adjusted", request.shape)
    one_of("dropout_adjusted", "layer", layer, ("first", "hidden", "last"))
    keep = 1 - probability("dropout_adjusted", p)
    forward, backward = second_moments(activation)
    variance = (1 if layer == "first" else forward / keep) + (1 if layer == "last" else backward * keep)
    directions = request.rng.standard_normal((rows, math.prod(request.shape[1:])))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return request.give(directions.reshape(request.shape) / math.sqrt(variance))


def second_moments(activation: str | tuple[float, float]) -> tuple[float, float]:
    """The pair (c_f, c_b) of an activation that is named, or as it is given."""
    if isinstance(activation, str):
        return SECOND_MOMENTS[one_of("dropout_adjusted", "activation", activation, SECOND_MOMENTS)]
    try:
        forward, backward = activation
    except (TypeError, ValueError):
        raise ValueError(
            f"dropout_adjusted: activation must be a name, or (E[f(z)**2], E[f'(z)**2]); got {activation!r}"
        ) from None
    return (
        number("dropout_adjusted", "E[f(z)**2]", forward, ABOVE_0),
        number("dropout_adjusted", "E[f'(z)**2]", backward, ABOVE_0),
    )

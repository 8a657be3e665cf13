"""Layers of neurons: every output is a weighted sum of all inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functional import linear
from ..settings import count
from ..value import Value
from .inputs import as_input
from .module import Module
from .weights import bias_array, weight_array, with_bias


class Linear(Module):
    """A layer of neurons: x @ weight.T + bias.

    x (..., in_features), weight (out_features, in_features), bias (out_features,)  ->  (..., out_features)

    init       how weight is drawn: an initializer of `tinygrad_opt.init`, its name, or the name of the activation
               that follows, such as "relu"; left out, as for no activation; "torch" is PyTorch's default for both
    bias_init  how bias is drawn; left out, zeros

    Raises ValueError for inputs of another number of features.

    >>> layer = Linear(2, 1, rng=np.random.default_rng(0))
    >>> layer.weight.data[...] = [[1.0, 2.0]]
    >>> layer(np.array([3.0, 4.0])).data
    array([11.])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Any = "linear",
        bias_init: Any = None,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ):
        kind = type(self).__name__
        self.in_features = count(kind, "in_features", in_features)
        self.out_features = count(kind, "out_features", out_features)
        shape, biased = (self.out_features, self.in_features), with_bias(kind, bias)
        self.weight = Value(weight_array(kind, init, shape, rng, dtype))
        self.bias = Value(bias_array(kind, init, bias_init, shape, self.out_features, rng, dtype)) if biased else None

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        if x.shape[-1:] != (self.in_features,):
            raise ValueError(
                f"{self.where} takes {self.in_features} features on the last axis; got shape {x.shape}{advice(self, x)}"
            )
        return linear(x, self.weight, self.bias)


def advice(layer: Linear, x: Any) -> str:
    """What to do about a shape that does not fit, where it tells."""
    if x.ndim > 1 and x[0].size == layer.in_features:
        return f": flatten each sample first, x.reshape({x.shape[0]}, {layer.in_features}) or nn.Flatten()"
    if x.ndim == 2 and x.shape[0] == layer.in_features:
        return ": are the samples its columns? Then pass x.T"
    return ""

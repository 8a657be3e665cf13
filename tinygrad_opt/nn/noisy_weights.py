"""Noise on the weights of a layer in training; what is learned and saved are the weights without it."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import numpy as np

from .. import functional
from ..ops.dropout import deviation, probability
from ..ops.random import checked_rng
from ..value import Value
from .module import Module

M = TypeVar("M", bound=Module)


def weight_noise(layer: M, std: float, name: str = "weight", rng: np.random.Generator | None = None) -> M:
    """Let a layer compute in training with weight + N(0, std**2), drawn anew at each call; returns the layer.

    The gradient is that at the noisy weight, and goes to the parameter, which stays itself: in the state, for
    optimizers, in evaluation.  Such training prefers minima that are flat (Jim, Giles & Horne, 1996).
    rng is as in `Dropout`.  Raises ValueError for a std below 0 or not finite, and a name of no parameter.

    >>> from tinygrad_opt.nn import Linear
    >>> layer = weight_noise(Linear(2, 1), 0.1)
    >>> x = np.ones(2)
    >>> bool(layer(x).data == layer(x).data), bool(layer.eval()(x).data == layer(x).data)
    (False, True)
    """
    std, rng = deviation("weight_noise", std), checked_rng(rng, "weight_noise")
    return perturbed("weight_noise", layer, name, functools.partial(with_noise, std=std, rng=rng))


def drop_connect(layer: M, p: float = 0.5, name: str = "weight", rng: np.random.Generator | None = None) -> M:
    """Let a layer compute in training with each weight dropped with probability p; returns the layer.

    DropConnect (Wan et al., 2013) with one mask for a whole batch, where the paper draws one for each sample; what is
    kept is divided by 1 - p, so that in evaluation the weights stand as they are.
    rng is as in `Dropout`.  Raises ValueError for p outside [0, 1), and a name of no parameter.
    """
    p, rng = probability("drop_connect", p), checked_rng(rng, "drop_connect")
    return perturbed("drop_connect", layer, name, functools.partial(with_gaps, p=p, rng=rng))


def with_noise(layer: Module, weight: Value, std: float, rng: Any) -> Any:
    return functional.gaussian_noise(weight, std, layer.training, rng)


def with_gaps(layer: Module, weight: Value, p: float, rng: Any) -> Any:
    return functional.dropout(weight, p, layer.training, rng)


def perturbed(asker: str, layer: M, name: str, change: Any) -> M:
    """The layer, told to change a parameter in each forward."""
    if not isinstance(layer, Module):
        raise TypeError(f"{asker} takes a layer, such as nn.Linear(2, 1); got a {type(layer).__name__}")
    if name not in layer._parameters and name not in layer._derived:
        known = ", ".join([*layer._parameters, *layer._derived]) or "none of its own: name one of its parts"
        raise ValueError(f"{asker}: {layer.where} has no parameter {name!r}; it has {known}")
    layer.perturb(name, change)
    return layer

"""How the weights and biases of layers are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import init as initializers
from ..init.request import dtype_of
from ..settings import flag
from ..spelling import plain
from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]


def weight_array(kind: str, init: Any, shape: tuple[int, ...], rng: Any, dtype: Any) -> Array:
    """A weight of that shape, drawn by an initializer that is given by itself or by name."""
    return drawn(kind, "init", init, shape, rng, dtype)


def bias_array(
    kind: str, init: Any, bias_init: Any, weight_shape: tuple[int, ...], size: int, rng: Any, dtype: Any
) -> Array:
    """One number for each of size outputs: zeros, unless asked for otherwise."""
    if bias_init is None and isinstance(init, str) and init in ("torch", "torch_default"):
        fan_in, _ = initializers.fan_in_and_fan_out(weight_shape)
        bias_init = initializers.get("torch", fan_in=fan_in)
    return drawn(kind, "bias_init", "zeros" if bias_init is None else bias_init, (size,), rng, dtype)


def with_bias(kind: str, bias: Any) -> bool:
    """Whether a layer is to have biases; where an activation is given in that place, what to do with one."""
    activation = (
        ": the activation that the weights are drawn for is init='relu', and an activation is a module of its own: "
        "nn.Sequential(nn.Linear(3, 4), nn.ReLU())"
    )
    return flag(kind, "bias", bias, activation if isinstance(bias, str) or callable(bias) else "")


def drawn(kind: str, role: str, init: Any, shape: tuple[int, ...], rng: Any, dtype: Any) -> Array:
    """What an initializer gives, if it has the shape that was asked for."""
    refuse_activation(kind, role, init)
    dtype = dtype_of(kind, dtype)
    array: Array = np.asarray(initializers.get(init)(shape, rng=rng, dtype=dtype))
    if array.shape != shape:
        raise ValueError(f"{role} of {kind} must give an array of shape {shape}; got {array.shape}")
    return array.astype(dtype, copy=False)


def refuse_activation(kind: str, role: str, init: Any) -> None:
    """Refuse an activation itself where its name is meant: a module, its class, a function."""
    name = plain(getattr(init, "__name__", type(init).__name__))
    known = {plain(other): other for other in initializers.ACTIVATIONS}
    if isinstance(init, Module) or (callable(init) and name in known):
        advice = f", as {role}={known[name]!r}" if name in known else ""
        raise TypeError(
            f"{kind}: {role} is an initializer, its name, or the name of the activation that follows{advice}; "
            f"got {init!r}"
        )

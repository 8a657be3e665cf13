"""How the weights and biases of layers are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import init as initializers
from ..init.request import dtype_of

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


def drawn(kind: str, role: str, init: Any, shape: tuple[int, ...], rng: Any, dtype: Any) -> Array:
    """What an initializer gives, if it has the shape that was asked for."""
    dtype = dtype_of(kind, dtype)
    array: Array = np.asarray(initializers.get(init)(shape, rng=rng, dtype=dtype))
    if array.shape != shape:
        raise ValueError(f"{role} of {kind} must give an array of shape {shape}; got {array.shape}")
    return array.astype(dtype, copy=False)

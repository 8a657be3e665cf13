"""A stand-in until the initializers are merged."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.dropout import default_rng


def fan_in_and_fan_out(shape: tuple[int, ...]) -> tuple[int, int]:
    size = int(np.prod(shape[2:]))
    return shape[1] * size, shape[0] * size


def uniform(shape: Any, a: float = 0.0, b: float = 1.0, *, rng: Any = None, dtype: Any = np.float64) -> Any:
    return (default_rng() if rng is None else rng).uniform(a, b, shape).astype(dtype)


def zeros(shape: Any, *, rng: Any = None, dtype: Any = np.float64) -> Any:
    return np.zeros(shape, dtype)


def xavier_uniform(shape: Any, *, rng: Any = None, dtype: Any = np.float64) -> Any:
    bound = (6 / sum(fan_in_and_fan_out(shape))) ** 0.5
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def get(name: Any) -> Any:
    return name if callable(name) else zeros if name == "zeros" else xavier_uniform

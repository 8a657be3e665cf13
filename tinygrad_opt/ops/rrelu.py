"""A leaky relu with random slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import leaky_relu, prelu
from .aside import aside
from .operand import array_like
from .random import checked_rng, generator


def rrelu(
    x: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    rng: np.random.Generator | None = None,
) -> Any:
    """x where x > 0, else slope * x: in training every entry draws its slope, uniform from lower to upper.

    Otherwise the slope is their mean (Xu et al., 2015, arXiv:1505.00853).  The slopes drawn are constants of the graph.
    rng is a NumPy Generator; left out, it is `ops.random.default_rng()`, which no seed repeats.
    Raises ValueError for lower above upper, TypeError for an rng that is no Generator.
    """
    if not lower <= upper:
        raise ValueError(f"rrelu draws slopes from lower to upper, which must not be below it; got {lower} and {upper}")
    x = array_like(x)
    rng = checked_rng(rng, "rrelu")
    if not training:
        return leaky_relu(x, slope=(lower + upper) / 2)
    return prelu(x, slopes(np.shape(x), np.result_type(x, np.float32), lower, upper, rng))


@aside
def slopes(shape: tuple[int, ...], dtype: Any, lower: float, upper: float, rng: np.random.Generator | None) -> Any:
    return np.asarray(generator(rng, "rrelu").uniform(lower, upper, shape), dtype)

"""Logic gates: four points and what the gate makes of them."""

from __future__ import annotations

import numpy as np

from ..ops.random import generator
from ..settings import AT_LEAST_0, count, number
from .points import Array, Points

INPUTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


def and_() -> Points:
    """The table of AND: x (4, 2), float64, zeros and ones, and y (4,), int64.  A line parts the classes.

    >>> x, y = and_()
    >>> x.tolist(), y
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array([0, 0, 0, 1]))
    """
    return table(0, 0, 0, 1)


def or_() -> Points:
    """The table of OR: x (4, 2), float64, zeros and ones, and y (4,), int64.  A line parts the classes.

    >>> or_()[1]
    array([0, 1, 1, 1])
    """
    return table(0, 1, 1, 1)


def xor() -> Points:
    """The table of XOR: x (4, 2), float64, zeros and ones, and y (4,), int64.  No line parts the classes.

    >>> xor()[1]
    array([0, 1, 1, 0])
    """
    return table(0, 1, 1, 0)


def make_xor(n_samples: int = 100, *, noise: float = 0.2, rng: np.random.Generator | None = None) -> Points:
    """XOR as a cloud: points around the four corners of the unit square, classes as in its table.

    x (n, 2) is a corner drawn at random plus noise, the standard deviation of what is added to each coordinate;
    y (n,), int64, is 1 where the corner has one coordinate 1.

    >>> x, y = make_xor(5, noise=0, rng=np.random.default_rng(0))
    >>> np.array_equal(x.sum(axis=1) == 1, y)
    True
    """
    rng, n = generator(rng, "make_xor"), count("make_xor", "n_samples", n_samples)
    corners, classes = xor()
    drawn = rng.integers(len(classes), size=n)
    noise = number("make_xor", "noise", noise, AT_LEAST_0)
    return corners[drawn] + noise * rng.standard_normal((n, 2)), classes[drawn]


def table(*outputs: int) -> Points:
    classes: Array = np.array(outputs)
    return np.array(INPUTS), classes

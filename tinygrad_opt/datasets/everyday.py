"""Examples from lectures, with laws that are known: what does a house cost, will I pass this class?"""

from __future__ import annotations

import numpy as np

from ..ops.random import generator
from ..settings import AT_LEAST_0, count, number
from .points import Points

PRICE = (3.0, 12.0, -0.8)
"""What a square metre, a bedroom and a year of age add to the price of a house, in thousands."""

GROUND = 40.0
"""What every house costs, in thousands."""

PASS_MARK = 8.0
"""Lectures and hours, together, with which passing is as likely as failing."""


def make_housing(n_samples: int = 100, *, noise: float = 20.0, rng: np.random.Generator | None = None) -> Points:
    """Houses and their prices: linear regression whose law is known, with features of different size.

    x (n, 3): the size, 30 to 250 square metres; bedrooms, 1 to 8, about one for 35 square metres; the age, 0 to 80
    years.  y (n,) is the price in thousands, 3 a square metre, 12 a bedroom, -0.8 a year, and 40, plus noise, the
    standard deviation of what is added.  x[:, :1] is the example with one variable.

    >>> x, y = make_housing(200, noise=0, rng=np.random.default_rng(0))
    >>> np.linalg.lstsq(np.column_stack([x, np.ones(200)]), y)[0].round(6)
    array([ 3. , 12. , -0.8, 40. ])
    """
    rng, n = generator(rng, "make_housing"), count("make_housing", "n_samples", n_samples)
    noise = number("make_housing", "noise", noise, AT_LEAST_0)
    size, age = rng.uniform(30, 250, n), rng.uniform(0, 80, n)
    bedrooms = np.clip(np.round(size / 35 + rng.standard_normal(n)), 1, 8)
    x = np.stack([size, bedrooms, age], axis=1)
    return x, x @ PRICE + GROUND + noise * rng.standard_normal(n)


def make_passing(n_samples: int = 100, *, rng: np.random.Generator | None = None) -> Points:
    """Will I pass this class?  Logistic regression whose law is known (the example of MIT's 6.S191).

    x (n, 2): lectures attended, 0 to 10, whole numbers, and hours spent on the final project, 0 to 10.
    y (n,), int64, is 1 for who passes, with probability sigmoid(lectures + hours - 8): 0.73 for 4 lectures and 5 hours.

    >>> x, y = make_passing(1000, rng=np.random.default_rng(0))
    >>> print(x[0].round(1), y[0], y.mean())
    [9.  0.8] 1 0.682
    """
    rng, n = generator(rng, "make_passing"), count("make_passing", "n_samples", n_samples)
    lectures, hours = rng.integers(0, 11, n), rng.uniform(0, 10, n)
    chance = 1 / (1 + np.exp(PASS_MARK - lectures - hours))
    return np.stack([lectures, hours], axis=1), (rng.random(n) < chance).astype(np.int64)

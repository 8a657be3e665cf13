"""Initializers that draw every number from one distribution."""

from __future__ import annotations

import math

import numpy as np

from ..settings import ABOVE_0, AT_LEAST_0
from .request import Array, Request, Shape


def uniform(
    shape: Shape,
    a: float = 0.0,
    b: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Uniform from a to b, by default from 0 to 1 as in PyTorch; Keras' RandomUniform is a=-0.05, b=0.05.

    >>> uniform(3, -0.5, 0.5, rng=np.random.default_rng(0)).round(3)
    array([ 0.137, -0.23 , -0.459])
    """
    request = Request("uniform", shape, rng, dtype)
    return request.give(request.rng.uniform(*bounds(request, a, b), request.shape))


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal of that mean and standard deviation, by default 0 and 1 as in PyTorch; Keras' RandomNormal is std=0.05."""
    request = Request("normal", shape, rng, dtype)
    mean, std = request.number("mean", mean), request.number("std", std, AT_LEAST_0)
    return request.give(request.rng.normal(mean, std, request.shape))


def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    *,
    relative: bool = False,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal, given that it lies from a to b; what falls outside is drawn again.

    a and b are values, as in PyTorch: with std=0.02 the default cuts at 100 standard deviations.  With relative=True
    they count standard deviations from the mean, as in Keras (TruncatedNormal: std=0.05, relative=True).
    mean and std are those before the cut; the default cut leaves 0.8796 of the standard deviation.
    Raises ValueError for a above b and an std that is not above 0.

    >>> w = truncated_normal(1000, std=0.05, relative=True, rng=np.random.default_rng(0))
    >>> bool(abs(w).max() <= 0.1)
    True
    """
    request = Request("truncated_normal", shape, rng, dtype)
    mean, std = request.number("mean", mean), request.number("std", std, ABOVE_0)
    low, high = bounds(request, a, b)
    if relative:
        low, high = mean + std * low, mean + std * high
    z = standard_truncated(request.shape, (low - mean) / std, (high - mean) / std, request.rng)
    return request.give(np.clip(mean + std * z, low, high))


def bounds(request: Request, a: float, b: float) -> tuple[float, float]:
    a, b = request.number("a", a), request.number("b", b)
    if a > b:
        raise ValueError(f"{request.asker}: a must not be above b; got a={a}, b={b}")
    return a, b


def standard_truncated(shape: tuple[int, ...], low: float, high: float, rng: np.random.Generator) -> Array:
    """Draws from the standard normal, given low <= z <= high.

    Proposals are accepted with a chance that makes up for where they are too many, and drawn again until all are.
    At least a quarter is accepted, however narrow the interval and however far out.
    """
    mass = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    propose = from_normal if mass >= 0.25 else from_exponential
    z = np.empty(math.prod(shape))
    missing = np.arange(z.size)
    while missing.size:
        proposal, accepted = propose(missing.size, low, high, rng)
        z[missing[accepted]] = proposal[accepted]
        missing = missing[~accepted]
    return z.reshape(shape)


def from_normal(n: int, low: float, high: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Proposals without a cut, and which of them lie within: where much of the normal does."""
    z = rng.standard_normal(n)
    return z, (low <= z) & (z <= high)


def from_exponential(n: int, low: float, high: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Proposals that fall from the point nearest to 0 as the normal does there, by exp(-|nearest| distance).

    The normal over that is exp(-distance**2 / 2), the chance to accept (Robert, Simulation of truncated normal
    variables, 1995, with the rate at its simplest).  Around 0 the rate is 0: proposals are uniform.
    """
    nearest = min(max(0.0, low), high)
    rate, width = abs(nearest), high - low
    u = rng.random(n)
    distance = np.minimum(-np.log1p(u * np.expm1(-rate * width)) / rate, width) if rate else u * width
    if nearest == 0:
        return low + distance, rng.random(n) < np.exp(-((low + distance) ** 2) / 2)
    return nearest + np.copysign(distance, nearest), rng.random(n) < np.exp(-(distance**2) / 2)

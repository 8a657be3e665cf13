"""Initializers whose spread follows from the fans of the weight, so that signals neither fade nor grow with depth.

The normal ones are not truncated, as in PyTorch; truncated=True gives Keras': cut at two standard deviations of a
normal that is as much wider as keeps the variance.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..settings import ABOVE_0, AT_LEAST_0, count, one_of
from .distributions import standard_truncated
from .fans import Mode, fan, gain_of
from .request import Array, Request, Shape

Distribution = Literal["truncated_normal", "untruncated_normal", "uniform"]

DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")
LEFT_BY_THE_CUT = 0.87962566103423978  # the standard deviation of a standard normal, given that it lies within 2


def xavier_uniform(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Uniform within gain * sqrt(6 / (fan_in + fan_out)), of variance 2 gain**2 / (fan_in + fan_out).

    Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 16.

    >>> w = xavier_uniform((100, 50), rng=np.random.default_rng(0))
    >>> w.shape, round(float(abs(w).max()), 3)  # sqrt(6 / 150) is 0.2
    ((100, 50), 0.2)
    """
    request = Request("xavier_uniform", shape, rng, dtype)
    return spread(request, xavier_std(request, gain), "uniform")


def xavier_normal(
    shape: Shape,
    gain: float = 1.0,
    *,
    truncated: bool = False,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal of standard deviation gain * sqrt(2 / (fan_in + fan_out)); truncated as Keras' GlorotNormal.

    Glorot & Bengio, 2010, equation 12.
    """
    request = Request("xavier_normal", shape, rng, dtype)
    return spread(request, xavier_std(request, gain), normal_kind(truncated))


def xavier_std(request: Request, gain: float) -> float:
    return request.number("gain", gain, AT_LEAST_0) / math.sqrt(fan(request.asker, request.shape, "fan_avg"))


def kaiming_uniform(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Uniform within sqrt(3) * gain / sqrt(fan), of variance gain**2 / fan.

    The gain is the one of `calculate_gain` for the nonlinearity that follows; a is the slope of leaky_relu, and with
    the 0 it has by default leaky_relu is relu.  mode is the fan: fan_in keeps the variance of what goes forward,
    fan_out of the gradients that go back, fan_avg is the mean of both.
    Raises ValueError for an a of a nonlinearity other than leaky_relu.
    He, Zhang, Ren & Sun, Delving deep into rectifiers, 2015, equations 10 and 15, arXiv:1502.01852.
    """
    request = Request("kaiming_uniform", shape, rng, dtype)
    return spread(request, kaiming_std(request, a, mode, nonlinearity), "uniform")


def kaiming_normal(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    truncated: bool = False,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal of standard deviation gain / sqrt(fan), else as `kaiming_uniform`; truncated as Keras' HeNormal.

    >>> w = kaiming_normal((500, 200), nonlinearity="relu", rng=np.random.default_rng(0))
    >>> round(float(w.std()), 3)  # sqrt(2 / 200) is 0.1
    0.1
    """
    request = Request("kaiming_normal", shape, rng, dtype)
    return spread(request, kaiming_std(request, a, mode, nonlinearity), normal_kind(truncated))


def kaiming_std(request: Request, a: float, mode: str, nonlinearity: str) -> float:
    slope = a if a or nonlinearity == "leaky_relu" else None
    return gain_of(request.asker, nonlinearity, "a", slope) / math.sqrt(fan(request.asker, request.shape, mode))


def lecun_uniform(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64
) -> Array:
    """Uniform within sqrt(3 / fan_in): variance 1 / fan_in (LeCun, Bottou, Orr & Müller, 1998)."""
    request = Request("lecun_uniform", shape, rng, dtype)
    return spread(request, math.sqrt(1 / fan("lecun_uniform", request.shape, "fan_in")), "uniform")


def lecun_normal(
    shape: Shape,
    *,
    truncated: bool = False,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal of standard deviation 1 / sqrt(fan_in), which selu needs; truncated as Keras' LecunNormal.

    LeCun et al., Efficient BackProp, 1998, equation 16; Klambauer et al., Self-normalizing neural networks, 2017,
    arXiv:1706.02515.
    """
    request = Request("lecun_normal", shape, rng, dtype)
    return spread(request, math.sqrt(1 / fan("lecun_normal", request.shape, "fan_in")), normal_kind(truncated))


def variance_scaling(
    shape: Shape,
    scale: float = 1.0,
    mode: Mode = "fan_in",
    distribution: Distribution = "truncated_normal",
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Variance scale / fan, of any of three distributions: Keras' VarianceScaling, of which the others are cases.

    What Keras also calls "normal" is its truncated normal; here it has no second name.
    Raises ValueError for a scale that is not above 0.
    """
    request = Request("variance_scaling", shape, rng, dtype)
    one_of("variance_scaling", "distribution", distribution, DISTRIBUTIONS)
    scale = request.number("scale", scale, ABOVE_0)
    return spread(request, math.sqrt(scale / fan("variance_scaling", request.shape, mode)), distribution)


def torch_default(
    shape: Shape,
    *,
    fan_in: int | None = None,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Uniform within 1 / sqrt(fan_in): what PyTorch's linear and convolution layers draw, named "torch" in `get`.

    A bias has no fan_in of its own: PyTorch takes that of its weight, given here as fan_in.  A recurrent layer takes
    its hidden size.  This is `kaiming_uniform` with a=sqrt(5), and a third of the variance of `lecun_uniform`.
    """
    request = Request("torch_default", shape, rng, dtype)
    if fan_in is None:
        fan_in = int(fan("torch_default", request.shape, "fan_in"))
    return spread(request, math.sqrt(1 / 3 / count("torch_default", "fan_in", fan_in)), "uniform")


def normal_kind(truncated: bool) -> Distribution:
    return "truncated_normal" if truncated else "untruncated_normal"


def spread(request: Request, std: float, distribution: Distribution) -> Array:
    """Draws of mean 0 and that standard deviation."""
    if distribution == "uniform":
        bound = math.sqrt(3) * std
        return request.give(request.rng.uniform(-bound, bound, request.shape))
    if distribution == "untruncated_normal":
        return request.give(request.rng.normal(0, std, request.shape))
    return request.give(std / LEFT_BY_THE_CUT * standard_truncated(request.shape, -2, 2, request.rng))

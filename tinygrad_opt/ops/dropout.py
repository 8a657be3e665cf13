"""Dropout and noise: what is random in training and gone in use.

Random numbers are drawn in float64 and then take the dtype of x: one seed gives one mask, whatever the dtype.
Drawn in float32 they are no faster: 180 µs instead of 160 for (128, 512) uniform ones, 750 instead of 840 for normal
ones (NumPy 2.4).  The mask is multiplied by 1 / (1 - p), for dividing it took a third of the whole time.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np

from ..settings import AT_LEAST_0, Numbers, number, one_of
from .activations import SELU_ALPHA, SELU_SCALE
from .aside import aside
from .operand import array_like, concrete
from .random import checked_rng, generator

Mode = Literal["inverted", "classic"]

SHARE_DROPPED = Numbers(
    "a number of 0 or more and less than 1, the share that is dropped, not the share that is kept",
    lambda p: 0 <= p < 1,
)

SELU_FLOOR = -SELU_SCALE * SELU_ALPHA  # what selu tends to on the left


def dropout(
    x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None, *, mode: Mode = "inverted"
) -> Any:
    """Each entry of x set to 0 with probability p, and divided by 1 - p where it is kept (Srivastava et al., 2014).

    The mean stays what it was, so nothing is to be done when training is over: with training=False, x itself.
    mode="classic", the paper's own form, divides by nothing in training, and with training=False gives (1 - p) x.
    p is the share that is dropped in either form; where a text has the share that is kept, pass 1 minus that.
    The mask drawn is a constant of the graph: forward, backward and any further derivative share it.
    rng is a NumPy Generator; left out, it is `ops.random.default_rng()`, which no seed repeats.
    Raises ValueError for p outside [0, 1), TypeError for an rng that is no Generator.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> x = Value(np.ones(6))
    >>> y = dropout(x, 0.5, rng=np.random.default_rng(0))
    >>> y.sum().backward()
    >>> print(y.data, x.grad)
    [2. 0. 0. 0. 2. 2.] [2. 0. 0. 0. 2. 2.]
    """
    p, rng = probability("dropout", p), checked_rng(rng, "dropout")
    is_classic, x = checked_mode("dropout", mode) == "classic", array_like(x)
    if p == 0:
        return x
    if not training:
        return x * (1 - p) if is_classic else x
    return x * as_x(x, kept(np.shape(x), p, rng), 1.0 if is_classic else 1 / (1 - p))


def dropout1d(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Dropout of whole channels of x (N, C, L) or (C, L): neighbours along L are alike, one would tell of the other.

    Spatial dropout (Tompson et al., 2015).  Settings and scale are those of `dropout`.

    >>> dropout1d(np.ones((1, 3, 4)), 0.5, rng=np.random.default_rng(0))
    array([[[2., 2., 2., 2.],
            [0., 0., 0., 0.],
            [0., 0., 0., 0.]]])
    """
    return channels_dropped("dropout1d", x, 1, p, training, rng)


def dropout2d(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Dropout of whole channels of x (N, C, H, W): neighbouring pixels are alike, one would tell of the other.

    Spatial dropout (Tompson et al., 2015).  Settings and scale are those of `dropout`.
    Three axes are refused: PyTorch takes them for (N, C, L), where (C, H, W) may be meant.
    """
    return channels_dropped("dropout2d", x, 2, p, training, rng)


def alpha_dropout(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Dropout for nets of selu: x of mean 0 and variance 1 keeps both (Klambauer et al., 2017, section 3).

    What is dropped becomes c = -1.7581, which selu tends to on the left; then a x + b with
    a = ((1 - p) (1 + p c**2)) ** -0.5 and b = -a c p brings mean and variance back.
    Settings are those of `dropout`.
    """
    p, rng, x = probability("alpha_dropout", p), checked_rng(rng, "alpha_dropout"), array_like(x)
    if p == 0 or not training:
        return x
    a = ((1 - p) * (1 + p * SELU_FLOOR**2)) ** -0.5
    mask = kept(np.shape(x), p, rng)
    return x * as_x(x, mask, a) + as_x(x, gaps(mask, p), a * SELU_FLOOR)


def gaussian_dropout(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """x times noise of mean 1 and standard deviation sqrt(p / (1 - p)): the two moments of dropout's mask / (1 - p).

    Nothing is cut off, so every entry gets a gradient (Srivastava et al., 2014, section 10).
    Settings are those of `dropout`.
    """
    p, rng, x = probability("gaussian_dropout", p), checked_rng(rng, "gaussian_dropout"), array_like(x)
    if p == 0 or not training:
        return x
    return x * as_x(x, noise(np.shape(x), rng, 1.0, math.sqrt(p / (1 - p))))


def gaussian_noise(x: Any, std: float, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """x plus noise of mean 0 and standard deviation std, in the units of x; with training=False, x itself.

    rng as for `dropout`.  Raises ValueError for a std below 0 or not finite.

    >>> gaussian_noise(np.zeros(3), 0.1, rng=np.random.default_rng(0)).round(3)
    array([ 0.013, -0.013,  0.064])
    """
    std, rng, x = deviation("gaussian_noise", std), checked_rng(rng, "gaussian_noise"), array_like(x)
    if std == 0 or not training:
        return x
    return x + as_x(x, noise(np.shape(x), rng), std)


def channels_dropped(asker: str, x: Any, along: int, p: Any, training: bool, rng: Any) -> Any:
    """Dropout that draws once for all of the last axes."""
    p, rng, x = probability(asker, p), checked_rng(rng, asker), array_like(x)
    check_channels(asker, x, along)
    if p == 0 or not training:
        return x
    shape = np.shape(x)[:-along] + (1,) * along
    return x * as_x(x, kept(shape, p, rng), 1 / (1 - p))


@aside
def kept(shape: tuple[int, ...], p: float, rng: np.random.Generator | None) -> Any:
    """True where an entry is kept: with probability 1 - p."""
    return generator(rng, "dropout").random(shape) >= p


@aside
def gaps(mask: Any, p: float) -> Any:
    """1 where nothing is kept, less the mean p of that."""
    return (1 - p) - mask


@aside
def noise(shape: tuple[int, ...], rng: np.random.Generator | None, mean: float = 0.0, std: float = 1.0) -> Any:
    return mean + std * generator(rng, "noise").standard_normal(shape)


def as_x(x: Any, numbers: Any, scale: float = 1.0) -> Any:
    """Numbers times scale in the dtype of x, or that of floats if x holds whole numbers."""
    return scaled(numbers, np.result_type(np.asarray(concrete(x)), np.float32), scale)


@aside
def scaled(numbers: Any, dtype: Any, scale: float) -> Any:
    return numbers.astype(dtype) * dtype.type(scale)


def probability(asker: str, p: Any) -> float:
    """p as a float, if it can be the share that is dropped."""
    return number(asker, "p", p, SHARE_DROPPED)


def deviation(asker: str, std: Any) -> float:
    """std as a float, if it can be a standard deviation."""
    return number(asker, "std", std, AT_LEAST_0)


def checked_mode(asker: str, mode: Mode) -> Mode:
    """mode, if dropout has it."""
    return one_of(asker, "mode", mode, get_args(Mode))


def check_channels(asker: str, x: Any, along: int) -> None:
    """Refuse an x that has no channels where they should be."""
    shape = np.shape(x)
    if along == 1 and len(shape) not in (2, 3):
        raise ValueError(f"{asker} takes x of shape (N, C, L) or (C, L); got {shape}")
    if along == 2 and len(shape) != 4:
        advice = ": pass one image as x[None], sequences to dropout1d" if len(shape) == 3 else ""
        raise ValueError(f"{asker} takes x of shape (N, C, H, W); got {shape}{advice}")

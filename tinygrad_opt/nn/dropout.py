"""Layers that are random in training and do nothing in evaluation: dropout in its kinds, and noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import functional
from ..ops.dropout import Mode, checked_mode, deviation, probability
from ..ops.random import checked_rng
from .inputs import named
from .module import Module


class DropoutLayer(Module):
    """What every kind of dropout is made from: p, the share that is dropped, and where random numbers come from."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None):
        self.p = probability(type(self).__name__, p)
        self.rng = checked_rng(rng, type(self).__name__)

    def forward(self, x: Any) -> Any:
        with named(self):
            return type(self).function(x, self.p, self.training, self.rng)


class Dropout(DropoutLayer):
    """In training, entries are set to 0 with probability p, and those kept divided by 1 - p (Srivastava et al., 2014).

    p     the share that is dropped; where a text has the share that is kept, pass 1 minus that
    mode  "inverted", as said; "classic" divides by nothing in training and multiplies by 1 - p in evaluation
    rng   a NumPy Generator, which layers may share: they draw from it in the order in which they run.  Left out, all
          draw from one generator of the process, which no seed repeats

    A copy of a model (copy.deepcopy, pickle) goes on with its own copy of the generator, from where it stood.
    Raises ValueError for p outside [0, 1), TypeError for an rng that is no Generator.

    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> layer(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> with layer.eval():
    ...     print(layer(np.ones(6)))
    [1. 1. 1. 1. 1. 1.]
    """

    def __init__(self, p: float = 0.5, *, mode: Mode = "inverted", rng: np.random.Generator | None = None):
        super().__init__(p, rng=rng)
        self.mode = checked_mode("Dropout", mode)

    def forward(self, x: Any) -> Any:
        return functional.dropout(x, self.p, self.training, self.rng, mode=self.mode)


class Dropout1d(DropoutLayer):
    """`functional.dropout1d`: dropout of whole channels, for x (N, C, L) or (C, L) after a convolution.

    p and rng are those of `Dropout`, as for all that follow.  Raises ValueError for x of another number of axes.
    """

    function = functional.dropout1d


class Dropout2d(DropoutLayer):
    """`functional.dropout2d`: dropout of whole channels, for x (N, C, H, W) after a convolution.

    Raises ValueError for x of another number of axes.
    """

    function = functional.dropout2d


class AlphaDropout(DropoutLayer):
    """`functional.alpha_dropout`: dropout that keeps mean 0 and variance 1, for nets of selu."""

    function = functional.alpha_dropout


class GaussianDropout(DropoutLayer):
    """`functional.gaussian_dropout`: times noise of mean 1 and standard deviation sqrt(p / (1 - p))."""

    function = functional.gaussian_dropout


class GaussianNoise(Module):
    """`functional.gaussian_noise`: plus noise of mean 0 and standard deviation std, in the units of the input.

    rng is that of `Dropout`.  Raises ValueError for a std below 0 or not finite.
    """

    def __init__(self, std: float, *, rng: np.random.Generator | None = None):
        self.std = deviation("GaussianNoise", std)
        self.rng = checked_rng(rng, "GaussianNoise")

    def forward(self, x: Any) -> Any:
        return functional.gaussian_noise(x, self.std, self.training, self.rng)

"""Layers that standardize channels by the batch in training, by running statistics in evaluation."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np

from ..functional import batch_norm, instance_norm
from ..init.request import dtype_of
from ..ops.aside import aside
from ..ops.batch_normalization import checked_momentum
from ..ops.normalization import check_count
from ..settings import AT_LEAST_0, count, flag, number
from ..value import Value
from .inputs import as_input
from .module import Module
from .normalization import check_channels, checked_axis

Array = np.ndarray[Any, np.dtype[Any]]

LAST_BATCH = (
    ". It is usually the last batch, what the others left over: leave it out, take another batch size, "
    "LayerNorm or GroupNorm, or eval()"
)


class ChannelStatistics(Module):
    """What batch and instance normalization hold: two parameters and two running statistics a channel."""

    layouts: ClassVar[dict[int, str]] = {}  # the shapes that are taken, by their number of axes
    momentum: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def hold(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track: bool, dtype: Any
    ) -> None:
        kind, dtype = type(self).__name__, dtype_of(type(self).__name__, dtype)
        self.num_features = num_features = count(kind, "num_features", num_features)
        self.momentum = None if momentum is None else checked_momentum(kind, momentum)
        self.eps = number(kind, "eps", eps, AT_LEAST_0)
        self.affine = flag(kind, "affine", affine)
        self.track_running_stats = flag(kind, "track_running_stats", track)
        self.weight = Value(np.ones(num_features, dtype)) if affine else None
        self.bias = Value(np.zeros(num_features, dtype)) if affine else None
        if track:
            self.register_buffer("running_mean", np.zeros(num_features, dtype))
            self.register_buffer("running_var", np.ones(num_features, dtype))
            self.register_buffer("num_batches_tracked", np.array(0, np.int64))
        else:
            self.running_mean = self.running_var = self.num_batches_tracked = None

    @property
    def takes_its_own(self) -> bool:
        """Whether the statistics of the input are taken, not the running ones."""
        return self.training or not self.track_running_stats

    def taken(self, x: Any) -> Any:
        """x, if it has one of the layouts."""
        x = as_input(self, x, self.weight if self.affine else self.running_mean)
        if x.ndim not in self.layouts:
            kinds = " or ".join(self.layouts.values())
            raise ValueError(f"{self.where} takes {kinds}, with C = {self.num_features}; got shape {x.shape}")
        return x


class BatchNorm(ChannelStatistics):
    """What `BatchNorm1d` and `BatchNorm2d` are."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        axis: int = 1,
        unbiased: bool = True,
        dtype: Any = np.float64,
    ):
        self.hold(num_features, eps, momentum, affine, track_running_stats, dtype)
        kind = type(self).__name__
        self.axis, self.unbiased = checked_axis(kind, axis), flag(kind, "unbiased", unbiased)

    @classmethod
    def keras(cls, num_features: int, **changes: Any) -> Self:
        """With Keras' defaults and conventions: channels last, eps=1e-3, a biased running variance.

        Keras' momentum 0.99 is the weight of the old statistics: here momentum=0.01, that of the new.
        """
        return cls(num_features, **{"eps": 1e-3, "momentum": 0.01, "axis": -1, "unbiased": False, **changes})

    def forward(self, x: Any) -> Any:
        x = self.taken(x)
        check_channels(self, self.num_features, self.axis, x, movable=True)
        values = math.prod(x.shape) // self.num_features
        if values < 2 and self.takes_its_own:
            mode, advice = (" in training", LAST_BATCH) if self.training else (", without running statistics,", "")
            check_count(self.where + mode, "a channel", values, x.shape, advice)
        y = batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.takes_its_own,
            momentum=self.weight_of_the_new,
            eps=self.eps,
            axis=self.axis,
            unbiased=self.unbiased,
        )
        if self.training and self.track_running_stats:
            count_up(self.num_batches_tracked)
        return y

    @property
    def weight_of_the_new(self) -> float:
        """How far the running statistics move towards the batch's."""
        if self.momentum is None and self.track_running_stats:
            return 1 / (int(self.num_batches_tracked) + 1)
        return self.momentum or 0.0


@aside
def count_up(number: Array) -> None:
    number += 1


class BatchNorm1d(BatchNorm):
    """Every channel standardized over the batch, then times weight plus bias (Ioffe & Szegedy, 2015, algorithm 1).

    x (N, C) or (N, C, L), weight and bias (C,)  ->  x's shape, with C = num_features

    In training the mean and the variance (that divides by n) are those of the batch, and the running statistics
    move towards them; in evaluation they are the running ones.  A forward pass in training updates them whatever
    happens to the parameters, so also under no_grad and where weight and bias are frozen: `eval()` keeps them.

    momentum             the weight of the new: running += momentum * (new - running), the new variance dividing
                         by n - 1 (unbiased=False: by n); None for the average over all batches, which is the
                         estimate for the population in the paper (algorithm 2, step 10)
    affine               False for neither weight nor bias
    track_running_stats  False for no running statistics: evaluation takes those of the batch, too
    axis                 that of the channels: -1 where they come last

    Raises ValueError for another number of channels or axes and, in training, for one value a channel: x - mean
    would be 0.

    >>> layer = BatchNorm1d(1)
    >>> layer(np.array([[1.0], [2.0], [4.0]])).data.round(4).tolist()
    [[-1.069], [-0.2673], [1.3363]]
    >>> layer.running_mean.round(4), layer.running_var.round(4)
    (array([0.2333]), array([1.1333]))
    """

    layouts: ClassVar[dict[int, str]] = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(BatchNorm):
    """`BatchNorm1d` of images (N, C, H, W): the statistics of a channel are those of all its pixels in the batch.

    >>> layer = BatchNorm2d(3)
    >>> y = layer(np.random.default_rng(0).normal(5.0, 2.0, (8, 3, 4, 4)))
    >>> bool(np.allclose(np.mean(y.data, axis=(0, 2, 3)), 0.0)), layer.num_batches_tracked
    (True, array(1))
    """

    layouts: ClassVar[dict[int, str]] = {4: "(N, C, H, W)"}


class InstanceNorm(ChannelStatistics):
    """What `InstanceNorm1d` and `InstanceNorm2d` are."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: Any = np.float64,
    ):
        if momentum is None:
            raise ValueError(
                f"{type(self).__name__} needs a momentum from 0 to 1: it counts no batches to average over"
            )
        self.hold(num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, x: Any) -> Any:
        x = self.taken(x)
        axis = x.ndim + 1 - max(self.layouts)
        batch = x if axis else x[None]
        check_channels(self, self.num_features, axis, x)
        values = math.prod(batch.shape[2:])
        if values < 2 and self.takes_its_own:
            check_count(self.where, "a channel of a sample", values, x.shape)
        statistics, parameters = (self.running_mean, self.running_var), (self.weight, self.bias)
        y = instance_norm(batch, *statistics, *parameters, self.takes_its_own, self.momentum, self.eps)
        return y if axis else y[0]


class InstanceNorm1d(InstanceNorm):
    """Every channel of every sample standardized (Ulyanov, Vedaldi & Lempitsky, 2016).

    x (N, C, L) or (C, L)  ->  x's shape, with C = num_features

    affine               True for a weight and a bias (C,)
    track_running_stats  True for running statistics, which evaluation takes: they follow the means over the samples
                         of their means and variances, as those of `BatchNorm1d`; num_batches_tracked stays 0,
                         as in PyTorch

    Raises ValueError for another number of channels or axes, and for one value a channel.

    >>> InstanceNorm1d(2)(np.array([[0.0, 2.0], [10.0, 30.0]])).round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    layouts: ClassVar[dict[int, str]] = {2: "(C, L)", 3: "(N, C, L)"}


class InstanceNorm2d(InstanceNorm):
    """`InstanceNorm1d` of images (N, C, H, W) or (C, H, W): each channel of each image by itself.

    >>> y = InstanceNorm2d(3)(np.random.default_rng(0).normal(5.0, 2.0, (8, 3, 4, 4)))
    >>> bool(np.allclose(np.mean(y, axis=(2, 3)), 0.0))
    True
    """

    layouts: ClassVar[dict[int, str]] = {3: "(C, H, W)", 4: "(N, C, H, W)"}

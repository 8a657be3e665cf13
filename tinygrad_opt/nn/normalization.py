"""Layers that bring the numbers of each sample to a common scale: nothing to be kept, no difference in evaluation."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from ..functional import group_norm, layer_norm, rms_norm
from ..init.request import dtype_of
from ..ops.normalization import check_count
from ..settings import AT_LEAST_0, count, equal_groups, flag, number
from ..value import Value
from .inputs import as_input
from .module import Module
from .weights import with_bias


class LayerNorm(Module):
    """Every sample standardized over its last axes, then times weight plus bias (Ba, Kiros & Hinton, 2016).

    x (..., *normalized_shape), weight and bias (*normalized_shape)  ->  x's shape

    normalized_shape   the shape of the last axes, or their one size
    elementwise_affine  False for neither weight nor bias; bias=False for no bias

    Raises ValueError for inputs that do not end in normalized_shape, and for a normalized_shape of one number,
    which would become 0.

    >>> layer = LayerNorm(2)
    >>> layer(np.array([[0.0, 2.0], [10.0, 30.0]])).data.round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float64,
    ):
        self.normalized_shape, dtype = as_shape("LayerNorm", normalized_shape), dtype_of("LayerNorm", dtype)
        check_count("LayerNorm", "a sample", math.prod(self.normalized_shape), self.normalized_shape)
        self.eps = number("LayerNorm", "eps", eps, AT_LEAST_0)
        self.elementwise_affine = flag("LayerNorm", "elementwise_affine", elementwise_affine)
        self.weight = Value(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        biased = with_bias("LayerNorm", bias) and elementwise_affine
        self.bias = Value(np.zeros(self.normalized_shape, dtype)) if biased else None

    @classmethod
    def keras(cls, normalized_shape: int | tuple[int, ...], **changes: Any) -> Self:
        """With Keras' default: eps=1e-3."""
        return cls(normalized_shape, **{"eps": 1e-3, **changes})

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        check_last_axes(self, self.normalized_shape, x)
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    """Every sample divided by its root mean square over its last axes, then times weight (Zhang & Sennrich, 2019).

    As `LayerNorm` without the mean and without a bias.  eps=None is the smallest step of x's dtype.

    >>> RMSNorm(2)(np.array([3.0, 4.0])).data.round(4)
    array([0.8485, 1.1314])
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float64,
    ):
        self.normalized_shape, dtype = as_shape("RMSNorm", normalized_shape), dtype_of("RMSNorm", dtype)
        self.eps = None if eps is None else number("RMSNorm", "eps", eps, AT_LEAST_0)
        self.elementwise_affine = flag("RMSNorm", "elementwise_affine", elementwise_affine)
        self.weight = Value(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None

    @classmethod
    def keras(cls, normalized_shape: int | tuple[int, ...], **changes: Any) -> Self:
        """With Keras' default: eps=1e-6."""
        return cls(normalized_shape, **{"eps": 1e-6, **changes})

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        check_last_axes(self, self.normalized_shape, x)
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)


class GroupNorm(Module):
    """Every sample's channels standardized in groups, then times weight plus bias (Wu & He, 2018).

    x (N, num_channels, ...), weight and bias (num_channels,)  ->  x's shape

    num_groups  how many groups, of num_channels / num_groups neighbours each: 1 for all, num_channels for each alone
    affine      False for neither weight nor bias
    axis        that of the channels: -1 where they come last

    Raises ValueError for channels that do not divide, another number of channels, and one value a group.

    >>> GroupNorm(2, 4)(np.array([[0.0, 2.0, 10.0, 30.0]])).data.round(4).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        axis: int = 1,
        dtype: Any = np.float64,
    ):
        self.num_channels = num_channels = count("GroupNorm", "num_channels", num_channels)
        self.num_groups = equal_groups("GroupNorm", "num_groups", num_groups, num_channels, "channels")
        self.eps, self.affine = number("GroupNorm", "eps", eps, AT_LEAST_0), flag("GroupNorm", "affine", affine)
        self.axis, dtype = checked_axis("GroupNorm", axis), dtype_of("GroupNorm", dtype)
        self.weight = Value(np.ones(num_channels, dtype)) if affine else None
        self.bias = Value(np.zeros(num_channels, dtype)) if affine else None

    @classmethod
    def keras(cls, num_groups: int, num_channels: int, **changes: Any) -> Self:
        """With Keras' defaults: channels last, eps=1e-3."""
        return cls(num_groups, num_channels, **{"eps": 1e-3, "axis": -1, **changes})

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        check_channels(self, self.num_channels, self.axis, x, movable=True)
        values = math.prod(x.shape[1:]) // self.num_groups
        if values < 2:
            check_count(self.where, "in each group of a sample", values, x.shape)
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps, axis=self.axis)


def as_shape(kind: str, normalized_shape: Any) -> tuple[int, ...]:
    shape = tuple(normalized_shape) if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    if not shape:
        raise ValueError(f"{kind} needs a normalized_shape of one or more sizes; got ()")
    return tuple(count(kind, "each size of normalized_shape", n) for n in shape)


def check_last_axes(layer: Module, normalized_shape: tuple[int, ...], x: Any) -> None:
    if x.shape[-len(normalized_shape) :] != normalized_shape:
        raise ValueError(f"{layer.where} takes inputs whose last axes are {normalized_shape}; got shape {x.shape}")


def checked_axis(kind: str, axis: Any) -> Any:
    """axis, if channels can be on it."""
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or axis == 0:
        raise ValueError(f"{kind} needs the axis of the channels, which axis 0, the batch, is not; got {axis!r}")
    return axis


def check_channels(layer: Module, channels: int, axis: int, x: Any, movable: bool = False) -> None:
    """Refuse an input of another number of channels, and tell where they may be."""
    if x.ndim < 2 or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{layer.where} takes a batch of {channels} channels on axis {axis}; got shape {x.shape}")
    if x.shape[axis] == channels:
        return
    there = [i for i in range(1, x.ndim) if x.shape[i] == channels and movable]
    advice = f": are the channels on axis {there[0]}? Then say axis={there[0]}" if there else ""
    seen = f"{x.shape[axis]} in shape {x.shape}"
    raise ValueError(f"{layer.where} takes {channels} channels on axis {axis}; got {seen}{advice}")

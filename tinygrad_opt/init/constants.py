"""Initializers that draw nothing: zeros, ones, a constant, identities.

They take an rng all the same, so that every initializer can be called in one way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..settings import equal_groups
from .fans import weight_shape
from .request import Array, Request, Shape


def zeros(shape: Shape, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64) -> Array:
    """All 0: for biases.  The units of a layer whose weights are all equal stay equal for ever.

    >>> zeros(3)
    array([0., 0., 0.])
    """
    request = Request("zeros", shape, rng, dtype)
    return np.zeros(request.shape, request.dtype)


def ones(shape: Shape, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64) -> Array:
    """All 1: for the scales of normalizations."""
    request = Request("ones", shape, rng, dtype)
    return np.ones(request.shape, request.dtype)


def constant(
    shape: Shape, val: float, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64
) -> Array:
    """All val."""
    request = Request("constant", shape, rng, dtype)
    return np.full(request.shape, request.number("val", val), request.dtype)


def eye(
    shape: Shape, gain: float = 1.0, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64
) -> Array:
    """gain on the diagonal and 0 elsewhere, square or not: a linear layer that hands on what it gets.

    gain is Keras' (Identity); PyTorch has none.  Raises ValueError unless shape has 2 axes.

    >>> eye((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    request = Request("eye", shape, rng, dtype)
    if len(request.shape) != 2:
        raise ValueError(f"eye needs a shape of 2 axes, (out, in); for convolutions use dirac; got {request.shape}")
    return request.give(request.number("gain", gain) * np.eye(*request.shape))


def dirac(
    shape: Shape, groups: int = 1, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64
) -> Array:
    """1 at the kernel's centre where the output channel is the input channel: a convolution that changes nothing.

    shape is (out, in / groups, *kernel); each group of output channels hands on the input channels of its group, as
    many as there are of both.  An even kernel of k has its centre at k // 2.
    Raises ValueError for less than 3 axes, an empty one, and channels that do not divide into groups.

    >>> dirac((2, 2, 3))
    array([[[0., 1., 0.],
            [0., 0., 0.]],
    <BLANKLINE>
           [[0., 0., 0.],
            [0., 1., 0.]]])
    """
    request = Request("dirac", shape, rng, dtype)
    if len(request.shape) < 3:
        raise ValueError(f"dirac needs the shape of a convolution, (out, in, *kernel); got {request.shape}")
    outputs, inputs, *kernel = weight_shape("dirac", request.shape)
    groups = equal_groups("dirac", "groups", groups, outputs, "output channels")
    first = np.arange(0, outputs, outputs // groups)
    channel = np.arange(min(outputs // groups, inputs))
    weight = np.zeros(request.shape, request.dtype)
    middle: tuple[Any, ...] = (first[:, np.newaxis] + channel, channel, *(size // 2 for size in kernel))
    weight[middle] = 1
    return weight

"""Batch and instance normalization: channels standardized by statistics that are followed from batch to batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..settings import Numbers, number
from .aside import aside
from .normalization import channel_axis, check_count, check_parameters, in_columns, scaled_and_shifted, standardize
from .operand import Operand, array_like, concrete
from .scalars import plain_settings

SHARE_OF_THE_NEW = Numbers("a number from 0 to 1, the weight of the new statistics", lambda x: 0 <= x <= 1)


@plain_settings
def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    axis: int = 1,
    unbiased: bool = True,
) -> Any:
    """Every channel of a batch x (N, C, ...) standardized, then times weight plus bias (Ioffe & Szegedy, 2015).

    training=True   with the mean and variance of this batch; running_mean and running_var (C,), plain arrays
                    or None, are moved towards them in place: r += momentum * (new - r), the variance with
                    division by n - 1, by n with unbiased=False.  They are no part of the graph.
    training=False  with running_mean and running_var themselves: then x, weight and bias enter linearly.
    axis            that of the channels: -1 where they come last

    Raises ValueError for shapes that do not fit and, in training, for one value a channel: it equals its
    mean, so that nothing would be left of it.  Raises TypeError for running statistics that are no arrays.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> mean, var = np.zeros(1), np.ones(1)
    >>> y = batch_norm(Value([[1.0], [2.0], [4.0]]), mean, var, training=True)
    >>> print(mean, var.round(4))
    [0.23333333] [1.1333]
    """
    x = array_like(x)
    shape = np.shape(x)
    axis = channel_axis("batch_norm", shape, axis)
    axes = tuple(i for i in range(len(shape)) if i != axis)
    check_parameters("batch_norm", shape[axis : axis + 1], eps, weight=weight, bias=bias)
    check_running("batch_norm", shape[axis], training, momentum, running_mean=running_mean, running_var=running_var)
    if not training:
        return standardized_by(x, running_mean, running_var, weight, bias, eps, axis)
    check_count("batch_norm in training", "a channel", math.prod(shape[i] for i in axes), shape)
    follow(running_mean, running_var, concrete(x), axes, momentum, int(unbiased))
    return scaled_and_shifted(standardize(x, axis=axes, eps=eps), *in_columns(len(shape), axis, weight, bias))


@plain_settings
def instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Every channel of every sample x (N, C, ...) standardized, then times weight plus bias (Ulyanov et al., 2016).

    use_input_stats=True   with its own mean and variance; running statistics, if given, follow their means over
                           the samples as those of `batch_norm` follow the batch's
    use_input_stats=False  with running_mean and running_var, as `batch_norm` in evaluation

    Raises ValueError and TypeError as `batch_norm` does, and for one value a channel of a sample.

    >>> print(instance_norm(np.array([[[0.0, 2.0], [5.0, 5.0]]]), eps=0.01).round(3).tolist())
    [[[-0.995, 0.995], [0.0, 0.0]]]
    """
    x = array_like(x)
    shape = np.shape(x)
    axis = channel_axis("instance_norm", shape, 1)
    running = {"running_mean": running_mean, "running_var": running_var}
    check_parameters("instance_norm", shape[1:2], eps, weight=weight, bias=bias)
    check_running("instance_norm", shape[1], use_input_stats, momentum, **running)
    if not use_input_stats:
        return standardized_by(x, running_mean, running_var, weight, bias, eps, axis)
    check_count("instance_norm", "a channel of a sample", math.prod(shape[2:]), shape)
    axes = tuple(range(2, len(shape)))
    follow(running_mean, running_var, concrete(x), axes, momentum, 1)
    return scaled_and_shifted(standardize(x, axis=axes, eps=eps), *in_columns(len(shape), axis, weight, bias))


def standardized_by(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float, axis: int) -> Any:
    """x standardized by statistics that are given."""
    mean, scale, weight, bias = in_columns(np.ndim(x), axis, mean, scale_of(var, eps), weight, bias)
    return scaled_and_shifted((x - mean) * scale, weight, bias)


@aside
def scale_of(var: Any, eps: float) -> Any:
    return 1 / np.sqrt(var + eps)


def checked_momentum(name: str, momentum: Any) -> float:
    """momentum, if it can be a share: in other libraries it is that of the old statistics."""
    return number(name, "momentum", momentum, SHARE_OF_THE_NEW)


def check_running(name: str, channels: int, training: bool, momentum: Any, **statistics: Any) -> None:
    checked_momentum(name, momentum)
    for role, running in statistics.items():
        if isinstance(running, Operand) or not (isinstance(running, np.ndarray) or (running is None and training)):
            also = " or None" if training else ""
            raise TypeError(f"{name} needs {role} as a plain array{also}; got {type(running).__name__}")
        if running is not None and (running.shape != (channels,) or running.dtype.kind != "f"):
            raise ValueError(
                f"{name} needs {role} of floats and shape {(channels,)}; got {running.dtype} of shape {running.shape}"
            )


@aside
def follow(running_mean: Any, running_var: Any, x: Any, axes: tuple[int, ...], momentum: float, ddof: int) -> None:
    """Move the running statistics in place, by momentum of the way to those of x over axes."""
    if x.size == 0 or (running_mean is None and running_var is None):
        return
    mean = np.mean(x, axis=axes, keepdims=True)
    if running_mean is not None:
        running_mean += momentum * (np.mean(mean, axis=0).reshape(running_mean.shape) - running_mean)
    if running_var is not None:
        var = np.var(x, axis=axes, keepdims=True, mean=mean, ddof=ddof)
        running_var += momentum * (np.mean(var, axis=0).reshape(running_var.shape) - running_var)

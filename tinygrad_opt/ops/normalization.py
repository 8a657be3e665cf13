"""Normalization: entries brought to mean 0 and variance 1, with the gradient in closed form.

`standardize` and `rms_scale` are the two operations; the layers apply weight and bias around them.
What they compute stands written out in `tinygrad_opt.readable`.  At special points: equal entries
become 0, with gradient 0/sqrt(eps); with eps=0 they are 0/0, nan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .operand import Operand, array_like, concrete
from .rules import differentiable
from .shapes import Axes


def mean_over(x: Any, axis: Axes) -> Any:
    return np.mean(x, axis=axis, keepdims=True)


def root_mean_square(x: Any, axis: Axes, eps: float) -> Any:
    return np.sqrt(mean_over(x * x, axis) + eps)


def standardize(x: Any, axis: Axes = -1, eps: float = 1e-5, kept: list[Any] | None = None) -> Any:
    """(x - mean) / sqrt(variance + eps) over axis; the variance divides by n.

    >>> import numpy as np
    >>> print(standardize(np.array([1.0, 2.0, 3.0]), eps=0.0))
    [-1.22474487  0.          1.22474487]
    """
    return divided_by_size(x - mean_over(x, axis), axis, eps, kept)


def standardize_rule(g: Any, out: Any, x: Any, axis: Axes = -1, eps: float = 1e-5, kept: Sequence[Any] = ()) -> Any:
    """g, less its part along the constants and its part along out: moving along either changes nothing."""
    size = kept[0] if kept and not isinstance(x, Operand) else root_mean_square(x - mean_over(x, axis), axis, eps)
    return (g - mean_over(g, axis) - out * mean_over(g * out, axis)) / size


def rms_scale(x: Any, axis: Axes = -1, eps: float = 1e-5, kept: list[Any] | None = None) -> Any:
    """x / sqrt(mean(x**2) + eps) over axis."""
    return divided_by_size(x, axis, eps, kept)


def rms_scale_rule(g: Any, out: Any, x: Any, axis: Axes = -1, eps: float = 1e-5, kept: Sequence[Any] = ()) -> Any:
    size = kept[0] if kept and not isinstance(x, Operand) else root_mean_square(x, axis, eps)
    return (g - out * mean_over(g * out, axis)) / size


def divided_by_size(x: Any, axis: Axes, eps: float, kept: list[Any] | None) -> Any:
    size = root_mean_square(x, axis, eps)
    if kept is not None:
        kept.append(size)
    return x / size


standardize = differentiable(standardize, standardize_rule, keeps=True)
rms_scale = differentiable(rms_scale, rms_scale_rule, keeps=True)


# -- layers ------------------------------------------------------------------------------------
def layer_norm(
    x: Any, normalized_shape: int | tuple[int, ...], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Every sample standardized over its last axes, then times weight plus bias (Ba, Kiros & Hinton, 2016).

    normalized_shape is the shape of those axes, and of weight and bias.
    Raises ValueError if x does not end in that shape, or weight or bias has another one.

    >>> from tinygrad_opt import Value
    >>> print(layer_norm(Value([[0.0, 2.0], [5.0, 5.0]]), 2, eps=0.01).data.round(3).tolist())
    [[-0.995, 0.995], [0.0, 0.0]]
    """
    axes = last_axes("layer_norm", x, normalized_shape, eps, weight=weight, bias=bias)
    return scaled_and_shifted(standardize(x, axis=axes, eps=eps), weight, bias)


def rms_norm(x: Any, normalized_shape: int | tuple[int, ...], weight: Any = None, eps: float | None = None) -> Any:
    """Every sample divided by its root mean square over its last axes, then times weight (Zhang & Sennrich, 2019).

    eps=None is the smallest step of x's dtype, np.finfo(dtype).eps.
    Raises ValueError as layer_norm does.

    >>> from tinygrad_opt import Value
    >>> print(rms_norm(Value([3.0, 4.0]), 2).data.round(4))
    [0.8485 1.1314]
    """
    x = array_like(x)
    eps = float(np.finfo(np.result_type(x, np.float32)).eps) if eps is None else eps
    axes = last_axes("rms_norm", x, normalized_shape, eps, weight=weight)
    return scaled_and_shifted(rms_scale(x, axis=axes, eps=eps), weight, None)


def last_axes(name: str, x: Any, normalized_shape: Any, eps: float, **given: Any) -> tuple[int, ...]:
    """The axes that normalized_shape names, once everything is found to fit."""
    inner = tuple(normalized_shape) if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    shape = np.shape(x)
    if not inner or shape[-len(inner) :] != inner:
        raise ValueError(f"{name} over {inner} needs entries whose last axes are {inner}; got shape {shape}")
    check_parameters(name, inner, eps, **given)
    return tuple(range(-len(inner), 0))


def check_parameters(name: str, shape: tuple[int, ...], eps: float, **given: Any) -> None:
    for role, parameter in given.items():
        if parameter is not None and np.shape(parameter) != shape:
            raise ValueError(f"{name} needs a {role} of shape {shape}; got {np.shape(parameter)}")
    if not eps >= 0:
        raise ValueError(f"{name} adds eps under a square root: it must be 0 or more; got {eps}")


def scaled_and_shifted(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Every channel of a batch x (N, C, ...) standardized, then times weight plus bias (Ioffe & Szegedy, 2015).

    training=True   with the mean and variance of this batch; running_mean and running_var (C,), plain arrays
                    or None, are moved towards them in place: r += momentum * (new - r), the variance
                    with division by n - 1.  They are no part of the graph.
    training=False  with running_mean and running_var themselves: then x, weight and bias enter linearly.

    Raises ValueError for shapes that do not fit and, in training, for one value a channel: it equals its
    mean, so that nothing would be left of it.  Raises TypeError for running statistics that are no arrays.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> mean, var = np.zeros(1), np.ones(1)
    >>> y = batch_norm(Value([[1.0], [2.0], [4.0]]), mean, var, training=True)
    >>> print(mean, var.round(4))
    [0.23333333] [1.1333]
    """
    shape = np.shape(x)
    if len(shape) < 2:
        raise ValueError(f"batch_norm needs a batch of channels (N, C, ...); got shape {shape}")
    channels = shape[1:2]
    check_parameters("batch_norm", channels, eps, weight=weight, bias=bias)
    check_running(channels, training, running_mean=running_mean, running_var=running_var)
    column = (*channels, *(1,) * (len(shape) - 2))
    weight, bias = (None if p is None else np.reshape(p, column) for p in (weight, bias))
    if not training:
        scale = 1 / np.sqrt(running_var + eps)
        return scaled_and_shifted((x - running_mean.reshape(column)) * scale.reshape(column), weight, bias)
    n = math.prod(shape) // max(channels[0], 1)
    if n == 1:
        raise ValueError(
            f"batch_norm in training needs more than one value a channel; got shape {shape}: "
            "a single x equals its mean, so x - mean and every gradient would be 0"
        )
    axes = (0, *range(2, len(shape)))
    if running_mean is not None:
        follow(running_mean, np.mean(concrete(x), axis=axes), momentum)
    if running_var is not None:
        follow(running_var, np.var(concrete(x), axis=axes, ddof=1), momentum)
    return scaled_and_shifted(standardize(x, axis=axes, eps=eps), weight, bias)


def check_running(channels: tuple[int, ...], training: bool, **statistics: Any) -> None:
    for role, running in statistics.items():
        if isinstance(running, Operand) or not (isinstance(running, np.ndarray) or (running is None and training)):
            also = " or None" if training else ""
            raise TypeError(f"batch_norm needs {role} as a plain array{also}; got {type(running).__name__}")
        if running is not None and (running.shape != channels or running.dtype.kind != "f"):
            raise ValueError(
                f"batch_norm needs {role} of floats and shape {channels}; got {running.dtype} of shape {running.shape}"
            )


def follow(running: Any, new: Any, momentum: float) -> None:
    """Move a running statistic in place, by momentum of the way."""
    running += momentum * (new - running)

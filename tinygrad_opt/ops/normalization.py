"""Normalization: entries brought to mean 0 and variance 1, with the gradient in closed form.

`standardize` and `rms_scale` are the two operations; the layers apply weight and bias around them.
What they compute stands written out in `tinygrad_opt.readable`.  At special points: equal entries
become 0, with gradient 0/sqrt(eps); with eps=0 they are 0/0, nan.  Batch and instance normalization,
which keep statistics, are in `batch_normalization`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..settings import AT_LEAST_0, equal_groups, number
from .operand import Operand, array_like
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


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *, axis: int = 1
) -> Any:
    """Every sample's channels (N, C, ...) standardized in groups of C/num_groups, then times weight plus bias (C,).

    One group is layer normalization of everything but the batch axis, one channel a group instance normalization
    (Wu & He, 2018, equation 7).  axis is that of the channels: -1 where they come last.
    Raises ValueError for channels that do not divide into the groups, one value a group, and shapes that do not fit.

    >>> from tinygrad_opt import Value
    >>> print(group_norm(Value([[1.0, 3.0, 7.0, 7.0]]), 2, eps=0.01).data.round(3).tolist())
    [[-0.995, 0.995, 0.0, 0.0]]
    """
    x = array_like(x)
    shape = np.shape(x)
    axis = channel_axis("group_norm", shape, axis)
    channels = shape[axis]
    num_groups = equal_groups("group_norm", "num_groups", num_groups, channels, "channels")
    check_parameters("group_norm", (channels,), eps, weight=weight, bias=bias)
    grouped = (*shape[:axis], num_groups, channels // num_groups, *shape[axis + 1 :])
    axes = tuple(i for i in range(1, len(grouped)) if i != axis)
    check_count("group_norm", "in each group of a sample", math.prod(grouped[i] for i in axes), shape)
    y = np.reshape(standardize(np.reshape(x, grouped), axis=axes, eps=eps), shape)
    return scaled_and_shifted(y, *in_columns(len(shape), axis, weight, bias))


def check_count(name: str, where: str, count: int, shape: tuple[int, ...], advice: str = "") -> None:
    """Refuse to standardize single values."""
    if count < 2:
        raise ValueError(
            f"{name} needs more than one value {where}; got {count} in shape {shape}: a single x equals its mean, "
            f"so x - mean = 0, the output is the bias for every input, and the gradient with respect to x is 0{advice}"
        )


def channel_axis(name: str, shape: tuple[int, ...], axis: int) -> int:
    """The axis of the channels, counted from the front."""
    if len(shape) < 2:
        raise ValueError(f"{name} needs a batch of channels (N, C, ...); got shape {shape}")
    if not isinstance(axis, int | np.integer) or axis in (0, -len(shape)) or not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} needs the axis of the channels, which axis 0 is not; got {axis!r} for shape {shape}")
    return int(axis) % len(shape)


def in_columns(ndim: int, axis: int, *parameters: Any) -> list[Any]:
    """Parameters (C,) in the shape that broadcasts over the channels on an axis: on the last one, as they are."""
    column = (-1,) + (1,) * (ndim - axis - 1)
    given = [p if p is None else array_like(p) for p in parameters]
    return given if axis == ndim - 1 else [p if p is None else p.reshape(column) for p in given]


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
    number(name, "eps", eps, AT_LEAST_0)


def scaled_and_shifted(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias

"""Rules of the functions that rearrange entries: each is undone by another of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .indexing import getitem
from .operation import ForEach
from .rules import alias, differentiable

Axes = int | tuple[int, ...] | None


def cast(x: Any, dtype: Any) -> Any:
    """x with another floating-point dtype."""
    return np.asarray(x, dtype)


def reshape(x: Any, shape: Any) -> Any:
    """x in another shape; np.reshape itself names this argument differently from version to version."""
    return np.asarray(x).reshape(shape)


def positions(axes: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative numbers; None means all."""
    if axes is None:
        return tuple(range(ndim))
    return tuple(axis % ndim for axis in (axes if isinstance(axes, tuple | list) else (axes,)))


def inverse(axes: Axes, ndim: int) -> tuple[int, ...] | None:
    """The permutation that undoes np.transpose(x, axes)."""
    return None if axes is None else tuple(np.argsort(positions(axes, ndim)).tolist())


def piece(i: int, xs: tuple[Any, ...], axis: int | None) -> Any:
    """The index of input i within np.concatenate(xs, axis)."""
    if axis is None:
        start = sum(np.size(x) for x in xs[:i])
        return slice(start, start + np.size(xs[i]))
    axis %= np.ndim(xs[i])
    start = sum(np.shape(x)[axis] for x in xs[:i])
    return (slice(None),) * axis + (slice(start, start + np.shape(xs[i])[axis]),)


def reshaped_piece(i: int, g: Any, out: Any, *xs: Any, axis: int | None = 0) -> Any:
    part = getitem(g, index=piece(i, xs, axis))
    return np.reshape(part, np.shape(xs[i])) if axis is None else part


def layer(i: int, axis: int, ndim: int) -> tuple[Any, ...]:
    """The index of input i within np.stack(xs, axis)."""
    return (slice(None),) * (axis % ndim) + (i,)


# fmt: off
cast = differentiable(cast,         lambda g, out, x, dtype: cast(g, dtype=np.result_type(x)), analytic=False)
reshape = differentiable(reshape,   lambda g, out, x, shape: np.reshape(g, np.shape(x)))
differentiable(np.ravel,            lambda g, out, x: np.reshape(g, np.shape(x)))
differentiable(np.expand_dims,      lambda g, out, x, axis: np.reshape(g, np.shape(x)))
differentiable(np.squeeze,          lambda g, out, x, axis=None: np.reshape(g, np.shape(x)))
differentiable(np.transpose,        lambda g, out, x, axes=None: np.transpose(g, inverse(axes, np.ndim(x))))
differentiable(np.matrix_transpose, lambda g, out, x: np.matrix_transpose(g))
differentiable(np.swapaxes,         lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
differentiable(np.moveaxis,         lambda g, out, x, source, destination: np.moveaxis(g, destination, source))
differentiable(np.broadcast_to,     lambda g, out, x, shape: g)
differentiable(np.concatenate,      ForEach(reshaped_piece))
differentiable(np.stack,            ForEach(
    lambda i, g, out, *xs, axis=0: getitem(g, index=layer(i, axis, np.ndim(out)))))
# fmt: on

alias(np.reshape, reshape)

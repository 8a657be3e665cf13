"""Rules of the functions that rearrange entries: each is undone by another of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .operand import Operand, concrete, require_plain
from .rules import alias, composed, differentiable

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


def moved_back(shift: Any) -> Any:
    """The shift that undoes np.roll: its negative, by axis where there are several."""
    return tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift


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
differentiable(np.flip,             lambda g, out, x, axis=None: np.flip(g, axis))
differentiable(np.roll,             lambda g, out, x, shift, axis=None: np.roll(g, moved_back(shift), axis))
differentiable(np.rot90,            lambda g, out, x, k=1, axes=(0, 1): np.rot90(g, -k, axes))
# fmt: on

alias(np.reshape, reshape)


# -- written in the ones above -----------------------------------------------------------------
@composed(np.flipud)
def flipud(x: Any) -> Any:
    return np.flip(x, 0)


@composed(np.fliplr)
def fliplr(x: Any) -> Any:
    return np.flip(x, 1)


@composed(np.rollaxis)
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    ndim = np.ndim(x)
    axis = normalize_axis_index(axis, ndim, "np.rollaxis")
    start = normalize_axis_index(start, ndim + 1, "np.rollaxis, start")
    return np.moveaxis(x, axis, start - (axis < start))


@composed(np.atleast_1d)
def atleast_1d(*xs: Any) -> Any:
    return one_or_tuple(np.reshape(x, (1,)) if np.ndim(x) == 0 else x for x in xs)


@composed(np.atleast_2d)
def atleast_2d(*xs: Any) -> Any:
    return one_or_tuple(np.reshape(x, (1, np.size(x))) if np.ndim(x) < 2 else x for x in xs)


@composed(np.atleast_3d)
def atleast_3d(*xs: Any) -> Any:
    flat = (np.reshape(x, (1, np.size(x))) if np.ndim(x) < 2 else x for x in xs)
    return one_or_tuple(np.expand_dims(x, -1) if np.ndim(x) == 2 else x for x in flat)


def one_or_tuple(results: Iterable[Any]) -> Any:
    """What NumPy's atleast functions return: the result for one argument, a tuple for several."""
    results = tuple(results)
    return results[0] if len(results) == 1 else results


@composed(np.broadcast_arrays)
def broadcast_arrays(*xs: Any) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*map(np.shape, xs))
    return tuple(np.broadcast_to(x, shape) for x in xs)


@composed(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """One new axis before each old one, along which x is repeated."""
    require_plain("np.tile", "reps", reps)
    reps = tuple(np.atleast_1d(reps).tolist())
    ndim = max(len(reps), np.ndim(x))
    shape = (1,) * (ndim - np.ndim(x)) + np.shape(x)
    reps = (1,) * (ndim - len(reps)) + reps
    apart = np.reshape(x, tuple(n for size in shape for n in (1, size)))
    repeated = np.broadcast_to(apart, tuple(n for pair in zip(reps, shape, strict=True) for n in pair))
    return np.reshape(repeated, tuple(r * n for r, n in zip(reps, shape, strict=True)))


@composed(np.full_like)
def full_like(x: Any, fill_value: Any) -> Any:
    """Plain for a plain fill; a Value's gradient is the sum over its copies."""
    if isinstance(fill_value, Operand):
        return np.broadcast_to(fill_value, np.shape(x))
    return np.full_like(concrete(x), fill_value)

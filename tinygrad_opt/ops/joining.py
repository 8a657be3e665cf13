"""Joining arrays into one, and taking one apart: each is undone by the other.

Joining has a rule; taking apart is indexing, piece by piece.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .indexing import along, getitem
from .operand import require_plain
from .operation import ForEach, Rule
from .rules import composed, differentiable


def pieces(xs: tuple[Any, ...], axis: int | None = 0) -> Iterator[Rule]:
    """For each input of np.concatenate: the piece of g that it filled, in its own shape."""
    start = 0
    for x in xs:
        shape = np.shape(x)
        stop = start + (np.size(x) if axis is None else shape[axis])
        index = slice(start, stop) if axis is None else along(axis % len(shape), slice(start, stop))
        yield functools.partial(piece, index=index, shape=shape if axis is None else None)
        start = stop


def piece(g: Any, out: Any, index: Any, shape: tuple[int, ...] | None) -> Any:
    part = getitem(g, index=index)
    return part if shape is None else np.reshape(part, shape)


def layers(xs: tuple[Any, ...], axis: int = 0) -> Iterator[Rule]:
    """For each input of np.stack: its layer of g."""
    for i in range(len(xs)):
        yield functools.partial(piece, index=along(axis % (np.ndim(xs[0]) + 1), i), shape=None)


differentiable(np.concatenate, ForEach(pieces))
differentiable(np.stack, ForEach(layers))


# -- joining -----------------------------------------------------------------------------------
@composed(np.vstack)
def vstack(xs: Any) -> Any:
    return np.concatenate([np.atleast_2d(x) for x in xs], axis=0)


@composed(np.hstack)
def hstack(xs: Any) -> Any:
    parts = [np.atleast_1d(x) for x in xs]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1)


@composed(np.dstack)
def dstack(xs: Any) -> Any:
    return np.concatenate([np.atleast_3d(x) for x in xs], axis=2)


@composed(np.column_stack)
def column_stack(xs: Any) -> Any:
    return np.concatenate([np.reshape(x, (-1, 1)) if np.ndim(x) < 2 else x for x in xs], axis=1)


@composed(np.block)
def block(arrays: Any) -> Any:
    """The innermost lists are joined along the last axis, the lists of those along the last but one, and so on."""
    depth = nesting(arrays)
    ndim = max(depth, *(np.ndim(leaf) for leaf in leaves(arrays)), 1)

    def join(part: Any, axis: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([join(inner, axis + 1) for inner in part], axis=axis)
        return np.reshape(part, (1,) * (ndim - np.ndim(part)) + np.shape(part))

    return join(arrays, -depth)


def nesting(arrays: Any) -> int:
    """How many lists stand around each array of np.block."""
    return 1 + nesting(arrays[0]) if isinstance(arrays, list) else 0


def leaves(arrays: Any) -> Iterator[Any]:
    """The arrays in the lists of np.block."""
    if isinstance(arrays, list):
        for inner in arrays:
            yield from leaves(inner)
    else:
        yield arrays


@composed(np.append)
def append(x: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([x, values], axis=axis)


@composed(np.insert)
def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """np.insert itself says where each entry goes: it is run on the entries' numbers."""
    require_plain("np.insert", "obj", obj)
    there, new = (np.arange(np.size(a)).reshape(np.shape(a)) for a in (x, values))
    order = np.insert(there, obj, new + np.size(x), axis)
    return getitem(np.concatenate([x, values], axis=None), index=order)


# -- taking apart ------------------------------------------------------------------------------
@composed(np.delete)
def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    require_plain("np.delete", "obj", obj)
    n = np.size(x) if axis is None else np.shape(x)[normalize_axis_index(axis, np.ndim(x), "np.delete")]
    return np.take(x, np.delete(np.arange(n), obj), axis)


@composed(np.array_split)
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return parted("array_split", x, indices_or_sections, axis)


@composed(np.split)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return parted("split", x, indices_or_sections, axis, equal=True)


@composed(np.vsplit)
def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    require_axes("vsplit", x, 2)
    return parted("vsplit", x, indices_or_sections, 0, equal=True)


@composed(np.hsplit)
def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    require_axes("hsplit", x, 1)
    return parted("hsplit", x, indices_or_sections, 0 if np.ndim(x) == 1 else 1, equal=True)


@composed(np.dsplit)
def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    require_axes("dsplit", x, 3)
    return parted("dsplit", x, indices_or_sections, 2, equal=True)


def parted(name: str, x: Any, indices_or_sections: Any, axis: int, equal: bool = False) -> list[Any]:
    """The pieces of x between the given cuts, or that many pieces of nearly equal length."""
    axis = normalize_axis_index(axis, np.ndim(x), f"np.{name}")
    n = np.shape(x)[axis]
    if np.ndim(indices_or_sections):
        cuts = list(indices_or_sections)
    else:
        sections = int(indices_or_sections)
        if sections < 1 or (equal and n % sections):
            advice = ": np.array_split makes them nearly equal" if sections > 0 else ""
            raise ValueError(f"np.{name}: axis {axis} of length {n} has no {sections} equal parts{advice}")
        size, longer = divmod(n, sections)
        cuts = [i * size + min(i, longer) for i in range(1, sections)]
    return [getitem(x, index=along(axis, slice(*ends))) for ends in zip([0, *cuts], [*cuts, n], strict=True)]


def require_axes(name: str, x: Any, least: int) -> None:
    """Refuse an array with too few axes for a split along a fixed one."""
    if np.ndim(x) < least:
        raise ValueError(f"np.{name} needs {least} or more axes; got shape {np.shape(x)}")


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    axis = normalize_axis_index(axis, np.ndim(x), "np.unstack")
    return tuple(getitem(x, index=along(axis, i)) for i in range(np.shape(x)[axis]))


numpy_unstack: Callable[..., Any] | None = getattr(np, "unstack", None)  # since NumPy 2.1
if numpy_unstack is not None:
    composed(numpy_unstack)(unstack)

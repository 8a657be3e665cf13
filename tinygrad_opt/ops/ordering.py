"""Sorting, and what is read from sorted entries: the gradient goes back to where each entry came from.

Equal entries are ordered as they stand (a stable sort), so a tie gives each its own share.  A median
or quantile that falls between two entries gives each its share of the line between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .indexing import along, getitem
from .operand import array_like, concrete, require_plain
from .reductions import one_line
from .rules import composed, differentiable
from .shapes import Axes, positions


def order(x: Any, axis: int | None) -> Any:
    """Where each entry of the sorted x stands in x."""
    return np.argsort(x, axis=axis, kind="stable")


def sort_rule(g: Any, out: Any, x: Any, axis: int | None = -1, kind: Any = None, stable: Any = None) -> Any:
    ranks = np.argsort(order(x, axis), axis=axis)
    part = np.take_along_axis(g, ranks, axis)
    return np.reshape(part, np.shape(x)) if axis is None else part


differentiable(np.sort, sort_rule, kink=lambda out, x, axis=-1, kind=None, stable=None: order(x, axis))


@composed(np.partition)
def partition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    n = np.size(x) if axis is None else np.shape(x)[normalize_axis_index(axis, np.ndim(x), "np.partition")]
    if np.any(np.less(kth, -n) | np.greater_equal(kth, n)):
        raise ValueError(f"np.partition: kth must be from {-n} to {n - 1}, the places of {n} entries; got {kth}")
    return np.take_along_axis(x, np.argpartition(x, kth, axis), axis)


@composed(np.unique)
def unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """The values in order; a value that stands in several places hands its gradient to the first of them."""
    plain: Any = concrete(ar)
    _, first, *others = np.unique(plain, True, return_inverse, return_counts)  # type: ignore[call-overload]  # literals
    found = (getitem(np.ravel(ar), index=first), *([first] if return_index else []), *others)
    return found if len(found) > 1 else found[0]


def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """The k largest entries along an axis, largest first, and their indices: (values, indices).

    With largest=False the smallest, smallest first.  Of equal entries those that stand first are taken;
    nan counts as larger than any number.  The indices are plain.  As torch.topk.
    Raises ValueError unless 0 <= k <= the length of the axis.

    >>> from tinygrad_opt import Value
    >>> x = Value([1.0, 3.0, 2.0])
    >>> values, indices = topk(x, 2)
    >>> print(values.data, indices)
    [3. 2.] [1 2]
    >>> values.sum().backward()
    >>> print(x.grad)
    [0. 1. 1.]
    """
    x = array_like(x)
    axis = normalize_axis_index(axis, np.ndim(x), "topk")
    n = np.shape(x)[axis]
    if not isinstance(k, int | np.integer) or not 0 <= k <= n:
        raise ValueError(
            f"topk takes a whole k from 0 to {n}, the length of axis {axis} of shape {np.shape(x)}; got {k}"
        )
    ranked = falling_order(concrete(x), axis) if largest else order(x, axis)
    indices = ranked[along(axis, slice(None, k))]
    return np.take_along_axis(x, indices, axis), indices


def falling_order(x: Any, axis: int) -> Any:
    """As order, largest first; sorted from the far end, so that of equal entries the first comes first."""
    from_the_end = np.flip(order(np.flip(x, axis), axis), axis)
    return np.shape(x)[axis] - 1 - from_the_end


@composed(np.median)
def median(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The middle entry, or the mean of the middle two; nan where there is a nan, as NumPy has it."""
    line, n = ranked("np.median", x, axis)
    middle = (line[..., (n - 1) // 2] + line[..., n // 2]) / 2
    middle = nan_where(np.isnan(line[..., -1]), middle)
    return np.reshape(middle, kept_shape(x, axis)) if keepdims else middle


@composed(np.quantile)
def quantile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The entry a fraction q of the way through the sorted ones, on the line between two where it falls between."""
    check_quantile("np.quantile", q, 1, method)
    return at_fractions("np.quantile", x, np.asarray(q), axis, keepdims)


@composed(np.percentile)
def percentile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    check_quantile("np.percentile", q, 100, method)
    return at_fractions("np.percentile", x, np.asarray(q) / 100, axis, keepdims)


def at_fractions(name: str, x: Any, q: Any, axis: Axes, keepdims: bool) -> Any:
    line, n = ranked(name, x, axis)
    place = q * (n - 1)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    left, right = (getitem(line, index=(..., i)) for i in (low, high))
    weight = np.where(low == high, 0.5, place - low).astype(line.dtype)  # halves of one entry: 0 * inf is nan
    between = (1 - weight) * left + weight * right
    between = nan_where(np.expand_dims(np.isnan(line[..., -1]), tuple(range(-q.ndim, 0))), between)
    first = np.moveaxis(between, range(-q.ndim, 0), range(q.ndim)) if q.ndim else between
    return np.reshape(first, (*q.shape, *kept_shape(x, axis))) if keepdims else first


def ranked(name: str, x: Any, axis: Axes) -> tuple[Any, int]:
    """The entries over the given axes, sorted in one last axis, and how many they are: at least one."""
    line = one_line(x, axis if axis is None else normalize_axis_tuple(axis, np.ndim(x), name))
    n = int(np.shape(line)[-1])
    if n == 0:
        raise ValueError(f"{name} of no entries is not defined; got shape {np.shape(x)}")
    return np.sort(line, axis=-1), n


def check_quantile(name: str, q: Any, top: int, method: str) -> None:
    """Refuse what has no rule here."""
    require_plain(name, "q", q)
    if np.asarray(q).dtype.kind not in "biuf":
        raise TypeError(f"{name} takes numbers from 0 to {top} for q; got {q!r}")
    if method != "linear":
        raise ValueError(f'{name} on a Value takes method="linear" only; got {method!r}: compute others on .data')
    if not np.all((np.asarray(q) >= 0) & (np.asarray(q) <= top)):
        raise ValueError(f"{name} takes q from 0 to {top}; got {q}")


def nan_where(unknown: Any, x: Any) -> Any:
    return np.where(unknown, np.nan, x) if np.any(unknown) else x


def kept_shape(x: Any, axis: Axes) -> tuple[int, ...]:
    """The shape of x with the given axes of length 1."""
    gone = positions(axis, np.ndim(x))
    return tuple(1 if i in gone else n for i, n in enumerate(np.shape(x)))

"""Running sums and products, and the differences between neighbours.

The running product is exact with any number of zeros: its rule multiplies, and never divides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .indexing import along, getitem
from .reductions import shifted
from .rules import composed, differentiable


def cumsum_rule(g: Any, out: Any, x: Any, axis: int | None = None) -> Any:
    part = np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)
    return np.reshape(part, np.shape(x)) if axis is None else part


def recurrence(factor: Any, term: Any) -> Any:
    """r[i] = factor[i] * r[i-1] + term[i] along the last axis, from r[-1] = 0.

    Doubling: after each round an entry reaches twice as far back, so the work is n log n.
    """
    step = 1
    while step < np.shape(term)[-1]:
        term = term + factor * shifted(term, step, 0.0)
        factor = factor * shifted(factor, step, 0.0)
        step *= 2
    return term


def backwards(factor: Any, term: Any) -> Any:
    """r[i] = term[i] + factor[i+1] * r[i+1]: the adjoint of the recurrence with these factors."""
    return np.flip(recurrence(shifted(np.flip(factor, -1), 1, 0.0), np.flip(term, -1)), -1)


def cumprod_rule(g: Any, out: Any, x: Any, axis: int | None = None) -> Any:
    """x[i] meets the product before it, and g[k] times the product of those between i and k, for every k >= i."""
    if axis is None and np.ndim(x) != 1:
        return np.reshape(cumprod_rule(g, out, np.ravel(x)), np.shape(x))
    axis = -1 if axis is None else axis
    line = swapped_to_last(x, axis)
    before = np.cumprod(shifted(line, 1, 1.0), axis=-1)
    return swapped_to_last(before * backwards(line, swapped_to_last(g, axis)), axis)


def swapped_to_last(x: Any, axis: int) -> Any:
    """x with an axis and the last one swapped; once more, and they are back."""
    return x if axis in (-1, np.ndim(x) - 1) else np.swapaxes(x, axis, -1)


differentiable(np.cumsum, cumsum_rule)
differentiable(np.cumprod, cumprod_rule)
recurrence = differentiable(
    recurrence,
    lambda g, out, factor, term: backwards(factor, g) * shifted(out, 1, 0.0),
    lambda g, out, factor, term: backwards(factor, g),
)


@composed(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"np.diff is taken a whole number of times, 0 or more; got n={n}")
    axis = normalize_axis_index(axis, np.ndim(x), "np.diff")
    ends = [beside(end, x, axis) for end in (prepend, append)]
    if any(end is not None for end in ends):
        x = np.concatenate([part for part in (ends[0], x, ends[1]) if part is not None], axis=axis)
    for _ in range(n):
        x = getitem(x, index=along(axis, slice(1, None))) - getitem(x, index=along(axis, slice(None, -1)))
    return x


def beside(end: Any, x: Any, axis: int) -> Any:
    """What is put before or after x: a number stands for a slice of x filled with it."""
    if end is None or np.ndim(end):
        return end
    return np.broadcast_to(end, (*np.shape(x)[:axis], 1, *np.shape(x)[axis + 1 :]))


@composed(np.ediff1d)
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    parts = [np.diff(np.ravel(x))]
    if to_begin is not None:
        parts.insert(0, to_begin)
    if to_end is not None:
        parts.append(to_end)
    return np.concatenate(parts, axis=None) if len(parts) > 1 else parts[0]


@composed(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y by the trapezoidal rule; x and dx may be Values too."""
    axis = normalize_axis_index(axis, np.ndim(y), "np.trapezoid")
    if x is not None:
        if np.ndim(x) == 1 and np.size(x) != np.shape(y)[axis]:
            raise ValueError(
                f"np.trapezoid needs a place for each value along axis {axis}: {np.shape(y)[axis]}; got {np.size(x)}"
            )
        dx = np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
        if np.ndim(x) == 1:
            dx = np.reshape(dx, (-1, *(1,) * (np.ndim(y) - axis - 1)))
    left, right = (getitem(y, index=along(axis, part)) for part in (slice(None, -1), slice(1, None)))
    return np.sum(dx * (left + right) / 2, axis=axis)

"""Rules of the functions that reduce axes: axis may be an int, negative, a tuple, or None for all.

At special points: the maximum shares its gradient equally among ties; the product is exact with any
number of zeros; the standard deviation of equal numbers gets 0, and so does logsumexp where every
entry is -inf.

np.add.reduce is np.sum without its wrapper, which costs as much as summing a thousand numbers; it
is used where training spends its time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import keep
from .operand import array_like
from .rules import alias, differentiable
from .shapes import Axes, cast, positions


def spread(g: Any, shape: tuple[int, ...], axis: Axes = None, keepdims: bool = False) -> Any:
    """Repeat a reduced result over the axes it was reduced from: the adjoint of np.sum."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    out = np.empty(shape, np.result_type(g))
    out[...] = g
    return out


def count(x: Any, out: Any) -> float:
    """How many entries of x went into each entry of its reduction out."""
    return np.size(x) / max(np.size(out), 1)


def mean_rule(g: Any, out: Any, x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return spread(g / count(x, out), np.shape(x), axis, keepdims)


def extremum_rule(g: Any, out: Any, x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    winners = x == spread(out, np.shape(x), axis, keepdims)
    ties = np.sum(winners, axis=axis, keepdims=keepdims)
    if np.result_type(x) == np.float32:  # over whole numbers of 64 bits it would become float64
        ties = cast(ties, dtype=np.float32)
    return keep(spread(g / ties, np.shape(x), axis, keepdims), winners)


def var_rule(g: Any, out: Any, x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    return spread(2 * g / (count(x, out) - ddof), np.shape(x), axis, keepdims) * deviation


def std_rule(g: Any, out: Any, x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    slope = g / ((count(x, out) - ddof) * (out + (out == 0)))
    return spread(slope, np.shape(x), axis, keepdims) * deviation


# -- products of all entries but one: correct whatever the number of zeros ---------------------
def one_line(x: Any, axis: Axes) -> Any:
    """x with the given axes moved to the end and joined into one."""
    axes = positions(axis, np.ndim(x))
    kept = tuple(n for i, n in enumerate(np.shape(x)) if i not in axes)
    moved = np.moveaxis(x, axes, range(-len(axes), 0)) if axes else x
    return np.reshape(moved, (*kept, int(np.prod([np.shape(x)[i] for i in axes], dtype=int))))


def back_in_place(line: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """Undo one_line."""
    axes = positions(axis, len(shape))
    kept = tuple(n for i, n in enumerate(shape) if i not in axes)
    moved = np.reshape(line, (*kept, *(shape[i] for i in axes)))
    return np.moveaxis(moved, range(-len(axes), 0), axes) if axes else moved


def product_of_others(x: Any, axis: Axes = None) -> Any:
    """At each entry, the product of all the other entries along axis."""
    line = one_line(x, axis)
    ones = np.ones_like(line[..., :1])
    before = np.cumprod(np.concatenate([ones, line[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, line[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return back_in_place(before * after, np.shape(x), axis)


def shifted(line: Any, step: int, fill: float) -> Any:
    """line moved step entries to the right, with fill entering at the left."""
    filling = fill * np.ones_like(line[..., :step])
    return np.concatenate([filling, line[..., :-step]], axis=-1)


def before_each(x: Any, dx: Any) -> tuple[Any, Any]:
    """The product of the entries before each entry, and its change when x changes by dx.

    Doubling: after each round an entry holds the product of twice as many predecessors, so the work
    is n log n, in ordinary operations that can be differentiated again.
    """
    product, change = shifted(x, 1, 1.0), shifted(dx, 1, 0.0)
    step = 1
    while step < np.shape(x)[-1]:
        earlier, its_change = shifted(product, step, 1.0), shifted(change, step, 0.0)
        product, change = product * earlier, change * earlier + product * its_change
        step *= 2
    return product, change


def product_of_others_rule(g: Any, out: Any, x: Any, axis: Axes = None) -> Any:
    """sum over i of g[i] d(out[i])/dx is symmetric: the change of product_of_others(x) along g."""
    line, along = one_line(x, axis), one_line(g, axis)
    before, d_before = before_each(line, along)
    after, d_after = (part[..., ::-1] for part in before_each(line[..., ::-1], along[..., ::-1]))
    return back_in_place(d_before * after + before * d_after, np.shape(x), axis)


# -- exponentials over an axis -----------------------------------------------------------------
def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axis, without overflow: the largest entry is taken out first."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):  # log(0) where every entry is -inf
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def logsumexp_rule(g: Any, out: Any, x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    finite = keep(out, out > -np.inf)
    return spread(g, np.shape(x), axis, keepdims) * np.exp(x - spread(finite, np.shape(x), axis, keepdims))


FEW = 64


def by_column(x: Any, axis: Axes) -> Any:
    """x laid out column by column if its last axis is short and is to be reduced.

    NumPy reduces few long columns two to five times faster than many short rows, as in a batch of scores.
    """
    short = axis == -1 and np.ndim(x) > 1 and x.shape[-1] <= FEW
    return np.asarray(x, order="F") if short else x


def softmax(x: Any, axis: Axes = -1) -> Any:
    """exp(x) / sum(exp(x)) over axis: positive numbers that sum to 1."""
    x = by_column(x, axis)
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Axes = -1) -> Any:
    """log(softmax(x)) over axis, accurate where softmax underflows to 0."""
    x = by_column(x, axis)
    below_top = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    return below_top - np.log(np.add.reduce(np.exp(below_top), axis=axis, keepdims=True))


# fmt: off
differentiable(np.sum,  lambda g, out, x, axis=None, keepdims=False: spread(g, np.shape(x), axis, keepdims))
spread = differentiable(spread, lambda g, out, x, shape, axis=None, keepdims=False:
                        np.sum(g, axis=axis, keepdims=keepdims))
differentiable(np.mean, mean_rule)
differentiable(np.max,  extremum_rule, kink=lambda out, x, **over: x == spread(out, np.shape(x), **over))
differentiable(np.min,  extremum_rule, kink=lambda out, x, **over: x == spread(out, np.shape(x), **over))
differentiable(np.var,  var_rule, analytic=False)
differentiable(np.std,  std_rule, analytic=False)
differentiable(np.prod, lambda g, out, x, axis=None, keepdims=False:
               spread(g, np.shape(x), axis, keepdims) * product_of_others(x, axis))
product_of_others = differentiable(product_of_others, product_of_others_rule)
logsumexp = differentiable(logsumexp, logsumexp_rule, analytic=False)
softmax = differentiable(softmax, lambda g, out, x, axis=-1:
                         out * (g - np.add.reduce(g * out, axis=axis, keepdims=True)), analytic=False)
log_softmax = differentiable(log_softmax, lambda g, out, x, axis=-1:
                             g - np.exp(out) * np.add.reduce(g, axis=axis, keepdims=True), analytic=False)
# fmt: on

alias(np.amax, np.max)
alias(np.amin, np.min)


def softmin(x: Any, axis: Axes = -1) -> Any:
    """softmax(-x): the smallest entry gets the largest share."""
    return softmax(-array_like(x), axis=axis)

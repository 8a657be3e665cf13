"""Sums of products over named axes: einsum, and the products that are special cases of it.

The only primitive is the contraction of two arrays, ``einsum(x, y, 'ij,jk->ik')``.  Its rule swaps
subscripts: the gradient for x is einsum(g, y, 'ik,jk->ij'), a contraction again, so derivatives of
every order are matrix products.  An axis that stands in one operand alone is summed beforehand, an
axis of length 1 that is to be repeated is dropped, a repeated subscript takes a diagonal; those are
operations with rules of their own.  Several operands are contracted two at a time.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from .indexing import getitem
from .operand import Operand
from .rules import composed, differentiable
from .subscripts import LETTERS, Shape, parsed


# -- two operands ------------------------------------------------------------------------------
class Plan(NamedTuple):
    """A contraction as a stack of matrix products; axes are in the order that np.matmul takes them."""

    left: list[int]  # x's axes: batch, its own stack, rows, summed
    right: list[int]  # y's axes: batch, its own stack, summed, columns
    out: list[int]  # the result's axes among batch, x's stack, y's stack, rows, columns
    counts: tuple[int, int, int, int]  # how many are batch, x's stack, y's stack, summed


@functools.lru_cache(maxsize=1024)
def plan(x: str, y: str, out: str) -> Plan:
    batch = [c for c in out if c in x and c in y]
    summed = [c for c in x if c not in out]
    x_stack, rows = stack_and_rest([c for c in x if c not in batch], summed)
    y_stack, columns = stack_and_rest([c for c in y if c not in batch], summed)
    found = batch + x_stack + y_stack + rows + columns
    return Plan(
        [x.index(c) for c in batch + x_stack + rows + summed],
        [y.index(c) for c in batch + y_stack + summed + columns],
        [found.index(c) for c in out],
        (len(batch), len(x_stack), len(y_stack), len(summed)),
    )


def stack_and_rest(letters: list[str], summed: list[str]) -> tuple[list[str], list[str]]:
    """An operand's own letters: those to be looped over, and those to be joined into rows or columns.

    Own axes on both sides of the summed ones, n and hw in 'nchw', cannot be joined without a copy.
    """
    own = [c for c in letters if c not in summed]
    lead = next((i for i, c in enumerate(letters) if c in summed), 0)
    split = 0 < lead < len(own) and letters[lead : lead + len(summed)] == summed
    return (own[:lead], own[lead:]) if split else ([], own)


def einsum(x: Any, y: Any, subscripts: str) -> Any:
    """The sum over subscripts missing behind the arrow of the products of two arrays' entries.

    Each subscript stands at most once in an operand, and in two of the three places.
    """
    inputs, out = subscripts.split("->")
    a, b = inputs.split(",")
    if set(a) == set(b) and not out:
        return np.dot(np.ravel(x), np.ravel(np.transpose(y, [b.index(c) for c in a])))
    if set(a) & set(b) <= set(out) or set(a) == set(b):  # no matrix product in it
        return np.einsum(subscripts, x, y)
    if out[0] not in a:  # its columns come first, so they are to be rows
        x, y, a, b = y, x, b, a
    return matrix_products(x, y, plan(a, b, out))


def matrix_products(x: Any, y: Any, by: Plan) -> Any:
    """A contraction as np.matmul computes it, in BLAS."""
    batch, x_stack, y_stack, summed = by.counts
    stack = batch + x_stack + y_stack
    x, y = np.transpose(x, by.left), np.transpose(y, by.right)
    x = np.reshape(x, x.shape[: batch + x_stack] + (1,) * y_stack + x.shape[batch + x_stack :])
    y = np.reshape(y, y.shape[:batch] + (1,) * x_stack + y.shape[batch:])
    rows, columns = x.shape[stack : x.ndim - summed], y.shape[stack + summed :]
    over = math.prod(y.shape[stack : stack + summed])
    x = np.reshape(x, (*x.shape[:stack], math.prod(rows), over))
    y = np.reshape(y, (*y.shape[:stack], over, math.prod(columns)))
    product = x @ y
    shape = product.shape[:-2] + rows + columns
    if product.shape == shape and by.out == sorted(by.out):
        return product  # not a view of it, which a leaf's gradient would be copied from
    return np.transpose(np.reshape(product, shape), by.out)


def swapped(subscripts: str, operand: int) -> str:
    """The subscripts of the gradient for one operand: g takes its place, and it that of the result."""
    inputs, out = subscripts.split("->")
    terms = inputs.split(",")
    wanted, terms[operand] = terms[operand], out
    return f"{','.join(terms)}->{wanted}"


einsum = differentiable(
    einsum,
    lambda g, out, x, y, subscripts: einsum(g, y, subscripts=swapped(subscripts, 0)),
    lambda g, out, x, y, subscripts: einsum(x, g, subscripts=swapped(subscripts, 1)),
)


# -- many operands -----------------------------------------------------------------------------
class Factor(NamedTuple):
    """An operand and the subscripts of its axes."""

    x: Any
    term: str


@composed(np.einsum)
def einsum_of_many(subscripts: str, *operands: Any, optimize: Any = True) -> Any:
    """Einstein's summation: implicit or explicit result, ellipses, diagonals, any number of operands.

    More than two operands are contracted in the order that np.einsum_path finds with optimize
    (True, "greedy", "optimal", a path), or from left to right if it is False.

    Raises ValueError for subscripts that do not fit the operands, TypeError for subscripts in lists.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> a = Value([[1.0, 2.0], [3.0, 4.0]])
    >>> trace = np.einsum("ii", a)
    >>> trace.backward()
    >>> a.grad.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if not isinstance(subscripts, str):
        raise TypeError('einsum on a Value takes its subscripts as text, np.einsum("ij,jk->ik", x, y), not in lists')
    xs = [as_factor(x) for x in operands]
    terms, out = parsed(subscripts, tuple(np.shape(x) for x in xs))
    factors = without_stretched_axes([diagonal(x, term) for x, term in zip(xs, terms, strict=True)])
    factors = without_lone_axes(factors, out)
    for group in order_of_contraction(factors, out, optimize):
        taken = [factors.pop(i) for i in sorted(group, reverse=True)]
        while len(taken) > 1:
            first, second = taken.pop(), taken.pop()
            taken.append(product(first, second, [f.term for f in factors + taken], out))
        factors += taken
    ((x, term),) = factors
    return x if term == out else np.transpose(x, [term.index(c) for c in out])


def as_factor(x: Any) -> Any:
    """An operand whose numbers can be multiplied and summed: counts and masks as floats."""
    if isinstance(x, Operand):
        return x
    x = np.asarray(x)
    return x.astype(np.result_type(x, np.float32)) if x.dtype.kind in "biu" else x


def diagonal(x: Any, term: str) -> Factor:
    """x where the axes of a repeated subscript run together, as in 'ii'."""
    once = "".join(dict.fromkeys(term))
    if once == term:
        return Factor(x, term)
    places = np.ix_(*(np.arange(np.shape(x)[term.index(c)]) for c in once))
    return Factor(getitem(x, index=tuple(places[once.index(c)] for c in term)), once)


def without_stretched_axes(factors: list[Factor]) -> list[Factor]:
    """The factors without axes of length 1 whose subscript is longer elsewhere: those are repeated."""
    longer = {c for x, term in factors for c, n in zip(term, np.shape(x), strict=True) if n != 1}
    kept = []
    for x, term in factors:
        stays = [n != 1 or c not in longer for c, n in zip(term, np.shape(x), strict=True)]
        if not all(stays):
            x = np.squeeze(x, tuple(i for i, stay in enumerate(stays) if not stay))
            term = "".join(c for c, stay in zip(term, stays, strict=True) if stay)
        kept.append(Factor(x, term))
    return kept


def without_lone_axes(factors: list[Factor], out: str) -> list[Factor]:
    """The factors with the axes summed that stand in one of them alone and not in the result."""
    counts = Counter(out + "".join(f.term for f in factors))
    kept = []
    for x, term in factors:
        lone = tuple(i for i, c in enumerate(term) if counts[c] == 1)
        kept.append(
            Factor(np.sum(x, axis=lone), "".join(c for c in term if counts[c] > 1)) if lone else Factor(x, term)
        )
    return kept


def product(first: Factor, second: Factor, others: list[str], out: str) -> Factor:
    """Two factors as one, its axes those that the others or the result still need."""
    needed = set(out).union(*others)
    both = dict.fromkeys(first.term + second.term)
    into = "".join(c for c in both if c in needed) if others else out
    return Factor(einsum(first.x, second.x, subscripts=f"{first.term},{second.term}->{into}"), into)


def order_of_contraction(factors: list[Factor], out: str, optimize: Any) -> list[tuple[int, ...]]:
    """Which factors to contract, step by step; the result of a step goes to the end of the list."""
    if len(factors) <= 2 or optimize is False:
        return [tuple(range(len(factors)))]
    terms, shapes = zip(*((f.term, np.shape(f.x)) for f in factors), strict=True)
    kind = optimize if isinstance(optimize, str | bool) else tuple(optimize)
    return best_order(f"{','.join(terms)}->{out}", shapes, kind)


@functools.lru_cache(maxsize=256)
def best_order(subscripts: str, shapes: tuple[Shape, ...], optimize: Any) -> list[tuple[int, ...]]:
    kind = optimize if isinstance(optimize, str | bool) else list(optimize)
    stand_ins = (np.broadcast_to(0.0, shape) for shape in shapes)
    steps: list[tuple[int, ...]] = np.einsum_path(subscripts, *stand_ins, optimize=kind)[0][1:]
    return steps


# -- special cases -----------------------------------------------------------------------------
@composed(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over pairs of axes: the last axes of a with the first of b, or two lists of axes."""
    ndims = np.ndim(a), np.ndim(b)
    pairs: Any
    if isinstance(axes, int | np.integer):
        pairs = (list(range(ndims[0] - axes, ndims[0])), list(range(axes)))
    else:
        pairs = tuple([n] if isinstance(n, int | np.integer) else list(n) for n in axes)
    shapes = np.shape(a), np.shape(b)
    lengths = [
        [shape[i] if -len(shape) <= i < len(shape) else None for i in chosen]
        for shape, chosen in zip(shapes, pairs, strict=True)
    ]
    if lengths[0] != lengths[1] or None in lengths[0]:
        raise ValueError(
            f"tensordot: shapes {shapes[0]} and {shapes[1]} with axes={axes}: "
            "it needs as many axes of the one as of the other, and each pair of one length"
        )
    left, right = LETTERS[: ndims[0]], list(LETTERS[ndims[0] : sum(ndims)])
    for i, j in zip(*pairs, strict=True):
        right[j] = left[i]
    summed = {left[i] for i in pairs[0]}
    out = "".join(c for c in (*left, *right) if c not in summed)
    return einsum(a, b, subscripts=f"{left},{''.join(right)}->{out}")


@composed(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum over the last axis of both."""
    return tensordot(a, b, (-1, -1)) if np.ndim(a) and np.ndim(b) else a * b


@composed(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """The inner products of the vectors along one axis; the other axes broadcast."""
    x1, x2 = (np.moveaxis(x, axis, -1) if axis != -1 else x for x in (x1, x2))
    shapes = np.shape(x1), np.shape(x2)
    if not all(shapes) or shapes[0][-1] != shapes[1][-1]:
        raise ValueError(f"vecdot: shapes {shapes[0]} and {shapes[1]}: the vectors must be of one length")
    return einsum_of_many("...i,...i->...", x1, x2)

"""A loss that two libraries can compute: the same operands put in, the losses and gradients that come out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from differences import difference

from tinygrad_opt import Value

REDUCTIONS = ("mean", "sum", "none")


class Case(NamedTuple):
    """Ours and theirs, made to compute the same.

    ours      given operands and reduction=, computes our loss
    library   "torch" or "keras"
    theirs    given the library's functions, operands and reduction=, computes its loss
    operands  arrays; theirs are tensors of the same numbers
    live      which operands get a gradient
    """

    name: str
    ours: Callable[..., Any]
    library: str
    theirs: Callable[..., Any]
    operands: tuple[Any, ...]
    live: tuple[int, ...] = (0,)
    reductions: tuple[str, ...] = REDUCTIONS


def put(operands, live, values):
    """The operands with some of them replaced."""
    replaced = dict(zip(live, values, strict=True))
    return [replaced.get(i, x) for i, x in enumerate(operands)]


def upstream(shape):
    """The gradient with respect to the losses."""
    return np.random.default_rng(2).normal(size=shape)


def run(case, reduction):
    """What ours gives: the loss, and the gradient of every live operand."""
    leaves = [Value(case.operands[i]) for i in case.live]
    loss = case.ours(*put(case.operands, case.live, leaves), reduction=reduction)
    loss.backward(upstream(loss.shape))
    return [np.asarray(loss.data), *(np.asarray(leaf.grad) for leaf in leaves)]


def furthest(ours, theirs):
    """The largest difference, relative to the largest number of what is compared."""
    return max(difference(a, b) for a, b in zip(ours, theirs, strict=True))

"""What a rule may use beside operators and NumPy's elementwise functions: sums over a tensor, and a choice."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .blocks import CUTS, block_sum, blocks, sum_of
from .trace import Symbol


def total(x: Any) -> Any:
    """The sum of all entries, as a number.

    Arrays are added block by block, in the order in which a kernel meets them, so that both give the same bits.

    >>> total(np.array([1.0, 2.0]))
    3.0
    """
    if isinstance(x, Symbol):
        return x.total()
    if not isinstance(x, np.ndarray):
        return np.sum(x)
    flat = x.reshape(-1)
    return sum_of([block_sum(flat[start:stop]) for start, stop in CUTS.get() or blocks(flat.size, x.dtype)])


def norm(x: Any) -> Any:
    """The Euclidean norm over all entries, as a number.

    >>> norm(np.array([3.0, 4.0]))
    5.0
    """
    return total(x * x) ** 0.5


def ratio(x: Any, y: Any, otherwise: float = 1.0) -> Any:
    """x / y for two numbers; otherwise where y is zero.

    >>> ratio(6.0, 3.0), ratio(6.0, 0.0)
    (2.0, 1.0)
    """
    return where(y != 0, x, otherwise) / where(y != 0, y, 1.0)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where condition holds, else y; np.where for arrays, and a plain choice for numbers.

    >>> where(2.0 > 1.0, 10.0, 20.0)
    10.0
    """
    if isinstance(condition, Symbol) and condition.is_number:
        return condition.choose(x, y)
    if isinstance(condition, bool):
        return x if condition else y
    return np.where(condition, x, y)


def named(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function of whole arrays that formulas show by its name, not by what it does.

    For the steps of a rule with granularity "array" that have a name of their own, such as a matrix inverse.

    >>> @named
    ... def flipped(x):
    ...     return x[::-1]
    >>> flipped(np.array([1.0, 2.0]))
    array([2., 1.])
    """

    @functools.wraps(fn)
    def call(*args: Any) -> Any:
        trace = next((a.trace for a in args if isinstance(a, Symbol)), None)
        return trace.call(fn, args) if trace else fn(*args)

    return call

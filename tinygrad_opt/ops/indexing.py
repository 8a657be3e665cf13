"""Rules of indexing: reading entries and adding into them are each other's adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from .operand import Operand
from .rules import differentiable


def getitem(x: Any, index: Any) -> Any:
    """x[index], for every kind of NumPy index."""
    return np.asarray(x)[index]


def scatter_add(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape with g added at index; entries named more than once get every share."""
    out = np.zeros(shape, np.result_type(g))
    if may_repeat(index):
        np.add.at(out, index, g)
    else:
        out[index] = g
    return out


def may_repeat(index: Any) -> bool:
    """Whether an index can name an entry twice: only integer arrays can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, list | tuple) or (isinstance(p, np.ndarray) and p.dtype != bool and p.ndim) for p in parts)


def check_index(index: Any) -> Any:
    """Refuse a Value as index: indices are plain integers, slices and arrays."""
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Operand):
            raise TypeError(
                f"an index must be plain: integers, slices, masks or integer arrays; got a {type(part).__name__}. "
                "Indices carry no gradient: use .data, or a comparison for a mask"
            )
    return index


getitem = differentiable(getitem, lambda g, out, x, index: scatter_add(g, index=index, shape=np.shape(x)))
scatter_add = differentiable(scatter_add, lambda g, out, x, index, shape: getitem(g, index=index))

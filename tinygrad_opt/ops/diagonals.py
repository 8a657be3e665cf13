"""Diagonals and triangles: entries are read from them, and put back, with zeros beside."""

from __future__ import annotations

from typing import Any

import numpy as np

from .indexing import scatter_add
from .rules import composed, differentiable


def diagonal_index(rows: int, columns: int, offset: int) -> tuple[Any, ...]:
    """The index, in the last two axes, of a diagonal that starts offset columns to the right."""
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    steps = np.arange(length)
    return ..., steps + max(-offset, 0), steps + max(offset, 0)


def diagonal_rule(g: Any, out: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    batch = np.moveaxis(np.empty(np.shape(x), bool), (axis1, axis2), (-2, -1)).shape
    filled = scatter_add(g, index=diagonal_index(batch[-2], batch[-1], offset), shape=batch)
    return np.moveaxis(filled, (-2, -1), (axis1, axis2))


def diag_rule(g: Any, out: Any, x: Any, k: int = 0) -> Any:
    return np.diagonal(g, k) if np.ndim(x) == 1 else diagonal_rule(g, out, x, k)


# fmt: off
differentiable(np.diagonal, diagonal_rule)
differentiable(np.diag,     diag_rule)
differentiable(np.tril,     lambda g, out, x, k=0: np.tril(g, k))
differentiable(np.triu,     lambda g, out, x, k=0: np.triu(g, k))
# fmt: on


@composed(np.diagflat)
def diagflat(x: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(x), k)


@composed(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)

"""Layers that change the shape and no number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.windows import per_axis
from ..settings import whole_number
from .module import Module


class Flatten(Module):
    """The axes from start_dim to end_dim as one: by default each sample of a batch as one row.

    Raises ValueError for an input that has not these axes.

    >>> Flatten()(np.zeros((5, 16, 4, 4))).shape
    (5, 256)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim = whole_number("Flatten", "start_dim", start_dim)
        self.end_dim = whole_number("Flatten", "end_dim", end_dim)

    def forward(self, x: Any) -> Any:
        shape = np.shape(x)
        start, end = (position(self, dim, shape) for dim in (self.start_dim, self.end_dim))
        if start > end:
            raise ValueError(f"{self.where} joins axes from start_dim to a later end_dim; got shape {shape}")
        return np.reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


class Unflatten(Module):
    """One axis as several, of the sizes given: undoes `Flatten`.  One of the sizes may be -1, which is what is left.

    Raises ValueError for an axis whose size is not the product of theirs.

    >>> Unflatten(1, (16, 4, -1))(np.zeros((5, 256))).shape
    (5, 16, 4, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any):
        self.dim = whole_number("Unflatten", "dim", dim)
        sizes = unflattened_size if isinstance(unflattened_size, tuple | list) else (unflattened_size,)
        self.unflattened_size = per_axis("Unflatten", "unflattened_size", tuple(sizes), len(sizes), -1)
        if self.unflattened_size.count(-1) > 1:
            raise ValueError(f"Unflatten: one size of unflattened_size may be -1; got {unflattened_size!r}")

    def forward(self, x: Any) -> Any:
        shape = np.shape(x)
        dim = position(self, self.dim, shape)
        known = math.prod(n for n in self.unflattened_size if n != -1)
        rest = shape[dim] // known if known else 0
        sizes = tuple(rest if n == -1 else n for n in self.unflattened_size)
        if math.prod(sizes) != shape[dim]:
            raise ValueError(
                f"{self.where} needs an axis {self.dim} of {' * '.join(map(str, self.unflattened_size))} entries; "
                f"got {shape[dim]} in shape {shape}"
            )
        return np.reshape(x, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def position(layer: Module, dim: int, shape: tuple[int, ...]) -> int:
    """An axis counted from the front."""
    if not -len(shape) <= dim < len(shape):
        advice = "; give a single sample a batch axis with x[None]" if dim == len(shape) else ""
        raise ValueError(f"{layer.where} needs an axis {dim}; got shape {shape}{advice}")
    return dim % len(shape)

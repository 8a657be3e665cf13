"""PyTorch's names of diagonals and triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import assume


def diag(x: Any, k: int = 0) -> Any:
    assume(x.ndim == 1 or -x.shape[0] <= k <= x.shape[1])
    return torch.diag(x, k)


def triangle(fn: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, k: int = 0) -> Any:
        assume(x.ndim > 1)
        return fn(x, k)

    return call


TORCH: dict[Any, Callable[..., Any]] = {
    np.diagonal: lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2),
    np.diag: diag,
    np.tril: triangle(torch.tril),
    np.triu: triangle(torch.triu),
}

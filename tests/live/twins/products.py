"""PyTorch's names of the products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt.ops.products import cross, linear

F = torch.nn.functional


def dot(x: Any, y: Any) -> Any:
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    return torch.tensordot(x, y, dims=([-1], [max(y.ndim - 2, 0)]))


TORCH: dict[Any, Callable[..., Any]] = {
    np.matmul: torch.matmul,
    np.dot: dot,
    np.outer: lambda x, y: torch.outer(x.ravel(), y.ravel()),
    cross: lambda a, b: torch.linalg.cross(*torch.broadcast_tensors(a, b)),
    linear: F.linear,
}

"""PyTorch's names of the functions that join arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def concatenate(xs: Any, axis: Any = 0) -> Any:
    return torch.cat([x.ravel() for x in xs]) if axis is None else torch.cat(xs, axis)


TORCH: dict[Any, Callable[..., Any]] = {
    np.concatenate: concatenate,
    np.stack: lambda xs, axis=0: torch.stack(xs, axis),
}

"""PyTorch's name of sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def sort(x: Any, axis: Any = -1) -> Any:
    return torch.sort(x.ravel() if axis is None else x, dim=-1 if axis is None else axis, stable=True).values


TORCH: dict[Any, Callable[..., Any]] = {np.sort: sort}

"""PyTorch's names of the running sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def over_one_axis(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis=None: fn(x.ravel(), 0) if axis is None else fn(x, axis)


TORCH: dict[Any, Callable[..., Any]] = {
    np.cumsum: over_one_axis(torch.cumsum),
    np.cumprod: over_one_axis(torch.cumprod),
}

"""PyTorch's names of the elementwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt import functional as ours

F = torch.nn.functional


def same_name(*names: str) -> dict[Any, Any]:
    return {getattr(np, name): getattr(torch, name) for name in names}


TORCH: dict[Any, Callable[..., Any]] = {
    **same_name("add", "subtract", "multiply", "divide", "remainder", "logaddexp", "maximum", "minimum"),
    **same_name("negative", "positive", "square", "reciprocal", "absolute", "sign", "floor", "ceil", "trunc"),
    **same_name("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "arcsin", "arccos"),
    **same_name("arctan", "sinh", "cosh", "tanh", "where"),
    np.power: torch.pow,
    np.floor_divide: lambda x, y: torch.div(x, y, rounding_mode="floor"),
    np.rint: torch.round,
    np.clip: torch.clamp,
    ours.sigmoid: torch.sigmoid,
    ours.softplus: F.softplus,
    ours.relu: torch.relu,
    ours.leaky_relu: lambda x, slope=0.01: F.leaky_relu(x, slope),
    ours.elu: lambda x, alpha=1.0: F.elu(x, alpha),
}

"""PyTorch's names of the elementwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt import functional as ours
from tinygrad_opt.ops import elementwise


def same_name(*names: str) -> dict[Any, Any]:
    return {getattr(np, name): getattr(torch, name) for name in names}


TORCH: dict[Any, Callable[..., Any]] = {
    **same_name("add", "subtract", "multiply", "divide", "remainder", "logaddexp", "maximum", "minimum"),
    **same_name("negative", "positive", "square", "reciprocal", "absolute", "sign", "floor", "ceil", "trunc"),
    **same_name("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "arcsin", "arccos"),
    **same_name("arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "arctan2", "hypot", "where"),
    **same_name("fmod", "fmax", "fmin", "exp2", "logaddexp2", "copysign", "deg2rad", "rad2deg"),
    np.power: torch.pow,
    np.floor_divide: lambda x, y: torch.div(x, y, rounding_mode="floor"),
    np.rint: torch.round,
    np.fix: torch.trunc,
    np.round: lambda x, decimals=0: torch.round(x, decimals=decimals),
    np.float_power: torch.float_power,
    np.cbrt: lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    np.heaviside: lambda x, at_zero: torch.heaviside(x.detach(), at_zero.detach()) + 0 * x + 0 * at_zero,
    np.nan_to_num: lambda x, nan=0.0, posinf=None, neginf=None: torch.nan_to_num(x, nan, posinf, neginf),
    elementwise.clip: torch.clamp,
    ours.sigmoid: torch.sigmoid,
}

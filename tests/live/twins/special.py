"""PyTorch's names of the special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt import functional as ours

TORCH: dict[Any, Callable[..., Any]] = {
    ours.rsqrt: torch.rsqrt,
    np.sinc: torch.sinc,
    ours.erf: torch.erf,
    ours.erfc: torch.erfc,
}

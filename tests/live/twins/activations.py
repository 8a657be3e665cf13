"""PyTorch's names of the activations that have a rule of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tinygrad_opt import functional as ours

F = torch.nn.functional

TORCH: dict[Any, Callable[..., Any]] = {
    ours.relu: torch.relu,
    ours.leaky_relu: lambda x, slope=0.01: F.leaky_relu(x, slope),
    ours.prelu: lambda x, weight: torch.where(x > 0, x, weight * x),
    ours.hardtanh: F.hardtanh,
    ours.softplus: lambda x, beta=1.0, threshold=None: F.softplus(x, beta, threshold or torch.inf),
    ours.squareplus: lambda x, b=4.0: (x + torch.sqrt(x * x + b)) / 2,
    ours.logsigmoid: F.logsigmoid,
    ours.logit: torch.logit,
    ours.silu: F.silu,
    ours.hardswish: F.hardswish,
    ours.elu: lambda x, alpha=1.0: F.elu(x, alpha),
    ours.gelu: F.gelu,
}

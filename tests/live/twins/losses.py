"""PyTorch's names of the losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tinygrad_opt.ops import binary_losses, losses, regression_losses

F = torch.nn.functional


def softmax_cross_entropy(x: Any, target: Any, reduction: str = "mean") -> Any:
    return F.cross_entropy(x, target if target.ndim == 2 else target.long(), reduction=reduction)


def of_tensors(fn: Callable[..., Any]) -> Callable[..., Any]:
    """fn with its weights, which are arrays among the parameters, as tensors."""

    def call(x: Any, target: Any, reduction: str = "mean", **weights: Any) -> Any:
        return fn(x, target, reduction=reduction, **{name: torch.tensor(w) for name, w in weights.items()})

    return call


def bernoulli_cross_entropy(p: Any, target: Any, reduction: str = "mean", weight: Any = 1.0) -> Any:
    """As PyTorch computes it, written out: its own gradient has 1e-12 added to a denominator."""
    losses = -(target * torch.log(p) + (1 - target) * torch.log1p(-p)) * torch.as_tensor(weight)
    return {"mean": torch.mean, "sum": torch.sum, "none": torch.positive}[reduction](losses)


def squared_error(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """F.mse_loss would refuse to be differentiated for its target."""
    losses = (prediction - target) ** 2
    return {"mean": torch.mean, "sum": torch.sum, "none": torch.positive}[reduction](losses)


def label_nll(log_p: Any, labels: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """F.nll_loss has a weight for each class; here each row has one."""
    losses = F.nll_loss(log_p, labels, reduction="none") * (1.0 if weight is None else torch.tensor(weight))
    return {"mean": torch.mean, "sum": torch.sum, "none": torch.positive}[reduction](losses)


TORCH: dict[Any, Callable[..., Any]] = {
    losses.label_nll: label_nll,
    losses.softmax_cross_entropy: softmax_cross_entropy,
    binary_losses.sigmoid_cross_entropy: of_tensors(F.binary_cross_entropy_with_logits),
    binary_losses.bernoulli_cross_entropy: bernoulli_cross_entropy,
    regression_losses.squared_error: squared_error,
}

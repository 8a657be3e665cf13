"""Activations as modules, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from .. import functional
from .module import Module


class ReLU(Module):
    """`functional.relu`: max(x, 0)."""

    def forward(self, x: Any) -> Any:
        return functional.relu(x)

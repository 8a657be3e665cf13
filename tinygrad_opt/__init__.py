"""Backprop that explains itself: a small automatic differentiation engine on NumPy."""

import importlib
from typing import Any

from . import functional, readable
from .calculus import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .check import audit, gradcheck, gradcheck_graph
from .checkpoint import checkpoint
from .draw import draw
from .explain import explain
from .ops import differentiable
from .recording import no_grad
from .value import Value

__version__ = "0.1.0"

LATER = ("datasets", "init", "nn", "optim", "program", "train")
"""Rooms that are loaded when they are asked for, as those who only differentiate do not need them."""


def __getattr__(name: str) -> Any:
    if name in LATER:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"tinygrad_opt has no {name!r}")


__all__ = [
    "Value",
    "audit",
    "checkpoint",
    "differentiable",
    "draw",
    "explain",
    "functional",
    "grad",
    "gradcheck",
    "gradcheck_graph",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "readable",
    "value_and_grad",
    "vjp",
]

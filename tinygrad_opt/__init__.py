"""Backprop that explains itself: a small automatic differentiation engine on NumPy."""

from .explain import explain
from .ops import differentiable
from .value import Value, no_grad

__version__ = "0.1.0"

__all__ = ["Value", "differentiable", "explain", "no_grad"]

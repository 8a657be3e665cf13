"""Networks: modules with PyTorch's names and layouts, on the same values and rules as everything else."""

from .activations import ReLU
from .containers import ModuleList, Residual, Sequential
from .linear import Linear
from .module import Module

__all__ = ["Linear", "Module", "ModuleList", "ReLU", "Residual", "Sequential"]

"""Networks: modules with PyTorch's names and layouts, on the same values and rules as everything else."""

from .activations import ReLU
from .containers import ModuleList, Residual, Sequential
from .data_dependent import krahenbuhl, lsuv
from .linear import Linear
from .module import Module
from .perceptron import Perceptron

__all__ = ["Linear", "Module", "ModuleList", "Perceptron", "ReLU", "Residual", "Sequential", "krahenbuhl", "lsuv"]

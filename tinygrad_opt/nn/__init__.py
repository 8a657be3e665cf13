"""Networks: modules with PyTorch's names and layouts, on the same values and rules as everything else."""

from .activations import ReLU
from .containers import ModuleList, Residual, Sequential
from .data_dependent import krahenbuhl, lsuv
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, GaussianDropout, GaussianNoise
from .linear import Linear
from .module import Module
from .noisy_weights import drop_connect, weight_noise
from .perceptron import Perceptron

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "GaussianDropout",
    "GaussianNoise",
    "Linear",
    "Module",
    "ModuleList",
    "Perceptron",
    "ReLU",
    "Residual",
    "Sequential",
    "drop_connect",
    "krahenbuhl",
    "lsuv",
    "weight_noise",
]

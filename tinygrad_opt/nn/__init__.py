"""Networks: modules with PyTorch's names and layouts, on the same values and rules as everything else."""

from .activations import ReLU
from .containers import ModuleList, Residual, Sequential
from .convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from .data_dependent import krahenbuhl, lsuv
from .embedding import Embedding
from .linear import Linear
from .module import Module
from .perceptron import Perceptron
from .pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from .shaping import Flatten, Unflatten

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "Embedding",
    "Flatten",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Perceptron",
    "ReLU",
    "Residual",
    "Sequential",
    "Unflatten",
    "krahenbuhl",
    "lsuv",
]

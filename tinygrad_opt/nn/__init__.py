"""Networks: modules with PyTorch's names and layouts, on the same values and rules as everything else."""

from .activations import ReLU
from .batch_normalization import BatchNorm1d, BatchNorm2d, InstanceNorm1d, InstanceNorm2d
from .containers import ModuleList, Residual, Sequential
from .linear import Linear
from .module import Module
from .normalization import GroupNorm, LayerNorm, RMSNorm
from .weight_normalization import remove_weight_norm, weight_norm

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LayerNorm",
    "Linear",
    "Module",
    "ModuleList",
    "RMSNorm",
    "ReLU",
    "Residual",
    "Sequential",
    "remove_weight_norm",
    "weight_norm",
]

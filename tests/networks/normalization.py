"""Normalization layers, in training after three batches and in evaluation."""

import warnings

from networks.cases import Case, modes
from tinygrad_opt import nn


def layer(kind, *args, **settings):
    """The layer of one name, ours and theirs."""
    return (
        lambda: getattr(nn, kind)(*args, **settings),
        lambda torch: getattr(torch.nn, kind)(*args, **settings),
    )


def same(name, kind, *args, shape, **settings):
    """A case of a layer that is the same in training and in evaluation."""
    return Case(name, *layer(kind, *args, **settings), shape)


def batches(name, kind, *args, shape, **settings):
    """Cases of a layer that keeps statistics."""
    return modes(name, *layer(kind, *args, **settings), shape, passes=3)


def with_weight_norm(make, **settings):
    """A layer whose weight PyTorch's older weight_norm computes, which names its parts as we do."""

    def theirs(torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return torch.nn.utils.weight_norm(make(torch.nn), **settings)

    return lambda: nn.weight_norm(make(nn), **settings), theirs


CASES = [
    *batches("BatchNorm1d", "BatchNorm1d", 3, shape=(5, 3)),
    *batches("BatchNorm1d of sequences", "BatchNorm1d", 3, shape=(2, 3, 4)),
    *batches("BatchNorm1d with other settings", "BatchNorm1d", 3, eps=0.1, momentum=0.3, shape=(5, 3)),
    *batches("BatchNorm1d, statistics that stay", "BatchNorm1d", 3, momentum=0.0, shape=(5, 3)),
    *batches("BatchNorm1d, statistics of the last batch", "BatchNorm1d", 3, momentum=1.0, shape=(5, 3)),
    *batches(
        "InstanceNorm1d, statistics of the last batch", "InstanceNorm1d", 3, momentum=1.0, track_running_stats=True,
        shape=(2, 3, 4),
    ),
    *batches("BatchNorm1d, averages", "BatchNorm1d", 3, momentum=None, shape=(5, 3)),
    *batches("BatchNorm1d without parameters", "BatchNorm1d", 3, affine=False, shape=(5, 3)),
    *batches("BatchNorm1d without statistics", "BatchNorm1d", 3, track_running_stats=False, shape=(5, 3)),
    *batches("BatchNorm2d", "BatchNorm2d", 2, shape=(3, 2, 2, 3)),
    same("LayerNorm", "LayerNorm", 3, shape=(4, 3)),
    same("LayerNorm over two axes", "LayerNorm", (2, 3), eps=0.1, shape=(4, 2, 3)),
    same("LayerNorm without bias", "LayerNorm", 3, bias=False, shape=(2, 2, 3)),
    same("LayerNorm without parameters", "LayerNorm", 3, elementwise_affine=False, shape=(4, 3)),
    same("RMSNorm", "RMSNorm", 3, shape=(4, 3)),
    same("RMSNorm over two axes", "RMSNorm", (2, 3), eps=0.1, shape=(4, 2, 3)),
    same("RMSNorm without weight", "RMSNorm", 3, elementwise_affine=False, shape=(4, 3)),
    same("GroupNorm", "GroupNorm", 2, 4, shape=(3, 4)),
    same("GroupNorm of images", "GroupNorm", 2, 4, eps=0.1, shape=(2, 4, 2, 3)),
    same("GroupNorm without parameters", "GroupNorm", 1, 4, affine=False, shape=(2, 4, 3)),
    *batches("InstanceNorm1d", "InstanceNorm1d", 3, shape=(2, 3, 4)),
    *batches("InstanceNorm1d of one sample", "InstanceNorm1d", 3, affine=True, shape=(3, 4)),
    *batches("InstanceNorm1d with statistics", "InstanceNorm1d", 3, track_running_stats=True, shape=(2, 3, 4)),
    *batches("InstanceNorm2d", "InstanceNorm2d", 2, affine=True, shape=(2, 2, 2, 3)),
    *batches(
        "InstanceNorm2d with statistics", "InstanceNorm2d", 2, momentum=0.3, affine=True, track_running_stats=True,
        shape=(2, 2, 2, 3),
    ),
    Case("weight_norm", *with_weight_norm(lambda nn: nn.Linear(3, 2)), (5, 3)),
    Case("weight_norm along the inputs", *with_weight_norm(lambda nn: nn.Linear(3, 2), dim=1), (5, 3)),
    Case("weight_norm of the whole", *with_weight_norm(lambda nn: nn.Linear(3, 2), dim=None), (5, 3)),
]  # fmt: skip

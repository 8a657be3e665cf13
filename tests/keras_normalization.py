"""Normalization with Keras' defaults, ours and its own: one table for the recorded numbers and the live comparison."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_opt import nn

PASSES = 3
TOLERANCE = 2e-6
"""Keras computes in float32, whatever it is told, on every backend but TensorFlow."""

NAMES = {
    "weight": ("gamma", "scale"),
    "bias": ("beta",),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}


class Case(NamedTuple):
    """Ours, and Keras' given Keras."""

    ours: Callable[[], Any]
    theirs: Callable[[Any], Any]
    shape: tuple[int, ...]
    training: bool = True


def batches(shape, kind):
    """Batch normalization of inputs of one shape, in training and in evaluation."""
    return [
        Case(lambda: kind.keras(3), lambda keras: keras.layers.BatchNormalization(), shape, training)
        for training in (True, False)
    ]


CASES = dict(
    zip(
        (f"BatchNorm of {n} axes, {mode}" for n in (2, 3, 4) for mode in ("train", "eval")),
        [
            *batches((5, 3), nn.BatchNorm1d),
            *batches((2, 4, 3), nn.BatchNorm1d),
            *batches((2, 2, 2, 3), nn.BatchNorm2d),
        ],
        strict=True,
    )
) | {
    "BatchNorm, momentum 0.9": Case(
        lambda: nn.BatchNorm1d.keras(3, momentum=0.1),
        lambda keras: keras.layers.BatchNormalization(momentum=0.9),
        (5, 3),
    ),
    "LayerNorm": Case(lambda: nn.LayerNorm.keras(3), lambda keras: keras.layers.LayerNormalization(), (4, 3)),
    "RMSNorm": Case(lambda: nn.RMSNorm.keras(3), lambda keras: keras.layers.RMSNormalization(), (4, 3)),
    "GroupNorm": Case(
        lambda: nn.GroupNorm.keras(2, 4), lambda keras: keras.layers.GroupNormalization(groups=2), (2, 3, 4)
    ),
    "GroupNorm, one channel a group": Case(
        lambda: nn.GroupNorm.keras(4, 4), lambda keras: keras.layers.GroupNormalization(groups=-1), (2, 3, 2, 4)
    ),
}


def state_for(channels):
    """Numbers for parameters and running statistics."""
    rng = np.random.default_rng(0)
    return {name: rng.uniform(0.5, 1.5, channels) for name in NAMES}


def inputs(case):
    """The input of every pass."""
    return list(np.random.default_rng(1).normal(1.0, 2.0, (PASSES, *case.shape)))


def run_ours(case):
    """The output of the last pass and the running statistics."""
    layer = case.ours().train(case.training)
    layer.load_state_dict(state_for(case.shape[-1]), strict=False)
    for x in inputs(case):
        y = layer(x)
    return {"output": y.data, **{name: b for name, b in layer.named_buffers() if name.startswith("running")}}


def run_theirs(case, keras):
    """The same, by Keras."""
    layer = case.theirs(keras)
    layer.build(case.shape)
    weights = {name: w for name, theirs in NAMES.items() for w in layer.weights if w.name in theirs}
    for name, w in weights.items():
        w.assign(state_for(case.shape[-1])[name])
    settings = {"training": case.training} if "running_mean" in weights else {}
    for x in inputs(case):
        y = layer(x, **settings)
    found = {"output": y, **{name: w.value for name, w in weights.items() if name.startswith("running")}}
    return {name: keras.ops.convert_to_numpy(a) for name, a in found.items()}

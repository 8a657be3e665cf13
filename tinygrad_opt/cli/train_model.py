"""The network that the options of `tinygrad-opt train` describe, if it fits the data and the memory."""

from __future__ import annotations

import argparse
import itertools
import math
import os
from typing import Any

import numpy as np

from .. import nn
from .train_data import Data

COPIES = 4  # of each parameter: its value, its gradient, and the two averages of Adam
EVALUATED = 256  # samples that `evaluate` takes at once, each with what every layer gives before and after its function


def network(options: argparse.Namespace, data: Data) -> nn.Module:
    """The multilayer perceptron that the options describe."""
    layers = sizes(options.model, data)
    refuse_too_large(options.model, layers, options.dtype)
    try:
        model = nn.MLP(
            *layers,
            activation=options.activation,
            dropout=options.dropout,
            rng=np.random.default_rng(options.seed),
            dtype=options.dtype,
        )
    except MemoryError:
        raise ValueError(f"--model {options.model} does not fit into memory") from None
    return with_batch_norm(model, options.dtype) if options.batch_norm else model


def sizes(text: str, data: Data) -> list[int]:
    """The sizes in 784-512-10, if the first and the last are those of the data."""
    written = text.split("-")
    if len(written) < 2 or not all(size.isdecimal() and int(size) for size in written):
        raise ValueError(f"--model is the sizes of all layers, such as {data.inputs}-32-{data.classes}; got {text!r}")
    first, *hidden, last = map(int, written)
    if (first, last) != (data.inputs, data.classes):
        raise ValueError(
            f"{data.name} has {data.inputs} inputs and {data.classes} classes; --model {text} has {first} and {last}: "
            f"write {dashed(data.inputs, *hidden, data.classes)}"
        )
    return [first, *hidden, last]


def refuse_too_large(text: str, layers: list[int], dtype: Any) -> None:
    """Raise ValueError for a model that would not be trained, but swapped: seen before it is made."""
    parameters = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(layers))
    numbers = COPIES * parameters + 2 * EVALUATED * sum(layers)
    needed, there = np.dtype(dtype).itemsize * numbers, memory()
    if needed > there:
        raise ValueError(
            f"--model {text} does not fit into memory: it has {parameters:,} parameters, its training takes "
            f"{needed / 1e9:,.0f} GB or more, and there are {there / 1e9:,.0f}"
        )


def memory() -> float:
    """The bytes of this machine's memory, or infinity where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.inf


def with_batch_norm(model: nn.MLP, dtype: Any) -> nn.Sequential:
    """The same layers, and after each Linear but the last a BatchNorm1d."""
    layers: list[nn.Module] = []
    for layer in model[:-1]:
        layers.append(layer)
        if isinstance(layer, nn.Linear):
            layers.append(nn.BatchNorm1d(layer.out_features, dtype=dtype))
    return nn.Sequential(*layers, model[-1])


def dashed(*numbers: int) -> str:
    return "-".join(map(str, numbers))

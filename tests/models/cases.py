"""Small networks and their data: the same weights put in, the same hundred steps."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_opt import nn, optim
from tinygrad_opt.functional import cross_entropy


class Training(NamedTuple):
    """Ours and theirs, trained alike.

    layers      given the module that has the layers, ours or theirs, makes the model
    data        makes inputs and labels
    batch       how many samples a step sees, in order and from the start again; all of them if None
    ours        given named parameters, makes our optimizer
    theirs      given PyTorch and parameters, makes its optimizer
    """

    name: str
    layers: Callable[[Any], Any]
    data: Callable[[], tuple[Any, Any]]
    batch: int | None
    ours: Callable[[Any], Any]
    theirs: Callable[[Any, Any], Any]
    steps: int = 100


def points():
    """Points of the plane in three rings."""
    rng = np.random.default_rng(3)
    y = np.arange(60) % 3
    angle = rng.uniform(0, 2 * np.pi, 60)
    radius = y + 0.5 + rng.uniform(0, 0.8, 60)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), y


def bars():
    """Images of 8 x 8 with a bright line across or down, in noise."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(0, 0.3, (30, 1, 8, 8)), np.arange(30) % 2
    for image, label, place in zip(x[:, 0], y, rng.integers(0, 8, 30), strict=True):
        (image if label else image.T)[place] += 1
    return x, y


def perceptron(library):
    return library.Sequential(library.Linear(2, 12), library.ReLU(), library.Linear(12, 3))


def filters(library):
    return library.Sequential(
        library.Conv2d(1, 3, 3, padding=1),
        library.ReLU(),
        library.MaxPool2d(2),
        library.Conv2d(3, 4, 3),
        library.ReLU(),
        library.AdaptiveAvgPool2d(1),
        library.Flatten(),
        library.Linear(4, 2),
    )


def momentum(lr):
    return (
        lambda ps: optim.SGD.torch(ps, lr=lr, momentum=0.9),
        lambda torch, ps: torch.optim.SGD(ps, lr=lr, momentum=0.9),
    )


def adam(lr):
    return lambda ps: optim.Adam.torch(ps, lr=lr), lambda torch, ps: torch.optim.Adam(ps, lr=lr)


TRAININGS = [
    Training("perceptron, momentum, batches of 20", perceptron, points, 20, *momentum(0.05)),
    Training("perceptron, Adam, all at once", perceptron, points, None, *adam(0.02)),
    Training("filters, momentum, all at once", filters, bars, None, *momentum(0.1)),
    Training("filters, Adam, batches of 10", filters, bars, 10, *adam(0.02)),
]


def batches(training):
    """The samples of each step."""
    x, y = training.data()
    size = training.batch or len(x)
    for step in range(training.steps):
        part = slice(step * size % len(x), step * size % len(x) + size)
        yield x[part], y[part]


def run(training, start):
    """Our losses, one for each step, and the state that they end in."""
    model = training.layers(nn)
    model.load_state_dict(start)
    optimizer = training.ours(model.named_parameters())
    losses = []
    for x, y in batches(training):
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model.state_dict()

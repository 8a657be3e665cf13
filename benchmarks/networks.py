"""Forward and backward of small and middle networks, float32, beside PyTorch on the same threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import nn, program

from .convolution import THREADS, torch_threads
from .timing import OURS, Table, compared, installed, interleaved

# The shape of a batch and the weights of the layers: (out, in) a linear one, (out, in, rows, columns) a filter
# followed by a maximum over 2x2.  ReLU stands between layers, softmax cross-entropy after the last.
Network = tuple[tuple[int, ...], list[tuple[int, ...]]]
NETWORKS: dict[str, Network] = {
    "2-16-16-2, batch 100": ((100, 2), [(16, 2), (16, 16), (2, 16)]),
    "784-512-10, batch 128": ((128, 784), [(512, 784), (10, 512)]),
    "LeNet, batch 64": (
        (64, 1, 28, 28),
        [(6, 1, 5, 5), (16, 6, 5, 5), (120, 256), (84, 120), (10, 84)],
    ),
}

Step = Callable[[], list[Any]]


def run(quick: bool) -> Table:
    rows: list[dict[str, Any]] = []
    with torch_threads(THREADS):
        for name, (_, weights) in NETWORKS.items():
            small = sum(map(math.prod, weights)) < 10_000
            rounds, calls = (2, 1) if quick else (51, 50) if small else (31, 5)
            times = interleaved(contestants(name), rounds, calls)
            rows += [{"network": name} | row for row in compared(times, "µs", 1e6)]
    note = "" if installed("torch") else "torch is not installed"
    return Table("networks: ReLU, softmax cross-entropy, forward and backward, float32", rows, note)


def contestants(name: str) -> dict[str, Step]:
    """The network of each library, from the same start; a call returns the loss and every gradient."""
    shape, weights = NETWORKS[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    labels = rng.integers(0, weights[-1][0], shape[0])
    parameters = []
    for weight in weights:
        bound = math.prod(weight[1:]) ** -0.5
        parameters += [rng.uniform(-bound, bound, s).astype(np.float32) for s in (weight, weight[:1])]
    found = {OURS: ours(x, labels, parameters), f"{OURS}, compiled": compiled(x, labels, parameters)}
    if installed("torch"):
        found["PyTorch"] = by_torch(x, labels, parameters)
    return found


def network(arrays: list[Any]) -> nn.Module:
    """Our model with these weights."""
    layers: list[nn.Module] = []
    for weight in arrays[::2]:
        out, fan_in, *kernel = weight.shape
        if kernel:
            layers += [nn.Conv2d(fan_in, out, kernel), nn.ReLU(), nn.MaxPool2d(2)]
        else:
            layers += [nn.Flatten()] if layers and isinstance(layers[-1], nn.MaxPool2d) else []
            layers += [nn.Linear(fan_in, out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1]).astype(np.float32)
    model.load_state_dict({name: a for (name, _), a in zip(model.named_parameters(), arrays, strict=True)})
    return model


def ours(x: Any, labels: Any, arrays: list[Any]) -> Step:
    model, criterion = network(arrays), nn.CrossEntropyLoss()
    parameters = model.parameters()

    def step() -> list[Any]:
        loss = criterion(model(x), labels)
        loss.backward(keep="leaves")
        gradients = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        return [loss.data, *gradients]

    return step


def compiled(x: Any, labels: Any, arrays: list[Any]) -> Step:
    model, criterion = network(arrays), nn.CrossEntropyLoss()
    parameters = model.parameters()
    run = program.compile(lambda x, labels: criterion(model(x), labels))

    def step() -> list[Any]:
        loss = run(x, labels)
        gradients = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        return [loss, *gradients]

    return step


def by_torch(x: Any, labels: Any, arrays: list[Any]) -> Step:
    import torch

    layers: list[Any] = []
    for weight in arrays[::2]:
        out, fan_in, *kernel = weight.shape
        if kernel:
            layers += [torch.nn.Conv2d(fan_in, out, kernel), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        else:
            layers += [torch.nn.Flatten()] if layers and isinstance(layers[-1], torch.nn.MaxPool2d) else []
            layers += [torch.nn.Linear(fan_in, out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    parameters = list(model.parameters())
    with torch.no_grad():
        for p, a in zip(parameters, arrays, strict=True):
            p.copy_(torch.from_numpy(a))
    inputs, targets, criterion = torch.from_numpy(x), torch.from_numpy(labels), torch.nn.CrossEntropyLoss()

    def step() -> list[Any]:
        loss = criterion(model(inputs), targets)
        loss.backward()
        gradients = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        return [loss.detach(), *gradients]

    return step

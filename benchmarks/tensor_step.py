"""One training step of a small network on arrays: forward, backward and SGD update, in float64."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import Value
from tinygrad_opt.functional import cross_entropy, linear

from .timing import OURS, Table, compared, installed, interleaved

SIZES = (2, 16, 16, 2)
BATCH = 100
LR = 0.1

Step = Callable[[], float]
Array = np.ndarray[Any, np.dtype[Any]]


def run(quick: bool) -> Table:
    rounds, calls = (3, 5) if quick else (101, 20)
    rows = compared(interleaved(contestants(), rounds, calls), "µs", 1e6)
    note = "" if installed("torch") else "torch is not installed"
    return Table(
        f"tensor step: {'-'.join(map(str, SIZES))} ReLU, softmax cross-entropy, batch {BATCH}, SGD", rows, note
    )


def contestants() -> dict[str, Step]:
    """The step as each is written by its users, from the same start; a step returns its loss."""
    steps = {
        OURS: ours_with_layers(),
        f"{OURS}, operators only": ours_with_operators(),
        "NumPy by hand": numpy_by_hand(),
    }
    if installed("torch"):
        steps |= {"PyTorch tensors": torch_tensors(), "PyTorch nn and optim": torch_modules()}
    return steps


def start() -> tuple[Array, Array, list[Array]]:
    """Points, labels, and the parameters W1, b1, W2, b2, W3, b3."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, SIZES[0]))
    labels = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    parameters = []
    for fan_in, fan_out in itertools.pairwise(SIZES):
        parameters += [rng.normal(0, fan_in**-0.5, (fan_in, fan_out)), rng.normal(0, 0.1, fan_out)]
    return x, labels, parameters


def ours_with_layers() -> Step:
    x, labels, arrays = start()
    parameters = [Value(a.T) for a in arrays]
    w1, b1, w2, b2, w3, b3 = parameters

    def loss() -> Any:
        h = linear(x, w1, b1).relu()
        h = linear(h, w2, b2).relu()
        return cross_entropy(linear(h, w3, b3), labels)

    return descent(parameters, loss)


def ours_with_operators() -> Step:
    x, labels, arrays = start()
    parameters = [Value(a) for a in arrays]
    w1, b1, w2, b2, w3, b3 = parameters

    def loss() -> Any:
        h = (x @ w1 + b1).relu()
        h = (h @ w2 + b2).relu()
        return cross_entropy(h @ w3 + b3, labels)

    return descent(parameters, loss)


def descent(parameters: list[Value], loss: Callable[[], Any]) -> Step:
    """One step of gradient descent on a loss of ours."""

    def step() -> float:
        now = loss()
        now.backward(keep="leaves")
        for p in parameters:
            p.data -= LR * p.grad
            p.grad = None
        return float(now.data)

    return step


def numpy_by_hand() -> Step:
    x, labels, parameters = start()
    w1, b1, w2, b2, w3, b3 = parameters
    rows = np.arange(BATCH)

    def step() -> float:
        h1 = np.maximum(x @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        z = h2 @ w3 + b3
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = -(z[rows, labels] - np.log(total[:, 0])).mean()
        dz = e / total
        dz[rows, labels] -= 1
        dz /= BATCH
        dh2 = (dz @ w3.T) * (h2 > 0)
        dh1 = (dh2 @ w2.T) * (h1 > 0)
        gradients = (x.T @ dh1, dh1.sum(axis=0), h1.T @ dh2, dh2.sum(axis=0), h2.T @ dz, dz.sum(axis=0))
        for p, g in zip(parameters, gradients, strict=True):
            p -= LR * g
        return float(loss)

    return step


def torch_tensors() -> Step:
    import torch
    import torch.nn.functional as F

    x, labels = map(torch.from_numpy, start()[:2])
    parameters = [torch.from_numpy(a).requires_grad_() for a in start()[2]]
    w1, b1, w2, b2, w3, b3 = parameters

    def step() -> float:
        h = torch.relu(x @ w1 + b1)
        h = torch.relu(h @ w2 + b2)
        loss = F.cross_entropy(h @ w3 + b3, labels)
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= LR * p.grad
                p.grad = None
        return loss.item()

    return step


def torch_modules() -> Step:
    import torch
    from torch import nn

    x, labels = map(torch.from_numpy, start()[:2])
    n0, n1, n2, n3 = SIZES
    model = nn.Sequential(nn.Linear(n0, n1), nn.ReLU(), nn.Linear(n1, n2), nn.ReLU(), nn.Linear(n2, n3)).double()
    with torch.no_grad():
        for p, a in zip(model.parameters(), start()[2], strict=True):
            p.copy_(torch.from_numpy(a.T))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step

"""Training through fit, float32, Adam: the time of a step beside PyTorch's loop and JAX's, and the memory of a run."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_opt import nn, optim
from tinygrad_opt.train import DataLoader, Dataset, Run, accuracy

from .convolution import THREADS, torch_threads
from .timing import OURS, Table, compared, installed, interleaved

NETWORKS: dict[str, tuple[tuple[int, ...], int, int]] = {  # sizes, batch, and how many epochs are timed at a time
    "2-16-16-2, batch 100": ((2, 16, 16, 2), 100, 25),
    "784-512-10, batch 128": ((784, 512, 10), 128, 5),
}
STEPS = 20  # an epoch: shuffled batches, steps, running means of loss and accuracy
LR = 0.001
STATUS = Path("/proc/self/status")

Array = np.ndarray[Any, np.dtype[Any]]
Epoch = Callable[[], float]


def run(quick: bool) -> Table:
    rows: list[dict[str, Any]] = []
    with torch_threads(THREADS):
        for name, (sizes, batch, epochs) in NETWORKS.items():
            rounds, epochs = (2, 1) if quick else (15, epochs)
            times = interleaved(contestants(sizes, batch), rounds, epochs)
            per_step = {contestant: [t / STEPS for t in taken] for contestant, taken in times.items()}
            rows += [{"network": name} | row for row in compared(per_step, "µs a step", 1e6)]
    return Table("training: fit, Adam, float32", rows, "" if quick else memory())


def contestants(sizes: tuple[int, ...], batch: int) -> dict[str, Epoch]:
    """An epoch of each library, from the same start; it returns the mean of its losses."""
    x, y, weights = start(sizes, batch)
    found = {OURS: ours(x, y, weights, batch), f"{OURS}, compile=True": compiled(x, y, weights, batch)}
    found[f"{OURS}, loop by hand"] = by_hand(x, y, weights, batch)
    if installed("torch"):
        found["PyTorch"] = by_torch(x, y, weights, batch)
    if installed("jax") and installed("optax"):
        found["JAX jit, optax"] = by_jax(x, y, weights, batch)
    return found


def start(sizes: tuple[int, ...], batch: int) -> tuple[Array, Array, list[Array]]:
    """Samples, labels, and the weights (out, in) and biases of all layers."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(size=(STEPS * batch, sizes[0]), dtype=np.float32)
    y = rng.integers(0, sizes[-1], len(x))
    weights = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        weights += [rng.normal(0, fan_in**-0.5, (fan_out, fan_in)).astype(np.float32), np.zeros(fan_out, np.float32)]
    return x, y, weights


def network(weights: list[Array]) -> nn.Sequential:
    """Our model with these weights."""
    sizes = [weights[0].shape[1], *(weight.shape[0] for weight in weights[::2])]
    model = nn.MLP(*sizes, dtype=np.float32)
    model.load_state_dict({name: w for (name, _), w in zip(model.named_parameters(), weights, strict=True)})
    return model


def ours(x: Array, y: Array, weights: list[Array], batch: int, compile: bool = False) -> Epoch:
    """What fit does in an epoch, with accuracy and nothing else."""
    model, loader = network(weights), DataLoader(Dataset(x, y), batch, shuffle=True, seed=0)
    optimizer = optim.Adam(model.named_parameters(), lr=LR)
    criterion, metrics = nn.CrossEntropyLoss(), {"accuracy": accuracy}
    run = Run(model, optimizer, criterion, loader, epochs=1, metrics=metrics, compile=compile)

    def epoch() -> float:
        run.train_epoch()
        return float(run.history["loss"][-1])

    return epoch


def compiled(x: Array, y: Array, weights: list[Array], batch: int) -> Epoch:
    """What fit(compile=True) does."""
    return ours(x, y, weights, batch, compile=True)


def in_order(x: Array, batch: int, seeds: Any) -> Any:
    """The batches of one epoch, as DataLoader draws them, as rows of the samples."""
    order = np.random.default_rng([0, next(seeds)]).permutation(len(x))
    return (order[first : first + batch] for first in range(0, len(x), batch))


def by_hand(x: Array, y: Array, weights: list[Array], batch: int) -> Epoch:
    model, criterion, epochs = network(weights), nn.CrossEntropyLoss(), itertools.count()
    optimizer = optim.Adam(model.named_parameters(), lr=LR)

    def epoch() -> float:
        total = 0.0
        for rows in in_order(x, batch, epochs):
            loss = criterion(model(x[rows]), y[rows])
            loss.backward(keep="leaves")
            optimizer.step()
            optimizer.zero_grad()
            total += float(loss.data)
        return total / STEPS

    return epoch


def by_torch(x: Array, y: Array, weights: list[Array], batch: int) -> Epoch:
    import torch

    layers: list[Any] = []
    for weight in weights[::2]:
        layers += [torch.nn.Linear(weight.shape[1], weight.shape[0]), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(torch.from_numpy(w))
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    criterion, epochs = torch.nn.CrossEntropyLoss(), itertools.count()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)

    def epoch() -> float:
        total = 0.0
        for rows in map(torch.from_numpy, in_order(x, batch, epochs)):
            optimizer.zero_grad()
            loss = criterion(model(inputs[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / STEPS

    return epoch


def by_jax(x: Array, y: Array, weights: list[Array], batch: int) -> Epoch:
    import jax
    import jax.numpy as jnp
    import optax

    optimizer, epochs = optax.adam(LR), itertools.count()
    parameters = [jnp.asarray(w) for w in weights]
    state = optimizer.init(parameters)

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = jax.nn.relu(x @ weight.T + bias)
        z = x @ parameters[-2].T + parameters[-1]
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()

    @jax.jit
    def step(parameters: Any, state: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(parameters, updates), state, loss

    def epoch() -> float:
        nonlocal parameters, state
        total = 0.0
        for rows in in_order(x, batch, epochs):
            parameters, state, loss = step(parameters, state, x[rows], y[rows])
            total += float(loss)
        return total / STEPS

    return epoch


# -- memory ------------------------------------------------------------------------------------
def memory() -> str:
    """What a process takes at most that trains 784-512-10 on 8,000 images for an epoch, of each library."""
    if not STATUS.exists():
        return "the memory of a process is read in /proc, which this system does not have"
    libraries = {OURS: "ours"} | ({"PyTorch": "by_torch"} if installed("torch") else {})
    found = ", ".join(f"{name} {peak(function):.0f} MB" for name, function in libraries.items())
    return f"most memory of a process that trains 784-512-10 on 8,000 images, batch 128: {found}"


def peak(function: str) -> float:
    """Megabytes."""
    code = f"from benchmarks import training; training.measured(training.{function})"
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measured(train: Callable[..., Epoch]) -> None:
    """Train on as many samples as MNIST's test files leave for it, and print the peak in megabytes."""
    x, y, weights = start((784, 512, 10), 8000 // STEPS)
    train(x, y, weights, 128)()
    # Not getrusage: its peak begins with what the process that started this one had.
    status = STATUS.read_text(encoding="ascii")
    print(int(re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[0]) / 1024)

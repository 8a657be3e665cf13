"""micrograd's demo, one number at a time: its own network code, once with its Value and once with ours."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_opt import Value

from .timing import OURS, Table, collector_off, compared, installed, interleaved

TITLE = "scalars: micrograd's demo network 2-16-16-1, forward and backward"


def run(quick: bool) -> Table:
    if not installed("micrograd"):
        return Table(TITLE, note="micrograd is not installed: its network code is what runs here")
    points, rounds, calls = (5, 3, 1) if quick else (100, 9, 5)
    steps = contestants(points)
    started = interleaved(steps, rounds, calls)
    with collector_off():
        off = interleaved(steps, rounds, calls)
    rows = [{"collector": "as Python starts it"} | row for row in compared(started, "ms", 1e3)]
    rows += [{"collector": "off"} | row for row in compared(off, "ms", 1e3)]
    return Table(f"{TITLE}, {points} points", rows)


def contestants(points: int) -> dict[str, Callable[[], tuple[float, list[float]]]]:
    """The demo's step with each Value; a step returns the loss and the gradient of every parameter."""
    from micrograd.engine import Value as MicrogradValue

    return {OURS: demo(Value, points), "micrograd": demo(MicrogradValue, points)}


def demo(kind: type, points: int) -> Callable[[], tuple[float, list[float]]]:
    """The step of micrograd's demo notebook: hinge loss over all points, plus L2."""
    xs, ys = moons(points)
    random.seed(1337)
    model = network_code(kind).MLP(2, [16, 16, 1])

    def step() -> tuple[float, list[float]]:
        inputs = [list(map(kind, row)) for row in xs]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(ys, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        model.zero_grad()
        total_loss.backward()
        return total_loss.data, [p.grad for p in model.parameters()]

    return step


def network_code(kind: type) -> ModuleType:
    """A private copy of micrograd.nn that computes with the given Value."""
    spec: Any = importlib.util.find_spec("micrograd.nn")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["Value"] = kind
    return module


def moons(points: int) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles with noise, labelled 1 and -1."""
    rng = np.random.default_rng(1337)
    angle = np.pi * rng.random(points)
    label = np.where(np.arange(points) % 2 == 0, 1, -1)
    x = np.where(label == 1, np.cos(angle), 1 - np.cos(angle)) + rng.normal(0, 0.1, points)
    y = np.where(label == 1, np.sin(angle), 0.5 - np.sin(angle)) + rng.normal(0, 0.1, points)
    return np.stack([x, y], axis=1).tolist(), label.tolist()

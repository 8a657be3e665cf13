"""A layer of filters or of pooling over images, forward and backward, beside PyTorch on the same threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_opt import Value, functional

from .timing import OURS, Table, compared, installed, interleaved

# What is called, the shape of x, that of the weight of a filter layer, the settings.
Layer = tuple[str, tuple[int, ...], tuple[int, ...] | None, dict[str, Any]]
LAYERS: dict[str, Layer] = {
    "5x5": ("conv2d", (64, 16, 12, 12), (32, 16, 5, 5), {}),
    "3x3, one channel": ("conv2d", (128, 1, 28, 28), (8, 1, 3, 3), {}),
    "3x3, many channels": ("conv2d", (32, 64, 8, 8), (64, 64, 3, 3), {"padding": 1}),
    "3x3, stride 2": ("conv2d", (32, 16, 16, 16), (32, 16, 3, 3), {"stride": 2, "padding": 1}),
    "3x3, 4 groups": ("conv2d", (32, 32, 16, 16), (32, 8, 3, 3), {"padding": 1, "groups": 4}),
    "1x1": ("conv2d", (32, 64, 8, 8), (64, 64, 1, 1), {}),
    "max of 2x2": ("max_pool2d", (64, 32, 24, 24), None, {"kernel_size": 2}),
    "max of 3x3, stride 2": ("max_pool2d", (64, 32, 24, 24), None, {"kernel_size": 3, "stride": 2, "padding": 1}),
    "mean of 2x2": ("avg_pool2d", (64, 32, 24, 24), None, {"kernel_size": 2}),
}
THREADS = 2


def run(quick: bool) -> Table:
    rounds, calls = (2, 1) if quick else (21, 5)
    rows: list[dict[str, Any]] = []
    with torch_threads(THREADS):
        for name in LAYERS:
            times = interleaved(contestants(name), rounds, calls)
            rows += [{"layer": name} | row for row in compared(times, "ms", 1e3)]
    note = "" if installed("torch") else "torch is not installed"
    return Table("convolution: a layer over images, forward and backward, float32", rows, note)


def contestants(name: str) -> dict[str, Callable[[], list[Any]]]:
    """The layer of each library on the same numbers; a call returns its value and every gradient."""
    fn, shape, weight, settings = LAYERS[name]
    rng = np.random.default_rng(0)
    shapes = [shape] if weight is None else [shape, weight, weight[:1]]
    operands = [rng.normal(size=s).astype(np.float32) for s in shapes]
    g = rng.normal(size=getattr(functional, fn)(*operands, **settings).shape).astype(np.float32)
    found = {OURS: ours(fn, operands, settings, g)}
    if installed("torch"):
        found["PyTorch"] = by_torch(fn, operands, settings, g)
    return found


def ours(fn: str, operands: list[Any], settings: dict[str, Any], g: Any) -> Callable[[], list[Any]]:
    layer, leaves = getattr(functional, fn), [Value(x) for x in operands]

    def step() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        y = layer(*leaves, **settings)
        y.backward(g, keep="leaves")
        return [y.data, *(leaf.grad for leaf in leaves)]

    return step


def by_torch(fn: str, operands: list[Any], settings: dict[str, Any], g: Any) -> Callable[[], list[Any]]:
    import torch

    layer, leaves = getattr(torch.nn.functional, fn), [torch.tensor(x, requires_grad=True) for x in operands]
    upstream = torch.tensor(g)

    def step() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        y = layer(*leaves, **settings)
        y.backward(upstream)
        return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]

    return step


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Let PyTorch use no more threads than the machine has cores for NumPy's products, and put back what it had."""
    if not installed("torch"):
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, os.cpu_count() or threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)

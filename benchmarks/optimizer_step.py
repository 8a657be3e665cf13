"""One step of Adam on gradients that are there, float32, beside PyTorch on the same threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import Value
from tinygrad_opt.optim import Adam

from .convolution import THREADS, torch_threads
from .timing import OURS, Table, compared, installed, interleaved

Shapes = list[tuple[int, ...]]
SETS: dict[str, Shapes] = {
    "10 of 784x512": [(784, 512)] * 10,
    "6 of a 2-16-16-2 network": [(16, 2), (16,), (16, 16), (16,), (2, 16), (2,)],
}


def run(quick: bool) -> Table:
    rows: list[dict[str, Any]] = []
    with torch_threads(THREADS):
        for name, shapes in SETS.items():
            small = sum(int(np.prod(shape)) for shape in shapes) < 10_000
            rounds, calls = (2, 1) if quick else (51, 100) if small else (21, 5)
            times = interleaved(contestants(shapes), rounds, calls)
            rows += [{"parameters": name} | row for row in compared(times, "µs", 1e6)]
    note = "" if installed("torch") else "torch is not installed"
    return Table("optimizer step: Adam, float32", rows, note)


def contestants(shapes: Shapes) -> dict[str, Callable[[], Any]]:
    """A step of each library on the same parameters and gradients."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    gradients = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    params = [Value(a) for a in arrays]
    for p, g in zip(params, gradients, strict=True):
        p.grad = g
    found = {OURS: Adam(params).step}
    if installed("torch"):
        found["PyTorch"] = torch_step(arrays, gradients, fused=None)
        found["PyTorch, fused"] = torch_step(arrays, gradients, fused=True)
    return found


def torch_step(arrays: list[Any], gradients: list[Any], fused: bool | None) -> Callable[[], Any]:
    import torch

    params = [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
    for p, g in zip(params, gradients, strict=True):
        p.grad = torch.tensor(g)
    return torch.optim.Adam(params, fused=fused).step

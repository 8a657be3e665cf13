"""Contractions with their gradients: einsum here, PyTorch's, and NumPy's own with the rule written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import Value

from .timing import OURS, Table, compared, installed, interleaved

Shapes = tuple[tuple[int, ...], ...]
Pass = Callable[[], list[Any]]

CASES: dict[str, Shapes] = {
    "ij,jk->ik": ((256, 256), (256, 256)),
    "bij,bjk->bik": ((32, 64, 64), (32, 64, 64)),
    "bhqd,bhkd->bhqk": ((8, 4, 64, 32), (8, 4, 64, 32)),
    "nchw,oc->nohw": ((16, 32, 14, 14), (64, 32)),
    "bi,ij,bj->b": ((256, 64), (64, 64), (256, 64)),
    "bi,bi->b": ((256, 128), (256, 128)),
}


def run(quick: bool) -> Table:
    rounds, calls = (3, 1) if quick else (15, 5)
    rows: list[dict[str, Any]] = []
    for subscripts, shapes in CASES.items():
        times = interleaved(contestants(subscripts, shapes), rounds, calls)
        rows += [{"einsum": subscripts} | row for row in compared(times, "µs", 1e6)]
    note = "" if installed("torch") else "torch is not installed"
    return Table("contractions: einsum, its sum of squares, and the gradient of every operand, in float64", rows, note)


def contestants(subscripts: str, shapes: Shapes) -> dict[str, Pass]:
    """Forward and backward from the same operands; each returns the gradients."""
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-1, 1, shape) for shape in shapes]
    passes = {OURS: ours(subscripts, arrays), "np.einsum by hand": by_hand(subscripts, arrays)}
    if installed("torch"):
        passes["torch.einsum"] = by_torch(subscripts, arrays)
    return passes


def ours(subscripts: str, arrays: list[Any]) -> Pass:
    leaves = [Value(x) for x in arrays]

    def forward_and_backward() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        y = np.einsum(subscripts, *leaves)
        y.backward(2 * y.data, keep="leaves")
        return [leaf.grad for leaf in leaves]

    return forward_and_backward


def by_hand(subscripts: str, arrays: list[Any]) -> Pass:
    """Plain np.einsum, which multiplies in loops of its own, forward and for each operand."""
    inputs, out = subscripts.split("->")
    terms = inputs.split(",")

    def forward_and_backward() -> list[Any]:
        g = 2 * np.einsum(subscripts, *arrays)
        gradients = []
        for i, term in enumerate(terms):
            swapped = ",".join([*terms[:i], out, *terms[i + 1 :]])
            gradients.append(np.einsum(f"{swapped}->{term}", *arrays[:i], g, *arrays[i + 1 :]))
        return gradients

    return forward_and_backward


def by_torch(subscripts: str, arrays: list[Any]) -> Pass:
    import torch

    leaves: list[Any] = [torch.from_numpy(x).requires_grad_() for x in arrays]

    def forward_and_backward() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        y = torch.einsum(subscripts, *leaves)
        y.backward(2 * y.detach())
        return [leaf.grad.numpy() for leaf in leaves]

    return forward_and_backward

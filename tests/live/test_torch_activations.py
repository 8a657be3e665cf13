"""The activations that are written in others, and the special points of all, beside PyTorch's.

Where the two differ by choice:

- fmax and fmin share a tie equally, as maximum and minimum do; PyTorch's give it to the first.
- logaddexp of two -inf and logsumexp of nothing else are flat, hypot too at the origin; PyTorch gives NaN.
- normalize gives a zero vector no gradient; PyTorch gives it the slope 1 / eps.
- heaviside has a gradient for its value at 0; PyTorch has none for it at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, grad
from tinygrad_opt import functional as ours

torch = pytest.importorskip("torch")
F = torch.nn.functional

SAME: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu6": (ours.relu6, F.relu6),
    "hardsigmoid": (ours.hardsigmoid, lambda t: F.relu6(t + 3) / 6),  # F.hardsigmoid's slope is 1/6 in float32
    "hardswish": (ours.hardswish, F.hardswish),
    "hardtanh": (ours.hardtanh, F.hardtanh),
    "hardshrink": (ours.hardshrink, F.hardshrink),
    "softshrink": (ours.softshrink, F.softshrink),
    "softshrink by 3": (lambda x: ours.softshrink(x, lambd=3.0), lambda t: F.softshrink(t, 3.0)),
    "threshold": (lambda x: ours.threshold(x, 1, -2), lambda t: F.threshold(t, 1, -2)),
    "mish": (ours.mish, F.mish),
    "celu": (ours.celu, F.celu),
    "celu of alpha 2": (lambda x: ours.celu(x, alpha=2.0), lambda t: F.celu(t, 2.0)),
    "selu": (ours.selu, F.selu),
    "softsign": (ours.softsign, F.softsign),
    "tanhshrink": (ours.tanhshrink, F.tanhshrink),
    "glu": (ours.glu, F.glu),
    "prelu": (lambda x: ours.prelu(x, 0.25), lambda t: F.prelu(t, torch.tensor(0.25, dtype=t.dtype))),
    "normalize": (ours.normalize, lambda t: F.normalize(t, dim=-1)),
    "logit within eps": (lambda x: ours.logit(np.clip(x, 0.1, 0.9)), lambda t: torch.logit(t, 0.1)),
    "square root of relu": (lambda x: np.sqrt(ours.relu(x)), lambda t: torch.sqrt(torch.relu(t))),
    "nan_to_num": (np.nan_to_num, torch.nan_to_num),
    "sinc": (np.sinc, torch.sinc),
    "copysign": (lambda x: np.copysign(x, -1), lambda t: torch.copysign(t, torch.tensor(-1.0))),
}
KINKS = [-6.0, -3.0, -1.0, -0.5, 0.5, 1.0, 3.0, 6.0]


ONE_ORDER = {"logit within eps", "square root of relu"}  # of the second PyTorch has none, or NaN


def by_torch(f: Callable[..., Any], x: Any, orders: int) -> list[Any]:
    """The value, the gradient of the sum, and for two orders that of the sum of the squared gradient."""
    t = torch.tensor(x, requires_grad=True)
    found = [f(t)]
    for power in range(1, orders + 1):
        total = torch.sum(found[-1] ** power)
        slope = torch.autograd.grad(total, t, create_graph=True)[0] if total.requires_grad else torch.zeros_like(t)
        found.append(slope)
    return [z.detach().numpy() for z in found]


def by_us(f: Callable[..., Any], x: Any, orders: int) -> list[Any]:
    first = grad(lambda v: np.sum(f(v)))
    return [f(Value(x)).data, first(x), grad(lambda v: np.sum(first(v) ** 2))(x)][: 1 + orders]


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("point", ["anywhere", "at the kinks"])
def test_value_gradient_and_second_derivative_are_those_of_torch(name: str, point: str) -> None:
    f, theirs = SAME[name]
    x = np.array(KINKS) if point == "at the kinks" else np.random.default_rng(0).uniform(-5, 5, (3, 4))
    orders = 1 if name in ONE_ORDER else 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = by_us(f, x, orders)
    for own, other in zip(found, by_torch(theirs, x, orders), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-13)


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[tuple[float, float]]]] = {
    "arctan2": (np.arctan2, torch.arctan2, [(0, 0), (0, 1), (1, 0), (-0.0, 1)]),
    "hypot": (np.hypot, torch.hypot, [(0, 1), (-2, 0)]),
    "fmax": (np.fmax, torch.fmax, [(1, np.nan), (np.nan, 1), (1, 2)]),
    "fmin": (np.fmin, torch.fmin, [(1, np.nan), (np.nan, 1), (1, 2)]),
    "copysign": (np.copysign, torch.copysign, [(0, 1), (1, -0.0), (-1, 0), (-2, -3)]),
    "fmod": (np.fmod, torch.fmod, [(5, 3), (-5, 3), (5, -3), (1, 0.25)]),
    "logaddexp": (np.logaddexp, torch.logaddexp, [(np.inf, -np.inf), (-np.inf, 1), (1, 1), (800, -800)]),
    "prelu": (ours.prelu, lambda t, w: F.prelu(t, w.ravel()), [(0, 0.25), (-1, 0.25), (1, 0.25)]),
}


@pytest.mark.parametrize(("name", "point"), [(name, point) for name in PAIRS for point in PAIRS[name][2]])
def test_special_pairs_are_those_of_torch(name: str, point: tuple[float, float]) -> None:
    f, theirs, _ = PAIRS[name]
    leaves = [Value(float(x)) for x in point]
    tensors = [torch.tensor(float(x), dtype=torch.float64, requires_grad=True) for x in point]
    y, z = f(*leaves), theirs(*tensors)
    y.backward()
    z.backward()
    np.testing.assert_allclose(y.data, z.item(), rtol=1e-14)
    for leaf, t in zip(leaves, tensors, strict=True):
        np.testing.assert_allclose(leaf.grad, t.grad.item(), rtol=1e-14)


def test_a_gradient_of_a_zero_vector_differs_from_torch() -> None:
    v, t = Value(np.zeros(2)), torch.zeros(2, requires_grad=True)
    np.sum(ours.normalize(v)).backward()
    torch.sum(F.normalize(t, dim=-1)).backward()
    assert v.grad.tolist() == [0, 0]
    assert t.grad[0].item() == pytest.approx(1e12)

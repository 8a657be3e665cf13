"""What a function composed of differentiable ones owes: NumPy's values, and right slopes of both orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import Value, grad, gradcheck
from tinygrad_opt.check.report import PASSING


def joined(results: Any) -> Any:
    """All results of a call in one line."""
    parts = results if isinstance(results, list | tuple) else [results]
    return np.concatenate([np.ravel(part) for part in parts])


def assert_agrees(f: Callable[..., Any], *points: Any) -> None:
    """f on Values gives what it gives on arrays, with its slopes; float32 stays, even where NumPy widens it."""
    points = tuple(np.asarray(point, float) for point in points)
    expected, found = f(*points), f(*map(Value, points))
    for part, other in zip(*(r if isinstance(r, list | tuple) else [r] for r in (expected, found)), strict=True):
        assert isinstance(other, Value)
        assert other.shape == np.shape(part)
        np.testing.assert_allclose(other.data, part, rtol=1e-14, atol=1e-14)
    assert gradcheck(lambda *xs: joined(f(*xs)), *points).status in PASSING
    assert gradcheck(lambda *xs: slope(f, *xs), *points).status in PASSING
    single = [point.astype(np.float32) for point in points]
    assert joined(f(*map(Value, single))).dtype in (np.float32, joined(f(*single)).dtype)


def slope(f: Callable[..., Any], *points: Any) -> Any:
    """The gradient of a function of f's results, weighted and added up: its own gradient is of second order."""
    rng = np.random.default_rng(0)

    def total(*xs: Any) -> Any:
        line = joined(f(*xs))
        return np.sum(np.sin(line) * np.linspace(0.5, 1.5, line.size))

    parts = [grad(total, i)(*points) for i in range(len(points))]
    return sum((np.sum(part * rng.uniform(-1, 1, np.shape(point))) for part, point in zip(parts, points, strict=True)))


def entries(*shape: int) -> Any:
    """Generic numbers: far from ties."""
    rng = np.random.default_rng(len(shape))
    return rng.permutation(np.linspace(-2, 2.1, int(np.prod(shape)))).reshape(shape)

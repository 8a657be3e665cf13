"""Gradients of both orders at a point, for tests of special points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import Value


def gradient(f: Callable[..., Any], *points: Any) -> Any:
    """The gradient of the sum of f, by input."""
    leaves = [Value(x) for x in points]
    np.sum(f(*leaves)).backward()
    grads = [leaf.grad for leaf in leaves]
    return grads[0] if len(grads) == 1 else tuple(grads)


def second(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of the gradient."""
    leaf = Value(x)
    np.sum(f(leaf)).backward(create_graph=True)
    first, leaf.grad = leaf.grad, None
    np.sum(first).backward()
    return leaf.grad

"""Gradients of both orders, at a point or of a sampled call, for comparisons with what they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from samples import Case

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


def by_us(case: Case, g: Any, weights: list[Any]) -> list[Any]:
    """The value, the gradients, and the gradients of <gradients, weights>."""
    operands = [Value(x) if i in case.live else x for i, x in enumerate(case.operands)]
    leaves = [operands[i] for i in case.live]
    y = case(*operands)
    y.backward(g, create_graph=True)
    gradients = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    total = sum((np.sum(gradient * w) for gradient, w in zip(gradients, weights, strict=True)), Value(0.0))
    total.backward()
    return [y.data, *(x.data for x in gradients), *(0.0 if leaf.grad is None else leaf.grad for leaf in leaves)]

"""Walks with a closure that PyTorch can take too: parameters w (n,) and b, and a loss in terms of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_opt import Value

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.normal(size=(60, 10)), RNG.choice([0.0, 1.0], size=60)


class Walk(NamedTuple):
    """loss(xp, w, b), with xp numpy or torch, from start; settings of LBFGS; how many steps."""

    loss: Callable[[Any, Any, Any], Any]
    start: Any
    settings: dict[str, Any]
    steps: int


def regression(xp, w, b):
    """Logistic regression with a penalty."""
    z = sum(w[i] * xp.asarray(ROWS[:, i]) for i in range(10)) + b
    return xp.sum(xp.log(1 + xp.exp(z)) - xp.asarray(LABELS) * z) + 0.05 * xp.sum(w * w)


def rosenbrock(xp, w, b):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2 + b * b


def bowl(xp, w, b):
    return xp.sum(xp.asarray(np.geomspace(1, 50, 10)) * w * w) + (b - 3) ** 2 + 0.1 * xp.sum(w) * b


def wave(xp, w, b):
    """Not convex: steps along which y's < 0 are taken."""
    return xp.sum(xp.cos(w) + 0.05 * w * w) + b * b


FIXED = {
    "regression, max_iter 1": Walk(regression, np.full(10, 0.3), {"max_iter": 1, "lr": 0.5}, 50),
    "regression, history 3": Walk(regression, np.full(10, 0.3), {"lr": 0.1, "history_size": 3}, 8),
    "regression, max_eval 4": Walk(regression, np.full(10, 0.3), {"max_eval": 4}, 6),
    "rosenbrock": Walk(rosenbrock, np.array([-1.2, 1.0]), {"lr": 0.5, "max_iter": 5}, 4),
    "rosenbrock, short steps": Walk(rosenbrock, np.array([-1.2, 1.0]), {"lr": 0.01, "max_iter": 50}, 4),
    "bowl": Walk(bowl, np.linspace(-1, 1, 10), {}, 4),
    "bowl, to the tolerance of the gradient": Walk(bowl, np.linspace(-1, 1, 10), {"tolerance_grad": 1e-2}, 3),
    "wave": Walk(wave, np.linspace(0.1, 1, 10), {"max_iter": 2, "lr": 0.3}, 25),
}
SEARCHED = {
    name: Walk(walk.loss, walk.start, {"line_search": "strong_wolfe", "tolerance_change": 1e-14}, 8)
    for name, walk in {
        "regression": FIXED["regression, history 3"],
        "rosenbrock": FIXED["rosenbrock"],
        "bowl": FIXED["bowl"],
    }.items()
}
WALKS = {**FIXED, **{f"{name}, searched": walk for name, walk in SEARCHED.items()}}
B = 0.5


def ours(walk, kind):
    """Our walk: w and b after every step, as lists, and the calls of the closure."""
    w, b = Value(walk.start), Value(B)
    optimizer = kind([w, b], **walk.settings)

    def closure():
        optimizer.zero_grad()
        loss = walk.loss(np, w, b)
        loss.backward()
        return loss

    path = []
    for _ in range(walk.steps):
        optimizer.step(closure)
        path.append([*w.data.tolist(), b.data])
    return {"path": path, "evaluations": optimizer.evaluations}


def theirs(walk):
    """PyTorch's walk."""
    import torch

    w = torch.tensor(walk.start, requires_grad=True)
    b = torch.tensor(B, dtype=torch.float64, requires_grad=True)
    renamed = {name.replace("line_search", "line_search_fn"): value for name, value in walk.settings.items()}
    optimizer = torch.optim.LBFGS([w, b], **renamed)

    def closure():
        optimizer.zero_grad()
        loss = walk.loss(torch, w, b)
        loss.backward()
        return loss

    path = []
    for _ in range(walk.steps):
        optimizer.step(closure)
        path.append([*w.tolist(), b.item()])
    return {"path": path, "evaluations": optimizer.state[w]["func_evals"]}


def check(name, found, wanted):
    """Without a line search the same walk; with one the same end, at no more than 1.5 times the cost."""
    if name in FIXED:
        np.testing.assert_allclose(found["path"], wanted["path"], rtol=1e-12, atol=1e-13)
        assert found["evaluations"] == wanted["evaluations"]
    else:
        np.testing.assert_allclose(found["path"][-1], wanted["path"][-1], atol=1e-6)
        assert found["evaluations"] <= 1.5 * wanted["evaluations"]

"""A trajectory that any library can walk: three parameters, and gradients that depend on them and on the step."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from differences import difference

from tinygrad_opt import Value

STEPS = 50
KEPT = (1, 2, 3, 5, 10, 20, 35, 50)  # the steps at which trajectories are compared


class Case(NamedTuple):
    """Ours and theirs, made to walk the same way.

    ours    given a list of parameters, makes our optimizer
    library "torch", "optax", "keras", or "prodigyopt", which is one of PyTorch
    theirs  given the library's module (and, for torch, a list of parameters), makes its optimizer
    rtol    looser than 1e-12 only where the library itself does not compute in float64
    scalar  whether the scalar parameter takes part; some rules are for arrays only
    """

    name: str
    ours: Callable[[Any], Any]
    library: str
    theirs: Callable[..., Any]
    rtol: float = 1e-12
    shapes: tuple[tuple[int, ...], ...] = ((5,), (4, 3), ())


def start(shapes):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape)) for shape in shapes]


def gradients(arrays, t):
    """Those of an ill-conditioned quadratic, with a disturbance that changes from step to step."""
    found = []
    for k, w in enumerate(arrays):
        n = w.size
        curvature = np.geomspace(0.05, 5.0, n) if n > 1 else np.ones(1)
        g = curvature * (w.ravel() - np.linspace(-1, 1, n)) + 0.3 * np.sin(np.arange(n) + 7.0 * t + k)
        found.append(g.reshape(w.shape))
    return found


def loss(arrays):
    """What a rule that asks for the loss is told: the distance from the origin."""
    return float(sum((w**2).sum() for w in arrays))


def walk(make, shapes):
    """Our trajectory: a list of arrays for each kept step."""
    params = [Value(w) for w in start(shapes)]
    optimizer = make(params)
    found = []
    for t in range(1, STEPS + 1):
        for p, g in zip(params, gradients([np.asarray(p.data) for p in params], t), strict=True):
            p.grad = float(g) if isinstance(p.data, float) else g
        told = loss([np.asarray(p.data) for p in params]) if optimizer.uses_loss else None
        optimizer.step(told)
        if t in KEPT:
            found.append([np.array(p.data) for p in params])
    return found


def furthest(ours, theirs):
    """The largest difference between two trajectories, relative to the size of what is compared."""
    return max(
        difference(a, b, each=True)
        for one, other in zip(ours, theirs, strict=True)
        for a, b in zip(one, other, strict=True)
    )

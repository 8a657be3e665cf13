"""The same minima as scipy's methods on random smooth problems, at a similar cost."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_opt import value_and_grad
from tinygrad_opt.functional import softplus
from tinygrad_opt.optim import minimize

optimize = pytest.importorskip("scipy.optimize")

METHODS = {"cg": ("CG", {}), "bfgs": ("BFGS", {}), "lbfgs": ("L-BFGS-B", {"ftol": 0.0})}
N = 20


def regression(rng):
    """Logistic regression with a penalty."""
    rows, labels = rng.normal(size=(100, N)), rng.choice([-1.0, 1.0], size=100)
    return lambda w: np.sum(softplus(-labels * (rows @ w))) + 0.05 * w @ w


def waves(rng):
    """A bowl of unequal curvatures with shallow waves on it."""
    curvatures, phases = np.geomspace(1, 300, N), rng.uniform(0, 6, N)
    return lambda x: np.sum(curvatures * x**2 + 0.4 * np.sin(x + phases)) + np.sum(x) ** 4


def chain(rng):
    """Rosenbrock's valley, N numbers long, with its parts weighted."""
    weights = rng.uniform(10, 100, N - 1)
    return lambda x: np.sum(weights * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [regression, waves, chain])
@pytest.mark.parametrize("seed", range(3))
def test_minimum_and_cost(make, method, seed):
    rng = np.random.default_rng(seed)
    f, x0 = make(rng), rng.normal(size=N) * 0.1 + 0.5
    name, theirs = METHODS[method]
    wanted = optimize.minimize(value_and_grad(f), x0, jac=True, method=name, options={"gtol": 1e-6, **theirs})
    found = minimize(f, x0, method, gtol=1e-6)
    assert found.converged, found
    assert np.allclose(found.x, wanted.x, atol=1e-4)
    assert found.evaluations.gradient <= 2 * wanted.nfev

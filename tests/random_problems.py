"""Seeded smooth problems of four kinds, for counting what a search costs."""

import numpy as np

from tinygrad_opt.functional import softplus


def quadratic(rng, n):
    """Curvatures from 1 to a condition of 1e2 for n = 5, up to 1e8 for n = 50."""
    directions, _ = np.linalg.qr(rng.normal(size=(n, n)))
    matrix = (directions * np.geomspace(1, CONDITIONS[n], n)) @ directions.T
    centre = rng.normal(size=n)
    return lambda x: 0.5 * (x - centre) @ matrix @ (x - centre), rng.normal(size=n) * 3


def logistic(rng, n):
    """Logistic regression with a small penalty, on columns of units that differ by up to a hundred."""
    rows, labels = rng.normal(size=(200, n)) * 10 ** rng.uniform(-1, 1, n), rng.choice([-1.0, 1.0], 200)
    return lambda w: np.mean(softplus(-labels * (rows @ w))) + 1e-3 * (w @ w), np.zeros(n)


def exponentials(rng, n):
    rows = rng.normal(size=(3 * n, n))
    return lambda x: np.sum(np.exp(rows @ x * 0.5)), rng.normal(size=n)


def quartic(rng, n):
    rows, wanted = rng.normal(size=(2 * n, n)), rng.normal(size=2 * n)
    return lambda x: np.sum((rows @ x - wanted) ** 4) + 0.1 * np.sum(x**2), rng.normal(size=n)


CONDITIONS = {5: 1e2, 10: 10**3.5, 20: 1e5, 30: 10**6.5, 50: 1e8}
KINDS = {kind.__name__: kind for kind in (quadratic, logistic, exponentials, quartic)}


def problem(kind, n):
    """f and x0."""
    return KINDS[kind](np.random.default_rng(n), n)

"""How often the loss must be computed to come within 1e-8 of its minimum: Adam, L-BFGS and BFGS.

For a loss that is computed whole, without noise, methods that learn curvature need far fewer looks at it.
"""

import numpy as np

from tinygrad_opt import Value
from tinygrad_opt.optim import get, minimize

NEAR = 1e-8
MOST = 5_000
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(200, 20)) * np.geomspace(0.1, 3, 20)
SIGNS = np.sign(FEATURES @ RNG.normal(size=20) + RNG.normal(size=200))


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def regression(w):
    """Logistic regression: features of unequal scales, and a small penalty."""
    return np.mean(np.log1p(np.exp(-SIGNS * (FEATURES @ w)))) + 1e-3 * np.sum(w**2)


def evaluations(f, start, make):
    """Calls of the closure until the loss is near its minimum; None if that takes too many."""
    lowest = minimize(f, start, gtol=1e-10).value
    x = Value(start)
    optimizer = make([x])
    calls, near = 0, []

    def closure():
        nonlocal calls
        optimizer.zero_grad()
        loss = f(x)
        loss.backward()
        calls += 1
        if loss.data - lowest < NEAR:
            near.append(calls)
        return loss

    while not near and calls < MOST:
        optimizer.step(closure)
    return near[0] if near else None


METHODS = {
    **{f"Adam, lr={lr:g}": get("adam", lr=lr) for lr in (0.01, 0.1, 1.0)},
    "L-BFGS": get("lbfgs", line_search="strong_wolfe", tolerance_change=0),
    "BFGS": get("bfgs"),
}
STARTS = {rosenbrock: np.array([-1.2, 1.0]), regression: np.zeros(20)}

print("evaluations      rosenbrock   regression")
for name, make in METHODS.items():
    counts = [evaluations(f, start, make) for f, start in STARTS.items()]
    print(f"{name:15s}", *(f"{count or f'> {MOST}':>12}" for count in counts))

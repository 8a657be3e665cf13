"""How many steps a long valley takes: in proportion to its condition number, with momentum to the root of it.

Each method has the rate and momentum that are best for a quadratic with these curvatures (Polyak, 1964; Nesterov).
"""

import numpy as np

from tinygrad_opt import Value
from tinygrad_opt.optim import SGD, Momentum, Nesterov

TOLERANCE = 1e-6


def steps_needed(make, curvatures):
    """Steps until every entry is within the tolerance of the minimum, from ones."""
    x = Value(np.ones_like(curvatures))
    optimizer = make([x])
    steps = 0
    while np.abs(x.data).max() > TOLERANCE:
        optimizer.zero_grad()
        (0.5 * np.sum(curvatures * x**2)).backward()
        optimizer.step()
        steps += 1
    return steps


def tuned(condition):
    """The three methods at their best, for curvatures from 1 to the condition number."""
    root = condition**0.5
    slowest = (root - 1) / (root + 1)
    return (
        lambda params: SGD(params, lr=2 / (1 + condition)),
        lambda params: Momentum(params, lr=4 / (root + 1) ** 2, momentum=slowest**2),
        lambda params: Nesterov(params, lr=1 / condition, momentum=slowest),
    )


print("condition   plain   momentum   Nesterov   best momentum")
for condition in (4.0, 10.0, 100.0, 1000.0):
    curvatures = np.geomspace(1.0, condition, 5)
    plain, heavy_ball, nesterov = (steps_needed(make, curvatures) for make in tuned(condition))
    momentum = tuned(condition)[1]([Value(1.0)]).momentum
    print(f"{condition:9g} {plain:7d} {heavy_ball:10d} {nesterov:10d} {momentum:15.3f}")

lr, curvature = 0.1, 0.4
print(f"\nmomentum on 0.5 * {curvature} * x**2 with lr = {lr}: the eigenvalues of one step")
critical = (1 - (lr * curvature) ** 0.5) ** 2
for name, beta in (("damped", 0.3), ("critical", critical), ("oscillating", 0.95)):
    step = np.array([[1 + beta - lr * curvature, -beta], [1, 0]])
    size = np.abs(np.linalg.eigvals(step)).max()
    print(f"  {name:12s} momentum {beta:.2f}   the error is multiplied by {size:.3f}")

"""One bowl, nine learning rates: too small crawls, too large runs away, and the curvatures tell where the border is.

Along a direction of curvature c, each step of gradient descent multiplies the error by 1 - lr * c.
"""

import numpy as np

from tinygrad_opt import Value, hessian
from tinygrad_opt.optim import SGD

TOLERANCE, PATIENCE = 1e-8, 2000


def bowl(x):
    return 0.5 * (x[0] ** 2 + 10 * x[1] ** 2)


def descend(lr):
    """How many steps until the loss is small, and the last loss."""
    x = Value(np.array([3.0, 1.0]))
    optimizer = SGD([x], lr=lr)
    for step in range(PATIENCE):
        optimizer.zero_grad()
        loss = bowl(x)
        if loss.data < TOLERANCE:
            return str(step), loss.data
        if loss.data > 1e12:
            return "never", loss.data
        loss.backward()
        optimizer.step()
    return f">{PATIENCE}", loss.data


smallest, largest = np.linalg.eigvalsh(hessian(bowl)(np.zeros(2)))
border, best = 2 / largest, 2 / (smallest + largest)
print(
    f"curvatures {smallest:g} and {largest:g}: rates below 2/{largest:g} = {border:g} converge, {best:.3f} is the best"
)

print("\n   lr   error multiplied by   steps   last loss")
for lr in (0.001, 0.01, 0.1, 0.15, best, 0.19, 0.199, border, 0.21):
    factor = max(abs(1 - lr * smallest), abs(1 - lr * largest))
    steps, loss = descend(lr)
    print(f"{lr:.3f} {factor:21.3f} {steps:>7} {loss:11.1e}")

"""The gradient of each example's own loss, as one Jacobian: which examples pull hardest?

The mean of its rows is the gradient that training uses; their norms tell outliers from the rest.
"""

import numpy as np

from tinygrad_opt import grad, jacobian

rng = np.random.default_rng(0)
x = rng.standard_normal((10, 3))
y = x @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.standard_normal(10)
y[7] += 5.0  # an outlier


def losses(w):
    """The squared error of each example."""
    return (x @ w - y) ** 2


w = np.array([0.9, -1.8, 0.4])
rows = jacobian(losses)(w)
print("one gradient an example:", rows.shape)
print("their mean is the gradient of the mean:", np.allclose(rows.mean(axis=0), grad(lambda w: losses(w).mean())(w)))

norms = np.linalg.norm(rows, axis=1)
for i in np.argsort(-norms)[:3]:
    print(f"example {i}   loss {losses(w)[i]:6.3f}   norm of its gradient {norms[i]:6.3f}")

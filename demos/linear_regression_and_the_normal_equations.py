"""Linear regression three ways that meet: gradient descent, the normal equations, and one step of Newton's method.

The loss mean((X w - y)**2) is a bowl.  Its lowest point solves X^T X w = X^T y; gradient descent slides to it, the
faster the rounder the bowl; Newton's method, which divides by the curvature, is there in one step.
"""

import numpy as np

from tinygrad_opt import grad, hessian, nn
from tinygrad_opt.functional import mse_loss
from tinygrad_opt.optim import SGD

rng = np.random.default_rng(0)
rooms = rng.uniform(1, 6, 100)
age = rng.uniform(0, 12, 100)
price = 40 + 55 * rooms - 3 * age + rng.normal(0, 10, 100)
X = np.stack([rooms, age], axis=1)
ones = np.ones((100, 1))

exact = np.linalg.lstsq(np.hstack([X, ones]), price, rcond=None)[0]
print("normal equations                 ", exact.round(4))


def loss_of(w):
    return np.mean((np.hstack([X, ones]) @ w - price) ** 2)


start = np.zeros(3)
print(
    "Newton, one step                 ",
    (start - np.linalg.solve(hessian(loss_of)(start), grad(loss_of)(start))).round(4),
)

mean, deviation = X.mean(axis=0), X.std(axis=0)
for name, inputs in {"as they are": X, "standardized": (X - mean) / deviation}.items():
    columns = np.hstack([inputs, ones])
    curvature = np.linalg.eigvalsh(2 / 100 * columns.T @ columns)
    lr = 1 / curvature[-1]
    layer = nn.Linear(2, 1, init="zeros")
    opt = SGD(layer.named_parameters(), lr=lr)
    steps, slope = 0, np.inf
    while slope > 1e-4:
        opt.zero_grad()
        mse_loss(layer(inputs), price[:, None]).backward()
        slope = max(np.abs(p.grad).max() for p in layer.parameters())
        opt.step()
        steps += 1
    w, b = layer.weight.data[0], layer.bias.data[0]
    if name == "standardized":
        w, b = w / deviation, b - np.sum(w * mean / deviation)
    print(
        f"gradient descent, {name:13s}  {np.array([*w, b]).round(4)}   {steps} steps of lr {lr:.2g}, "
        f"curvatures {curvature[0]:.2g} to {curvature[-1]:.2g}"
    )
    assert np.allclose([*w, b], exact, atol=1e-3)

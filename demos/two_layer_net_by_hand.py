"""A two-layer network on two moons, trained by a loop that is written out in full.

2 inputs, 16 tanh units, 1 output; the loss is the mean of log(1 + exp(-label * score)).
"""

import numpy as np

from tinygrad_opt import Value
from tinygrad_opt.functional import softplus

rng = np.random.default_rng(0)

angle = np.pi * rng.random(200)
upper = np.stack([np.cos(angle[:100]), np.sin(angle[:100])], axis=1)
lower = np.stack([1 - np.cos(angle[100:]), 0.5 - np.sin(angle[100:])], axis=1)
points = np.concatenate([upper, lower]) + 0.1 * rng.standard_normal((200, 2))
labels = np.repeat([1.0, -1.0], 100)

W1 = Value(rng.standard_normal((2, 16)) / np.sqrt(2), name="W1")
b1 = Value(np.zeros(16), name="b1")
W2 = Value(rng.standard_normal(16) / np.sqrt(16), name="W2")
b2 = Value(0.0, name="b2")
parameters = [W1, b1, W2, b2]


def scores(x):
    return np.tanh(x @ W1 + b1) @ W2 + b2


for step in range(401):
    out = scores(points)
    loss = softplus(-labels * out).mean()
    for p in parameters:
        p.grad = None
    loss.backward(keep="leaves")
    for p in parameters:
        p.data -= 1.0 * p.grad
    if step % 100 == 0:
        accuracy = np.mean((out > 0) == (labels > 0))
        print(f"step {step:3d}   loss {loss:.4f}   accuracy {accuracy:.3f}")

"""A softmax classifier with backprop written by hand in NumPy, one bug planted in it, and the bug found.

`gradcheck(f, ..., gradient=df)` takes plain functions of arrays: nothing here is made of Values.
"""

import numpy as np

from tinygrad_opt import gradcheck

rng = np.random.default_rng(0)
x, labels = rng.standard_normal((8, 5)), rng.integers(0, 3, 8)


def forward(W, b):
    scores = x @ W + b
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(W, b):
    return -np.mean(np.log(forward(W, b)[np.arange(8), labels]))


def backprop(W, b):
    scores = forward(W, b)
    scores[np.arange(8), labels] -= 1
    scores /= 8
    return x.T @ scores, scores.sum(axis=0)


def buggy_backprop(W, b):
    scores = forward(W, b)
    scores[np.arange(8), labels] -= 1
    return x.T @ scores, scores.sum(axis=0) / 8  # the mean is forgotten for W


W, b = rng.standard_normal((5, 3)), np.zeros(3)
for gradient in (backprop, buggy_backprop):
    print(f"\n{gradient.__name__}")
    print(gradcheck(loss, W, b, gradient=gradient))

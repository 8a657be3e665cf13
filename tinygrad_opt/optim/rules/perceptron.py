"""The perceptron rule, as gradient descent on a loss."""

from __future__ import annotations

from typing import Any

import numpy as np


def perceptron_loss(z: Any, target: Any) -> Any:
    """The sum of (output - target) * z, where output is 1 if z >= 0 and else 0: zero for a right answer.

    output is piecewise constant, so the gradient for z is the error, output - target, and SGD on z = x @ w + b
    is the perceptron rule: w - lr * error * x.  A false positive takes x from w, a false negative adds it,
    and nothing else moves it.  z and target have one shape; targets are 0 or 1.

    Raises ValueError for other targets and for shapes that differ.  Rosenblatt, Principles of Neurodynamics (1962).

    >>> from tinygrad_opt import Value
    >>> from tinygrad_opt.optim import SGD
    >>> w = Value([0.0, 0.0], name="w")
    >>> opt = SGD([w], lr=1.0)
    >>> perceptron_loss(np.array([2.0, -1.0]) @ w, 0).backward()
    >>> report = opt.step()
    >>> w.data
    array([-2.,  1.])
    """
    target = np.asarray(target)
    if not np.isin(target, (0, 1)).all():
        raise ValueError(f"the targets of a perceptron are 0 and 1; got {np.unique(target)}")
    if np.shape(z) != target.shape:
        raise ValueError(f"z has shape {np.shape(z)} and target {target.shape}; give one target for each z")
    return np.sum((np.heaviside(z, 1.0) - target) * z)

"""The perceptron: one neuron with a step for an activation, and the rule that trained it before backprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functional import linear
from ..init import uniform
from ..settings import ABOVE_0, count, number, whole_number
from ..value import Value
from .inputs import as_input
from .module import Module


class Perceptron(Module):
    """1 where x @ weight.T + bias >= 0, else 0.

    x (..., in_features), weight (1, in_features), bias (1,)  ->  (...)

    The step is flat, so that no gradient comes through it: `fit` learns by the perceptron rule.  weight and bias
    are drawn from U(-0.5, 0.5).  Raises ValueError for inputs of another number of features.

    Source: Rosenblatt, The perceptron, Psychological Review 65, 1958.

    >>> points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> neuron = Perceptron(2, rng=np.random.default_rng(0))
    >>> neuron.fit(points, [0, 0, 0, 1])  # AND: the mistakes of each epoch
    [1, 3, 3, 2, 1, 0]
    >>> neuron(points)
    array([0., 0., 0., 1.])
    """

    def __init__(self, in_features: int, *, rng: np.random.Generator | None = None, dtype: Any = np.float64):
        self.in_features = count("Perceptron", "in_features", in_features)
        self.weight = Value(uniform((1, self.in_features), -0.5, 0.5, rng=rng, dtype=dtype))
        self.bias = Value(uniform((1,), -0.5, 0.5, rng=rng, dtype=dtype))

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        if x.shape[-1:] != (self.in_features,):
            raise ValueError(f"{self.where} takes {self.in_features} features on the last axis; got shape {x.shape}")
        z = linear(x, self.weight, self.bias).data
        return np.heaviside(z[..., 0], 1.0)

    def fit(self, x: Any, target: Any, *, lr: float = 1.0, epochs: int = 100) -> list[int]:
        """Go through the samples in order until all are right, and return the number of mistakes of each epoch.

        After each sample: e = output - target, weight -= lr * e * x, bias -= lr * e.  A false positive takes x
        away, a false negative adds it, a right answer changes nothing.  Where a plane parts the classes the mistakes
        come to an end, after at most (R / margin)**2 of them (Novikoff, 1962); where none does, as for XOR, never.

        Raises ValueError for targets other than 0 and 1, for another number of them than of samples, and for lr <= 0.
        """
        x, target = np.asarray(x, self.weight.dtype), np.asarray(target)
        if x.ndim != 2 or target.shape != x.shape[:1]:
            raise ValueError(
                f"fit takes samples (N, {self.in_features}) and targets (N,); got {x.shape} and {target.shape}"
            )
        if not np.isin(target, (0, 1)).all():
            raise ValueError(f"the targets of a perceptron are 0 and 1; got {np.unique(target)}")
        lr, epochs = number("fit", "lr", lr, ABOVE_0), whole_number("fit", "epochs", epochs, 0)
        mistakes = []
        for _ in range(epochs):
            mistakes.append(sum(self.learn(sample, wanted, lr) for sample, wanted in zip(x, target, strict=True)))
            if not mistakes[-1]:
                break
        return mistakes

    def learn(self, sample: Any, wanted: Any, lr: float) -> bool:
        """Correct the neuron for one sample; tell whether it was wrong."""
        error = self(sample) - wanted
        self.weight.data -= lr * error * sample
        self.bias.data -= lr * error
        return bool(error)

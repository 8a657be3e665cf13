"""Muon: momentum whose matrices are made orthogonal before they are stepped along."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from ..core.hyper import Rate
from ..core.members import Array, listed, member_of
from ..core.optimizer import Optimizer
from ..core.vocabulary import named, norm

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Jordan's coefficients: steep at zero, so that five steps bring singular values from 0.01 on to about 0.7 ... 1.2."""


class Muon(Optimizer):
    """Steps along the orthogonal matrix nearest to the momentum: all its singular values become about 1.

    Jordan et al.: Muon: An optimizer for hidden layers in neural networks (2024),
    https://kellerjordan.github.io/posts/muon; for scale "rms" Liu et al.: Muon is Scalable for LLM Training
    (2025), arXiv 2502.16982.  For matrices; split_matrices sorts them out of a model's parameters.

    steps            Newton-Schulz iterations
    scale            what a step is multiplied by, for n rows and m columns: "in_out" sqrt(max(1, m / n)), where
                     rows are a layer's inputs, as in x @ W (optax); "out_in" sqrt(max(1, n / m)), for W @ x
                     (PyTorch); "rms" 0.2 sqrt(max(n, m)), the size of Adam's steps (Keras); "none" 1
    bias_correction  averages are divided by the weights that they have seen (optax)

    PyTorch iterates in bfloat16: its steps differ from these in the third digit.

    Raises ValueError, naming them, for parameters that are not matrices.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> w = Value(np.zeros((2, 2)), name="w")
    >>> opt = Muon([w], lr=1.0)
    >>> w.grad = np.array([[100.0, 0.0], [0.0, 1.0]])
    >>> report = opt.step()
    >>> print(np.round(w.data, 1))
    [[-0.7  0. ]
     [ 0.  -0.7]]
    """

    slots = ("m",)
    granularity = "array"
    lr: Rate = 0.02
    momentum: Rate = 0.95
    weight_decay: Rate = 0.0
    eps: Rate = 1e-7
    steps: Rate = 5
    nesterov: bool = True
    bias_correction: bool = False
    scale: Literal["in_out", "out_in", "rms", "none"] = "in_out"
    presets: ClassVar = {
        "torch": {"lr": 1e-3, "weight_decay": 0.1, "scale": "out_in"},
        # Keras sums gradients: its buffer is 1 / (1 - momentum) = 20 times this average, and so is its eps of 1e-7
        "keras": {"lr": 1e-3, "weight_decay": 0.004, "eps": 5e-9, "scale": "rms"},
        "optax": {"lr": 1e-3, "eps": 1e-8, "bias_correction": True},
    }

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any) -> Any:
        m = h.momentum * m + (1 - h.momentum) * g
        ahead = t + 1 if h.nesterov else t
        u = m / (1 - h.momentum**ahead) if h.bias_correction else m
        if h.nesterov:
            g_hat = g / (1 - h.momentum**t) if h.bias_correction else g
            u = h.momentum * u + (1 - h.momentum) * g_hat
        rate = h.lr * scale_of(h.scale, *p.shape)
        return p * (1 - h.lr * h.weight_decay) - rate * orthogonalized(u, h.steps, h.eps), m

    @classmethod
    def setting(cls, name: str, value: Any) -> Any:
        if name == "steps" and (type(value) is not int or value < 1):
            raise ValueError(f"{cls.__name__}: steps is a whole number, 1 or more; got {value!r}")
        return super().setting(name, value)

    def refuse_misuse(self) -> None:
        others = [f"{m.name} {m.shape}" for m in self.members if len(m.shape) != 2]
        if others:
            raise ValueError(
                f"{type(self).__name__} is for matrices; got {', '.join(others)}: give those to AdamW, in an optimizer "
                "of its own (optim.split_matrices sorts parameters)"
            )


def scale_of(kind: str, n: int, m: int) -> float:
    """The factor of a step for a matrix of n rows and m columns."""
    if kind == "rms":
        return 0.2 * math.sqrt(max(n, m))
    aspect = {"in_out": m / n, "out_in": n / m, "none": 1.0}[kind]
    return math.sqrt(max(1.0, aspect))


@named
def orthogonalized(x: Array, steps: int, eps: float) -> Array:
    """U V^T for x = U S V^T, about: an odd polynomial of degree five, applied to the singular values again and again.

    x is divided by its Frobenius norm plus eps at first, so that no singular value is above 1.
    """
    a, b, c = QUINTIC
    wide = x.shape[0] <= x.shape[1]
    x = (x if wide else x.T) / (norm(x) + eps)
    for _ in range(steps):
        squared = x @ x.T
        x = a * x + (b * squared + c * (squared @ squared)) @ x
    return x if wide else x.T


def split_matrices(params: Any, only: Callable[[str, Any], bool] | None = None) -> tuple[list[Any], list[Any]]:
    """The parameters that are matrices, and the others, for two optimizers.

    only says by name and parameter which of the matrices count as such: embeddings and the last layer usually
    do better with AdamW.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> params = {"w": Value(np.zeros((3, 2))), "b": Value(np.zeros(2)), "embedding": Value(np.zeros((9, 3)))}
    >>> matrices, others = split_matrices(params, only=lambda name, _: name != "embedding")
    >>> [name for name, _ in matrices], [name for name, _ in others]
    (['w'], ['b', 'embedding'])
    """
    matrices: list[Any] = []
    others: list[Any] = []
    for i, entry in enumerate(listed(params)):
        m = member_of(entry, i)
        chosen = len(m.shape) == 2 and (only is None or only(m.name, m.parameter))
        (matrices if chosen else others).append(entry)
    return matrices, others

"""Losses of yes or no, each computed and differentiated as one operation.

What they mean stands written out in `tinygrad_opt.readable`.  At special points: a probability of 0 for
what happened costs inf, as log(0) does; 0 log(0) counts as 0; scores have no such point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import softplus
from .elementwise import sigmoid
from .losses import Reduction, check_reduction, reduced, share
from .rules import differentiable


def check_binary(name: str, x: Any, target: Any, **weights: Any) -> None:
    """Refuse silent broadcasting: a column of predictions against a row of targets is a mistake."""
    shape = np.shape(x)
    if np.shape(target) != shape:
        raise ValueError(f"{name} needs a target for each entry, in the same shape; got {shape} and {np.shape(target)}")
    for role, weight in weights.items():
        if weight is not None and not broadcasts(np.shape(weight), shape):
            raise ValueError(f"{role} of shape {np.shape(weight)} does not broadcast to {shape}, that of the entries")


def broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of this shape can be repeated to the target shape."""
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))


def weighted(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


def binary_cross_entropy_with_logits(
    logits: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: Reduction = "mean"
) -> Any:
    """Binary cross-entropy of sigmoid(logits): the mean of -target log(p) - (1 - target) log(1 - p), never infinite.

    target, of the logits' shape, holds 0, 1 or probabilities.  The gradient is (sigmoid(logits) - target) / N.
    weight multiplies the loss of each entry, pos_weight that part of it where the target is 1; both broadcast.
    Raises ValueError for targets of another shape.

    >>> from tinygrad_opt import Value
    >>> logits = Value([0.0, 1000.0])
    >>> loss = binary_cross_entropy_with_logits(logits, [1.0, 0.0], reduction="sum")
    >>> loss.backward()
    >>> print(loss.data, logits.grad)
    1000.6931471805599 [-0.5  1. ]
    """
    check_reduction(reduction)
    check_binary("binary_cross_entropy_with_logits", logits, target, weight=weight, pos_weight=pos_weight)
    positive, negative = weighted(target, pos_weight), 1 - target
    # softplus(-x) and softplus(x), their common part once; every term is positive, so that nothing cancels
    losses = (positive + negative) * np.log1p(np.exp(-np.abs(logits)))
    losses = losses + positive * np.maximum(-logits, 0) + negative * np.maximum(logits, 0)
    return reduced(weighted(losses, weight), reduction)


def logits_rule(
    g: Any, out: Any, x: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: Reduction = "mean"
) -> Any:
    if pos_weight is None:
        slope = sigmoid(x) - target
    else:
        slope = (target * pos_weight + (1 - target)) * sigmoid(x) - target * pos_weight
    return share(g, np.size(x), reduction) * weighted(slope, weight)


def targets_of_logits_rule(
    g: Any, out: Any, x: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: Reduction = "mean"
) -> Any:
    slope = -x if pos_weight is None else pos_weight * softplus(-x) - softplus(x)
    return share(g, np.size(x), reduction) * weighted(slope, weight)


def binary_cross_entropy(p: Any, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
    """The mean of -target log(p) - (1 - target) log(1 - p), for probabilities p.

    target, of p's shape, holds 0, 1 or probabilities; weight multiplies the loss of each entry and broadcasts.
    Where p is 0 and the target is not, the loss is inf (PyTorch gives 100 there): to learn from logits take
    binary_cross_entropy_with_logits, which has no such point.
    Raises ValueError for p outside [0, 1] and for targets of another shape.

    >>> print(binary_cross_entropy([0.5, 0.2], [0.0, 1.0], reduction="none"))  # -log(0.5), -log(0.2)
    [0.69314718 1.60943791]
    """
    check_reduction(reduction)
    check_binary("binary_cross_entropy", p, target, weight=weight)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(
            f"binary_cross_entropy needs probabilities from 0 to 1; got {np.min(p):.6g} to {np.max(p):.6g}: "
            "for any real numbers take binary_cross_entropy_with_logits"
        )
    losses = -(target * np.log(or_one(p, target)) + (1 - target) * np.log(or_one(1 - p, 1 - target)))
    return reduced(weighted(losses, weight), reduction)


def or_one(p: Any, target: Any) -> Any:
    """p, but 1 where neither p nor its target is anything: 0 log(0) counts as 0."""
    return p + (p == 0) * (target == 0)


def probabilities_rule(g: Any, out: Any, p: Any, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
    slope = (1 - target) / or_one(1 - p, 1 - target) - target / or_one(p, target)
    return share(g, np.size(p), reduction) * weighted(slope, weight)


def targets_rule(g: Any, out: Any, p: Any, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
    return share(g, np.size(p), reduction) * weighted(np.log1p(-p) - np.log(p), weight)


binary_cross_entropy_with_logits = differentiable(
    binary_cross_entropy_with_logits, logits_rule, targets_of_logits_rule, analytic=False
)
binary_cross_entropy = differentiable(binary_cross_entropy, probabilities_rule, targets_rule, analytic=False)

"""Losses of yes or no, each computed and differentiated as one operation.

What they mean stands written out in `tinygrad_opt.readable`.  At special points: a probability of 0 for
what happened costs inf, as log(0) does; 0 log(0) counts as 0; scores have no such point.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .activations import softplus
from .aside import aside
from .elementwise import sigmoid
from .loss_reduction import Reduction, beside, broadcasts, check_shares, compared, reduced, share, unless_mean
from .operand import concrete
from .rules import differentiable
from .scalars import plain_settings


def weighing(name: str, entries: Any, **weights: Any) -> dict[str, Any]:
    """The weights that are given, in the dtype of the entries, and checked that they do not enlarge the loss."""
    given = {role: beside(entries, weight) for role, weight in weights.items() if weight is not None}
    for role, weight in given.items():
        if not broadcasts(np.shape(weight), entries.shape):
            raise ValueError(
                f"{name}: {role} of shape {np.shape(weight)} does not broadcast to {entries.shape}, that of the entries"
            )
    return given


def weighted(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


# -- of logits ---------------------------------------------------------------------------------
def binary_cross_entropy_with_logits(
    logits: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: Reduction = "mean"
) -> Any:
    """Binary cross-entropy of sigmoid(logits): the mean of -target log(p) - (1 - target) log(1 - p), never infinite.

    target, of the logits' shape, holds 0, 1 or probabilities.  The gradient is (sigmoid(logits) - target) / N.
    weight multiplies the loss of each entry, pos_weight that part of it where the target is 1; both broadcast.
    Raises ValueError for targets of another shape or outside [0, 1].

    >>> from tinygrad_opt import Value
    >>> logits = Value([0.0, 1000.0])
    >>> loss = binary_cross_entropy_with_logits(logits, [1.0, 0.0], reduction="sum")
    >>> loss.backward()
    >>> print(loss.data, logits.grad)
    1000.6931471805599 [-0.5  1. ]
    """
    name = "binary_cross_entropy_with_logits"
    logits, target = compared(name, logits, target, reduction)
    check_shares(name, concrete(target))
    settings = weighing(name, logits, weight=weight, pos_weight=pos_weight)
    return sigmoid_cross_entropy(logits, target, **settings, **unless_mean(reduction))


def sigmoid_cross_entropy(
    x: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: Reduction = "mean"
) -> Any:
    positive, negative = weighted(target, pos_weight), 1 - target
    # softplus(-x) and softplus(x), their common part once; every term is positive, so that nothing cancels
    losses = (positive + negative) * np.log1p(np.exp(-np.abs(x)))
    losses = losses + positive * np.maximum(-x, 0) + negative * np.maximum(x, 0)
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


# -- of probabilities --------------------------------------------------------------------------
@plain_settings
def binary_cross_entropy(
    p: Any, target: Any, weight: Any = None, reduction: Reduction = "mean", *, min_log: float = -math.inf
) -> Any:
    """The mean of -target log(p) - (1 - target) log(1 - p), for probabilities p.

    target, of p's shape, holds 0, 1 or probabilities; weight multiplies the loss of each entry and broadcasts.
    Where p is 0 and the target is not, the loss is inf: to learn from logits take binary_cross_entropy_with_logits,
    which has no such point.  Other libraries cut here, and so lose the gradient of the worst errors:

    min_log=-100                   no logarithm counts as less: PyTorch's loss; the gradient of what is cut is 0
    np.clip(p, 1e-7, 1 - 1e-7)     in place of p is Keras' loss

    Raises ValueError for p and targets outside [0, 1] and for targets of another shape.

    >>> print(binary_cross_entropy([0.5, 0.2], [0.0, 1.0], reduction="none"))  # -log(0.5), -log(0.2)
    [0.69314718 1.60943791]
    """
    p, target = compared("binary_cross_entropy", p, target, reduction)
    check_shares("binary_cross_entropy", concrete(target))
    settings = weighing("binary_cross_entropy", p, weight=weight)
    check_within_0_and_1(concrete(p))
    if min_log == -math.inf:
        return bernoulli_cross_entropy(p, target, **settings, **unless_mean(reduction))
    yes, no = log_no_less(p, min_log), log_no_less(1 - p, min_log)
    return reduced(weighted(-(target * yes + (1 - target) * no), settings.get("weight")), reduction)


def log_no_less(p: Any, least: float) -> Any:
    """max(log(p), least), flat where it is cut; the logarithm of 0 is not asked for."""
    above = concrete(p) > math.exp(least)
    return np.where(above, np.log(np.where(above, p, 1)), least)


@aside
def check_within_0_and_1(p: Any) -> None:
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(
            f"binary_cross_entropy needs probabilities from 0 to 1; got {np.min(p):.6g} to {np.max(p):.6g}: "
            "for any real numbers take binary_cross_entropy_with_logits"
        )


def bernoulli_cross_entropy(p: Any, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
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


sigmoid_cross_entropy = differentiable(
    sigmoid_cross_entropy, logits_rule, targets_of_logits_rule, analytic=False, name="binary_cross_entropy_with_logits"
)
bernoulli_cross_entropy = differentiable(
    bernoulli_cross_entropy, probabilities_rule, targets_rule, analytic=False, name="binary_cross_entropy"
)

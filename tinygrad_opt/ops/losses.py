"""Losses of one class among several, each computed and differentiated as one operation from the scores themselves.

A composition such as log(softmax(x)) overflows, cancels and takes more passes; what it means stands
written out in `tinygrad_opt.readable`.  At special points: a class with score -inf adds 0 where
its target is 0; a row whose scores are all -inf, a mean over no rows, and one whose labels are all
ignored are nan, as 0/0 is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from .operand import Operand, array_like, concrete
from .reductions import by_column, log_softmax, softmax
from .rules import differentiable

Reduction = Literal["mean", "sum", "none"]


# -- from losses to a loss ---------------------------------------------------------------------
def check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none"; got {reduction!r}')


def reduced(losses: Any, reduction: str) -> Any:
    """The losses as they are, their sum, or their mean."""
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    return total / np.size(losses) if reduction == "mean" else total


def share(g: Any, count: int, reduction: str) -> Any:
    """What each of count losses receives of the gradient of their reduction."""
    return g / count if reduction == "mean" else g


# -- of one class among several ----------------------------------------------------------------
def check_labels(scores: Any, labels: Any, ignore_index: int | None = None) -> bool:
    """Refuse labels that do not name one column for each row; tell whether some rows are ignored."""
    shape = scores.shape
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers; got {labels.dtype}")
    if len(shape) != 2 or labels.shape != shape[:1]:
        raise ValueError(f"scores (N, C) need labels (N,), one a row; got {shape} and {labels.shape}")
    unsigned = labels.view(f"u{labels.itemsize}")  # in which a negative label is beyond any range
    if labels.size and np.maximum.reduce(unsigned) >= shape[1]:
        outside = unsigned >= shape[1]
        if ignore_index is None or np.any(outside & (labels != ignore_index)):
            raise ValueError(f"labels must be from 0 to {shape[1] - 1}; got {labels.min()} to {labels.max()}")
        return True
    return ignore_index is not None and 0 <= ignore_index < shape[1] and bool(np.any(labels == ignore_index))


def nll_loss(log_p: Any, labels: Any) -> Any:
    """Negative log-likelihood: the mean over rows of -log_p[i, labels[i]].

    log_p (N, C) holds log-probabilities, labels (N,) integers from 0 to C-1.
    Raises ValueError for labels of another shape or outside that range, TypeError for other numbers.
    """
    labels = np.asarray(labels)
    check_labels(log_p, labels)
    return -np.add.reduce(log_p[np.arange(len(labels)), labels]) / len(labels)


def softmax_cross_entropy(x: Any, target: Any, reduction: Reduction = "mean", kept: list[Any] | None = None) -> Any:
    """The loss of each row of scores x (N, C), and their mean or sum: -sum(target * log(softmax(x)), axis=-1).

    target holds the weight of every class in every row (N, C), or labels (N,): each its class with weight 1.
    """
    if target.ndim == 2:
        return reduced(-np.add.reduce(target * np.where(target == 0, 0, log_softmax(x)), axis=-1), reduction)
    x = by_column(x, -1)
    below_top = x - np.maximum.reduce(x, axis=-1, keepdims=True)
    p = np.exp(below_top)
    total = np.add.reduce(p, axis=-1, keepdims=True)
    chosen = in_memory(p, target)
    losses = np.log(total[:, 0]) - below_top.ravel("K")[chosen]
    if kept is not None:
        p /= total
        p.ravel("K")[chosen] -= 1
        kept.append(p)
    return reduced(losses, reduction)


def in_memory(x: Any, labels: Any) -> Any:
    """Where in x.ravel("K") the entries x[i, labels[i]] stand: one index takes half the time of a pair."""
    n, classes = x.shape
    labels = labels.astype(np.intp, copy=False)
    return labels * n + np.arange(n) if x.flags.f_contiguous else labels + np.arange(0, n * classes, classes)


def scores_rule(g: Any, out: Any, x: Any, target: Any, reduction: Reduction = "mean", kept: Sequence[Any] = ()) -> Any:
    each = share(g, x.shape[0], reduction)
    slope = kept[0] if kept and not isinstance(x, Operand) else softmax_less_target(x, target)
    return (np.expand_dims(each, -1) if reduction == "none" else each) * slope


def softmax_less_target(x: Any, target: Any) -> Any:
    """The derivative of each row's loss: softmax(x) - target for a target that weighs 1 in all."""
    if np.ndim(target) == 2:
        return np.add.reduce(target, axis=-1, keepdims=True) * softmax(x) - target
    return softmax(x) - (target[:, None] == np.arange(x.shape[-1]))


def target_rule(g: Any, out: Any, x: Any, target: Any, reduction: Reduction = "mean", kept: Sequence[Any] = ()) -> Any:
    each = share(g, x.shape[0], reduction)
    return -(np.expand_dims(each, -1) if reduction == "none" else each) * log_softmax(x)


def cross_entropy(
    logits: Any,
    target: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Any:
    """Softmax cross-entropy: the mean over rows of -log(softmax(logits)[i, target[i]]).

    logits (N, C) are any real numbers; target holds labels (N,), integers from 0 to C-1, or the
    probabilities of all classes (N, C), which may be a Value.  The gradient is (softmax - target) / N.

    weight           (C,): how much each class counts; a mean over labels is divided by the sum of theirs
    ignore_index     rows with this label count for nothing
    label_smoothing  moves that share of every target to all classes alike (Szegedy et al., 2016)
    reduction        "mean", "sum", or "none" for one loss a row

    The mean is nan where no row counts.
    Raises ValueError for shapes that do not fit and labels out of range, TypeError for labels that are no integers.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> logits = Value(np.zeros((2, 2)))
    >>> loss = cross_entropy(logits, np.array([0, 1]))
    >>> loss.backward()
    >>> print(loss.data, logits.grad.tolist())  # log(2)
    0.6931471805599453 [[-0.25, 0.25], [0.25, -0.25]]
    """
    check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is a share from 0 to 1; got {label_smoothing}")
    logits = array_like(logits)
    target = array_like(target)
    if target.ndim == 2 and target.dtype.kind == "f":
        check_probabilities(logits, target)
        if weight is not None or label_smoothing:
            target = smoothed(target, label_smoothing) * (1.0 if weight is None else class_weights(weight, logits))
    elif check_labels(concrete(logits), target, ignore_index) or weight is not None or label_smoothing:
        target, reduction = weighted_labels(logits, target, weight, ignore_index, label_smoothing, reduction)
    if reduction == "mean":  # left out, it need not be sorted among the parameters
        return softmax_cross_entropy(logits, target)
    return softmax_cross_entropy(logits, target, reduction=reduction)


def check_probabilities(logits: Any, target: Any) -> None:
    if target.shape != logits.shape:
        raise ValueError(
            f"scores (N, C) need probabilities of the same shape, or labels (N,); got {logits.shape} and {target.shape}"
        )


def class_weights(weight: Any, logits: Any) -> Any:
    """The weight of each class as an array of the scores' dtype."""
    if isinstance(weight, Operand):
        raise TypeError(f"cross_entropy takes a plain weight, which gets no gradient; got {weight!r}")
    weight = np.asarray(weight, np.result_type(logits, np.float32))
    if weight.shape != logits.shape[1:]:
        raise ValueError(f"weight needs one number for each of {logits.shape[1]} classes; got shape {weight.shape}")
    return weight


def smoothed(p: Any, share: float) -> Any:
    return (1 - share) * p + share / p.shape[-1]


def weighted_labels(
    logits: Any, labels: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: Reduction
) -> tuple[Any, Reduction]:
    """The weight of each class in each row that stands for these labels, and how the rows are to be reduced."""
    counts = labels != ignore_index
    rows = np.flatnonzero(counts)
    target = np.zeros(logits.shape, np.result_type(logits, np.float32))
    target[rows, labels[rows]] = 1
    target = smoothed(target, label_smoothing) * counts[:, None]
    total = float(len(rows))
    if weight is not None:
        weight = class_weights(weight, logits)
        target *= weight
        total = float(np.add.reduce(weight[labels[rows]]))
    if reduction != "mean":
        return target, reduction
    return np.divide(target, total), "sum"  # a mean in which each row weighs as much as its class


# fmt: off
nll_loss = differentiable(nll_loss, lambda g, out, log_p, labels:
                          -(g / labels.shape[0]) * (np.arange(log_p.shape[-1])[:, None] == labels).T, None)
softmax_cross_entropy = differentiable(softmax_cross_entropy, scores_rule, target_rule, analytic=False, keeps=True)
# fmt: on

"""Losses of one class among several, each computed and differentiated as one operation from the scores themselves.

A composition such as log(softmax(x)) overflows, cancels and takes more passes; what it means stands
written out in `tinygrad_opt.readable`.  At special points: a class with score -inf adds 0 where
its target is 0; a row whose scores are all -inf, a mean over no rows, and one whose labels are all
ignored are nan, as 0/0 is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .aside import aside
from .loss_reduction import SLACK, Reduction, beside, check_given, check_reduction, reduced, share, unless_mean
from .operand import Operand, array_like, concrete, target_like
from .reductions import by_column, log_softmax, softmax
from .rules import differentiable
from .scalars import plain_settings


# -- what comes in -----------------------------------------------------------------------------
@aside
def check_labels(scores: Any, labels: Any, ignore_index: int | None = None) -> bool:
    """Refuse labels that do not name one column for each row; tell whether some rows are ignored."""
    shape = scores.shape
    if labels.dtype.kind not in "iu":
        whole = labels.dtype.kind == "b" or (labels.dtype.kind == "f" and np.all(labels == np.floor(labels)))
        numbers = "labels.data" if isinstance(labels, Operand) else "labels"
        advice = f": use {numbers}.astype(int)" if whole and labels.shape == shape[:1] else ""
        raise TypeError(f"labels must be integers; got {labels.dtype}{advice}")
    if len(shape) != 2 or labels.shape != shape[:1]:
        advice = ": use labels.reshape(-1)" if labels.shape == (*shape[:1], 1) else ""
        if labels.shape == shape:
            advice = ": targets of every class are floats, use target.astype(float)"
        raise ValueError(f"scores (N, C) need labels (N,), one a row; got {shape} and {labels.shape}{advice}")
    unsigned = labels.view(labels.dtype.str.replace("i", "u"))  # in which a negative label is beyond any range
    if labels.size and np.maximum.reduce(unsigned) >= shape[1]:
        outside = unsigned >= shape[1]
        if ignore_index is None or np.any(outside & (labels != ignore_index)):
            raise ValueError(f"labels must be from 0 to {shape[1] - 1}; got {labels.min()} to {labels.max()}")
        return True
    return ignore_index is not None and 0 <= ignore_index < shape[1] and bool(np.any(labels == ignore_index))


def are_probabilities(x: Any) -> bool:
    """Whether these are rows of probabilities: two or more, and all are 0 or more and sum to 1, as scores hardly do.

    The first entry or the first row settles it for most scores, in half a microsecond or two.
    """
    if min(x.shape) < 2 or not 0 <= x.item(0) <= 1:
        return False
    slack = 1e-4 if x.dtype == np.float32 else 1e-6
    if not abs(np.add.reduce(x[0]) - 1) <= slack:
        return False
    return bool(np.all(x >= 0) and np.all(abs(np.add.reduce(x, axis=1) - 1) <= slack))


@aside
def refuse_probabilities(name: str, x: Any) -> None:
    if are_probabilities(x):
        raise ValueError(
            f"{name} takes log-probabilities; got probabilities, as all {len(x)} rows are 0 or more and sum to 1: "
            "use log_softmax(logits), or np.log(p)"
        )


@aside
def refuse_scores(x: Any) -> None:
    top = np.maximum.reduce(x, axis=None, initial=0)
    if top > SLACK:
        raise ValueError(
            f"nll_loss takes log-probabilities, which are 0 or less; got {top:.6g}: "
            "use log_softmax(logits), or cross_entropy(logits, target)"
        )


def by_rows(loss: Callable[..., Any], scores: Any, target: Any, reduction: Reduction, **settings: Any) -> Any:
    """A loss of rows (N, C) on scores (C,), or (N, C, d1, ...), in which every place is a row."""
    if scores.ndim == 0:
        raise ValueError("scores have shape (C,), (N, C) or (N, C, d1, ...); got a single number")
    axis = min(scores.ndim - 1, 1)
    places = (*scores.shape[:axis], *scores.shape[axis + 1 :])
    if target.shape == scores.shape:
        target = np.moveaxis(target, axis, -1).reshape(-1, scores.shape[axis])
    elif target.shape == places:
        target = target.reshape(-1)
    else:
        last = ": the classes are on axis 1, np.moveaxis(scores, -1, 1)" if target.shape == scores.shape[:-1] else ""
        raise ValueError(
            f"scores {scores.shape} need labels {places} or the scores' own shape; got {target.shape}{last}"
        )
    rows = np.moveaxis(scores, axis, -1).reshape(-1, scores.shape[axis])
    losses = loss(rows, target, reduction=reduction, **settings)
    return losses.reshape(places) if reduction == "none" else losses


# -- of log-probabilities ----------------------------------------------------------------------
def nll_loss(
    log_p: Any, target: Any, *, weight: Any = None, ignore_index: int = -100, reduction: Reduction = "mean"
) -> Any:
    """Negative log-likelihood: the mean over rows of -log_p[i, target[i]].

    log_p (N, C) holds log-probabilities, target labels (N,), integers from 0 to C-1; or they have shapes
    (N, C, d1, ...) and (N, d1, ...), or (C,) and ().  weight, ignore_index and reduction are those of `cross_entropy`,
    which is nll_loss(log_softmax(logits), target).
    Raises ValueError for labels of another shape or outside that range, for probabilities or scores in place of
    log-probabilities and for negative weights, TypeError for labels that are no integers.

    >>> print(nll_loss(np.log([[0.5, 0.5], [0.2, 0.8]]), [0, 1], reduction="sum").round(6))  # -log(0.5) - log(0.8)
    0.916291
    """
    check_reduction(reduction)
    check_given("nll_loss", prediction=log_p, target=target)
    log_p, labels = array_like(log_p), target_like(target)
    if log_p.ndim != 2:
        return by_rows(nll_loss, log_p, labels, reduction, weight=weight, ignore_index=ignore_index)
    some_ignored = check_labels(concrete(log_p), labels, ignore_index)
    refuse_probabilities("nll_loss", concrete(log_p))
    refuse_scores(concrete(log_p))
    if not some_ignored and weight is None:
        return label_nll(log_p, labels, **unless_mean(reduction))
    counts = labels != ignore_index
    labels = np.where(counts, labels, 0)
    each = np.ones(log_p.shape[1:], log_p.dtype) if weight is None else class_weights("nll_loss", weight, log_p)
    each = each[labels] * counts
    if reduction == "mean":  # in which each row weighs as much as its class
        each, reduction = np.divide(each, np.add.reduce(each)), "sum"
    return label_nll(log_p, labels, weight=each, reduction=reduction)


def label_nll(log_p: Any, labels: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
    """-log_p[i, labels[i]], times the weight of each row, as one operation: under half the time of its four parts."""
    losses = -log_p[np.arange(len(labels)), labels]
    if weight is not None:
        losses = np.where(weight == 0, 0, losses) * weight
    return reduced(losses, reduction)


def label_nll_rule(g: Any, out: Any, log_p: Any, labels: Any, weight: Any = None, reduction: Reduction = "mean") -> Any:
    each = -share(g, labels.shape[0], reduction)
    if weight is not None:
        each = each * weight
    return np.transpose(each * (np.arange(log_p.shape[-1])[:, None] == labels))


# -- of scores ---------------------------------------------------------------------------------
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


@plain_settings
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
    Or they have shapes (N, C, d1, ...) and (N, d1, ...), as the pixels of images; or (C,) and ().

    weight           (C,): how much each class counts; a mean over labels is divided by the sum of theirs
    ignore_index     rows with this label count for nothing
    label_smoothing  moves that share of every target to all classes alike (Szegedy et al., 2016)
    reduction        "mean", "sum", or "none" for one loss a row

    The mean is nan where no row counts.
    Raises ValueError for shapes that do not fit, a single class, labels out of range, negative weights and targets, and
    probabilities in place of logits (two rows or more, all of which are 0 or more and sum to 1), TypeError for labels
    that are no integers.

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
    check_given("cross_entropy", prediction=logits, target=target)
    logits = array_like(logits)
    target = target_like(target)
    if logits.ndim != 2:
        settings = {"weight": weight, "ignore_index": ignore_index, "label_smoothing": label_smoothing}
        return by_rows(cross_entropy, logits, target, reduction, **settings)
    if logits.shape[1] == 1:
        raise ValueError(
            f"cross_entropy of one class is 0 whatever its score is; got scores {logits.shape}: give the model an "
            "output for each class, or for yes and no in one output take binary_cross_entropy_with_logits"
        )
    refuse_probabilities_as_logits(concrete(logits))
    if target.ndim == 2 and target.dtype.kind == "f":
        target = beside(logits, target)
        check_probabilities(concrete(logits), concrete(target))
        if weight is not None or label_smoothing:
            weights = 1.0 if weight is None else class_weights("cross_entropy", weight, logits)
            target = smoothed(target, label_smoothing) * weights
    elif check_labels(concrete(logits), target, ignore_index) or weight is not None or label_smoothing:
        target = weighted_labels(concrete(logits), target, weight, ignore_index, label_smoothing, reduction)
        reduction = "sum" if reduction == "mean" else reduction
    return softmax_cross_entropy(logits, target, **unless_mean(reduction))


@aside
def refuse_probabilities_as_logits(x: Any) -> None:
    if are_probabilities(x):
        rows, classes = x.shape
        least = math.log1p((classes - 1) / math.e)
        raise ValueError(
            f"cross_entropy takes logits and applies softmax itself; got probabilities, as all {rows} rows are 0 or "
            f"more and sum to 1. From them no loss below log(1 + {classes - 1}/e) = {least:.4g} can be reached: "
            "pass the logits, or use nll_loss(np.log(p), labels)"
        )


@aside
def check_probabilities(logits: Any, target: Any) -> None:
    if target.shape != logits.shape:
        raise ValueError(
            f"scores (N, C) need probabilities of the same shape, or labels (N,); got {logits.shape} and {target.shape}"
        )
    least = np.minimum.reduce(target, axis=None, initial=0)
    if least < -SLACK:
        raise ValueError(f"cross_entropy takes labels or probabilities as targets; got {least:.6g}, which is neither")


def class_weights(name: str, weight: Any, logits: Any) -> Any:
    """The weight of each class as an array of the scores' dtype."""
    if isinstance(weight, Operand):
        raise TypeError(f"{name} takes a plain weight, which gets no gradient; got {weight!r}")
    weight = np.asarray(weight, np.result_type(logits, np.float32))
    if weight.shape != logits.shape[1:]:
        raise ValueError(f"weight needs one number for each of {logits.shape[1]} classes; got shape {weight.shape}")
    if np.any(weight < 0):
        raise ValueError(f"{name}: the weight of a class is 0 or more; got {weight.min():.6g}")
    return weight


def smoothed(p: Any, share: float) -> Any:
    return (1 - share) * p + share / p.shape[-1]


@aside
def weighted_labels(
    logits: Any, labels: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: Reduction
) -> Any:
    """The weight of each class in each row that stands for these labels, so that a mean over rows is a sum."""
    counts = labels != ignore_index
    rows = np.flatnonzero(counts)
    target = np.zeros(logits.shape, np.result_type(logits, np.float32))
    target[rows, labels[rows]] = 1
    target = smoothed(target, label_smoothing) * counts[:, None]
    total = float(len(rows))
    if weight is not None:
        weight = class_weights("cross_entropy", weight, logits)
        target *= weight
        total = float(np.add.reduce(weight[labels[rows]]))
    if reduction != "mean":
        return target
    return np.divide(target, total)  # a mean in which each row weighs as much as its class


label_nll = differentiable(label_nll, label_nll_rule, None, name="nll_loss")
softmax_cross_entropy = differentiable(
    softmax_cross_entropy, scores_rule, target_rule, analytic=False, keeps=True, name="cross_entropy"
)

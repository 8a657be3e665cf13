"""Losses that ask for a margin: what is right by enough costs nothing and is left alone.

At the margin itself an example still pushes, as in PyTorch, where all but multi_margin_loss cut with a clamp,
which passes the gradient at its bound: two scores that start equal can so be told apart.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from .activations import relu, softplus
from .loss_reduction import (
    Reduction,
    beside,
    check_given,
    check_reduction,
    check_same_shape,
    check_signs,
    compared,
    reduced,
)
from .losses import check_labels, class_weights
from .operand import array_like, concrete, target_like
from .scalars import plain_settings
from .vectors import one_hot


def shortfall(x: Any) -> Any:
    """max(0, x), whose slope at 0 is 1."""
    return np.clip(x, 0, None)


# -- of yes or no ------------------------------------------------------------------------------
def signed(name: str, prediction: Any, target: Any, reduction: Reduction) -> tuple[Any, Any]:
    """The operands of a loss whose targets are -1 and 1."""
    prediction, target = compared(name, prediction, target, reduction)
    check_signs(name, concrete(target))
    return prediction, target


def hinge_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """max(0, 1 - target * prediction), the loss of a support vector machine, for targets -1 and 1.

    prediction holds scores, any real numbers.  The slope is -target as far as the margin and with it, else 0.
    It is np.maximum(0, ...): np.max(0, ...), which some write, takes the second operand for an axis.
    Raises ValueError for other targets and for shapes that differ.

    >>> print(hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], reduction="none"))
    [0.  0.5 2. ]
    """
    prediction, target = signed("hinge_loss", prediction, target, reduction)
    return reduced(shortfall(1 - target * prediction), reduction)


def squared_hinge_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """max(0, 1 - target * prediction)^2: hinge_loss without its kink, and harder on what is far off.

    Raises ValueError for targets other than -1 and 1 and for shapes that differ.
    """
    prediction, target = signed("squared_hinge_loss", prediction, target, reduction)
    return reduced(np.square(shortfall(1 - target * prediction)), reduction)


def soft_margin_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """log(1 + exp(-target * prediction)), never infinite: binary cross-entropy of logits, for targets -1 and 1.

    Raises ValueError for other targets and for shapes that differ.
    """
    prediction, target = signed("soft_margin_loss", prediction, target, reduction)
    return reduced(softplus(-target * prediction), reduction)


@plain_settings
def hinge_embedding_loss(prediction: Any, target: Any, *, margin: float = 1.0, reduction: Reduction = "mean") -> Any:
    """prediction where the target is 1, max(0, margin - prediction) where it is -1, for distances as predictions.

    Despite its name it is not `hinge_loss`: it draws pairs together, and pushes others apart as far as the margin.
    Raises ValueError for targets other than -1 and 1 and for shapes that differ.
    """
    prediction, target = signed("hinge_embedding_loss", prediction, target, reduction)
    return reduced(np.where(concrete(target) == 1, prediction, shortfall(margin - prediction)), reduction)


@plain_settings
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, *, margin: float = 0.0, reduction: Reduction = "mean"
) -> Any:
    """max(0, margin - target * (input1 - input2)): the first is to be larger where target is 1, smaller where -1.

    Raises ValueError for targets other than -1 and 1 and for shapes that differ.
    """
    check_reduction(reduction)
    check_given("margin_ranking_loss", input1=input1, input2=input2, target=target)
    input1 = array_like(input1)
    input2, target = beside(input1, input2), beside(input1, target)
    check_same_shape("margin_ranking_loss", input1=input1, input2=input2, target=target)
    check_signs("margin_ranking_loss", concrete(target))
    return reduced(shortfall(margin - target * (input1 - input2)), reduction)


# -- of one class among several ----------------------------------------------------------------
@plain_settings
def multi_margin_loss(
    prediction: Any,
    target: Any,
    *,
    p: Literal[1, 2] = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: Reduction = "mean",
) -> Any:
    """The sum over wrong classes i of max(0, margin - x[target] + x[i])^p, divided by the number of classes C.

    prediction (N, C) holds the scores x of each row, target (N,) labels from 0 to C-1; weight (C,) counts the rows
    of a class, and a mean is over N, whatever the weights.  At the margin itself the slope is 0.
    Raises ValueError for another p, shapes that do not fit and labels out of range, TypeError for float labels.
    Weston & Watkins, Support vector machines for multi-class pattern recognition (1999).

    >>> print(multi_margin_loss([[3.0, 2.5, 0.0]], [0]))  # (0.5 + 0) / 3
    0.16666666666666666
    """
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss takes p=1 or p=2; got {p!r}")
    check_given("multi_margin_loss", prediction=prediction, target=target)
    x, labels = array_like(prediction), target_like(target)
    check_labels(concrete(x), labels)
    rows, classes = x.shape
    right = x[np.arange(rows), labels]
    wrong = labels[:, None] != np.arange(classes)
    over = np.where(wrong, relu(margin - right[:, None] + x), 0)
    losses = np.sum(over if p == 1 else np.square(over), axis=1) / classes
    return reduced(
        losses if weight is None else losses * class_weights("multi_margin_loss", weight, x)[labels], reduction
    )


def categorical_hinge_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """max(0, 1 - the score of the right class + the largest of the others), as Keras has it.

    prediction (N, C) holds scores; target labels (N,), or one-hot rows (N, C).  As in Keras the right class counts
    with a score of 0 among the others: the largest of them is never below 0.
    Raises ValueError for shapes that do not fit and labels out of range.
    """
    check_reduction(reduction)
    check_given("categorical_hinge_loss", prediction=prediction, target=target)
    x, target = array_like(prediction), target_like(target)
    if x.ndim == 2 and target.ndim == 1:
        check_labels(concrete(x), target)
        target = one_hot(target, x.shape[1])
    target = beside(x, target)
    check_same_shape("categorical_hinge_loss", prediction=x, target=target)
    right, largest = np.sum(target * x, axis=-1), np.max((1 - target) * x, axis=-1)
    return reduced(shortfall(1 - right + largest), reduction)

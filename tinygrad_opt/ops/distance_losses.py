"""Losses of vectors: which are to be near each other, and which far apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..settings import ABOVE_0, number
from .loss_reduction import Reduction, beside, check_given, check_reduction, check_same_shape, check_signs, reduced
from .margin_losses import shortfall
from .norms import vector_norm
from .operand import array_like, concrete
from .scalars import plain_settings
from .vectors import normalize


def cosine_similarity(x1: Any, x2: Any, axis: int = -1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along axis: their product, each divided by max(its length, eps).

    x1 and x2 broadcast: x[:, None] against y[None] gives every pair.  A zero vector has similarity 0, and gets no
    gradient, as it has no direction.

    >>> print(cosine_similarity([[1.0, 0.0], [1.0, 1.0]], [1.0, 0.0]).round(3))
    [1.    0.707]
    """
    return np.sum(normalize(x1, axis, eps) * normalize(x2, axis, eps), axis=axis)


@plain_settings
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, *, margin: float = 0.0, reduction: Reduction = "mean"
) -> Any:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1, cos being their `cosine_similarity`.

    input1 and input2 have shape (N, D) with targets (N,), or (D,) with a single target.  PyTorch adds 1e-12 to the
    squares of both lengths, so that its losses differ by about 1e-12 / length^2.
    Raises ValueError for targets other than -1 and 1 and for shapes that do not fit.
    """
    check_reduction(reduction)
    check_given("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    input1 = array_like(input1)
    input2 = beside(input1, input2)
    check_same_shape("cosine_embedding_loss", input1=input1, input2=input2)
    cosine = cosine_similarity(input1, input2)
    target = beside(cosine, target)
    check_same_shape("cosine_embedding_loss", similarity=cosine, target=target)
    check_signs("cosine_embedding_loss", concrete(target))
    return reduced(np.where(concrete(target) == 1, 1 - cosine, shortfall(cosine - margin)), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), where d(x, y) is the p-norm of x - y + eps.

    The three have shape (N, D), or (D,).  eps keeps d from the point where it has no slope.  swap takes the distance
    of positive and negative for that of anchor and negative where it is the smaller one (Balntas et al., 2016).
    Raises ValueError for shapes that differ, and for a margin, p or eps that is not positive.
    Schroff et al., FaceNet (2015), takes the squares of these distances.
    """
    check_reduction(reduction)
    margin, eps = (number("triplet_margin_loss", *named, ABOVE_0) for named in (("margin", margin), ("eps", eps)))
    if not p > 0:
        raise ValueError(f"triplet_margin_loss: p must be a number above 0, or inf; got {p!r}")
    check_given("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    anchor = array_like(anchor)
    positive, negative = beside(anchor, positive), beside(anchor, negative)
    check_same_shape("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    apart = distance(anchor, negative, p, eps)
    if swap:
        apart = np.minimum(apart, distance(positive, negative, p, eps))
    return reduced(shortfall(distance(anchor, positive, p, eps) - apart + margin), reduction)


def distance(x: Any, y: Any, p: float, eps: float) -> Any:
    return vector_norm(x - y + eps, axis=-1, ord=p)

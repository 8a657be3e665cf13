"""Losses that are minus the logarithm of a likelihood, or a difference of two, up to a constant."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ..settings import ABOVE_0, number
from .aside import aside
from .loss_reduction import Reduction, beside, broadcasts, check_same_shape, compared, reduced
from .losses import refuse_probabilities
from .operand import concrete
from .scalars import plain_settings


def kl_div(
    prediction: Any,
    target: Any,
    *,
    log_target: bool = False,
    reduction: Reduction | Literal["batchmean"] = "mean",
) -> Any:
    """Kullback-Leibler divergence, entry by entry: target * (log(target) - prediction), prediction a log-probability.

    target holds probabilities, or with log_target their logarithms.  reduction "mean" divides by the number of all
    entries; "batchmean" divides by that of rows, which is the divergence.  Where the target is 0 nothing is added, and
    no gradient comes.
    Raises ValueError for shapes that differ, and for rows of probabilities in place of their logarithms.

    >>> import numpy as np
    >>> p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> print(kl_div(np.log(q), p, reduction="batchmean").round(6))  # log(2) / 2 + log(2 / 3) / 2
    0.143841
    """
    by_rows = reduction == "batchmean"
    log_q, target = compared("kl_div", prediction, target, "sum" if by_rows else reduction)
    if log_q.ndim == 2:
        refuse_probabilities("kl_div", concrete(log_q))
    p, log_p = (np.exp(target), target) if log_target else (target, np.log(target + (concrete(target) == 0)))
    nothing = concrete(p) == 0
    losses = p * (np.where(nothing, 0, log_p) - np.where(nothing, 0, log_q))
    return reduced(losses, "sum") / len(losses) if by_rows else reduced(losses, reduction)


@plain_settings
def poisson_nll_loss(
    prediction: Any,
    target: Any,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: Reduction = "mean",
) -> Any:
    """Of counts that follow Poisson's law with the predicted mean: mean - target * log(mean).

    log_input  the prediction is log(mean), any real number: exp(prediction) - target * prediction; otherwise it is
               the mean itself, to which eps is added in the logarithm
    full       adds Stirling's approximation of log(target!), a constant, where target > 1
    Raises ValueError for shapes that differ.
    """
    prediction, target = compared("poisson_nll_loss", prediction, target, reduction)
    mean, log_mean = (np.exp(prediction), prediction) if log_input else (prediction, np.log(prediction + eps))
    losses = mean - target * log_mean
    return reduced(losses + stirling(target) if full else losses, reduction)


def stirling(n: Any) -> Any:
    """Stirling's approximation of log(n!), and 0 up to n = 1."""
    large = np.where(n > 1, n, 1)
    return np.where(n > 1, large * np.log(large) - large + 0.5 * np.log(2 * math.pi * large), 0)


def gaussian_nll_loss(
    prediction: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean"
) -> Any:
    """Of numbers that scatter normally about the prediction: (log(var) + (prediction - target)^2 / var) / 2.

    var, the variance, has the prediction's shape (N, D), or is one a row, (N,) or (N, 1), one a column, (1, D), or a
    single number.  It counts as eps where it is smaller, but gets the gradient that it would have there, so that it
    can grow again.  full adds log(2 pi) / 2, a constant.
    Raises ValueError for shapes that do not fit, a negative var and an eps that is not positive.
    Nix & Weigend, Estimating the mean and variance of the target probability distribution (1994).
    """
    eps = number("gaussian_nll_loss", "eps", eps, ABOVE_0)
    prediction, target = compared("gaussian_nll_loss", prediction, target, reduction)
    var = beside(prediction, var)
    if np.shape(var) == prediction.shape[:-1]:
        var = np.expand_dims(var, -1)
    elif np.ndim(var) not in (0, prediction.ndim) or not broadcasts(np.shape(var), prediction.shape):
        check_same_shape("gaussian_nll_loss", prediction=prediction, var=var)
    check_variance(concrete(var))
    var = var + np.maximum(eps - concrete(var), 0)
    losses = (np.log(var) + np.square(prediction - target) / var) / 2
    return reduced(losses + math.log(2 * math.pi) / 2 if full else losses, reduction)


@aside
def check_variance(var: Any) -> None:
    if np.any(var < 0):
        raise ValueError(f"gaussian_nll_loss needs a variance of 0 or more; got {np.min(var):.6g}")

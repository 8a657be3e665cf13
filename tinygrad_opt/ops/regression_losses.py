"""Losses of numbers: how far a prediction is from its target.

Each compares entry by entry, in one shape, and a mean is over all entries.  Where the prediction is
right every gradient is 0, that of |x| too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..settings import ABOVE_0, AT_LEAST_0, number
from .loss_reduction import Reduction, compared, reduced, share, unless_mean
from .rules import differentiable


# -- squares -----------------------------------------------------------------------------------
def squared_error(prediction: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """(prediction - target)^2 and its reduction as one operation: half the time of three, at 100 entries."""
    return reduced(np.square(prediction - target), reduction)


def squared_error_rule(g: Any, out: Any, prediction: Any, target: Any, reduction: Reduction = "mean") -> Any:
    return 2 * share(g, np.size(prediction), reduction) * (prediction - target)


squared_error = differentiable(
    squared_error,
    squared_error_rule,
    lambda g, out, prediction, target, reduction="mean": -squared_error_rule(g, out, prediction, target, reduction),
)


def mse_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """Mean squared error: the mean of (prediction - target)^2.  The gradient is 2 (prediction - target) / N.

    target has the prediction's shape; reduction is "mean", "sum", or "none" for one loss an entry.
    Raises ValueError for shapes that differ, which would broadcast.

    >>> from tinygrad_opt import Value
    >>> prediction = Value([30.0, 80.0, 85.0])
    >>> loss = mse_loss(prediction, [90.0, 20.0, 95.0])  # (3600 + 3600 + 100) / 3
    >>> loss.backward()
    >>> print(round(loss.data, 2), prediction.grad.round(2))
    2433.33 [-40.    40.    -6.67]
    """
    prediction, target = compared("mse_loss", prediction, target, reduction)
    return squared_error(prediction, target, **unless_mean(reduction))


def half_mse_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """Half of `mse_loss`, the cost 1/(2m) sum (prediction - target)^2 of linear regression: no 2 in its gradient.

    >>> print(half_mse_loss([3.0, 1.0], [1.0, 1.0]))
    1.0
    """
    prediction, target = compared("half_mse_loss", prediction, target, reduction)
    return squared_error(prediction, target, **unless_mean(reduction)) / 2


# -- distances ---------------------------------------------------------------------------------
def l1_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """Mean absolute error: the mean of |prediction - target|; its slope where they are equal is 0.

    Least at the median of the targets, where mse_loss is least at their mean.
    Raises ValueError for shapes that differ.
    """
    prediction, target = compared("l1_loss", prediction, target, reduction)
    return reduced(np.abs(prediction - target), reduction)


def huber(error: Any, delta: float) -> Any:
    """error^2 / 2 as far as delta, and from there the straight line that goes on with its slope."""
    near = np.clip(error, -delta, delta)
    return near * (error - near / 2)


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: Reduction = "mean") -> Any:
    """error^2 / 2 where |error| <= delta, else delta (|error| - delta / 2): an outlier pulls no harder than delta.

    Raises ValueError for shapes that differ and for a delta that is not positive.
    Huber, Robust estimation of a location parameter (1964).

    >>> print(huber_loss([0.5, 3.0], [0.0, 0.0], reduction="none"))
    [0.125 2.5  ]
    """
    delta = number("huber_loss", "delta", delta, ABOVE_0)
    prediction, target = compared("huber_loss", prediction, target, reduction)
    return reduced(huber(prediction - target, delta), reduction)


def smooth_l1_loss(prediction: Any, target: Any, *, beta: float = 1.0, reduction: Reduction = "mean") -> Any:
    """huber_loss with delta = beta, divided by beta: |error| - beta / 2 beyond beta, and l1_loss for beta = 0.

    Raises ValueError for shapes that differ and for a negative beta.  Girshick, Fast R-CNN (2015), equation 3.
    """
    beta = number("smooth_l1_loss", "beta", beta, AT_LEAST_0)
    prediction, target = compared("smooth_l1_loss", prediction, target, reduction)
    error = prediction - target
    return reduced(huber(error, beta) / beta if beta else np.abs(error), reduction)


FLAT = 20.0  # beyond it log(cosh(x)) is |x| - log(2), in every digit of a float64


def log_cosh_loss(prediction: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """log(cosh(error)): about error^2 / 2 near 0, |error| - log(2) far from it, and tanh(error) for its slope.

    It is log(1 + 2 sinh(error / 2)^2), which neither overflows nor cancels as far as 20, and a straight line beyond.
    Raises ValueError for shapes that differ.

    >>> print(log_cosh_loss([1e-6, 1000.0], [0.0, 0.0], reduction="none"))
    [5.00000000e-13 9.99306853e+02]
    """
    prediction, target = compared("log_cosh_loss", prediction, target, reduction)
    error = prediction - target
    near = np.clip(error, -FLAT, FLAT)
    return reduced(np.log1p(2 * np.square(np.sinh(near / 2))) + np.abs(error - near), reduction)


# -- relative to the target --------------------------------------------------------------------
EPSILON = 1e-7


def mean_absolute_percentage_error(
    prediction: Any, target: Any, *, eps: float = EPSILON, reduction: Reduction = "mean"
) -> Any:
    """100 |target - prediction| / max(|target|, eps): the error in percent, as Keras has it.

    A target of 0 costs 100 / eps a unit: leave those out, or take another loss.
    Raises ValueError for shapes that differ and for an eps that is not positive.

    >>> print(mean_absolute_percentage_error([90.0, 11.0], [100.0, 10.0]))
    10.0
    """
    eps = number("mean_absolute_percentage_error", "eps", eps, ABOVE_0)
    prediction, target = compared("mean_absolute_percentage_error", prediction, target, reduction)
    return reduced(100 * np.abs((target - prediction) / np.maximum(np.abs(target), eps)), reduction)


def mean_squared_logarithmic_error(
    prediction: Any, target: Any, *, eps: float = EPSILON, reduction: Reduction = "mean"
) -> Any:
    """(log(1 + target) - log(1 + prediction))^2, both taken no lower than eps, as Keras has it.

    It compares ratios: 2 for 1 costs little less than 2000 for 1000.  A prediction below eps gets no gradient.
    Raises ValueError for shapes that differ and for an eps that is not positive.
    """
    eps = number("mean_squared_logarithmic_error", "eps", eps, ABOVE_0)
    prediction, target = compared("mean_squared_logarithmic_error", prediction, target, reduction)
    of_target, of_prediction = (np.log1p(np.maximum(x, eps)) for x in (target, prediction))
    return squared_error(of_prediction, of_target, **unless_mean(reduction))

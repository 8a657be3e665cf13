"""Statistics that are written in sums and other reductions, those that leave out nan among them.

An entry that is nan gets a gradient of 0 from them, and so do all entries where nothing else is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .rules import composed
from .shapes import Axes, positions


@composed(np.ptp)
def ptp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims) - np.min(x, axis=axis, keepdims=keepdims)


@composed(np.average)
def average(x: Any, axis: Axes = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """The mean, or sum(weights * x) / sum(weights); the weights may be Values too."""
    if axis is not None:
        normalize_axis_tuple(axis, np.ndim(x), "np.average")  # refuses an axis that is not there
    if weights is None:
        weights = np.ones_like(x)
    elif np.shape(weights) != np.shape(x):
        weights = aligned(weights, np.shape(x), axis)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    if np.any(total == 0):
        raise ZeroDivisionError("np.average: the weights add up to 0; give others, or use np.sum")
    total = np.broadcast_to(total, np.shape(np.sum(x, axis=axis, keepdims=keepdims)))
    out = np.sum(weights * x, axis=axis, keepdims=keepdims) / total
    return (out, total) if returned else out


def aligned(weights: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """The weights of some axes, in the order given, as an array that stands beside x."""
    given = None if axis is None else tuple(shape[i] for i in positions(axis, len(shape)))
    if np.shape(weights) != given:
        raise ValueError(
            f"np.average: weights have the shape of x, {shape}, or of the axes averaged over; "
            f"got {np.shape(weights)} with axis={axis}"
        )
    axes = positions(axis, len(shape))
    in_order = np.transpose(weights, np.argsort(axes).tolist())
    return np.broadcast_to(np.expand_dims(in_order, tuple(i for i in range(len(shape)) if i not in axes)), shape)


# -- without the nans --------------------------------------------------------------------------
def known(x: Any, axis: Axes, keepdims: bool) -> Any:
    """How many entries are not nan, in the dtype of x."""
    return np.sum(~np.isnan(x), axis=axis, keepdims=keepdims, dtype=np.result_type(x))


@composed(np.nansum)
def nansum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return np.sum(np.where(np.isnan(x), 0, x), axis=axis, keepdims=keepdims)


@composed(np.nanprod)
def nanprod(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return np.prod(np.where(np.isnan(x), 1, x), axis=axis, keepdims=keepdims)


@composed(np.nanmean)
def nanmean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return np.nansum(x, axis=axis, keepdims=keepdims) / known(x, axis, keepdims)


@composed(np.nanvar)
def nanvar(x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    deviation = np.where(np.isnan(x), 0, x - np.nanmean(x, axis=axis, keepdims=True))
    return np.sum(np.square(deviation), axis=axis, keepdims=keepdims) / (known(x, axis, keepdims) - ddof)


@composed(np.nanstd)
def nanstd(x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The root of np.nanvar; that of equal numbers is flat, as in np.std."""
    variance = np.nanvar(x, axis=axis, ddof=ddof, keepdims=keepdims)
    return np.where(variance == 0, 0, np.sqrt(np.where(variance == 0, 1, variance)))


@composed(np.nanmax)
def nanmax(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    largest = np.max(np.where(np.isnan(x), -np.inf, x), axis=axis, keepdims=keepdims)
    return np.where(np.all(np.isnan(x), axis=axis, keepdims=keepdims), np.nan, largest)


@composed(np.nanmin)
def nanmin(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    return -np.nanmax(-x, axis=axis, keepdims=keepdims)


# -- how variables go together -----------------------------------------------------------------
@composed(np.cov)
def cov(x: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """The covariance matrix of the variables in the rows of x and y, or in their columns."""
    variables = [in_rows(m, rowvar) for m in (x, y) if m is not None]
    joined = np.concatenate(variables, axis=0) if len(variables) > 1 else variables[0]
    deviation = joined - np.mean(joined, axis=1, keepdims=True)
    fewer = (0 if bias else 1) if ddof is None else ddof
    return np.squeeze(deviation @ deviation.T / (np.shape(joined)[1] - fewer))


def in_rows(m: Any, rowvar: bool) -> Any:
    """Variables as the rows of a matrix; a vector is one variable."""
    if np.ndim(m) > 2:
        raise ValueError(f"np.cov takes one variable, or a matrix of them; got shape {np.shape(m)}")
    return np.transpose(m) if np.ndim(m) == 2 and not rowvar else np.atleast_2d(m)


@composed(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    covariance = np.cov(x, y, rowvar)
    if np.ndim(covariance) == 0:
        return covariance / covariance
    spread = np.sqrt(np.diagonal(covariance))
    return np.clip(covariance / np.expand_dims(spread, 1) / spread, -1, 1)

"""Statistics composed of reductions: values, slopes of both orders, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import assert_agrees, entries
from refusals import Refusals, refused

from tinygrad_opt import Value

a, c, line = entries(2, 3), entries(2, 4, 3), entries(5)


def with_nans(f: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    """f of x with some entries unknown."""

    def call(x: Any) -> Any:
        unknown = np.zeros(np.shape(x), bool)
        unknown[0, :2] = True
        return f(np.where(unknown, np.nan, x), **settings)

    return call


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "ptp": (np.ptp, (a,)),
    "ptp along an axis": (lambda x: np.ptp(x, axis=(0, -1), keepdims=True), (c,)),
    "average": (np.average, (a,)),
    "average by weights": (lambda x, w: np.average(x, weights=w), (a, a * a + 1)),
    "average by weights of an axis": (lambda x, w: np.average(x, axis=1, weights=w), (c, line[:4] + 4)),
    "average by weights of axes": (lambda x, w: np.average(x, axis=(2, 0), weights=w), (c, entries(3, 2) + 4)),
    "average and the sum of weights": (
        lambda x, w: np.average(x, axis=-1, weights=w, returned=True, keepdims=True), (a, entries(3) + 4)),
    "nansum": (with_nans(np.nansum, axis=0), (a,)),
    "nanprod": (with_nans(np.nanprod), (a,)),
    "nanmean": (with_nans(np.nanmean, axis=1, keepdims=True), (a,)),
    "nanvar": (with_nans(np.nanvar, ddof=1), (a,)),
    "nanvar of rows": (with_nans(np.nanvar, axis=-1), (entries(2, 5),)),
    "nanstd": (with_nans(np.nanstd, axis=1, keepdims=True), (entries(2, 5),)),
    "nanmax": (with_nans(np.nanmax, axis=1), (a,)),
    "nanmin": (with_nans(np.nanmin, keepdims=True), (a,)),
    "cov": (np.cov, (entries(3, 4),)),
    "cov of columns": (lambda x: np.cov(x, rowvar=False, bias=True), (entries(4, 2),)),
    "cov of two": (lambda x, y: np.cov(x, y, ddof=0), (line, line * line)),
    "cov of one": (np.cov, (line,)),
    "corrcoef": (np.corrcoef, (entries(3, 4),)),
    "corrcoef of two": (lambda x, y: np.corrcoef(x, y), (line, line * line)),
    "corrcoef of one": (np.corrcoef, (line,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_composition_is_numpys_function_with_its_slopes(name: str) -> None:
    f, points = CASES[name]
    assert_agrees(f, *points)


v = Value
REFUSED: Refusals = {
    "weights that add up to nothing": (
        lambda: np.average(v([1.0, 2.0]), weights=[1, -1]), ZeroDivisionError,
        "np.average: the weights add up to 0; give others, or use np.sum"),
    "weights of another shape": (
        lambda: np.average(v(a), axis=1, weights=[1, 2]), ValueError,
        "np.average: weights have the shape of x, (2, 3), or of the axes averaged over; got (2,) with axis=1"),
    "weights without an axis": (
        lambda: np.average(v(a), weights=[1, 2, 3]), ValueError,
        "np.average: weights have the shape of x, (2, 3), or of the axes averaged over; got (3,) with axis=None"),
    "axis": (
        lambda: np.nanmean(v(a), axis=2), np.exceptions.AxisError,
        "sum of shape (2, 3), axis=2, keepdims=False: axis 2 is out of bounds for array of dimension 2"),
    "cov of a stack": (
        lambda: np.cov(v(c)), ValueError, "np.cov takes one variable, or a matrix of them; got shape (2, 4, 3)"),
    "where without nan": (
        lambda: np.nansum(v(a), where=a > 0), TypeError,
        "np.nansum on a Value takes x, axis, keepdims; got where=. Leave it out, or compute on .data"),
    "where": (
        lambda: np.sum(v(a), where=a > 0), TypeError,
        "sum on a Value takes axis, keepdims; got where=. Leave it out, or compute on .data"),
    "initial": (
        lambda: np.max(v(a), initial=0), TypeError,
        "max on a Value takes axis, keepdims; got initial=. Leave it out, or compute on .data"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said(name: str) -> None:
    call, kind, text = REFUSED[name]
    assert refused(call, kind) == text

"""Calls at the edge of what a function is for: lists, whole numbers, axes and settings that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value
from tinygrad_opt import functional as F

LISTS: dict[str, Callable[[Any], Any]] = {
    "hardsigmoid": F.hardsigmoid,
    "threshold": lambda x: F.threshold(x, 0.5, 2),
    "celu": F.celu,
    "expm": F.expm,
    "solve_triangular": lambda x: F.solve_triangular(x, [1, 2]),
    "rms_norm": lambda x: F.rms_norm(x, 2),
    "dropout": lambda x: F.dropout(x, training=False),
    "max_pool2d": lambda x: F.max_pool2d([[x]], 2),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_whole_numbers_is_an_array_of_floats(name: str) -> None:
    x = [[1, 2], [0, 4]]
    of_floats = [[[[1.0, 2.0], [0.0, 4.0]]]] if name == "max_pool2d" else [[1.0, 2.0], [0.0, 4.0]]
    call = (lambda v: F.max_pool2d(v, 2)) if name == "max_pool2d" else LISTS[name]
    np.testing.assert_array_equal(LISTS[name](x), call(np.array(of_floats)))


def test_pooling_of_single_precision_stays_so() -> None:
    assert F.max_pool2d(Value(np.ones((1, 1, 2, 2), np.float32)), 2).dtype == np.float32


def line() -> Value:
    return Value([1.0, 2.0, 3.0])


def table() -> Value:
    return Value(np.ones((2, 3)))


REFUSED: Refusals = {
    "diff 1.5 times": (
        lambda: np.diff(line(), 1.5), ValueError,
        "np.diff is taken a whole number of times, 0 or more; got n=1.5"),
    "the 1.5 largest": (
        lambda: F.topk(line(), 1.5), ValueError,
        "topk takes a whole k from 0 to 3, the length of axis 0 of shape (3,); got 1.5"),
    "partition beyond": (
        lambda: np.partition(line(), 5), ValueError,
        "np.partition: kth must be from -3 to 2, the places of 3 entries; got 5"),
    "partition axis": (
        lambda: np.partition(line(), 1, axis=4), np.exceptions.AxisError,
        "np.partition: axis 4 is out of bounds for array of dimension 1"),
    "quantile in words": (
        lambda: np.quantile(line(), "half"), TypeError,
        "np.quantile takes numbers from 0 to 1 for q; got 'half'"),
    "average axis": (
        lambda: np.average(table(), axis=5), np.exceptions.AxisError,
        "np.average: axis 5 is out of bounds for array of dimension 2"),
    "delete axis": (
        lambda: np.delete(table(), 1, axis=5), np.exceptions.AxisError,
        "np.delete: axis 5 is out of bounds for array of dimension 2"),
    "triangle of a table": (
        lambda: F.solve_triangular(table(), line()), ValueError,
        "solve_triangular takes square matrices, in the last two axes; got shape (2, 3)"),
    "triangle of a line": (
        lambda: F.solve_triangular(line(), line()), ValueError,
        "solve_triangular takes square matrices, in the last two axes; got shape (3,)"),
    "half an exponent": (
        lambda: np.linalg.matrix_power(Value(np.eye(2)), 0.5), ValueError,
        "matrix_power takes a whole exponent; got n=0.5"),
    "a label alone": (
        lambda: F.nll_loss(table(), 1), ValueError,
        "scores (N, C) need labels (N,), one a row; got (2, 3) and ()"),
    "layers of 3.0": (
        lambda: F.layer_norm(Value(np.ones((2, 2))), 3.0), ValueError,
        "layer_norm over (3.0,) needs entries whose last axes are (3.0,); got shape (2, 2)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said(name: str) -> None:
    call, error, words = REFUSED[name]
    assert refused(call, error) == words

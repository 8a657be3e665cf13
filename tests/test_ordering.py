"""What is read from sorted entries, and running sums: values, slopes of both orders, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import assert_agrees, entries
from refusals import Refusals, refused

from tinygrad_opt import Value
from tinygrad_opt.functional import topk

a, c, line = entries(2, 3), entries(2, 4, 3), entries(5)

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "median": (np.median, (line,)),
    "median of an even number": (np.median, (a,)),
    "median of one": (np.median, (1.5,)),
    "median along an axis": (lambda x: np.median(x, axis=-2), (c,)),
    "median along axes": (lambda x: np.median(x, axis=(0, 2), keepdims=True), (c,)),
    "quantile": (lambda x: np.quantile(x, 0.3), (line,)),
    "quantile at an entry": (lambda x: np.quantile(x, 0.25), (line,)),
    "quantiles": (lambda x: np.quantile(x, [0, 0.5, 0.77, 1], axis=1), (c,)),
    "quantiles in a matrix": (lambda x: np.quantile(x, [[0.1], [0.9]], axis=(0, 1), keepdims=True), (c,)),
    "percentile": (lambda x: np.percentile(x, [12.5, 60], axis=0), (a,)),
    "partition": (lambda x: np.sort(np.partition(x, 2)[:3]), (line,)),
    "partition along an axis": (lambda x: np.partition(x, 1, axis=0)[1], (a,)),
    "partition all": (lambda x: np.partition(x, (1, 3), axis=None)[1:4], (a,)),
    "unique": (np.unique, (line,)),
    "unique of a matrix": (lambda x: np.unique(x, return_inverse=True)[0], (a,)),
    "topk": (lambda x: topk(x, 3)[0], (line,)),
    "smallest of an axis": (lambda x: topk(x, 2, axis=1, largest=False)[0], (c,)),
    "topk of none": (lambda x: topk(x, 0)[0], (a,)),
    "sort by kind": (lambda x: np.sort(x, kind="stable"), (a,)),
    "diff": (np.diff, (a,)),
    "diff twice": (lambda x: np.diff(x, 2, axis=0), (entries(4, 2),)),
    "diff of nothing": (lambda x: np.diff(x, n=0), (a,)),
    "diff more often than there are entries": (lambda x: np.diff(x, n=9), (a,)),
    "diff with ends": (lambda x, y, z: np.diff(x, prepend=y, append=z), (a, 1.5, entries(2, 2))),
    "ediff1d": (np.ediff1d, (a,)),
    "ediff1d with ends": (lambda x, y: np.ediff1d(x, to_end=y, to_begin=np.float32([1, 2])), (a, 1.5)),
    "trapezoid": (np.trapezoid, (line,)),
    "trapezoid by steps": (lambda y, dx: np.trapezoid(y, dx=dx, axis=0), (a, 0.5)),
    "trapezoid over places": (lambda y, x: np.trapezoid(y, x), (a, entries(3))),
    "trapezoid over places of an axis": (lambda y, x: np.trapezoid(y, x, axis=1), (c, entries(4))),
    "trapezoid over places of each": (lambda y, x: np.trapezoid(y, x, axis=0), (a, a * a)),
    "add.accumulate": (lambda x: np.add.accumulate(x, axis=1), (a,)),
    "multiply.accumulate": (np.multiply.accumulate, (a,)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_composition_is_numpys_function_with_its_slopes(name: str) -> None:
    f, points = CASES[name]
    assert_agrees(f, *points)


def test_topk_gives_plain_indices_first_come_first_served() -> None:
    x = np.array([[2.0, 3.0, 3.0, 1.0], [0.0, 0.0, -1.0, 0.0]])
    values, indices = topk(Value(x), 3)
    np.testing.assert_array_equal(indices, [[1, 2, 0], [0, 1, 3]])
    np.testing.assert_array_equal(values.data, np.take_along_axis(x, indices, 1))
    assert not isinstance(indices, Value)
    smallest, where = topk(x, 2, axis=0, largest=False)
    np.testing.assert_array_equal(smallest, np.sort(x, axis=0))
    np.testing.assert_array_equal(where[:, 0], [1, 0])
    np.testing.assert_array_equal(topk([1, 3, 2], 2), [[3, 2], [1, 2]])


v = Value
REFUSED: Refusals = {
    "sort axis": (
        lambda: np.sort(v(a), 2), np.exceptions.AxisError,
        "sort of shape (2, 3), axis=2: axis 2 is out of bounds for array of dimension 2"),
    "sort of a number": (
        lambda: np.sort(v(1.0)), np.exceptions.AxisError,
        "sort of shape (): axis -1 is out of bounds for array of dimension 0"),
    "cumsum axis": (
        lambda: np.cumsum(v(line), 1), np.exceptions.AxisError,
        "cumsum of shape (5,), axis=1: axis 1 is out of bounds for array of dimension 1"),
    "cumsum dtype": (
        lambda: np.cumsum(v(line), dtype=int), TypeError,
        "cumsum on a Value takes axis; got dtype=. Leave it out, or compute on .data"),
    "diff axis": (
        lambda: np.diff(v(line), axis=1), np.exceptions.AxisError,
        "np.diff: axis 1 is out of bounds for array of dimension 1"),
    "diff times": (
        lambda: np.diff(v(line), -1), ValueError,
        "np.diff is taken a whole number of times, 0 or more; got n=-1"),
    "trapezoid places": (
        lambda: np.trapezoid(v(a), [1, 2]), ValueError,
        "np.trapezoid needs a place for each value along axis 1: 3; got 2"),
    "topk of too many": (
        lambda: topk(v(a), 4), ValueError,
        "topk takes a whole k from 0 to 3, the length of axis 1 of shape (2, 3); got 4"),
    "topk axis": (
        lambda: topk(v(a), 1, axis=2), np.exceptions.AxisError,
        "topk: axis 2 is out of bounds for array of dimension 2"),
    "quantile of a Value": (
        lambda: np.quantile(line, v(0.5)), TypeError,
        "np.quantile takes a plain q, which gets no gradient; got a Value: use its .data"),
    "quantile beyond": (
        lambda: np.quantile(v(line), [0.5, 1.5]), ValueError, "np.quantile takes q from 0 to 1; got [0.5, 1.5]"),
    "percentile beyond": (
        lambda: np.percentile(v(line), -1), ValueError, "np.percentile takes q from 0 to 100; got -1"),
    "quantile method": (
        lambda: np.quantile(v(line), 0.5, method="lower"), ValueError,
        "np.quantile on a Value takes method=\"linear\" only; got 'lower': compute others on .data"),
    "quantile axis": (
        lambda: np.quantile(v(line), 0.5, axis=1), np.exceptions.AxisError,
        "np.quantile: axis 1 is out of bounds for array of dimension 1"),
    "median axis": (
        lambda: np.median(v(line), axis=1), np.exceptions.AxisError,
        "np.median: axis 1 is out of bounds for array of dimension 1"),
    "median of nothing": (
        lambda: np.median(v(np.zeros((2, 0))), axis=1), ValueError,
        "np.median of no entries is not defined; got shape (2, 0)"),
    "quantile of nothing": (
        lambda: np.quantile(v(np.zeros(0)), 0.5), ValueError,
        "np.quantile of no entries is not defined; got shape (0,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said(name: str) -> None:
    call, kind, text = REFUSED[name]
    assert refused(call, kind) == text


def test_a_value_in_several_places_hands_its_gradient_to_the_first() -> None:
    x = Value([3.0, 1.0, 3.0])
    values, index, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(values.data, [1, 3])
    assert [list(part) for part in (index, inverse, counts)] == [[1, 0], [1, 0, 1], [1, 2]]
    values.backward(np.array([10.0, 1.0]))
    np.testing.assert_array_equal(x.grad, [1, 10, 0])

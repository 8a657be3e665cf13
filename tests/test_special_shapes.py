"""The documented conventions of sorting, scanning, joining and reducing: ties, zeros, unknowns and nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from derivatives import gradient

from tinygrad_opt import Value, explain, grad
from tinygrad_opt.functional import topk

inf, nan = np.inf, np.nan


# -- ties --------------------------------------------------------------------------------------
def test_a_sort_keeps_equal_entries_in_their_order() -> None:
    x = Value([2.0, 1.0, 2.0, 1.0])
    np.sort(x).backward([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(x.grad, [3, 1, 4, 2])


def test_topk_gives_a_tie_to_the_first() -> None:
    np.testing.assert_array_equal(gradient(lambda v: topk(v, 2)[0], [1.0, 5.0, 5.0, 5.0]), [0, 1, 1, 0])
    np.testing.assert_array_equal(gradient(lambda v: topk(v, 2, largest=False)[0], [5.0, 1.0, 1.0, 1.0]), [0, 1, 1, 0])


def test_a_median_between_two_entries_gives_each_half() -> None:
    np.testing.assert_array_equal(gradient(np.median, [4.0, 1.0, 3.0, 2.0]), [0, 0, 0.5, 0.5])
    np.testing.assert_array_equal(gradient(np.median, [4.0, 1.0, 3.0]), [0, 0, 1])
    np.testing.assert_array_equal(gradient(np.median, [2.0, 2.0, 2.0]), [0, 1, 0])


def test_a_quantile_gives_by_its_distance_from_both_neighbours() -> None:
    np.testing.assert_allclose(gradient(lambda v: np.quantile(v, 0.25), [3.0, 1.0, 2.0]), [0, 0.5, 0.5])
    np.testing.assert_array_equal(gradient(lambda v: np.percentile(v, 50), [3.0, 1.0, 2.0]), [0, 0, 1])
    np.testing.assert_array_equal(gradient(lambda v: np.quantile(v, [0, 1]), [3.0, 1.0, 2.0]), [1, 1, 0])


# -- zeros in products -------------------------------------------------------------------------
@pytest.mark.parametrize("zeros", [(), (1,), (0, 2), (1, 2, 4), (0, 1, 2, 3, 4)])
def test_a_running_product_is_exact_with_any_number_of_zeros(zeros: tuple[int, ...]) -> None:
    x = np.array([2.0, 3.0, 5.0, 7.0, 11.0])
    x[list(zeros)] = 0
    g = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    slopes = [sum(g[k] * np.prod(np.delete(x[: k + 1], i)) for k in range(i, 5)) for i in range(5)]
    v = Value(x)
    np.cumprod(v).backward(g, create_graph=True)
    np.testing.assert_array_equal(v.grad.data, slopes)
    first, v.grad = v.grad, None
    np.sum(first).backward()
    bends = [
        sum(g[k] * np.prod(np.delete(x[: k + 1], [i, j])) for j in range(5) if j != i for k in range(max(i, j), 5))
        for i in range(5)
    ]
    np.testing.assert_array_equal(v.grad, bends)


# -- nan and infinity --------------------------------------------------------------------------
@pytest.mark.parametrize("fn", [np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanprod, np.nanmax, np.nanmin])
def test_an_unknown_entry_gets_nothing(fn: Any) -> None:
    found = gradient(fn, [1.0, nan, 3.0])
    assert found[1] == 0
    np.testing.assert_allclose(found[[0, 2]], gradient(fn, [1.0, 3.0]))


@pytest.mark.parametrize("fn", [np.nanmean, np.nanvar, np.nanmax, np.nanmin])
def test_where_nothing_is_known_the_result_is_nan_and_flat(fn: Any) -> None:
    leaf = Value([[nan, nan], [1.0, 2.0]])
    with np.errstate(all="ignore"):
        out = fn(leaf, axis=1)
        np.sum(out).backward()
    np.testing.assert_array_equal(np.isnan(out.data), [True, False])
    np.testing.assert_array_equal(leaf.grad[0], [0, 0])
    assert np.all(np.isfinite(leaf.grad))


def test_equal_known_numbers_have_a_flat_deviation() -> None:
    np.testing.assert_array_equal(gradient(np.nanstd, [5.0, nan, 5.0]), [0, 0, 0])


def test_median_and_quantile_of_an_unknown_entry_are_nan_and_flat() -> None:
    x = np.array([[1.0, nan, 2.0], [3.0, 1.0, 2.0]])
    for f in (lambda v: np.median(v, axis=1), lambda v: np.quantile(v, [0.0, 0.5], axis=1)):
        leaf = Value(x)
        out = f(leaf)
        np.testing.assert_array_equal(out.data, f(x))
        np.sum(out).backward()
        np.testing.assert_array_equal(leaf.grad[0], [0, 0, 0])


def test_infinite_entries_are_ranked_like_others() -> None:
    assert np.median(Value([inf, inf, 1.0])).data == inf
    assert np.median(Value([inf, inf])).data == inf
    np.testing.assert_array_equal(np.quantile(Value([inf, 1.0, 2.0]), [0.5, 1]).data, [2, inf])
    np.testing.assert_array_equal(np.sort(Value([nan, -inf, inf, 0.0])).data, [-inf, 0, inf, nan])
    np.testing.assert_array_equal(topk(Value([1.0, nan, inf]), 2)[1], [1, 2])


# -- variance ----------------------------------------------------------------------------------
def test_the_variance_of_large_numbers_is_taken_about_their_mean() -> None:
    x = 1e9 + np.array([1.0, 2.0, 3.0])
    assert np.var(Value(x)).data == pytest.approx(2 / 3)
    np.testing.assert_allclose(gradient(np.var, x), [-2 / 3, 0, 2 / 3])


def test_the_variance_of_equal_numbers_is_flat() -> None:
    np.testing.assert_array_equal(gradient(lambda v: np.var(v, ddof=1), np.full(3, 5.0)), np.zeros(3))


def test_a_mean_divides_by_the_reduced_axes_only() -> None:
    np.testing.assert_array_equal(
        gradient(lambda v: np.mean(v, axis=(0, -1)), np.ones((2, 5, 3))), np.full((2, 5, 3), 1 / 6)
    )


# -- nothing at all ----------------------------------------------------------------------------
NOTHING: dict[str, Callable[[Any], Any]] = {
    "flip": np.flip, "roll": lambda v: np.roll(v, 1, 1), "pad": lambda v: np.pad(v, 1), "tile": lambda v: np.tile(v, 2),
    "repeat": lambda v: np.repeat(v, 2, 0), "cumsum": lambda v: np.cumsum(v, 1), "cumprod": np.cumprod,
    "sort": np.sort, "diff": np.diff, "tril": np.tril, "trace": np.trace, "concatenate": lambda v: np.vstack([v, v]),
    "split": lambda v: np.concatenate(np.split(v, 2)), "take": lambda v: np.take(v, [0, 0], axis=0),
    "nansum": np.nansum, "topk": lambda v: topk(v, 0)[0],
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_an_empty_array_has_an_empty_gradient(name: str) -> None:
    empty = np.zeros((2, 0))
    assert np.shape(gradient(NOTHING[name], empty)) == (2, 0)
    np.testing.assert_array_equal(NOTHING[name](Value(empty)).data, NOTHING[name](empty))


BORDERS = [
    ("constant", 2, [1, 1, 1]), ("edge", (2, 1), [3, 1, 2]), ("reflect", (2, 1), [1, 3, 2]),
    ("symmetric", (1, 0), [2, 1, 1]), ("wrap", (1, 0), [1, 1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "width", "expected"), BORDERS)
def test_a_padded_border_hands_its_gradient_to_the_entries_it_repeats(mode: Any, width: Any, expected: Any) -> None:
    np.testing.assert_array_equal(gradient(lambda v: np.pad(v, width, mode), [1.0, 2.0, 3.0]), expected)


WIDTHS = [1, (1, 2), ((1, 2),), ((1, 2), (0, 3)), [[1], [2]], np.array([0, 1]), (2,)]
if "int, dict}" in (np.pad.__doc__ or ""):  # a form that later versions of NumPy take
    WIDTHS.append({-1: (1, 2)})


@pytest.mark.parametrize("width", WIDTHS)
def test_all_forms_of_a_pad_width(width: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)
    for mode in ("constant", "edge"):
        out = np.pad(Value(x), width, mode)
        np.testing.assert_array_equal(out.data, np.pad(x, width, mode))
    leaf = Value(x)
    np.pad(leaf, width).backward(np.pad(x, width))
    np.testing.assert_array_equal(leaf.grad, x)


def test_the_gradient_of_a_flat_function_is_plain_zeros() -> None:
    assert grad(grad(np.floor))(1.5) == 0
    np.testing.assert_array_equal(gradient(lambda v: np.sign(v) * v, [-1.0, 2.0]), [-1, 1])


# -- as it is told -----------------------------------------------------------------------------
def test_the_formulas_of_sorting_and_scanning_are_short() -> None:
    x = Value([3.0, 1.0, 2.0], name="x")
    told = {f: explain(np.sum(f(x))).steps[1].contributions[0] for f in (np.sort, np.cumprod, np.flip)}
    assert told[np.sort].formula == "take_along_axis(v1.grad, indices=[2, 0, 1])"
    assert told[np.sort].side is None
    assert told[np.flip].formula == "flip(v1.grad)"
    assert told[np.cumprod].formula == (
        "cumprod(concatenate([1], x[..., :-1], axis=-1), axis=-1) * "
        "flip(recurrence(concatenate([0], flip(x, axis=-1)[..., :-1], axis=-1), flip(v1.grad, axis=-1)), axis=-1)"
    )
    summed = explain(np.sum(np.cumsum(x, axis=0))).steps[1].contributions[0]
    assert summed.formula == "flip(cumsum(flip(v1.grad, axis=0), axis=0), axis=0)"

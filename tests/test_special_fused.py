"""The fused functions where calculus or arithmetic leaves a choice: infinities, nothing to average, constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt import functional as F
from tinygrad_opt.functional import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy

inf, nan = math.inf, math.nan
rng = np.random.default_rng(0)


def value_and_gradient(f: Any, point: Any) -> tuple[Any, Any]:
    """f and the gradient of its sum; NumPy's warnings are not what is asked here."""
    leaf = Value(point)
    with np.errstate(all="ignore"):
        y = f(leaf)
        np.sum(y).backward()
    return y.data, leaf.grad


# -- cross_entropy -----------------------------------------------------------------------------
@pytest.mark.parametrize("target", [np.array([0, 1]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])])
def test_a_class_that_cannot_be_adds_nothing_unless_it_is_the_right_one(target: Any) -> None:
    x = np.array([[0.0, 0.0, -inf], [0.0, 1.0, -inf]])
    value, gradient = value_and_gradient(lambda v: cross_entropy(v, target, reduction="none"), x)
    np.testing.assert_allclose(value, [math.log(2), math.log1p(math.exp(-1))])
    np.testing.assert_array_equal(gradient[:, 2], [0, 0])
    wrong, gradient = value_and_gradient(lambda v: cross_entropy(v, np.array([2, 2])), x)
    assert wrong == inf
    np.testing.assert_allclose(gradient[0], [0.25, 0.25, -0.5])


@pytest.mark.parametrize("target", [np.array([0, 1]), np.array([[0.5, 0.5], [0.0, 1.0]])])
def test_a_row_without_any_possible_class_is_nan_and_leaves_the_others_alone(target: Any) -> None:
    x = np.array([[-inf, -inf], [0.0, 0.0]])
    value, gradient = value_and_gradient(lambda v: cross_entropy(v, target, reduction="none"), x)
    np.testing.assert_allclose(value, [nan, math.log(2)])
    np.testing.assert_allclose(gradient, [[nan, nan], [0.5, -0.5]])


def test_huge_scores_neither_overflow_nor_cancel() -> None:
    value, gradient = value_and_gradient(
        lambda v: cross_entropy(v, np.array([0, 1, 0]), reduction="none"), [[1e4, 0.0], [1e4, 0.0], [40.0, 0.0]]
    )
    np.testing.assert_allclose(value, [0, 1e4, math.log1p(math.exp(-40))], rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(gradient, [[0, 0], [1, -1], [0, math.exp(-40)]], atol=1e-17)


@pytest.mark.parametrize("labels", [np.full(2, -100), np.array([], int)])
def test_a_mean_over_no_rows_is_nan_and_a_sum_0(labels: Any) -> None:
    x = np.ones((len(labels), 3))
    mean, _ = value_and_gradient(lambda v: cross_entropy(v, labels), x)
    total, gradient = value_and_gradient(lambda v: cross_entropy(v, labels, reduction="sum"), x)
    assert math.isnan(mean)
    assert total == 0
    np.testing.assert_array_equal(gradient, np.zeros_like(x))


def test_ignored_rows_get_no_gradient_and_do_not_count() -> None:
    x = rng.normal(size=(3, 2))
    value, gradient = value_and_gradient(lambda v: cross_entropy(v, np.array([1, -100, 0])), x)
    expected, of_the_others = value_and_gradient(lambda v: cross_entropy(v, np.array([1, 0])), x[[0, 2]])
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(gradient[[0, 2]], of_the_others)
    np.testing.assert_array_equal(gradient[1], [0, 0])


# -- binary cross-entropy ----------------------------------------------------------------------
def test_logits_of_any_size_are_exact() -> None:
    x, t = np.array([1000.0, 1000.0, -1000.0, -1000.0, 50.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.5])
    value, gradient = value_and_gradient(lambda v: binary_cross_entropy_with_logits(v, t, reduction="none"), x)
    np.testing.assert_allclose(value, [0, 1000, 1000, 0, math.exp(-50), math.log(2)], rtol=1e-15)
    np.testing.assert_array_equal(gradient, [0, 1, -1, 0, gradient[4], 0])


def test_certainty_costs_nothing_where_right_and_everything_where_wrong() -> None:
    p, t = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    value, gradient = value_and_gradient(lambda v: binary_cross_entropy(v, t, reduction="none"), p)
    np.testing.assert_array_equal(value, [0, 0, inf, inf])
    np.testing.assert_array_equal(gradient, [1, -1, -inf, inf])


def test_a_mean_of_no_entries_is_nan() -> None:
    for fn in (binary_cross_entropy, binary_cross_entropy_with_logits):
        value, gradient = value_and_gradient(lambda v, fn=fn: fn(v, np.ones((0, 2))), np.ones((0, 2)))
        assert math.isnan(value)
        assert gradient.shape == (0, 2)


# -- normalization -----------------------------------------------------------------------------
def test_the_sum_of_standardized_entries_is_constant_so_its_gradient_is_0() -> None:
    x = rng.normal(3, 2, (8, 4))
    for f in (lambda v: F.batch_norm(v, None, None, training=True), lambda v: F.layer_norm(v, 4)):
        _, gradient = value_and_gradient(f, x)
        np.testing.assert_allclose(gradient, 0, atol=5e-16)


def test_neither_shifting_nor_scaling_a_row_changes_layer_norm() -> None:
    x, weights = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    _, gradient = value_and_gradient(lambda v: F.layer_norm(v, 5, eps=0.0) * weights, x)
    np.testing.assert_allclose(np.sum(gradient, axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(np.sum(gradient * x, axis=1), 0, atol=1e-15)


def test_equal_entries_become_0_and_pass_on_what_differs_from_the_mean() -> None:
    value, gradient = value_and_gradient(
        lambda v: F.layer_norm(v, 3, eps=1e-4) * np.array([1.0, 2.0, 6.0]), np.full(3, 7.0)
    )
    np.testing.assert_array_equal(value, [0, 0, 0])
    np.testing.assert_allclose(gradient, [-200, -100, 300])
    value, _ = value_and_gradient(lambda v: F.layer_norm(v, 3, eps=0.0), np.full(3, 7.0))
    np.testing.assert_array_equal(value, [nan] * 3)


# -- dropout, constants, dtypes ----------------------------------------------------------------
def test_dropout_keeps_the_mean_and_draws_the_same_for_the_same_seed() -> None:
    x = Value(np.ones((200, 200), np.float32))
    y = F.dropout(x, 0.25, rng=np.random.default_rng(1))
    assert y.dtype == np.float32
    assert set(np.unique(y.data)) == {0, np.float32(4 / 3)}
    assert np.mean(y.data) == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(y.data, F.dropout(x, 0.25, rng=np.random.default_rng(1)).data)
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, y.data)


def test_the_mask_of_dropout_serves_second_derivatives_too() -> None:
    x = Value(np.full(50, 2.0))
    y = F.dropout(x, 0.5, rng=np.random.default_rng(0))
    np.sum(y**2).backward(create_graph=True)
    slope, x.grad = x.grad, None
    np.sum(slope).backward()
    np.testing.assert_array_equal(x.grad, 2 * (y.data / 2) ** 2)


def test_dropout_of_nothing_is_the_value_itself() -> None:
    x = Value([1.0, 2.0])
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout(Value(1.0), 0.5).data in (0.0, 2.0)
    assert not np.array_equal(F.dropout(np.ones(100)), F.dropout(np.ones(100)))


@pytest.mark.parametrize("p", [-0.1, 1.0, nan])
def test_dropout_refuses_what_is_no_probability_below_1(p: float) -> None:
    with pytest.raises(ValueError, match=f"dropout: p must be a number of 0 or more and less than 1, .*; got {p}"):
        F.dropout(Value(1.0), p, training=False)


def test_dropout_refuses_a_seed_in_place_of_a_generator() -> None:
    with pytest.raises(TypeError, match=r"dropout needs a NumPy Generator: rng=np.random.default_rng\(seed\); got 0"):
        F.dropout(Value(1.0), rng=0)


def test_a_detached_value_shares_its_data_and_passes_nothing() -> None:
    x = Value([1.0, 2.0], name="x")
    for constant in (x.detach(), F.stop_gradient(x)):
        assert constant.data is x.data
        assert (constant.op, constant.requires_grad, constant.name) == (None, False, "x")
    np.sum(x * F.stop_gradient(x * x)).backward()
    np.testing.assert_array_equal(x.grad, [1, 4])
    array = np.ones(2)
    assert F.stop_gradient(array) is array
    assert F.stop_gradient(2.0) == 2.0


def test_astype_gives_the_gradient_back_in_the_own_dtype() -> None:
    for x in (Value([1.0, 2.0]), Value(3.0)):
        y = x.astype("float32")
        assert y.dtype == np.float32
        np.sum(y * y).backward()
        assert type(x.grad) is type(x.data)
        np.testing.assert_array_equal(x.grad, 2 * x.data)
    back = Value(np.float32([1, 2])).astype(float)
    assert back.dtype == np.float64


@pytest.mark.parametrize("dtype", [int, bool, np.float16, complex])
def test_astype_refuses_what_a_value_cannot_hold(dtype: Any) -> None:
    name = np.dtype(dtype)
    with pytest.raises(TypeError, match=f"astype: a Value holds float32 or float64; got {name}: for labels and masks"):
        Value([1.0]).astype(dtype)

"""The slides' formulas for batch normalization, by what follows from them, and what they leave open."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value, nn
from tinygrad_opt import functional as F

seeds = st.integers(0, 2**32 - 1)


def batch(seed, shape=(8, 3)):
    return np.random.default_rng(seed).normal(5.0, 3.0, shape)


@given(seeds)
def test_the_formula_gives_mean_0_and_variance_1(seed):
    """x^ = (x - E[x]) / sqrt(Var[x]), without eps."""
    y = nn.BatchNorm1d(3, eps=0.0)(batch(seed)).data
    np.testing.assert_allclose(y.mean(0), 0.0, atol=1e-13)
    np.testing.assert_allclose(y.var(0), 1.0, rtol=1e-13)


@given(seeds)
def test_eps_takes_a_known_part_of_the_variance(seed):
    x = batch(seed)
    np.testing.assert_allclose(nn.BatchNorm1d(3, eps=0.5)(x).data.var(0), x.var(0) / (x.var(0) + 0.5))


@given(seeds)
def test_scale_and_shift_by_its_own_statistics_are_the_identity(seed):
    """gamma = sqrt(Var[x]) and beta = E[x] undo the normalization, exactly so only for eps = 0."""
    x = batch(seed)
    layer = nn.BatchNorm1d(3, eps=0.0)
    layer.weight.data[...], layer.bias.data[...] = np.sqrt(x.var(0)), x.mean(0)
    np.testing.assert_allclose(layer(x).data, x, rtol=1e-13, atol=1e-13)
    layer.eps = 0.1
    assert np.abs(layer(x).data - x).max() > 1e-4


def test_the_algorithm_line_by_line():
    """mu, sigma^2 with division by m, x^, y."""
    x, gamma, beta, eps = batch(0), np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]), 1e-5
    m = len(x)
    mu = sum(x) / m
    variance = sum((x - mu) ** 2) / m
    y = gamma * (x - mu) / np.sqrt(variance + eps) + beta
    layer = nn.BatchNorm1d(3)
    layer.weight.data[...], layer.bias.data[...] = gamma, beta
    np.testing.assert_allclose(layer(x).data, y, rtol=1e-13)


def test_its_gradient_in_closed_form():
    """dx = gamma / (m sigma) (m dy - sum dy - x^ sum(x^ dy))."""
    x, dy = Value(batch(1)), np.random.default_rng(2).normal(size=(8, 3))
    layer = nn.BatchNorm1d(3, eps=0.0)
    layer.weight.data[...] = [1.0, 2.0, 3.0]
    layer(x).backward(dy)
    m, sigma = len(x.data), x.data.std(0)
    x_hat = (x.data - x.data.mean(0)) / sigma
    expected = layer.weight.data / (m * sigma) * (m * dy - dy.sum(0) - x_hat * (x_hat * dy).sum(0))
    np.testing.assert_allclose(x.grad, expected, atol=1e-13)
    np.testing.assert_allclose(layer.weight.grad, (x_hat * dy).sum(0))
    np.testing.assert_allclose(layer.bias.grad, dy.sum(0))


CONVENTIONS = {
    "PyTorch: 0.1 of the new, unbiased": ({}, 0.9 + 0.1 * 7 / 3),
    "Keras: 0.99 of the old, biased": ({"momentum": 0.01, "unbiased": False}, 0.99 + 0.01 * 14 / 9),
    "the paper: the average of m/(m-1) sigma^2": ({"momentum": None}, 7 / 3),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_variance_that_is_kept_for_use_after_one_batch(name):
    """Of [1, 2, 4]: sigma^2 = 14/9, and 7/3 with division by m - 1."""
    settings, expected = CONVENTIONS[name]
    layer = nn.BatchNorm1d(1, **settings)
    layer(np.array([[1.0], [2.0], [4.0]]))
    np.testing.assert_allclose(layer.running_var, [expected])


def test_in_use_each_output_depends_on_its_own_input_only():
    layer, x = nn.BatchNorm1d(3), batch(0)
    layer(x)
    layer.eval()
    np.testing.assert_allclose(layer(x[:1]).data, layer(x).data[:1], rtol=1e-14)


@given(seeds, st.floats(0.1, 10.0), st.floats(-10.0, 10.0), st.sampled_from([1.0, -1.0]))
def test_scale_and_offset_of_the_input_are_lost(seed, a, b, sign):
    """x -> a x + b changes nothing but the sign, so that where the absolute scale tells, it must not stand."""
    x, layer = batch(seed), nn.BatchNorm1d(3, eps=0.0)
    np.testing.assert_allclose(layer(sign * a * x + b).data, sign * layer(x).data, atol=1e-10)


def test_a_bias_before_it_has_no_effect_and_no_gradient():
    linear = nn.Linear(2, 3, rng=np.random.default_rng(0))
    model = nn.Sequential(linear, nn.BatchNorm1d(3))
    x = batch(0, (8, 2))
    before = model(x).data
    linear.bias.data += 7.0
    y = model(x)
    np.testing.assert_allclose(y.data, before, atol=1e-13)
    np.sum(np.tanh(y)).backward()
    np.testing.assert_allclose(linear.bias.grad, 0.0, atol=1e-14)
    assert np.abs(linear.weight.grad).max() > 1e-3


def test_before_relu_half_of_the_units_are_active_and_after_it_the_input_of_the_next_layer_is_centered():
    x = batch(0, (1000, 3))
    before, after = np.maximum(nn.BatchNorm1d(3)(x).data, 0), nn.BatchNorm1d(3)(np.maximum(x, 0)).data
    assert np.mean(before > 0) == pytest.approx(0.5, abs=0.03)
    assert np.mean(np.maximum(x, 0) > 0) > 0.9
    assert before.mean() > 0.3
    np.testing.assert_allclose(after.mean(0), 0.0, atol=1e-12)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_dropout_before_it_shifts_the_variance_by_1_over_1_minus_p(p):
    """Inverted dropout keeps the mean, not the mean square: E[(x mask / (1 - p))^2] = E[x^2] / (1 - p)."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(0.0, 1.0, (200_000, 1))
    layer = nn.BatchNorm1d(1, momentum=None, eps=0.0)
    layer(F.dropout(x, p, rng=numbers))
    assert layer.running_var[0] / x.var() == pytest.approx(1 / (1 - p), rel=0.02)
    assert layer.eval()(x).data.var() == pytest.approx(1 - p, rel=0.02)

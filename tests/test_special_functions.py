"""erf, erfc and the spherical Bessel functions to full precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.functional import erf, erfc, gelu
from tinygrad_opt.ops import activations, special
from tinygrad_opt.ops.special import bessel_over_power

RANGES = [(-1e-8, 1e-8), (-0.6, 0.6), (0.4, 1), (1, 4.2), (-6, 6), (4, 26.5), (-30, 30)]


@pytest.mark.parametrize("bounds", RANGES)
@pytest.mark.parametrize(("ours", "theirs"), [(erf, math.erf), (erfc, math.erfc)])
def test_error_functions_are_those_of_the_c_library(ours: Any, theirs: Any, bounds: tuple[float, float]) -> None:
    x = np.linspace(*bounds, 20_001)
    expected = np.array([theirs(entry) for entry in x])
    np.testing.assert_allclose(ours(x), expected, rtol=1.2e-15, atol=1e-307)
    assert ours(0.3) == theirs(0.3)


def test_error_functions_at_their_ends() -> None:
    ends = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan])
    np.testing.assert_array_equal(erf(ends), [-1, 0, 0, 1, np.nan])
    np.testing.assert_array_equal(erfc(ends), [2, 1, 1, 0, np.nan])
    assert np.signbit(erf(ends[1:2]))
    assert erfc(np.array([26.5]))[0] > 0


def test_error_functions_of_integers_are_numbers() -> None:
    np.testing.assert_allclose(erf([0, 1, 2]), [0, math.erf(1), math.erf(2)], rtol=1e-15)
    np.testing.assert_allclose(erfc(np.arange(3)), [1, math.erfc(1), math.erfc(2)], rtol=1e-15)


@pytest.mark.parametrize("fn", [erf, erfc])
def test_error_functions_keep_shape_and_dtype(fn: Any) -> None:
    for shape in ((), (0,), (2, 3)):
        x = np.full(shape, 0.7, np.float32)
        assert np.shape(fn(x)) == shape
        assert fn(x).dtype == np.float32
        np.testing.assert_allclose(fn(x), fn(x.astype(float)), rtol=1e-6)


@pytest.mark.parametrize("order", range(6))
def test_bessel_functions_hold_their_equation_near_and_far(order: int) -> None:
    """With f = j_n / z**n, Bessel's equation reads z f'' + 2 (n + 1) f' + z f = 0; f' is -z times the next f."""
    z = np.linspace(-3 * order - 9, 3 * order + 9, 4001)
    f, next_f, after = (bessel_over_power(z, order=order + k) for k in range(3))
    np.testing.assert_allclose(z * z * after - (2 * order + 3) * next_f + f, 0, atol=1e-14)


def test_bessel_functions_of_order_one_are_elementary() -> None:
    z = np.linspace(0.5, 20, 100)
    np.testing.assert_allclose(bessel_over_power(z, order=0), np.sin(z) / z, rtol=1e-13, atol=1e-16)
    elementary = (np.sin(z) / z - np.cos(z)) / z**2
    np.testing.assert_allclose(bessel_over_power(z, order=1), elementary, rtol=1e-13, atol=1e-16)


def test_erfc_of_float32_is_right_to_its_last_digit() -> None:
    x = np.linspace(-5, 9, 20001, dtype=np.float32)
    expected = np.array([math.erfc(entry) for entry in x.tolist()])
    errors = np.abs(erfc(x) - expected) / np.spacing(expected.astype(np.float32))
    assert errors.max() < 0.75  # 0.5 is the rounding
    ends = erfc(np.array([np.inf, -np.inf, np.nan, 30, 3e38, 0, -0.0], np.float32))
    np.testing.assert_array_equal(ends, np.array([0, 2, np.nan, 0, 0, 1, 1], np.float32))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_erfc_of_many_entries_is_that_of_a_few(kind: Any, order: Any) -> None:
    x = np.asarray(np.random.default_rng(0).normal(size=(3, 25_000)), kind, order)
    some = np.stack([erfc(row) for row in x])
    assert x.size > special.IN_CACHE > some[0].size
    np.testing.assert_array_equal(erfc(x), some)


def test_the_slope_of_gelu_needs_no_second_erfc(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value([-1.0, 0.5])
    y = gelu(x)
    monkeypatch.setattr(activations, "below_normal", None)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [-0.0833154705876862, 0.8674951246561629], rtol=1e-14)

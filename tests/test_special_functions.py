"""erf, erfc and the spherical Bessel functions to full precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tinygrad_opt.functional import erf, erfc
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

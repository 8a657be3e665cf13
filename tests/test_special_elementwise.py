"""The elementwise functions at kinks, ties, zeros, NaN and infinities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from derivatives import gradient, second

from tinygrad_opt import Value, explain, grad
from tinygrad_opt import functional as F

inf, nan = math.inf, math.nan


@pytest.fixture(params=["float", "0-d array", "array", "float32"])
def kind(request: pytest.FixtureRequest) -> Any:
    """A number as it is, and as the only entry of an array."""
    kinds: dict[str, Callable[[float], Any]] = {
        "float": float, "0-d array": np.array, "array": lambda x: np.array([float(x)]),
        "float32": lambda x: np.array([x], np.float32),
    }  # fmt: skip
    return kinds[request.param]


# -- an infinite gradient from above -----------------------------------------------------------
SWITCHED_OFF: dict[str, Callable[[Any], Any]] = {
    "relu": F.relu, "maximum": lambda x: np.maximum(x, 0), "minimum": lambda x: -np.minimum(-x, 0),
    "fmax": lambda x: np.fmax(x, 0), "clip": lambda x: np.clip(x, 0, 5), "hardtanh": lambda x: F.hardtanh(x, 0, 5),
    "relu6": F.relu6, "hardswish": lambda x: F.hardswish(x - 5),
    "nan_to_num": lambda x: np.nan_to_num(x - inf, neginf=0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", SWITCHED_OFF)
def test_an_infinite_gradient_stops_where_a_function_is_flat(name: str, kind: Any) -> None:
    with np.errstate(divide="ignore"):
        assert gradient(lambda x: np.sqrt(SWITCHED_OFF[name](x)), kind(-1)) == 0


@pytest.mark.parametrize("fn", [np.max, np.min])
def test_an_infinite_gradient_goes_to_the_extremum_only(fn: Any) -> None:
    with np.errstate(divide="ignore"):
        x = np.array([0.0, -1.0]) if fn is np.max else np.array([0.0, 1.0])
        np.testing.assert_array_equal(gradient(lambda v: np.sqrt(fn(v)), x), [inf, 0])


def test_an_infinite_gradient_passes_where_it_is_wanted(kind: Any) -> None:
    with np.errstate(divide="ignore"):
        assert gradient(lambda x: np.sqrt(F.relu(x) - 1), kind(1)) == inf


def test_a_masked_rule_is_told_as_a_choice() -> None:
    (step,) = explain(F.relu(Value([1.0, -2.0], name="x")), gradient=[3.0, 4.0]).steps
    assert step.contributions[0].formula == "where(x > 0, v1.grad, 0)"


# -- ties and kinks ----------------------------------------------------------------------------
@pytest.mark.parametrize("fn", [np.fmax, np.fmin])
def test_fmax_and_fmin_split_a_tie_and_pass_nan_over(fn: Any, kind: Any) -> None:
    assert gradient(fn, kind(2), kind(2)) == (0.5, 0.5)
    assert gradient(fn, kind(nan), kind(2)) == (0, 1)
    assert gradient(fn, kind(2), kind(nan)) == (1, 0)
    assert gradient(fn, kind(nan), kind(nan)) == (0, 0)


LEFT_SLOPES: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "relu6 at 0": (F.relu6, 0, 0), "relu6 at 6": (F.relu6, 6, 0), "hardtanh at -1": (F.hardtanh, -1, 0),
    "hardtanh at 1": (F.hardtanh, 1, 0), "hardsigmoid at -3": (F.hardsigmoid, -3, 0),
    "hardsigmoid at 3": (F.hardsigmoid, 3, 0), "hardswish at -3": (F.hardswish, -3, 0),
    "hardswish at 3": (F.hardswish, 3, 1), "softshrink at 0.5": (F.softshrink, 0.5, 0),
    "softshrink at -0.5": (F.softshrink, -0.5, 0), "hardshrink at 0.5": (F.hardshrink, 0.5, 0),
    "threshold": (lambda x: F.threshold(x, 1, 5), 1, 0), "celu at 0": (lambda x: F.celu(x, alpha=2.0), 0, 1),
    "softsign at 0": (F.softsign, 0, 1), "prelu at 0": (lambda x: F.prelu(x, 0.25), 0, 0.25),
    "copysign at 0": (lambda x: np.copysign(x, 3), 0, 0), "nan_to_num of 1": (np.nan_to_num, 1, 1),
    "nan_to_num of nan": (np.nan_to_num, nan, 0), "nan_to_num of inf": (np.nan_to_num, inf, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_SLOPES)
def test_slopes_at_kinks(name: str, kind: Any) -> None:
    f, point, slope = LEFT_SLOPES[name]
    assert gradient(f, kind(point)) == slope


def test_selu_takes_the_left_slope_at_zero() -> None:
    assert gradient(F.selu, 0.0) == pytest.approx(1.6732632423543772 * 1.0507009873554805, rel=1e-15)


def test_rounding_is_flat(kind: Any) -> None:
    for fn in (np.fix, np.round, lambda x: np.round(x, decimals=1), lambda x: np.heaviside(x, 0.5)):
        assert gradient(fn, kind(0.5)) == gradient(fn, kind(2)) == 0
    assert gradient(lambda x, at_zero: np.heaviside(x, at_zero), kind(0), kind(0.5)) == (0, 1)
    assert gradient(lambda x, at_zero: np.heaviside(x, at_zero), kind(1), kind(0.5)) == (0, 0)


def test_copysign_gives_nothing_to_the_sign(kind: Any) -> None:
    assert gradient(np.copysign, kind(2), kind(-0.0)) == (-1, 0)
    assert gradient(np.copysign, kind(-2), kind(-3)) == (1, 0)


@pytest.mark.parametrize("x", [5.0, -5.0])
@pytest.mark.parametrize("y", [3.0, -3.0, 0.1, inf])
def test_fmod_counts_whole_divisors_towards_zero(x: float, y: float, kind: Any) -> None:
    assert gradient(np.fmod, kind(x), kind(y)) == (1, -round((x - np.fmod(x, kind(y)).item()) / y))


# -- the origin --------------------------------------------------------------------------------
@pytest.mark.parametrize("fn", [np.hypot, np.arctan2])
def test_hypot_and_arctan2_are_flat_at_the_origin(fn: Any, kind: Any) -> None:
    assert gradient(fn, kind(0), kind(0)) == (0, 0)
    assert second(lambda x: fn(x, x), kind(0)) == 0


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_hypot_and_arctan2_neither_overflow_nor_underflow(size: float) -> None:
    np.testing.assert_allclose(gradient(np.hypot, 3 * size, 4 * size), (0.6, 0.8), rtol=1e-15)
    np.testing.assert_allclose(gradient(np.arctan2, 3 * size, 4 * size), (0.16 / size, -0.12 / size), rtol=1e-15)


def test_roots_and_ends_are_steep(kind: Any) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        assert gradient(np.cbrt, kind(0)) == inf
        assert gradient(F.rsqrt, kind(0)) == -inf
        assert gradient(np.arccosh, kind(1)) == inf
        assert gradient(np.arctanh, kind(1)) == inf
        assert gradient(F.logit, kind(0)) == gradient(F.logit, kind(1)) == inf
        assert gradient(lambda x: np.where(x > 0, np.cbrt(x), 0), kind(0)) == 0


def test_slopes_next_to_an_end_keep_their_digits() -> None:
    step = 2.0**-40
    assert gradient(np.arcsin, 1 - step) == pytest.approx(1 / math.sqrt(step * (2 - step)), rel=1e-15)
    assert gradient(np.arccosh, 1 + step) == pytest.approx(1 / math.sqrt(step * (2 + step)), rel=1e-15)
    assert gradient(np.arctanh, 1 - step) == pytest.approx(1 / (step * (2 - step)), rel=1e-15)


# -- infinities --------------------------------------------------------------------------------
@pytest.mark.parametrize("fn", [np.logaddexp, np.logaddexp2])
def test_logaddexp_of_infinities(fn: Any, kind: Any) -> None:
    assert fn(Value(kind(-inf)), kind(-inf)).data == -inf
    assert gradient(fn, kind(-inf), kind(-inf)) == (0, 0)
    assert gradient(fn, kind(inf), kind(inf)) == (0.5, 0.5)
    assert gradient(fn, kind(inf), kind(-inf)) == (1, 0)
    assert gradient(fn, kind(-inf), kind(1)) == (0, 1)


def test_logaddexp_is_curved_at_a_tie() -> None:
    for x in (2.0, np.array([2.0])):
        assert second(lambda v: np.logaddexp(v, 2.0), x) == pytest.approx(0.25)


@pytest.mark.parametrize("settings", [{}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}])
def test_logsumexp_of_nothing_possible_is_impossible_and_flat(settings: Any) -> None:
    x = np.full((2, 3), -inf)
    assert np.all(F.logsumexp(Value(x), **settings).data == -inf)
    np.testing.assert_array_equal(gradient(lambda v: F.logsumexp(v, **settings), x), np.zeros((2, 3)))
    np.testing.assert_array_equal(second(lambda v: F.logsumexp(v, **settings), x), np.zeros((2, 3)))
    assert gradient(F.logsumexp, -inf) == 0


def test_an_impossible_row_leaves_the_others_alone() -> None:
    x = np.array([[-inf, -inf], [0.0, 0.0], [-inf, 3.0]])
    np.testing.assert_array_equal(F.logsumexp(Value(x), axis=1).data, [-inf, math.log(2), 3])
    np.testing.assert_array_equal(gradient(lambda v: F.logsumexp(v, axis=1), x), [[0, 0], [0.5, 0.5], [0, 1]])


FAR_OUT: dict[str, tuple[Callable[[Any], Any], float, float, float]] = {
    "softplus": (F.softplus, -800, 0, 0), "logsigmoid": (F.logsigmoid, -800, -800, 1), "silu": (F.silu, -800, 0, 0),
    "mish": (F.mish, -800, 0, 0), "gelu": (F.gelu, -800, 0, 0), "selu": (F.selu, 800, 800 * 1.0507009873554805, 1.0507),
    "gelu as tanh": (lambda x: F.gelu(x, approximate="tanh"), -800, 0, 0), "softsign": (F.softsign, 1e200, 1, 0),
    "sigmoid": (F.sigmoid, -700, math.exp(-700), math.exp(-700)), "tanhshrink": (F.tanhshrink, 800, 799, 1),
    "celu": (F.celu, -800, -1, 0), "erfc": (F.erfc, 30, 0, 0), "erf": (F.erf, -inf, -1, 0), "sinc": (np.sinc, 0, 1, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FAR_OUT)
@pytest.mark.parametrize("kind", [float, lambda x: np.array([float(x)])])
def test_activations_do_not_overflow(name: str, kind: Any) -> None:
    f, point, value, slope = FAR_OUT[name]
    assert f(Value(kind(point))).data == pytest.approx(value, rel=1e-14)
    assert gradient(f, kind(point)) == pytest.approx(slope, rel=1e-4)


def test_the_derivatives_of_sinc_at_zero_are_exact() -> None:
    f, expected = np.sinc, [1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5, 0, -(np.pi**6) / 7]
    for value in expected:
        assert f(0.0) == pytest.approx(value, rel=1e-15, abs=0)
        f = grad(f)


# -- the bounds of clip ------------------------------------------------------------------------
@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="np.clip has min= and max= since NumPy 2.1")
def test_clip_takes_one_bound_or_two_by_either_name() -> None:
    x = np.array([-2.0, 0.0, 2.0])
    for bounds in ({"min": -1}, {"a_min": -1}, {"min": -1, "max": None}):
        np.testing.assert_array_equal(np.clip(Value(x), **bounds).data, [-1, 0, 2])
    np.testing.assert_array_equal(np.clip(Value(x), max=1).data, [-2, 0, 1])
    np.testing.assert_array_equal(np.clip(Value(x), -1).data, [-1, 0, 2])
    low = Value(-1.0)
    np.sum(np.clip(x, min=low, max=1)).backward()
    assert low.grad == 1


def test_clip_refuses_a_bound_with_two_names() -> None:
    with pytest.raises(ValueError, match="clip takes its bounds as a_min and a_max, or as min and max; got some of"):
        np.clip(Value(1.0), -1, 1, min=0)
    with pytest.raises(TypeError, match="clip on a Value takes a, a_min, a_max, min, max; got dtype="):
        np.clip(Value(1.0), -1, 1, dtype=float)


def test_nan_to_num_does_not_write_into_a_value() -> None:
    with pytest.raises(TypeError, match="nan_to_num on a Value takes nan, posinf, neginf; got copy="):
        np.nan_to_num(Value([nan]), copy=False)

"""The documented conventions at kinks, ties, zeros and infinities."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from derivatives import gradient, second

from tinygrad_opt import Value, differentiable
from tinygrad_opt.functional import elu, leaky_relu, log_softmax, logsumexp, relu, sigmoid, softmax, softplus

inf, nan = math.inf, math.nan


@pytest.fixture(params=["float", "array"])
def kind(request: pytest.FixtureRequest) -> Any:
    """A number as it is, and as the only entry of an array."""
    return float if request.param == "float" else lambda x: np.array([float(x)])


# -- kinks and ties ----------------------------------------------------------------------------
def test_relu_is_flat_at_zero(kind: Any) -> None:
    assert gradient(relu, kind(0)) == 0
    assert gradient(relu, kind(-0.0)) == 0
    assert Value(kind(0)).relu().data == 0


def test_leaky_relu_and_elu_take_the_left_slope_at_zero(kind: Any) -> None:
    assert gradient(leaky_relu, kind(0)) == 0.01
    assert gradient(elu, kind(0)) == 1
    assert gradient(lambda x: elu(x, alpha=0.5), kind(0)) == 0.5


def test_absolute_value_is_flat_at_zero(kind: Any) -> None:
    assert gradient(abs, kind(0)) == 0
    assert gradient(np.fabs, kind(0)) == 0


@pytest.mark.parametrize("fn", [np.maximum, np.minimum])
def test_maximum_and_minimum_split_a_tie_in_halves(fn: Any, kind: Any) -> None:
    assert gradient(fn, kind(2), kind(2)) == (0.5, 0.5)
    assert gradient(lambda x: fn(x, x), kind(2)) == 1
    assert gradient(lambda x: fn(x, 2), kind(2)) == 0.5


@pytest.mark.parametrize(("fn", "winner"), [(np.max, 3.0), (np.min, 1.0)])
def test_max_and_min_split_a_tie_equally(fn: Any, winner: float) -> None:
    x = np.full(4, 2.0)
    np.testing.assert_array_equal(gradient(fn, x), np.full(4, 0.25))
    x[[0, 3]] = winner
    np.testing.assert_array_equal(gradient(fn, x), [0.5, 0, 0, 0.5])
    np.testing.assert_array_equal(gradient(lambda v: fn(v, axis=0), np.stack([x, x])), [[0.5] * 4] * 2)


def test_clip_passes_the_gradient_at_its_bounds() -> None:
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(gradient(lambda v: np.clip(v, -1, 1), x), [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(gradient(lambda v: np.clip(v, None, 1), x), [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(gradient(lambda v: np.clip(v, -1, None), x), [0, 1, 1, 1, 1])
    assert [gradient(lambda v: v.clip(-1, 1), float(entry)) for entry in x] == [0, 1, 1, 1, 0]


def test_the_bounds_of_clip_get_what_the_clipped_entries_lose() -> None:
    x, low, high = gradient(np.clip, np.array([-2.0, -1.0, 0.5, 1.0, 2.0]), -1.0, 1.0)
    np.testing.assert_array_equal(x, [0, 1, 1, 1, 0])
    assert (low, high) == (1, 1)


def test_rounding_is_flat() -> None:
    for fn in (np.floor, np.ceil, np.rint, np.trunc, np.sign):
        np.testing.assert_array_equal(gradient(fn, np.array([-1.0, 0.0, 0.5, 2.0])), np.zeros(4))
        assert gradient(fn, 1.0) == 0


# -- zeros -------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [0, 0.0, 1, 2, 2.0])
def test_powers_of_zero_have_their_slope_for_the_base(n: float, kind: Any) -> None:
    assert gradient(lambda x: x**n, kind(0)) == (1 if n == 1 else 0)
    assert second(lambda x: x**n, kind(0)) == (2 if n == 2 else 0)


def test_zero_to_the_zero_gives_nothing_to_base_and_exponent(kind: Any) -> None:
    assert gradient(np.power, kind(0), kind(0)) == (0, 0)
    assert gradient(lambda n: 0**n, kind(0)) == 0
    assert gradient(lambda n: 0.0**n, kind(3)) == 0


def test_equal_numbers_have_a_flat_standard_deviation() -> None:
    x = np.full((2, 3), 5.0)
    for settings in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}, {"ddof": 1}):
        np.testing.assert_array_equal(gradient(lambda v, s=settings: np.std(v, **s), x), np.zeros((2, 3)))
    np.testing.assert_array_equal(second(np.std, x), np.zeros((2, 3)))
    assert gradient(np.std, 5.0) == 0


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_the_product_is_exact_with_any_number_of_zeros(zeros: int) -> None:
    x = np.array([2.0, 3.0, 5.0, 7.0])
    x[:zeros] = 0
    others = [np.prod(np.delete(x, i)) for i in range(4)]
    np.testing.assert_array_equal(gradient(np.prod, x), others)
    pairs = [[0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(4)] for i in range(4)]
    np.testing.assert_array_equal(second(np.prod, x), np.sum(pairs, axis=0))
    square = x.reshape(2, 2)
    np.testing.assert_array_equal(gradient(lambda v: np.prod(v, axis=0), square), square[::-1])


def test_the_product_of_nothing_is_one() -> None:
    v = Value(np.zeros((2, 0)))
    out = np.prod(v, axis=1)
    np.testing.assert_array_equal(out.data, [1, 1])
    np.sum(out).backward()
    assert v.grad.shape == (2, 0)


# -- what Python refuses and IEEE 754 defines --------------------------------------------------
POINTS: dict[str, tuple[Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = {
    "1 / 0": (lambda x: 1 / x, (0.0,), inf, (-inf,)),
    "-1 / 0": (lambda x: -1 / x, (0.0,), -inf, (inf,)),
    "1 / -0": (lambda x: 1 / x, (-0.0,), -inf, (-inf,)),
    "0 / 0": (lambda x, y: x / y, (0.0, 0.0), nan, (inf, nan)),
    "0 ** -1": (lambda x: x**-1, (0.0,), inf, (-inf,)),
    "0 ** -2.0": (lambda x: x**-2.0, (0.0,), inf, (-inf,)),
    "reciprocal of 0": (np.reciprocal, (0.0,), inf, (-inf,)),
    "log 0": (np.log, (0.0,), -inf, (inf,)),
    "log -1": (np.log, (-1.0,), nan, (-1.0,)),
    "log2 0": (np.log2, (0.0,), -inf, (inf,)),
    "log10 0": (np.log10, (0.0,), -inf, (inf,)),
    "log1p -1": (np.log1p, (-1.0,), -inf, (inf,)),
    "sqrt 0": (np.sqrt, (0.0,), 0.0, (inf,)),
    "sqrt -1": (np.sqrt, (-1.0,), nan, (nan,)),
    "exp 1000": (np.exp, (1000.0,), inf, (inf,)),
    "exp -1000": (np.exp, (-1000.0,), 0.0, (0.0,)),
    "expm1 1000": (np.expm1, (1000.0,), inf, (inf,)),
    "sinh 1000": (np.sinh, (1000.0,), inf, (inf,)),
    "cosh -1000": (np.cosh, (-1000.0,), inf, (-inf,)),
    "sin inf": (np.sin, (inf,), nan, (nan,)),
    "arcsin 1": (np.arcsin, (1.0,), math.pi / 2, (inf,)),
    "arcsin 2": (np.arcsin, (2.0,), nan, (nan,)),
    "arccos -1": (np.arccos, (-1.0,), math.pi, (-inf,)),
    "1e200 squared": (lambda x: x**2, (1e200,), inf, (2e200,)),
    "square of 1e200": (np.square, (1e200,), inf, (2e200,)),
    "1e200 * 1e200": (lambda x, y: x * y, (1e200, 1e200), inf, (1e200, 1e200)),
    "a root of a negative number": (lambda x: x ** (1 / 3), (-8.0,), nan, (nan,)),
    "a negative base under an exponent": (lambda x, n: x**n, (-8.0, 1 / 3), nan, (nan, nan)),
    "0 ** 0.5": (lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    "2 ** 5000": (lambda n: 2**n, (5000.0,), inf, (inf,)),
    "0 ** n below 0": (lambda n: 0**n, (-1.0,), inf, (-inf,)),
    "5 % 0": (lambda x, y: x % y, (5.0, 0.0), nan, (1.0, -inf)),
    "5 // 0": (lambda x, y: x // y, (5.0, 0.0), inf, (0.0, 0.0)),
    "0 // 0": (lambda x, y: x // y, (0.0, 0.0), nan, (0.0, 0.0)),
    "5 % inf": (lambda x, y: x % y, (5.0, inf), 5.0, (1.0, 0.0)),
    "inf - inf": (lambda x, y: x - y, (inf, inf), nan, (1.0, -1.0)),
    "tanh 1000": (np.tanh, (1000.0,), 1.0, (0.0,)),
    "sigmoid -1000": (sigmoid, (-1000.0,), 0.0, (0.0,)),
    "sigmoid 1000": (sigmoid, (1000.0,), 1.0, (0.0,)),
    "softplus 1000": (softplus, (1000.0,), 1000.0, (1.0,)),
    "softplus -1000": (softplus, (-1000.0,), 0.0, (0.0,)),
    "elu 1000": (elu, (1000.0,), 1000.0, (1.0,)),
    "elu -1000": (elu, (-1000.0,), -1.0, (0.0,)),
    "logaddexp of 1000s": (np.logaddexp, (1000.0, 1000.0), 1000.0 + math.log(2), (0.5, 0.5)),
}


@pytest.fixture
def silent() -> Iterator[None]:
    """NumPy warns where it divides by zero or overflows; here that is wanted."""
    with np.errstate(all="ignore"):
        yield


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("name", POINTS)
def test_scalars_follow_ieee_like_arrays_do(name: str) -> None:
    f, points, value, slopes = POINTS[name]
    for kind in (float, lambda x: np.array([x])):
        leaves = [Value(kind(x)) for x in points]
        out = f(*leaves)
        np.testing.assert_allclose(np.ravel(out.data), [value], rtol=1e-15)
        np.sum(out).backward()
        np.testing.assert_allclose([np.ravel(leaf.grad)[0] for leaf in leaves], slopes, rtol=1e-13)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("name", POINTS)
def test_scalars_follow_ieee_in_the_second_derivative(name: str) -> None:
    f, points, _, _ = POINTS[name]
    leaves = [Value(x) for x in points]
    f(*leaves).backward(create_graph=True)
    sum((leaf.grad for leaf in leaves), Value(0.0)).backward()


def test_numpy_warns_of_a_division_by_zero_and_the_result_is_infinite() -> None:
    x = Value(0.0)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y = np.log(x)
    assert y.data == -inf
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y.backward()
    assert x.grad == inf


@pytest.mark.usefixtures("silent")
def test_a_users_function_follows_ieee_too() -> None:
    inverse = differentiable(lambda x: 1 / x, lambda g, out, x: -g / (x * x))
    root = differentiable(lambda x: x**0.5, lambda g, out, x: g * 0.5 * x**-0.5)
    x, y = Value(0.0), Value(-1.0)
    assert inverse(x).data == inf
    assert math.isnan(root(y).data)
    inverse(x).backward()
    root(y).backward()
    assert x.grad == -inf
    assert math.isnan(y.grad)


# -- exponentials over an axis -----------------------------------------------------------------
def test_softmax_and_its_kin_do_not_overflow() -> None:
    x = np.array([1000.0, 0.0, -1000.0])
    np.testing.assert_array_equal(softmax(Value(x)).data, [1, 0, 0])
    np.testing.assert_array_equal(log_softmax(Value(x)).data, [0, -1000, -2000])
    assert logsumexp(Value(x)).data == 1000
    np.testing.assert_array_equal(gradient(logsumexp, x), [1, 0, 0])
    np.testing.assert_array_equal(gradient(lambda v: softmax(v)[0], x), [0, 0, 0])


def test_an_impossible_entry_gets_no_share() -> None:
    x = np.array([0.0, -inf, 0.0])
    np.testing.assert_array_equal(gradient(logsumexp, x), [0.5, 0, 0.5])
    np.testing.assert_array_equal(gradient(lambda v: softmax(v)[0], x), [0.25, 0, -0.25])


# -- where -------------------------------------------------------------------------------------
def test_where_gives_nothing_to_the_branch_not_taken() -> None:
    mask = np.array([True, False])
    x, y = gradient(lambda x, y: np.where(mask, x, y), np.array([1.0, nan]), np.array([inf, 2.0]))
    np.testing.assert_array_equal(x, [1, 0])
    np.testing.assert_array_equal(y, [0, 1])

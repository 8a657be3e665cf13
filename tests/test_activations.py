"""The activations that are written in others: values, gradients of both orders, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, grad, gradcheck
from tinygrad_opt import functional as F
from tinygrad_opt.check.report import PASSING

# By their textbook formula, which need not be accurate everywhere.
FORMULAS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu6": (F.relu6, lambda x: np.minimum(np.maximum(x, 0), 6)),
    "hardsigmoid": (F.hardsigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "hardswish": (F.hardswish, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "hardshrink": (F.hardshrink, lambda x: x * (abs(x) > 0.5)),
    "hardshrink at 1": (lambda x: F.hardshrink(x, lambd=1.0), lambda x: x * (abs(x) > 1)),
    "softshrink": (F.softshrink, lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0)),
    "softshrink by 1": (lambda x: F.softshrink(x, lambd=1.0), lambda x: np.sign(x) * np.maximum(abs(x) - 1, 0)),
    "threshold": (lambda x: F.threshold(x, 1, -2), lambda x: np.where(x > 1, x, -2)),
    "silu": (F.silu, lambda x: x / (1 + np.exp(-x))),
    "mish": (F.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    "logsigmoid": (F.logsigmoid, lambda x: -np.log(1 + np.exp(-x))),
    "softplus": (F.softplus, lambda x: np.log(1 + np.exp(x))),
    "celu": (F.celu, lambda x: np.where(x > 0, x, np.exp(x) - 1)),
    "celu of alpha 2": (lambda x: F.celu(x, alpha=2.0), lambda x: np.where(x > 0, x, 2 * (np.exp(x / 2) - 1))),
    "selu": (F.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))),
    "gelu": (F.gelu, lambda x: 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))),
    "gelu as tanh": (
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "softsign": (F.softsign, lambda x: x / (1 + abs(x))),
    "tanhshrink": (F.tanhshrink, lambda x: x - np.tanh(x)),
    "leaky_relu": (F.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
    "elu": (F.elu, lambda x: np.where(x > 0, x, np.exp(x) - 1)),
    "rsqrt": (lambda x: F.rsqrt(x * x + 1), lambda x: (x * x + 1) ** -0.5),
    "logit": (lambda x: F.logit(F.sigmoid(x)), lambda x: x),
}
SHAPES = [(), (5,), (2, 3), (0,), (1,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name: str, shape: Any) -> None:
    f, formula = FORMULAS[name]
    x = np.random.default_rng(1).uniform(-8, 8, shape)
    for y in (f(x), f(Value(x)).data):
        np.testing.assert_allclose(y, formula(x), rtol=1e-10, atol=1e-12)
    single = f(Value(x.astype(np.float32)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.data, formula(x), rtol=1e-3, atol=1e-5)
    if not shape:
        assert type(f(Value(float(x))).data) is float


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_of_both_orders_are_slopes(name: str, shape: Any) -> None:
    f, _ = FORMULAS[name]
    x = np.random.default_rng(2).uniform(-4, 4, shape)
    assert gradcheck(f, x).status in PASSING
    assert gradcheck(grad(lambda v: np.sum(f(v))), x).status in PASSING


@pytest.mark.parametrize(("shape", "axis"), [((4,), -1), ((2, 6), -1), ((4, 3), 0), ((2, 4, 3), -2), ((2, 0), 1)])
def test_glu_gates_the_first_half_with_the_second(shape: Any, axis: int) -> None:
    x = np.random.default_rng(3).normal(size=shape)
    a, b = np.split(x, 2, axis=axis)
    expected = a / (1 + np.exp(-b))
    np.testing.assert_allclose(F.glu(x, axis=axis), expected, rtol=1e-14)
    np.testing.assert_allclose(F.glu(Value(x), axis=axis).data, expected, rtol=1e-14)
    assert gradcheck(lambda v: F.glu(v, axis=axis), x).status in PASSING
    if axis == -1:
        np.testing.assert_allclose(F.glu(x.tolist()), expected, rtol=1e-14)


def test_prelu_learns_one_weight_or_one_a_channel() -> None:
    images = np.random.default_rng(4).normal(size=(2, 3, 2, 2))
    for weight in (0.25, np.full((3, 1, 1), 0.25), np.full(2, 0.25)):
        assert gradcheck(F.prelu, images, weight).status in PASSING
        np.testing.assert_array_equal(F.prelu(images, weight), F.leaky_relu(images, slope=0.25))


# -- what is refused ---------------------------------------------------------------------------
REFUSED: Refusals = {
    "glu of an odd axis": (
        lambda: F.glu(Value(np.ones((2, 3)))), ValueError,
        "glu halves axis -1, which needs an even number of entries; got shape (2, 3)"),
    "glu of an axis that is not there": (
        lambda: F.glu(Value(np.ones(2)), axis=1), np.exceptions.AxisError,
        "glu: axis 1 is out of bounds for array of dimension 1"),
    "celu divided by 0": (
        lambda: F.celu(Value(1.0), alpha=0), ValueError, "celu needs an alpha above 0; got 0"),
    "an unknown approximation": (
        lambda: F.gelu(Value(1.0), approximate="erf"), ValueError,
        "gelu of shape (), approximate='erf': gelu takes approximate=\"none\" or \"tanh\"; got 'erf'"),
    "a parameter as a Value": (
        lambda: F.hardtanh(Value(1.0), min_val=Value(0.0)), TypeError,
        "hardtanh takes a plain min_val, which gets no gradient; got Value(data=0.0, grad=None)"),
    "weights that do not fit": (
        lambda: F.prelu(Value(np.ones((2, 3))), np.ones(2)), ValueError,
        "prelu: shapes (2, 3) and (2,) do not broadcast: axis -1 has 3 and 2; they must be equal, or one of them 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_explained(name: str) -> None:
    call, error, message = REFUSED[name]
    assert refused(call, error) == message

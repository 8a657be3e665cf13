"""Every kind of wrong gradient is caught, and its hint says what is wrong: the checker is checked by planted errors.

A mutation is either a hand-written backward pass in NumPy, given as gradient=, or a wrong rule of an
operation.  The table at the end tells which of them random coverage may miss.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, gradcheck, gradcheck_graph
from tinygrad_opt.functional import relu

RNG = np.random.default_rng(2024)
X, W, B = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 3)), RNG.standard_normal(3)
SQUARE, VECTOR = RNG.standard_normal((4, 4)), RNG.standard_normal(12)
UPSTREAM = RNG.standard_normal((4, 4))  # so that the gradient of a sum differs from place to place


@dataclasses.dataclass
class Mutation:
    """A wrong gradient: of f at the inputs, by hand (gradient) or by the rules that f uses."""

    name: str
    f: Callable[..., Any]
    inputs: tuple[Any, ...]
    hint: str | None
    gradient: Callable[..., Any] | None = None
    status: str = "FAIL"

    def check(self, **options):
        return gradcheck(self.f, *self.inputs, gradient=self.gradient, **options)


# -- by hand: f and a backward pass in NumPy -----------------------------------------------------
def network(x, w, b):
    """A layer of tanh, and half the sum of squares."""
    return 0.5 * np.sum(np.tanh(x @ w + b) ** 2)


def network_gradient(x, w, b, factor=1.0, sum_bias=True, transpose_w=False):
    t = np.tanh(x @ w + b)
    g = factor * t * (1 - t * t)
    dw = x.T @ g
    return g @ w.T, dw.T if transpose_w else dw, g.sum(0) if sum_bias else g


def two_uses(x):
    return np.sum(x * x) + np.sum(x * x)


def set_for_added(x):
    g = np.empty_like(x)
    g[:] = 2 * x
    g[:] = 2 * x  # should be +=
    return g


def two_different_uses(x):
    return np.sum(np.sin(x)) + np.sum(x**3)


def row_totals(x):
    return np.sum(UPSTREAM.sum(1) * np.sum(x, axis=1) ** 2)


def row_totals_wrong_axis(x):
    return np.broadcast_to(2 * UPSTREAM.sum(1) * np.sum(x, axis=1), x.shape)  # [:, None] is missing


def quadratic(x):
    return np.sum(x * (UPSTREAM @ x))


def one_entry(x):
    g = np.cos(x)
    g[7] *= 1 + 1e-4
    return g


def with_decay(x):
    return np.sum(np.sin(x)) + 0.05 * np.sum(x**2)


STALE = (RNG.random(12) > 0.5) * 1.0
BY_HAND = [
    Mutation("dropped factor", lambda x: np.sum(np.sin(3 * x)), (VECTOR,), "1/3 of what it should be",
             lambda x: np.cos(3 * x)),
    Mutation("= for +=", two_uses, (VECTOR,), "= for +=", set_for_added),
    Mutation("= for +=, different uses", two_different_uses, (VECTOR,), None, lambda x: 3 * x**2),
    Mutation("wrong axis", row_totals, (SQUARE,), "it does not vary along axis 0", row_totals_wrong_axis),
    Mutation("wrong axis of a sum", lambda x: np.sum(np.sum(x, axis=0) ** 2), (SQUARE,),
             "it does not vary along axis 1", lambda x: np.broadcast_to(2 * np.sum(x, axis=1)[:, None], x.shape)),
    Mutation("missing 1/2", network, (X, W, B), "a factor 1/2 is missing",
             lambda x, w, b: network_gradient(x, w, b, factor=2.0)),
    Mutation("missing unbroadcast", network, (X, W, B), "sum the gradient over axis 0",
             lambda x, w, b: network_gradient(x, w, b, sum_bias=False), status="SHAPE"),
    Mutation("transposed", network, (X, W, B), "it needs .T",
             lambda x, w, b: network_gradient(x, w, b, transpose_w=True), status="SHAPE"),
    Mutation("transposed, square", quadratic, (SQUARE,), "it needs .T",
             lambda x: ((UPSTREAM + UPSTREAM.T) @ x).T),
    Mutation("sign", lambda x: np.sum(np.cos(x)), (VECTOR,), "the sign is wrong", np.sin),
    Mutation("stale mask", lambda x: np.sum(np.maximum(x, 0) ** 2), (VECTOR,), "a stale or wrong mask",
             lambda x: 2 * x * (np.roll(x, 1) > 0)),
    Mutation("another mask", lambda x: np.sum(STALE * np.sin(x)), (VECTOR,), "a stale or wrong mask",
             lambda x: (1 - STALE) * np.cos(x)),
    Mutation("one entry by 1e-4", lambda x: np.sum(np.sin(x)), (VECTOR,), "wrong only at x[7]", one_entry),
    Mutation("beyond 3", lambda x: np.sum(np.sin(x)), (np.linspace(-5, 5, 12),), "wrong only where |x| > 2.27273",
             lambda x: np.where(np.abs(x) > 3, 1.001, 1) * np.cos(x)),
    Mutation("kink off by eps", lambda x: np.sum(np.maximum(x, 0)), (np.array([-1.0, 5e-7, 0.5, 1.0]),),
             "zero where it should not be", lambda x: 1.0 * (x > 1e-6)),
    Mutation("float32 leak", lambda x: np.sum(np.sin(x)), (VECTOR,), "the digits of float32 only",
             lambda x: np.cos(x).astype(np.float32)),
    Mutation("mean for sum", lambda x: np.sum(np.sin(x)), (VECTOR,), "1/12 of what it should be: a mean where a sum",
             lambda x: np.cos(x) / x.size),
    Mutation("sum for mean", lambda x: np.mean(np.sin(x)), (VECTOR,), "12 times what it should be: a sum where a mean",
             np.cos),
    Mutation("another factor", lambda x: np.sum(x**3), (VECTOR,), "2/3 times what it should be", lambda x: 2 * x**2),
    Mutation("missing term", with_decay, (VECTOR,), "the gradient of a quadratic term is missing", np.cos),
    Mutation("missing constant", lambda x: np.sum(np.sin(x) + 0.25 * x), (VECTOR,), "too small by 0.25 everywhere",
             np.cos),
    Mutation("order reversed", lambda x: np.sum(np.arange(12) * x[::-1]), (VECTOR,), "the right numbers in the wrong",
             lambda x: np.arange(12.0)),
    Mutation("one row scaled", lambda x: np.sum(np.sin(x)), (SQUARE,), "a factor is applied along the wrong axis",
             lambda x: np.cos(x) * np.array([1, 2, 3, 5])),
    Mutation("one part in a million", lambda x: np.sum(np.exp(x)), (VECTOR,), "right to six digits only",
             lambda x: np.exp(x) * (1 + 1e-7 * x)),
]  # fmt: skip


@pytest.mark.parametrize("mutation", BY_HAND, ids=lambda m: m.name)
def test_an_error_by_hand_is_caught(mutation):
    report = mutation.check()
    assert report.status == mutation.status
    assert not report
    assert mutation.hint is None or mutation.hint in str(report)


# -- wrong rules of an operation -----------------------------------------------------------------
def operation(name, fn, *rules, **facts):
    """A new operation with a name of its own and these rules."""

    def own(*args, **params):
        return fn(*args, **params)

    own.__name__ = name
    return differentiable(own, *rules, **facts)


cube_half = operation("cube_half", lambda x: x**3, lambda g, out, x: 1.5 * g * x**2)
bare_exp = operation("bare_exp", np.exp, lambda g, out, x: out)
passing = operation("passing", np.sin, lambda g, out, x: g)
single = operation("single", np.sin, lambda g, out, x: (g * np.cos(x)).astype(np.float32))
nan_rule = operation("nan_rule", np.sin, lambda g, out, x: g * np.nan)
turned = operation("turned", lambda x: x[::-1], lambda g, out, x: g)
cut_exp = operation("cut_exp", np.exp, lambda g, out, x: np.zeros_like(g))
late_relu = operation(
    "late_relu", lambda x: np.maximum(x, 0), lambda g, out, x: g * (x > 1e-6), kink=lambda out, x: x > 0
)
product = operation("product", lambda x, w: x @ w, lambda g, out, x, w: g @ w, lambda g, out, x, w: x.T @ g)
spread_rows = operation("spread_rows", lambda x, b: x + b, lambda g, out, x, b: g, lambda g, out, x, b: g.sum(1))
flat_second = operation("flat_second", np.sin, lambda g, out, x: g * np.cos(getattr(x, "data", x)))
sign_second = operation("sign_second", lambda x: x**3, lambda g, out, x: g * slope_of_cube(x))
slope_of_cube = operation("slope_of_cube", lambda x: 3 * x**2, lambda g, out, x: -6 * g * x)

BY_RULE = [
    Mutation("factor in a rule", lambda x: np.sin(cube_half(x)), (VECTOR,), "half of what it should be"),
    Mutation("upstream missing", lambda x: np.sin(bare_exp(x)), (VECTOR,), "it is not multiplied in"),
    Mutation("local derivative missing", lambda x: np.exp(passing(x)), (VECTOR,), "the local derivative is missing"),
    Mutation("float32 in a rule", lambda x: single(x), (VECTOR,), "the digits of float32 only"),
    Mutation("nan", lambda x: np.exp(nan_rule(x)), (VECTOR,), "the rule of nan_rule is the first", status="NONFINITE"),
    Mutation("order in a rule", lambda x: turned(x), (VECTOR,), "the right numbers in the wrong places"),
    Mutation("path cut by a rule", lambda x: cut_exp(x), (VECTOR,), "no gradient arrives"),
    Mutation("path cut by .data", lambda x: np.sum(np.sin(x.data)), (VECTOR,), "the path is cut by .data"),
    Mutation("path cut by float", lambda x: 2.0 * float(x) + 1.0, (0.7,), "the path is cut by .data, float()"),
    Mutation("path cut in part", lambda x: np.sum(x * np.abs(x.data)), (VECTOR,), "one of two uses is not added"),
    Mutation("mask of a rule", lambda x: late_relu(x), (np.array([-1.0, 5e-7, 0.5]),), "zero where it should not be"),
    Mutation("transposed in a rule", lambda x, w: product(x, w), (SQUARE, UPSTREAM), None),
    Mutation("axis in a rule", lambda x, b: np.tanh(spread_rows(x, b)), (SQUARE, UPSTREAM[0]), None),
]  # fmt: skip


@pytest.mark.parametrize("mutation", BY_RULE, ids=lambda m: m.name)
def test_a_wrong_rule_is_caught(mutation):
    report = mutation.check()
    assert report.status == mutation.status
    assert not report
    assert mutation.hint is None or mutation.hint in str(report)


@pytest.mark.parametrize("f", [flat_second, sign_second], ids=["no second derivative", "its sign"])
def test_a_wrong_second_derivative_is_right_to_first_order(f):
    assert gradcheck(f, VECTOR).status == "OK"
    report = gradcheck(f, VECTOR, order=2)
    assert (report.status, report.order) == ("FAIL", 2)
    assert str(report).startswith("gradcheck of order 2 FAIL: the gradient is wrong at 12 of 12 entries")


# -- the wrong operation among right ones --------------------------------------------------------
bad_tanh = operation("bad_tanh", np.tanh, lambda g, out, x: g * (1 - out))


def four_layers(w1, w2, w3, w4):
    h = np.tanh(X @ w1)
    h = relu(h @ w2)
    h = bad_tanh(h @ w3)
    return np.mean((h @ w4) ** 2)


LAYERS = [RNG.standard_normal((4, 4)) for _ in range(4)]


def test_the_wrong_operation_of_a_network_is_named_and_no_other():
    report = gradcheck(four_layers, *LAYERS)
    assert report.status == "FAIL"
    assert [wrong.operation for wrong in report.operations] == ["bad_tanh"]
    assert [one.status for one in report.inputs] == ["FAIL", "FAIL", "FAIL", "OK"]
    assert "bad_tanh(" in str(report)


def test_a_graph_by_itself_names_the_wrong_operation():
    report = gradcheck_graph(four_layers(*(Value(w, name=f"w{i}") for i, w in enumerate(LAYERS))))
    assert not report
    assert [wrong.operation for wrong in report.failures] == ["bad_tanh"]
    assert str(report).startswith("gradcheck_graph FAIL: 1 of ")


@pytest.mark.parametrize(
    ("f", "name"),
    [(cube_half, "cube_half"), (bare_exp, "bare_exp"), (nan_rule, "nan_rule"), (turned, "turned"), (single, "single")],
)
def test_each_wrong_rule_is_named_by_its_graph(f, name):
    x = Value(VECTOR)
    report = gradcheck_graph(np.sum(np.exp(f(np.sin(x)) / 3)))
    assert [wrong.operation for wrong in report.failures] == [name]


def test_right_graphs_have_no_failures():
    x, w = Value(X), Value(W)
    assert gradcheck_graph(np.sum(relu(np.tanh(x @ w)) ** 2))
    assert gradcheck_graph(np.sqrt(Value([0.0, 1.0])).sum())  # the slope at 0 is infinite, and rightly so
    assert gradcheck_graph(np.sum(np.abs(Value([0.0, -1.0]))))


# -- random coverage -----------------------------------------------------------------------------
def large(x):
    return np.sum(np.sin(x))


def wrong_by(part, seed):
    """A gradient of 1000 entries of which one, that is not among those looked at, is off by a part of itself."""

    def gradient(x):
        g = np.cos(x)
        g[seed] *= 1 + part
        return g

    return gradient


@pytest.mark.parametrize("mutation", BY_HAND + BY_RULE, ids=lambda m: m.name)
def test_random_coverage_catches_what_full_coverage_does(mutation):
    assert not mutation.check(coverage="random")


BLIND = [  # the part by which one entry of 1000 is wrong, and how many of 20 seeds catch it
    (1e-1, 20),
    (1e-2, 20),
    (1e-4, 20),
    (1e-6, 20),
    (1e-10, 0),
]


@pytest.mark.parametrize(("part", "caught"), BLIND)
def test_random_coverage_and_its_blind_spot(part, caught):
    x = np.random.default_rng(8).uniform(0.1, 1, 1000)
    reports = [gradcheck(large, x, gradient=wrong_by(part, 500), coverage="random", seed=seed) for seed in range(20)]
    assert sum(report.status == "FAIL" for report in reports) == caught
    assert "random coverage of 1000 entries: 8 directions" in reports[0].remarks[-1]


def test_random_coverage_is_the_same_every_time():
    first, second = (BY_HAND[0].check(coverage="random", seed=5) for _ in range(2))
    assert first.record() == second.record()

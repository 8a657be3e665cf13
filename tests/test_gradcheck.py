"""gradcheck passes what is right, fails what is wrong, and names the entry."""

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, gradcheck
from tinygrad_opt.functional import relu
from tinygrad_opt.testing import assert_gradients


def test_right_gradients_pass():
    rng = np.random.default_rng(1)
    report = gradcheck(lambda x, w: np.tanh(x @ w), rng.standard_normal((3, 4)), rng.standard_normal((4, 2)))
    assert report
    assert len(report.entries) == 20
    assert max(entry.relative for entry in report.entries) < 1e-6


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * 2 * x**2,
        lambda g, out, x: -3 * g * x**2,
        lambda g, out, x: 3 * x**2,
        lambda g, out, x: 3.00001 * g * x**2,
        lambda g, out, x: g * np.nan * x,
        lambda g, out, x: g * np.inf,
    ],
    ids=["factor", "sign", "upstream dropped", "one part in 300,000", "nan", "inf"],
)
def test_wrong_rules_fail(rule):
    def cube(x):
        return x**3

    cube = differentiable(cube, rule)
    with np.errstate(invalid="ignore"):
        assert not gradcheck(lambda x: np.exp(cube(x) / 10), [0.5, 1.0, 2.0])


def test_the_worst_entry_is_named():
    def half_wrong(x):
        return x * x

    half_wrong = differentiable(half_wrong, lambda g, out, x: g * x * np.array([2.0, 2.0, 2.5]))
    report = gradcheck(lambda x: half_wrong(x), Value([1.0, 2.0, 3.0], name="weights"))
    assert report.worst.place == "weights[2]"
    assert [entry.place for entry in report.failures] == ["weights[2]"]
    assert report.verdict == "gradcheck FAIL: the gradient is wrong at 1 of 3 entries"
    assert report.hints == ["weights: wrong only where |x| > 2"]


def test_inputs_and_grads_stay_as_they_were():
    x = Value(np.ones(3, np.float32))
    x.grad = None
    assert_gradients(lambda x: (x**3).sum(), x)
    assert x.grad is None
    assert x.data.tolist() == [1.0, 1.0, 1.0]
    assert x.dtype == np.float32


def test_an_error_cannot_cancel_in_a_sum():
    def shuffle(x):
        return x[::-1]

    shuffle = differentiable(shuffle, lambda g, out, x: g)
    assert not gradcheck(shuffle, [1.0, 2.0, 3.0])


def test_a_function_without_dependence_shows_nothing():
    report = gradcheck(lambda x: 3.0, [1.0, 2.0])
    assert report.status == "DEGENERATE"
    assert not report
    assert {entry.analytic for entry in report.entries} == {0.0}


def test_no_entries_is_no_failure():
    assert str(gradcheck(lambda x: x.sum(), np.zeros(0))) == "gradcheck DEGENERATE: there was no entry to check"


def test_an_operand_without_a_rule_is_named():
    def product(x, y):
        return x * y

    product = differentiable(product, None, lambda g, out, x, y: g * x)
    report = gradcheck(product, 3.0, 2.0)
    assert report.status == "FAIL"
    assert [op.input_name for op in report.operations] == ["x"]
    assert str(report.operations[0]).endswith("it has no rule (None), but the result changes with it")


def test_a_small_entry_beside_a_large_one_is_not_excused():
    def far(x):
        return np.sum(x**2)

    assert gradcheck(far, [1e5, 1.0])
    assert gradcheck(far, [1e5, 1.0], gradient=lambda x: np.array([2e5, 0.0])).status == "FAIL"
    assert gradcheck(lambda w, b: w**2 + float(b) ** 2, 1e5, 1.0).status == "FAIL"


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (relu, [0.0, 1.0]),
        (np.max, [1.0, 1.0]),
        (lambda x: np.sort(x)[0], [1.0, 1.0]),
        (lambda x: np.clip(x, 0, 1), [1.0, 0.5]),
    ],
)
def test_a_kink_of_f_is_a_jump_of_its_gradient(f, x):
    assert gradcheck(f, x).status == "AT_KINK"
    assert gradcheck(f, x, order=2).status == "AT_KINK"


def test_what_shows_nothing_at_order_1_shows_nothing_at_order_2():
    report = gradcheck(np.floor, 1.5, order=2)
    assert (report.order, report.status, bool(report)) == (1, "DEGENERATE", False)


def test_complex_gradients_are_refused():
    with pytest.raises(TypeError, match="gradient must return real numbers; it returned complex ones"):
        gradcheck(lambda x: x**2, 1.0, gradient=lambda x: 2j)


def test_a_gradient_that_returns_nothing_is_blamed_itself():
    with pytest.raises(TypeError, match="gradient must return an array for each input; it returned NoneType"):
        gradcheck(lambda x: x**2, 1.0, gradient=lambda x: None)

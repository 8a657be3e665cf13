"""checkpoint: the same gradients, computed again instead of kept."""

from __future__ import annotations

import copy
import functools
import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, checkpoint, draw, explain, functional, grad, gradcheck, no_grad

rng = np.random.default_rng(0)
X, W, B = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)


class Net:
    """Two tanh layers whose parameters are no arguments of its blocks."""

    def __init__(self, wrap: Callable[[Any], Any]):
        self.w, self.b = Value(W, name="w"), Value(B, name="b")
        self.x = Value(X, name="x")
        self.calls = 0
        self.block = wrap(self.layer)

    def layer(self, h: Any, *, times: Any = 1.0) -> Any:
        self.calls += 1
        return np.tanh(h @ self.w + self.b) * times

    def loss(self) -> Value:
        return np.sum(self.block(self.block(self.x), times=2.0) ** 2)

    def leaves(self) -> list[Value]:
        return [self.x, self.w, self.b]


def gradients(net: Net) -> list[Any]:
    net.loss().backward()
    return [leaf.grad for leaf in net.leaves()]


def second(net: Net) -> list[Any]:
    """The gradients of a cubic function of the gradients."""
    net.loss().backward(create_graph=True)
    total = sum((np.sum(leaf.grad**3) for leaf in net.leaves()), Value(0.0))
    for leaf in net.leaves():
        leaf.grad = None
    total.backward()
    return [leaf.grad for leaf in net.leaves()]


def plain(f: Any) -> Any:
    return f


# -- the same numbers --------------------------------------------------------------------------
def nested(f: Any) -> Any:
    return checkpoint(checkpoint(f))


@pytest.mark.parametrize("wrap", [checkpoint, nested])
def test_gradients_reach_arguments_and_parameters_bit_for_bit(wrap):
    for found, expected in zip(gradients(Net(wrap)), gradients(Net(plain)), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("wrap", [checkpoint, nested])
def test_second_derivatives_are_the_same(wrap):
    for found, expected in zip(second(Net(wrap)), second(Net(plain)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_create_graph_pass_gives_the_same_bits_as_a_plain_one():
    net = Net(checkpoint)
    net.loss().backward(create_graph=True)
    for leaf, expected in zip(net.leaves(), gradients(Net(checkpoint)), strict=True):
        np.testing.assert_array_equal(leaf.grad.data, expected)


def test_checkpoints_inside_a_checkpoint():
    net = Net(checkpoint)
    whole = checkpoint(lambda x: np.sum(net.block(net.block(x), times=2.0) ** 2))
    y = whole(net.x)
    assert y.args == (net.x, net.w, net.b)
    y.backward()
    for leaf, expected in zip(net.leaves(), gradients(Net(plain)), strict=True):
        np.testing.assert_array_equal(leaf.grad, expected)


def test_several_arguments_keywords_and_constants():
    def f(a: Any, b: Any, c: Any, *, d: Any) -> Any:
        return np.sum(a * np.exp(b) + c * d)

    a, b, d = Value(2.0, name="a"), Value(np.array([0.1, 0.2]), name="b"), Value(3.0, name="d")
    y = checkpoint(f)(a, b, 5.0, d=d)
    assert y.args == (a, b, d)
    y.backward()
    np.testing.assert_allclose(a.grad, np.sum(np.exp([0.1, 0.2])))
    np.testing.assert_allclose(b.grad, 2 * np.exp([0.1, 0.2]))
    assert d.grad == 10.0
    assert type(a.grad) is type(d.grad) is float


def test_values_in_a_list_or_found_by_the_function_need_not_be_leaves():
    w = Value(0.5)
    hidden = np.exp(w)
    y = checkpoint(lambda parts: parts[0] * hidden + parts[1])([w, w * 3])
    y.backward()
    assert w.grad == pytest.approx(2 * np.exp(0.5) - 0.5 * np.exp(0.5) + 3)
    assert hidden.grad == 0.5


def test_one_value_given_twice_gets_both_shares():
    x = Value(3.0)
    checkpoint(lambda a, b: a * b)(x, x).backward()
    assert x.grad == 6.0


def test_a_value_of_no_effect_gets_no_gradient_and_a_constant_none():
    x, unused, constant = Value(3.0), Value(1.0), Value(2.0, requires_grad=False)
    y = checkpoint(lambda x, unused, constant: x * constant)(x, unused, constant)
    y.backward()
    assert (x.grad, unused.grad, constant.grad) == (2.0, None, None)


def test_grad_of_a_checkpointed_function_and_of_its_gradient():
    cubic = checkpoint(lambda x: x**3)
    assert grad(cubic)(2.0) == 12.0
    assert grad(grad(cubic))(2.0) == 12.0
    assert grad(grad(grad(cubic)))(2.0) == 6.0
    assert gradcheck(cubic, Value(2.0))


def test_float32_stays_float32():
    x = Value(np.ones(3, np.float32))
    y = checkpoint(lambda x: np.tanh(x) * 2.0)(x)
    y.backward(np.ones(3, np.float32))
    assert y.dtype == x.grad.dtype == np.float32


# -- what is kept, and how often it is computed ------------------------------------------------
def test_one_recomputation_a_backward_step_whatever_the_number_of_inputs():
    net = Net(checkpoint)
    y = net.loss()
    assert net.calls == 2
    y.backward()
    assert net.calls == 4
    y.backward(create_graph=True)
    assert net.calls == 6


def test_intermediates_are_let_go():
    made: list[Any] = []

    def f(x: Any) -> Any:
        for _ in range(5):
            x = np.tanh(x)
            made.append(weakref.ref(x))
        return x

    x = Value(np.ones(3))
    gc.disable()  # reference counts alone must do
    try:
        y = checkpoint(f)(x)
        assert [ref() for ref in made] == [None] * 5
        y.backward(np.ones(3))
        assert [ref() for ref in made] == [None] * 10
    finally:
        gc.enable()


def test_without_recording_the_function_just_runs():
    x = Value(2.0)
    with no_grad():
        y = checkpoint(lambda x: x * x)(x)
    assert (y.data, y.requires_grad) == (4.0, False)
    assert checkpoint(lambda x: x * x)(3.0) == 9.0


def test_the_backward_pass_records_what_it_computes_again_even_inside_no_grad():
    x = Value(2.0)
    y = checkpoint(lambda x: x * x)(x)
    with no_grad():
        y.backward()
    assert x.grad == 4.0


def test_a_function_that_hands_an_argument_through_makes_no_node():
    x = Value(2.0)
    assert checkpoint(lambda x: x)(x) is x


def test_a_long_chain_of_checkpoints_needs_no_deep_recursion():
    x = y = Value(0.5)
    step = checkpoint(lambda x: x * 1.0001 + 0.0)
    for _ in range(20_000):
        y = step(y)
    y.backward()
    assert x.grad == pytest.approx(1.0001**20_000)
    del y


def test_a_copied_graph_still_differentiates():
    x = Value(2.0)
    y = copy.deepcopy(checkpoint(lambda x: x**2)(x))
    y.backward()
    assert y.args[0].grad == 4.0
    assert x.grad is None


# -- what is refused ---------------------------------------------------------------------------
def test_several_results_are_refused():
    def pair(x: Any) -> Any:
        return x, x

    with pytest.raises(
        TypeError, match=r"checkpoint: pair must return one Value; got a tuple: join them with np\.stack"
    ):
        checkpoint(pair)(Value(1.0))


def test_a_dropout_must_draw_the_same_mask_again():
    x = Value(np.ones(50))

    def noisy(x: Any, rng: Any) -> Any:
        return functional.dropout(x, 0.5, rng=rng)

    y = np.sum(checkpoint(noisy)(x, np.random.default_rng(0)))
    with pytest.raises(
        RuntimeError, match="checkpoint: noisy gave other numbers when it ran again, off by up to 2: make the generator"
    ):
        y.backward()
    assert x.grad is None
    y = checkpoint(lambda x: functional.dropout(x, 0.5, rng=np.random.default_rng(0)))(x)
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, y.data)


def test_a_result_of_another_shape_is_refused():
    shapes = iter([2, 3])
    y = checkpoint(lambda x: x * np.ones(next(shapes)))(Value(1.0))
    with pytest.raises(RuntimeError, match=r"checkpoint gave shape \(2,\), and \(3,\) when it ran again"):
        y.backward(np.ones(2))


def test_a_parameter_that_was_replaced_is_noticed():
    net = Net(checkpoint)
    y = net.loss()
    net.w = Value(W)
    with pytest.raises(RuntimeError, match=r"layer depended on 3 Values, and on others when it ran again \(3\)"):
        y.backward()


def test_a_parameter_that_was_changed_is_noticed():
    net = Net(checkpoint)
    y = net.loss()
    net.w.data *= 0.9
    with pytest.raises(RuntimeError, match="change data only after backward"):
        y.backward()


# -- its readers -------------------------------------------------------------------------------
def test_an_explanation_names_what_has_no_formula():
    net = Net(checkpoint)
    y = np.sum(net.block(net.x))
    step = explain(y).steps[1]
    assert step.formula == "layer(x, w, b)"
    assert [c.formula for c in step.contributions] == [f"layer_vjp(v1.grad, x, w, b, argnum={i})" for i in range(3)]
    assert [c.to for c in step.contributions] == ["x", "w", "b"]
    y.backward()
    for c, leaf in zip(step.contributions, net.leaves(), strict=True):
        np.testing.assert_array_equal(c.expr.value, leaf.grad)
        assert "layer" in c.latex
    assert "layer_vjp" in str(explain(y))
    assert "layer_vjp" in explain(y)._repr_html_()


def test_a_picture_shows_one_node_with_the_name_of_the_function():
    net = Net(checkpoint)
    source = draw(np.sum(net.block(net.x))).source
    assert "layer" in source
    assert "tanh" not in source


def test_functions_without_a_name_are_called_checkpoint():
    x = Value(2.0, name="x")
    assert explain(checkpoint(lambda x: x * x)(x)).steps[0].formula == "checkpoint(x)"
    assert explain(checkpoint(functools.partial(np.multiply, 2.0))(x)).steps[0].formula == "partial(x)"

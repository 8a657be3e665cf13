"""jacobian, hessian, hvp, jvp, vjp: right numbers, shapes of what was given, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, engine, grad, hessian, hvp, jacobian, jvp, no_grad, vjp
from tinygrad_opt.value import Value as Node

A = np.random.default_rng(0).normal(size=(4, 3))
X = np.array([0.3, -0.8, 1.7])


def wave(x: Any) -> Any:
    return np.sin(A @ x)


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def layer(p: Any, x: Any) -> Any:
    return np.tanh(p["W"] @ x + p["b"]) * p["scale"][0]


P = {"W": A, "b": np.arange(4.0), "scale": [2.0, np.ones(2)]}


# -- values ------------------------------------------------------------------------------------
def test_the_jacobian_is_the_table_of_derivatives() -> None:
    np.testing.assert_allclose(jacobian(wave)(X), np.cos(A @ X)[:, None] * A, rtol=1e-14)


def test_the_hessian_of_rosenbrock() -> None:
    np.testing.assert_array_equal(hessian(rosenbrock)([1.0, 1.0]), [[802.0, -400.0], [-400.0, 200.0]])


def test_a_number_has_numbers_for_derivatives() -> None:
    assert jacobian(lambda x: x**3)(2.0) == 12.0
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert hvp(lambda x: x**3, 2.0, 10.0) == 120.0
    assert jvp(lambda x: x**3, 2.0, 10.0) == vjp(lambda x: x**3, 2.0, 10.0) == 120.0
    assert all(type(d) is float for d in (jvp(np.sin, 2.0, 1.0), vjp(np.sin, 2.0, 1.0), hvp(np.sin, 2.0, 1.0)))


def test_shapes_are_those_of_result_and_input() -> None:
    x = np.ones((2, 3))
    assert jacobian(lambda x: x @ A.T)(x).shape == (2, 4, 2, 3)
    assert hessian(lambda x: np.sum(x**2))(x).shape == (2, 3, 2, 3)
    assert jacobian(lambda x: x * np.ones(5))(2.0).shape == (5,)
    assert jacobian(np.sum)(x).shape == (2, 3)
    assert jacobian(lambda x: x[:0])(X).shape == (0, 3)
    assert jacobian(lambda x: np.ones(2))(X).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("way", ["rows", "columns"])
def test_both_ways_give_the_same_jacobian(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_opt.calculus.COLUMNS_START", {"rows": 10**6, "columns": -(10**6)}[way])
    np.testing.assert_allclose(jacobian(wave)(X), np.cos(A @ X)[:, None] * A, rtol=1e-14)
    np.testing.assert_allclose(hessian(rosenbrock)([0.5, 2.0]), [[-498.0, -200.0], [-200.0, 200.0]], rtol=1e-14)


def test_products_are_those_with_the_jacobian_and_the_hessian() -> None:
    v, u = np.array([1.0, -2.0, 0.5]), np.array([0.1, 0.2, -0.3, 0.4])
    jac, hess = jacobian(wave)(X), hessian(lambda x: np.sum(wave(x) ** 3))(X)
    np.testing.assert_allclose(jvp(wave, X, v), jac @ v, rtol=1e-13)
    np.testing.assert_allclose(vjp(wave, X, u), u @ jac, rtol=1e-13)
    np.testing.assert_allclose(hvp(lambda x: np.sum(wave(x) ** 3), X, v), hess @ v, rtol=1e-13)
    np.testing.assert_allclose(hess, hess.T, rtol=1e-13)


def test_products_with_values_can_be_differentiated_for_point_and_vector() -> None:

    def f(x: Any) -> Any:
        return np.sum(x**3)

    np.testing.assert_allclose(grad(lambda x: np.sum(hvp(f, x, np.ones(3))))(X), np.full(3, 6.0))
    np.testing.assert_allclose(grad(lambda v: np.sum(jvp(np.sin, X, v)))(np.ones(3)), np.cos(X), rtol=1e-15)
    np.testing.assert_allclose(grad(lambda u: np.sum(vjp(np.sin, X, u)))(np.ones(3)), np.cos(X), rtol=1e-15)
    np.testing.assert_allclose(jacobian(jacobian(np.square))(X)[1, 1, 1], 2.0)


# -- trees and several arguments ---------------------------------------------------------------
def test_gradients_of_a_dict_come_as_a_dict() -> None:
    g = grad(lambda p, x: np.sum(layer(p, x)))(P, X)
    assert g["W"].shape == A.shape
    assert g["b"].shape == (4,)
    assert type(g["scale"]) is list
    assert type(g["scale"][0]) is float
    assert g["scale"][1].tolist() == [0.0, 0.0]


def test_several_arguments_at_once() -> None:

    def f(x: Any, y: Any) -> Any:
        return np.sum(x * y**2)

    gx, gy = grad(f, argnum=(0, 1))(np.ones(2), np.array([2.0, 3.0]))
    assert (gx.tolist(), gy.tolist()) == ([4.0, 9.0], [4.0, 6.0])
    jx, jy = jacobian(lambda x, y: x * y, argnum=(0, -1))(np.ones(2), 3.0)
    assert (jx.tolist(), jy.tolist()) == ([[3.0, 0.0], [0.0, 3.0]], [1.0, 1.0])


def test_the_jacobian_of_trees_has_the_tree_of_the_result_outside() -> None:
    j = jacobian(lambda p: {"y": layer(p, X), "b": p["b"] * 2})(P)
    assert j["y"]["W"].shape == (4, 4, 3)
    np.testing.assert_array_equal(j["b"]["b"], 2 * np.eye(4))
    assert j["b"]["scale"][0].tolist() == [0.0] * 4


def test_the_hessian_of_trees_is_a_table_of_them() -> None:
    h = hessian(lambda p: np.sum(layer(p, X) ** 2))(P)
    assert h["W"]["b"].shape == (4, 3, 4)
    np.testing.assert_allclose(h["W"]["b"], np.moveaxis(h["b"]["W"], 0, -1), rtol=1e-12)
    assert type(h["scale"][0]["scale"][0]) is float


def test_products_take_trees() -> None:

    def f(p: Any) -> Any:
        return np.sum(layer(p, X) ** 2)

    along = {"W": A, "b": np.zeros(4), "scale": [0.0, np.zeros(2)]}
    h = hessian(f)(P)
    np.testing.assert_allclose(hvp(f, P, along)["b"], np.einsum("ijk,jk->i", h["b"]["W"], A), rtol=1e-12)
    y = jvp(lambda p: [layer(p, X), p["b"]], P, along)
    np.testing.assert_allclose(y[0], np.einsum("ijk,jk->i", jacobian(lambda p: layer(p, X))(P)["W"], A), rtol=1e-12)
    assert y[1].tolist() == [0.0] * 4
    assert vjp(lambda p: {"c": p["b"]}, P, {"c": np.ones(4)})["b"].tolist() == [1.0] * 4


def test_vectors_belong_to_their_keys_in_any_order() -> None:
    f, x = lambda p: p["a"] ** 2 + 10 * p["b"] ** 2, {"a": 1.0, "b": 1.0}
    assert hvp(f, x, {"b": 0.0, "a": 1.0}) == {"a": 2.0, "b": 0.0}
    assert jvp(f, x, {"b": 0.0, "a": 1.0}) == 2.0
    assert vjp(lambda x: {"u": x**2, "v": 3 * x}, 1.0, {"v": 0.0, "u": 1.0}) == 2.0


def test_a_list_of_numbers_is_an_array() -> None:
    assert jacobian(np.square)([1.0, 2.0]).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert hvp(np.sum, (1.0, 2.0), (1.0, 1.0)).tolist() == [0.0, 0.0]


def test_nothing_is_touched_and_no_grad_does_not_matter() -> None:
    x = Value(X)
    with no_grad():
        h = hessian(rosenbrock)([1.0, 1.0])
        assert jvp(wave, X, X).shape == (4,)
    assert h[0, 0] == 802.0
    j = jacobian(wave)(x)
    assert isinstance(j, Value)
    assert x.grad is None


# -- what they cost ----------------------------------------------------------------------------
class Counter:
    """Counts evaluations of a function, nodes made, and rules run."""

    def __init__(self, f: Callable[..., Any]):
        self.f, self.calls, self.rules = f, 0, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)

    def work(self, run: Callable[[], Any]) -> int:
        """Primitive calls made by run: nodes, and rules that make no nodes of their own."""
        self.calls = self.rules = 0
        first = Node(0.0).age
        run()
        return Node(0.0).age - first - 1 + self.rules


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Counter]:
    counters: list[Counter] = []
    contribution = engine.contribution

    def counted(op: Any, rule: Any, operands: Any, *rest: Any) -> Any:
        for c in counters:
            c.rules += not isinstance(operands[0], Value)
        return contribution(op, rule, operands, *rest)

    monkeypatch.setattr(engine, "contribution", counted)

    def make(f: Callable[..., Any]) -> Counter:
        counters.append(Counter(f))
        return counters[-1]

    return make


def chain(x: Any) -> Any:
    for _ in range(10):
        x = np.tanh(x * 1.1) + np.sin(x)
    return np.sum(x * x)


def test_every_derivative_evaluates_the_function_once(counter: Any) -> None:
    f, w = counter(chain), counter(wave)
    for run in (lambda: grad(f)(X), lambda: hessian(f)(X), lambda: hvp(f, X, X)):
        f.work(run)
        assert f.calls == 1
    for run in (lambda: jacobian(w)(X), lambda: jvp(w, X, X), lambda: vjp(w, X, np.ones(4))):
        w.work(run)
        assert w.calls == 1


def test_a_hessian_product_costs_at_most_five_gradients_whatever_the_dimension(counter: Any) -> None:
    f, costs = counter(chain), []
    for n in (1, 10, 1000):
        x = np.linspace(-1, 1, n)
        gradient, product = f.work(lambda x=x: grad(f)(x)), f.work(lambda x=x: hvp(f, x, x))
        assert product <= 5 * gradient
        costs.append(product)
    assert len(set(costs)) == 1


def test_the_jacobian_takes_the_cheaper_direction(counter: Any) -> None:
    tall, wide = np.ones((200, 3)), np.ones((3, 200))
    f = counter(lambda x, a: np.tanh(a @ x))
    few_inputs = f.work(lambda: jacobian(f)(np.ones(3), tall))
    few_results = f.work(lambda: jacobian(f)(np.ones(200), wide))
    assert few_inputs < 60
    assert few_results < 30


def test_only_the_way_to_the_input_is_walked(counter: Any) -> None:
    w = Value(A)
    f = counter(lambda x: np.sum(np.exp(w * 2.0) @ x))
    with_parameter = f.work(lambda: grad(f)(X))
    assert with_parameter < 25
    assert w.grad is None


# -- bad calls ---------------------------------------------------------------------------------
BAD_CALLS: list[tuple[Callable[[], Any], str]] = [
    (lambda: hvp(rosenbrock, X, [1.0]), "hvp needs v of the shape of x: (3,); got (1,)"),
    (lambda: vjp(wave, X, X), "vjp needs u of the shape of f(x): (4,); got (3,)"),
    (lambda: jvp(wave, X, 1.0), "jvp needs v of the shape of x: (3,); got ()"),
    (lambda: hvp(wave, X, X), "hvp needs a function that returns a scalar; this one returned shape (4,)"),
    (lambda: hvp(np.sum, X, 1j * X), "hvp needs v of real numbers; got ndarray of complex128"),
    (lambda: hvp(lambda p: p["a"], {"a": 1.0}, {"b": 1.0}), "hvp: v must be a dict with the keys a; got the keys b"),
    (lambda: jvp(lambda p: p["a"], {"a": 1.0}, 1.0), "jvp: v must be a dict with the keys a; got a float"),
    (lambda: hessian(wave)(X), "grad needs a function that returns a scalar; this one returned shape (4,)"),
    (lambda: jacobian(lambda x: "a")(X), "jacobian needs a function that returns numbers; this one returned str"),
    (lambda: grad(wave, ())(X), "cannot differentiate argument (): 1 positional arguments were given"),
    (lambda: jacobian(wave, "x")(X), "cannot differentiate argument 'x': 1 positional arguments were given"),
    (lambda: grad(np.sum)({"a": "b"}), "a Value must be real numbers; got a string (str, dtype <U1): convert it with "
     "float(...)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[message for _, message in BAD_CALLS])
def test_bad_calls_say_what_is_wrong(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value) == message

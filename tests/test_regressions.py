"""Mistakes that were made once: each test is the smallest program that showed one."""

import copy
import re
import threading

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, draw, explain, functional, grad
from tinygrad_opt.explain.steps import value_of
from tinygrad_opt.expr import Expr
from tinygrad_opt.notation import latex, text


def test_a_plain_pass_leaves_the_graph_of_an_earlier_gradient_alone():
    a = Value([2.0, 3.0])
    np.sum(a * a).backward(create_graph=True)
    of_gradient = np.sum(a.grad * a.grad)
    np.sum(a).backward()
    a.grad = None
    of_gradient.backward()
    assert a.grad.tolist() == [16.0, 24.0]


def test_two_leaves_with_one_gradient_node_do_not_share_their_sums():
    a, b = Value(np.zeros(3)), Value(np.zeros(3))
    (a + b).backward(np.ones(3), create_graph=True)
    np.sum(a * 1).backward()
    assert b.grad.data.tolist() == [1.0, 1.0, 1.0]


def test_mixed_second_derivative_of_a_power_at_exponent_zero():
    slope_in_x = grad(lambda n: grad(lambda x: x**n)(Value(2.0)))
    slope_in_n = grad(lambda x: grad(lambda n: x**n)(Value(0.0)))
    assert slope_in_x(0.0) == slope_in_n(2.0) == 0.5


@pytest.mark.parametrize("exponent", [np.array([True, False]), np.array([2, -128], np.int8)])
def test_powers_with_exponents_of_small_integer_types(exponent):
    x = Value([2.0, 3.0])
    np.power(x, exponent).sum().backward()
    n = exponent.astype(float)
    assert np.allclose(x.grad, n * np.array([2.0, 3.0]) ** (n - 1))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, -1], ValueError, "labels must be from 0 to 1; got -1 to 0"),
        ([0, 2], ValueError, "labels must be from 0 to 1; got 0 to 2"),
        ([0, 1, 1], ValueError, r"scores \(N, C\) need labels \(N,\), one a row; got \(2, 2\) and \(3,\)"),
        ([[0], [1]], ValueError, r"got \(2, 2\) and \(2, 1\)"),
        ([0.0, 1.0], TypeError, "labels must be integers; got float64"),
    ],
)
def test_labels_that_name_no_column_for_each_row(labels, error, message):
    with pytest.raises(error, match=message):
        functional.cross_entropy(Value(np.zeros((2, 2))), np.array(labels))


def test_a_value_given_by_keyword_is_recorded_too():
    x = Value(0.0)
    functional.relu(x=x).backward()
    assert x.grad == 0.0
    with pytest.raises(TypeError, match="leaky_relu takes a plain slope, which gets no gradient"):
        functional.leaky_relu(x, slope=Value(0.1))
    assert np.argmax(a=Value([1.0, 3.0])) == 1


@pytest.mark.parametrize("kind", ["out", "input", "kept"])
def test_a_rule_that_hands_out_an_array_it_did_not_make_keeps_it(kind):
    kept = np.array([1.0, 2.0])
    rules = {"out": lambda g, out, x: out, "input": lambda g, out, x: x, "kept": lambda g, out, x: kept}

    def triple(x):
        return 3 * x

    triple = differentiable(triple, rules[kind])
    x = Value([1.0, 2.0])
    y = triple(x)
    (y + triple(x)).sum().backward()
    assert kept.tolist() == x.data.tolist() == [1.0, 2.0]
    assert y.data.tolist() == [3.0, 6.0]


@pytest.mark.parametrize("held", [np.zeros(2, int), np.array(0.0), np.broadcast_to(0.0, 2), np.zeros(2, np.float32), 0])
def test_a_gradient_set_by_hand_is_added_to_whatever_its_kind(held):
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    a.grad = held
    np.sum(a * b).backward()
    assert a.grad.tolist() == [3.0, 4.0]
    assert a.grad.dtype == np.float64
    assert a.grad.flags.writeable


def test_freezing_a_leaf_after_the_graph_is_built_holds():
    for f in (np.exp, lambda x: x * 3, lambda x: 3 * x):
        x = Value(2.0)
        y = f(x)
        x.requires_grad = False
        y.backward()
        assert x.grad is None


def test_linear_is_its_formula_in_every_dtype_and_shape():
    x, w = np.ones((2, 3), np.float32), Value(np.ones((4, 3), np.float32))
    assert functional.linear(x, w, np.ones(4)).dtype == np.float64
    assert functional.linear(np.ones(3), w, np.ones((1, 4))).shape == (1, 4)
    assert functional.linear(np.ones((2, 3), int), Value(np.ones((4, 3))), np.zeros(4)).shape == (2, 4)


def test_clip_between_crossed_bounds_follows_the_bound_that_holds():
    low, high = Value(2.0), Value(1.0)
    np.clip(Value(0.0), low, high).backward()
    assert (low.grad, high.grad) == (0.0, 1.0)


def test_a_rule_that_is_replaced_is_replaced_everywhere():
    def half(x):
        return x / 2

    half = differentiable(half, lambda g, out, x: g * 9)
    again = differentiable(half, lambda g, out, x: g / 2)
    x = Value(1.0)
    again(x).backward()
    assert x.grad == 0.5


def test_comparing_with_a_list_is_elementwise():
    assert (Value(1.0) == [1.0, 2.0]).tolist() == [True, False]
    assert (Value(1.0) < [0, 2]).tolist() == [False, True]


def test_a_seed_for_a_single_entry_may_be_a_value():
    m = Value([[3.0]])
    (m @ m).backward(Value(2.0), create_graph=True)
    assert m.grad.data.tolist() == [[12.0]]


def test_keep_leaves_leaves_no_older_gradient_on_intermediates():
    x = Value(2.0)
    y = x * x
    z = y * x
    z.backward()
    z.backward(keep="leaves")
    assert y.grad is None


def test_copies_under_create_graph_and_threads_are_whole():
    x = Value([1.0, 2.0])
    np.sum(x * x).backward(create_graph=True)
    assert copy.deepcopy(x).grad.data.tolist() == [2.0, 4.0]
    results = []

    def work(k):
        own = Value(float(k))
        (own * own).backward()
        results.append(own.grad == 2.0 * k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_explaining_what_is_no_value_and_what_is_a_leaf():
    with pytest.raises(TypeError, match="explain tells how a Value was computed; got int"):
        explain(3)
    assert explain(Value(2.0, name="x")).gradients == {"x": 1.0}
    with pytest.raises(TypeError, match="a name is a string; got 3"):
        Value(1.0, name=3)


def test_a_rule_with_a_branch_is_explained_as_it_ran():
    def flat_left(x):
        return x * (x > 0)

    flat_left = differentiable(flat_left, lambda g, out, x: g if x > 0 else 0 * g)
    (step,) = explain(flat_left(Value(-1.0, name="x"))).steps
    assert step.contributions[0].formula == "0 * v1.grad"


def test_local_derivatives_are_numbers():
    for rule, slope in ((lambda g, out, x: -g * (x > 0), -1.0), (lambda g, out, x: g * (x > 0) + g * (x > -1), 2.0)):

        def kinked(x):
            return np.abs(x)

        kinked = differentiable(kinked, rule, elementwise=True)
        (step,) = explain(kinked(Value(2.0, name="x"))).steps
        assert value_of(step.contributions[0].local) == slope
    (step,) = explain(functional.relu(Value(2.0, name="x"))).steps
    assert type(step.record()["contributions"][0]["local"]["value"]) is float


X, Y = Expr(2.0, "x"), Expr(3.0, "y")


@pytest.mark.parametrize(
    ("made", "written"),
    [
        ((-2.0) ** X, "(-2) ** x"),
        ((X >= -1) & (X <= 1), "(x >= -1) & (x <= 1)"),
        ((X > 1) == Y, "(x > 1) == y"),
        (X * -2.0, "x * (-2)"),
        (np.transpose(Expr(np.ones((2, 2)), "m"), (0, 1)), "transpose(m, axes=(0, 1))"),
        (Expr(np.ones((2, 2)), "m")[((0, 0), (1, 1))], "m[(0, 0), (1, 1)]"),
        (Expr(1.0, "x")[()], "x[()]"),
    ],
)
def test_formulas_read_as_python_reads_them(made, written):
    assert text(made) == written


@pytest.mark.parametrize(
    ("made", "tex"),
    [
        (X * -2.0, r"x \, \left(-2\right)"),
        ((X**2) ** 3, r"\left(x^{2}\right)^{3}"),
        (np.exp(X) ** 2, r"\left(e^{x}\right)^{2}"),
        ((X / Y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
        (1e-5**X, r"\left(1 \cdot 10^{-5}\right)^{x}"),
        (Expr(np.ones(2), "x1")[0], r"{x_{1}}_{\text{0}}"),
    ],
)
def test_latex_groups_what_belongs_together(made, tex):
    assert latex(made) == tex


def test_names_stay_distinct_whatever_users_call_theirs():
    a, b, c = Value(1.0, name="a'2"), Value(2.0, name="a"), Value(3.0, name="a")
    assert len(explain(a * b * c).gradients) == 3


def test_a_folded_picture_of_a_step_has_no_cycle():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        nodes = [Value(1.0), Value(2.0)]
        for _ in range(40):
            i, j = rng.integers(0, len(nodes), 2)
            nodes.append(nodes[i] + nodes[j])
        picture = draw(sum(nodes[1:], nodes[0]), step=int(rng.integers(1, 20)), budget=10)
        edges = set(re.findall(r"^\s*(\w+) -> (\w+)", picture.source, re.MULTILINE))
        assert edges
        while edges:  # take away what leads nowhere, until nothing is left or a cycle is
            starts = {tail for tail, _ in edges}
            remaining = {(tail, head) for tail, head in edges if head in starts}
            assert remaining < edges, f"a cycle in the picture of seed {seed}"
            edges = remaining

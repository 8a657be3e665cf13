"""The engine and Value: how gradients add up, who owns them, how far a graph may grow."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import threading
import weakref
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, no_grad

LONG = 1_000_000


def leaf(*shape: int, seed: int = 0) -> Value:
    return Value(np.random.default_rng(seed).normal(size=shape))


def chain(length: int) -> tuple[Value, Value]:
    """A leaf and the end of a line of nodes that starts from it."""
    x = y = Value(1.0)
    for _ in range(length):
        y = y + 1e-6
    return x, y


# -- adding up ---------------------------------------------------------------------------------
@pytest.mark.parametrize("data", [3.0, [3.0, -1.0]])
def test_a_value_used_twice_gets_both_shares(data: Any) -> None:
    for f, slope in ((lambda a: a + a, 2), (lambda a: a * a, 2 * np.array(data)), (lambda a: a - a, 0)):
        a = Value(data)
        np.sum(f(a)).backward()
        np.testing.assert_array_equal(a.grad, np.broadcast_to(slope, a.shape))


def test_a_diamond_adds_its_sides() -> None:
    a = Value(2.0)
    b = a * 3
    left, right = b * 5, b * 7
    (left * right).backward()
    assert (left.grad, right.grad, b.grad, a.grad) == (42, 30, 420, 1260)


@pytest.mark.parametrize("data", [2.0, [2.0, 3.0]])
def test_a_value_used_a_thousand_times_gets_every_share(data: Any) -> None:
    a = Value(data)
    middle = a * 1.0
    total = middle * 0
    for i in range(1000):
        total = total + middle * i
    np.sum(total).backward()
    np.testing.assert_array_equal(a.grad, np.full(a.shape, 499500.0))


def test_a_second_pass_doubles_the_leaves_and_sets_the_rest_afresh() -> None:
    a, b = Value(2.0), leaf(3)
    c = a * b
    d = np.sum(c * c)
    d.backward()
    first, middle = (a.grad, b.grad.copy()), c.grad.copy()
    d.backward()
    assert a.grad == 2 * first[0]
    np.testing.assert_array_equal(b.grad, 2 * first[1])
    np.testing.assert_array_equal(c.grad, middle)
    assert d.grad == 1


def test_two_roots_over_shared_leaves_add_up() -> None:
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    (shared + a).backward()
    (shared * b).backward()
    assert (a.grad, b.grad) == (3 + 1 + 9, 2 + 2 * 2 * 3)


def test_a_gradient_set_to_none_starts_from_nothing() -> None:
    a = Value([1.0, 2.0])
    for _ in range(2):
        a.grad = None
        np.sum(a * a).backward()
    np.testing.assert_array_equal(a.grad, [2, 4])


def test_a_gradient_set_to_the_number_zero_starts_from_zero() -> None:
    a, b = Value([1.0, 2.0]), Value(3.0)
    a.grad = b.grad = 0.0
    np.sum(a * b).backward()
    np.testing.assert_array_equal(a.grad, [3, 3])
    assert b.grad == 3


def test_backward_from_a_leaf_gives_it_the_seed() -> None:
    a = Value(2.0)
    a.backward()
    assert a.grad == 1


@pytest.mark.parametrize("gradient", [2.0, 2, np.float64(2), np.array(2.0), Value(2.0)])
def test_a_single_number_takes_any_number_as_its_gradient(gradient: Any) -> None:
    for shape in ((), (1,), (1, 1)):
        a = Value(np.full(shape, 3.0))
        (a * a).backward(gradient)
        np.testing.assert_array_equal(a.grad, np.full(shape, 12.0))
    m = Value(np.ones((1, 1)))
    (m @ m).backward(gradient)
    np.testing.assert_array_equal(m.grad, [[4]])


def test_a_given_gradient_is_weighed_in_and_kept_as_it_was() -> None:
    a, g = leaf(2, 3), np.arange(6.0).reshape(2, 3)
    kept = g.copy()
    y = a * 2
    y.backward(g)
    y.grad[:] = a.grad[:] = 0
    y.backward(g)
    np.testing.assert_array_equal(a.grad, 2 * kept)
    np.testing.assert_array_equal(g, kept)


# -- ownership ---------------------------------------------------------------------------------
@pytest.mark.parametrize("keep", ["all", "leaves"])
def test_leaves_never_share_a_gradient(keep: Any) -> None:
    a, b = leaf(3), leaf(3)
    y = a + b
    y.backward(np.ones(3), keep=keep)
    a.grad[0] = 99
    np.testing.assert_array_equal(b.grad, np.ones(3))
    a.grad = b.grad = None
    y.backward(np.ones(3), keep=keep)
    y.backward(np.ones(3), keep=keep)
    np.testing.assert_array_equal(a.grad, [2, 2, 2])
    np.testing.assert_array_equal(b.grad, [2, 2, 2])


def test_a_sum_of_shares_never_spoils_an_upstream_gradient_on_its_way() -> None:
    a, b = leaf(3), leaf(3)
    left, right = a * 1, b * 1
    older = left * 3
    newer = left + right
    (newer + older).backward(np.ones(3))
    np.testing.assert_array_equal(a.grad, [4, 4, 4])
    np.testing.assert_array_equal(b.grad, [1, 1, 1])
    np.testing.assert_array_equal(newer.grad, [1, 1, 1])


@pytest.mark.parametrize(
    "f",
    [
        lambda a: +a, lambda a: a.reshape(3, 2), lambda a: a.T, lambda a: np.broadcast_to(a, (4, 2, 3)),
        lambda a: a[:, ::-1], lambda a: np.concatenate([a, a]), lambda a: a.ravel(), lambda a: a + 0 * a[0],
    ],
)  # fmt: skip
def test_a_leaf_gradient_is_writable_whatever_view_it_came_from(f: Any) -> None:
    a = leaf(2, 3)
    y = f(a)
    y.backward(np.ones(y.shape))
    a.grad += 1
    assert a.grad.flags.owndata
    np.testing.assert_array_equal(y.grad, np.ones(y.shape))


def test_the_data_given_to_a_value_is_copied() -> None:
    data = np.zeros(3)
    a = Value(data)
    data[0] = 1
    assert a.data[0] == 0


def test_keep_leaves_stores_no_gradient_on_intermediates() -> None:
    a = leaf(3)
    b = a * 2
    c = np.sum(b)
    c.backward(keep="leaves")
    assert b.grad is None
    assert c.grad is None
    np.testing.assert_array_equal(a.grad, [2, 2, 2])


def test_both_ways_to_keep_give_the_leaves_the_same_gradient() -> None:
    grads = []
    for keep in ("all", "leaves"):
        a = leaf(4, 3)
        b = np.tanh(a) * a
        np.sum(b @ b.T + np.sum(b)).backward(keep=keep)
        grads.append(a.grad)
    np.testing.assert_array_equal(*grads)


# -- what is recorded --------------------------------------------------------------------------
def test_no_grad_records_nothing() -> None:
    a = Value(2.0)
    with no_grad():
        y = a * a
        assert Value(1.0).requires_grad
    assert not y.requires_grad
    assert y.args == ()
    assert (a * y).requires_grad


def test_no_grad_ends_with_its_block_even_after_an_error() -> None:
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (Value(2.0) * 2).requires_grad


def test_no_grad_nests_and_decorates() -> None:
    @no_grad()
    def f(v: Value) -> Value:
        return v * v

    a = Value(3.0)
    assert not f(a).requires_grad
    assert not f(a).requires_grad
    with no_grad():
        with no_grad():
            pass
        assert not (a * 2).requires_grad


def test_no_grad_is_of_one_thread_only() -> None:
    a, seen, inside = Value(2.0), [], threading.Event()
    done = threading.Event()

    def record() -> None:
        inside.wait(10)
        seen.append((a * 2).requires_grad)
        done.set()

    thread = threading.Thread(target=record)
    thread.start()
    with no_grad():
        inside.set()
        done.wait(10)
        assert not (a * 2).requires_grad
    thread.join()
    assert seen == [True]


@pytest.mark.parametrize("data", [3.0, [3.0, 3.0]])
def test_nothing_flows_into_a_constant(data: Any) -> None:
    a, constant = Value(data), Value(data, requires_grad=False)
    np.sum(constant * a).backward()
    np.testing.assert_array_equal(a.grad, data)
    assert constant.grad is None
    assert not (constant * constant).requires_grad


def test_gradients_are_the_same_from_many_threads() -> None:
    w = leaf(5, 5)
    results: list[Any] = [None] * 8

    def work(i: int) -> None:
        x = Value(np.full((2, 5), float(i)))
        np.sum(np.tanh(x @ w.data)).backward()
        results[i] = x.grad

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, grad in enumerate(results):
        x = Value(np.full((2, 5), float(i)))
        np.sum(np.tanh(x @ w.data)).backward()
        np.testing.assert_array_equal(grad, x.grad)


# -- derivatives of derivatives ----------------------------------------------------------------
def test_derivatives_of_any_order_of_a_sine() -> None:
    x = Value(0.3)
    y = np.sin(x)
    for expected in (math.cos(0.3), -math.sin(0.3), -math.cos(0.3), math.sin(0.3)):
        x.grad = None
        y.backward(create_graph=True)
        y = x.grad
        assert y.data == pytest.approx(expected, rel=1e-15)


def test_the_hessian_of_the_rosenbrock_function() -> None:
    x = Value([1.5, 0.5])
    np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).backward(create_graph=True)
    gradient, rows = x.grad, []
    for i in range(2):
        x.grad = None
        gradient[i].backward()
        rows.append(x.grad)
    np.testing.assert_allclose(rows, [[1200 * 1.5**2 - 400 * 0.5 + 2, -600], [-600, 200]], rtol=1e-14)


def test_a_flat_function_still_gives_a_gradient_to_differentiate() -> None:
    x = Value(1.5)
    y = np.floor(x)
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert x.grad.data == 0


# -- dtypes ------------------------------------------------------------------------------------
def test_mixed_precision_gives_each_leaf_its_own() -> None:
    single, double = Value(np.ones(3, np.float32)), Value(np.ones(3))
    y = single * double + single
    assert y.dtype == np.float64
    np.sum(y).backward()
    assert single.grad.dtype == np.float32
    assert double.grad.dtype == np.float64
    np.testing.assert_array_equal(single.grad, [2, 2, 2])


def test_a_python_number_leaves_float32_as_it_is() -> None:
    single = Value(np.ones(3, np.float32))
    y = (2.0 * single + 1) ** 2 / 3
    assert y.dtype == np.float32
    np.sum(y).backward()
    assert single.grad.dtype == np.float32


def test_mixed_precision_differentiates_twice() -> None:
    single, double = Value(np.full(3, 2, np.float32)), Value(np.full(3, 3.0))
    np.sum(single**2 * double**2).backward(create_graph=True)
    assert (single.grad.dtype, double.grad.dtype) == (np.float32, np.float64)
    cross, single.grad, double.grad = np.sum(single.grad), None, None
    cross.backward()
    assert (single.grad.dtype, double.grad.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single.grad, np.full(3, 18.0))
    np.testing.assert_array_equal(double.grad, np.full(3, 24.0))


def test_whole_numbers_and_booleans_become_float64() -> None:
    for data in ([1, 2], [True, False], np.arange(2, dtype=np.int8), np.arange(2, dtype=">f8")):
        assert Value(data).dtype == np.float64
    assert Value(np.zeros(2, ">f4")).dtype == np.float32
    assert [type(Value(number).data) for number in (1, True, 2.5, np.float64(1))] == [float] * 4


# -- size --------------------------------------------------------------------------------------
def test_a_chain_of_a_million_nodes_never_recurses() -> None:
    x, y = chain(LONG)
    y.backward()
    assert x.grad == 1
    assert "Value(data=" in repr(y)
    twin = copy.copy(y)
    twin.backward()
    assert x.grad == 2
    clone = copy.deepcopy(y)
    clone.backward()
    assert clone.data == y.data
    assert x.grad == 2
    del twin, clone
    alive = weakref.ref(y)
    del y
    assert alive() is None


def test_a_long_chain_differentiates_twice() -> None:
    x = Value(1.0)
    y = x * x
    for _ in range(20_000):
        y = y * 1.0
    y.backward(create_graph=True)
    slope, x.grad = x.grad, None
    slope.backward()
    assert x.grad == 2


def test_a_used_graph_is_freed_by_reference_counting_alone() -> None:
    gc.collect()
    gc.disable()
    try:
        a, w = leaf(3), leaf(3, 3)
        middle = np.tanh(w @ a)
        loss = np.sum(middle[:2] * middle[1:])
        loss.backward()
        refs = [weakref.ref(middle), weakref.ref(loss)]
        del middle, loss
        assert [ref() for ref in refs] == [None, None]
        ref = weakref.ref(a)
        del a
        assert ref() is None
    finally:
        gc.enable()


def test_a_graph_is_freed_after_a_failed_pass() -> None:
    gc.collect()
    gc.disable()
    try:
        y = leaf(3) * 2
        ref = weakref.ref(y)
        with pytest.raises(ValueError, match="scalar"):
            y.backward()
        del y
        assert ref() is None
    finally:
        gc.enable()


# -- errors on the way -------------------------------------------------------------------------
def failing_rule() -> Any:
    def explode(g: Any, out: Any, x: Any) -> Any:
        raise KeyError("in the rule")

    return differentiable(lambda x: x * 1.0, explode)


@pytest.mark.parametrize("data", [2.0, [2.0, 3.0]])
def test_an_error_inside_a_rule_leaves_every_gradient_as_it_was(data: Any) -> None:
    a, b = Value(data), Value(data)
    bad = failing_rule()
    good = a * b
    np.sum(good).backward()
    before = [copy.copy(v.grad) for v in (a, b, good)]
    with pytest.raises(KeyError, match="in the rule"):
        np.sum(good * b + bad(a)).backward()
    for v, was in zip((a, b, good), before, strict=True):
        np.testing.assert_array_equal(v.grad, was)


def test_a_misshapen_gradient_on_one_leaf_leaves_the_others_as_they_were() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    for first, last in ((a, b), (b, a)):
        first.grad, last.grad = np.zeros(2), np.zeros(3)
        with pytest.raises(ValueError, match="cannot add"):
            np.sum(a * b).backward()
        np.testing.assert_array_equal(first.grad, [0, 0])


def test_a_rule_of_the_wrong_shape_is_refused() -> None:
    wrong = differentiable(lambda x: x * 2, lambda g, out, x: np.ones(4))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        np.sum(wrong(leaf(3))).backward()


# -- copies ------------------------------------------------------------------------------------
def test_a_copy_has_data_of_its_own_and_no_gradient() -> None:
    a = Value([1.0, 2.0], name="a")
    a.grad = np.ones(2)
    b = copy.copy(a)
    b.data[0] = 9
    assert (b.name, b.grad, a.data[0]) == ("a", None, 1)


def test_a_deep_copy_is_a_graph_of_its_own() -> None:
    a = Value([1.0, 2.0], name="a")
    y = np.sum(a * a)
    y.backward()
    clone = copy.deepcopy({"root": y, "leaf": a})
    clone["root"].backward()
    np.testing.assert_array_equal(clone["leaf"].grad, [4, 8])
    np.testing.assert_array_equal(a.grad, [2, 4])


def test_a_copy_made_under_no_grad_is_the_same_as_outside() -> None:
    a = Value([1.0, 2.0])
    y = a * a
    with no_grad():
        copies = [copy.copy(a), copy.deepcopy(a), copy.copy(y), copy.deepcopy(y)]
    assert all(v.requires_grad for v in copies)
    assert len(copies[2].args) == len(copies[3].args) == 2


def test_a_leaf_survives_pickling() -> None:
    a = pickle.loads(pickle.dumps(Value([1.0, 2.0], name="a", requires_grad=False)))
    np.testing.assert_array_equal(a.data, [1, 2])
    assert (a.name, a.requires_grad) == ("a", False)


# -- what a Value is ---------------------------------------------------------------------------
def test_comparisons_give_plain_masks() -> None:
    a = Value([1.0, 2.0, 3.0])
    same = a == Value([1.0, 0.0, 3.0])
    for mask, expected in ((a > 2, [0, 0, 1]), (a <= 1, [1, 0, 0]), (same, [1, 0, 1]), (a != 2, [1, 0, 1])):
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, np.array(expected, bool))
    assert Value(2.0) < 3
    assert {a: 1}[a] == 1


def test_a_scalar_is_a_number_where_one_is_needed() -> None:
    a = Value(2.5)
    assert (float(a), a.item(), f"{a:.2f}", bool(Value(0.0))) == (2.5, 2.5, "2.50", False)
    assert float(Value([[2.5]])) == 2.5
    assert repr(a) == "Value(data=2.5, grad=None)"
    assert repr(Value(2.5, name="w")) == "Value(data=2.5, grad=None, name='w')"


# -- micrograd's own code ----------------------------------------------------------------------
def test_the_readme_example_of_micrograd() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def two_moons(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Two interleaved half circles and their labels, -1 and 1."""
    angle = rng.uniform(0, np.pi, n)
    y = np.where(np.arange(n) < n // 2, -1, 1)
    x = np.where(y < 0, np.cos(angle), 1 - np.cos(angle)), np.where(y < 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack(x, axis=1) + rng.normal(0, 0.08, (n, 2)), y


def test_micrograds_network_learns_two_moons(monkeypatch: pytest.MonkeyPatch) -> None:
    nn = pytest.importorskip("micrograd.nn", reason="micrograd is not installed")
    monkeypatch.setattr(nn, "Value", Value)
    monkeypatch.setattr(nn.random, "uniform", np.random.default_rng(1).uniform)
    points, labels = two_moons(60, np.random.default_rng(0))
    model = nn.MLP(2, [12, 12, 1])
    for step in range(60):
        scores = [model([Value(float(u)) for u in point]) for point in points]
        losses = [(1 + -int(label) * score).relu() for label, score in zip(labels, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 60) * p.grad
    accuracy = np.mean([(score.data > 0) == (label > 0) for score, label in zip(scores, labels, strict=True)])
    assert accuracy > 0.95


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (100, 16), (4096, 3), (4097, 3), (300, 500)])
def test_the_gradient_of_a_bias_is_the_sum_over_the_batch(shape: Any, dtype: Any) -> None:
    """Matrices of every size, whichever way they are summed; in float32 too, and where a graph is built."""
    rng = np.random.default_rng(0)
    x, g = (rng.normal(size=shape).astype(dtype) for _ in "xg")
    bias, again = (Value(np.zeros(shape[1], dtype)) for _ in "ab")
    (x + bias).backward(g)
    (x + again).backward(g, create_graph=True)
    exact = g.sum(axis=0, dtype=np.longdouble)
    off = np.abs(bias.grad - exact).max()
    assert off <= 8 * np.finfo(dtype).eps * np.abs(g).sum(axis=0).max()
    assert bias.grad.dtype == dtype
    np.testing.assert_array_equal(again.grad.data, bias.grad)


def test_what_is_not_finite_stays_in_its_own_column_of_a_bias() -> None:
    g = np.array([[np.inf, np.inf, np.nan, 1.0], [1.0, -np.inf, 1.0, 2.0]])
    bias = Value(np.zeros(4))
    with np.errstate(invalid="ignore"):  # inf - inf, which np.sum reports as well
        (np.zeros((2, 4)) + bias).backward(g)
    np.testing.assert_array_equal(bias.grad, [np.inf, np.nan, np.nan, 3.0])

"""Laws that every operation of the rule table obeys; the calls are drawn from SAMPLES."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from samples import SAMPLES, Case

from tinygrad_opt import Value, notation
from tinygrad_opt.expr import Expr
from tinygrad_opt.ops import RULES, activations, concrete, elementwise, indexing, padding, reductions, unbroadcast

ROOMS = ("numpy", "tinygrad_opt")  # other tests add operations of their own
OPERATIONS = {
    rule.fn.__name__: fn  # two operations may be called the same, such as a convolution with and without a bias
    for fn, rule in reversed(RULES.items())
    if getattr(rule.fn, "__module__", "numpy").split(".")[0] in ROOMS
}
EXAMPLES = {
    np.matmul: 40, np.dot: 40, elementwise.clip: 30, indexing.getitem: 80, indexing.scatter_add: 80,
    indexing.assigned: 120, np.take_along_axis: 30, indexing.add_along_axis: 30, np.diagonal: 40, np.diag: 30,
    padding.pad: 60, np.roll: 30, np.cumsum: 30, np.cumprod: 40,
}  # fmt: skip


def drawn(fn: Any) -> st.SearchStrategy[Case]:
    """The samples of an operation, under whichever of its names they stand."""
    return next(samples for name, samples in SAMPLES.items() if RULES[name] is RULES[fn])


@st.composite
def retyped(draw: Any, fn: Any) -> Case:
    """A call whose arrays are of float32 and float64 in any mixture."""
    case = draw(drawn(fn))
    single = draw(st.lists(st.booleans(), min_size=len(case.operands), max_size=len(case.operands)))
    return case.with_operands(
        x.astype(np.float32) if small and isinstance(x, np.ndarray) and x.dtype == float else x
        for x, small in zip(case.operands, single, strict=True)
    )


def law(samples: Callable[[Any], st.SearchStrategy[Case]] = drawn) -> Callable[[Any], Any]:
    """Make a test that checks every operation on drawn calls of it."""

    def over_the_table(check: Callable[[Case], None]) -> Any:
        @pytest.mark.parametrize("fn", OPERATIONS.values(), ids=OPERATIONS.keys())
        def test(fn: Any) -> None:
            few = settings(max_examples=EXAMPLES.get(fn, 15), derandomize=True, deadline=None, database=None)
            few(given(samples(fn))(check))()

        return test

    return over_the_table


def test_every_operation_has_samples() -> None:
    assert {RULES[fn] for fn in SAMPLES} == {RULES[fn] for fn in OPERATIONS.values()}


# -- running one call --------------------------------------------------------------------------
def forward(case: Case) -> tuple[list[Value], Value]:
    """The live operands as leaves, and the result."""
    operands = list(case.operands)
    for i in case.live:
        operands[i] = Value(operands[i])
    return [operands[i] for i in case.live], case(*operands)


def backprop(case: Case, g: Any, **options: Any) -> list[Any]:
    leaves, y = forward(case)
    y.backward(g, **options)
    return [leaf.grad for leaf in leaves]


def cotangent(case: Case, y: Value, rng: np.random.Generator) -> Any:
    """A random upstream gradient for y, of its kind."""
    g = rng.uniform(-1, 1, y.shape)
    return float(g) if type(y.data) is float else np.asarray(g, y.dtype)


def like(x: Any, rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, np.shape(x))


def along(xs: list[Any], directions: list[Any]) -> tuple[float, float]:
    """The inner product, and the size of what was added up in it."""
    terms = np.concatenate([np.ravel(np.asarray(x) * d) for x, d in zip(xs, directions, strict=True)])
    return math.fsum(terms), 1 + float(np.sum(np.abs(terms)))


# -- slopes to compare with --------------------------------------------------------------------
STEP = 1e-3


def slope(f: Callable[[Any], Any], analytic: bool) -> float:
    """f'(0): by a complex step, which is exact, or by four central differences extrapolated to step 0."""
    if analytic:
        return float(np.imag(f(1e-30j)) / 1e-30)
    steps = [STEP / 2**k for k in range(4)]
    rows = [(f(h) - f(-h)) / (2 * h) for h in steps]
    for order in (1, 2, 3):
        rows = [b + (b - a) / (4**order - 1) for a, b in pairwise(rows)]
    return float(rows[0])


def moved(case: Case, directions: list[Any], t: Any) -> list[Any]:
    operands = list(case.operands)
    for i, direction in zip(case.live, directions, strict=True):
        operands[i] = operands[i] + t * direction
    return operands


def assume_smooth(case: Case, directions: list[Any]) -> None:
    """No entry leaves the domain or crosses a kink within one step."""
    operation, sides = case.operation, []
    for t in (-STEP, 0, STEP):
        operands = moved(case, directions, t)
        if operation.domain is not None:
            assume(np.all(operation.domain(*operands)))
        if operation.kink is not None:
            sides.append(operation.kink(case(*operands), *operands, **case.params))
    assume(all(np.array_equal(side, sides[0]) for side in sides))


def pulled_back(case: Case, g: Any, operands: list[Any]) -> list[Any]:
    """The gradients that the rules give on bare arrays, complex ones included."""
    out, rules = case(*operands), list(zip(operands, case.operation.rules, strict=False))
    parts = (np.asarray(rules[i][1](g, out, *operands, **case.params)) for i in case.live)
    return [unbroadcast(part, np.shape(operands[i])) for i, part in zip(case.live, parts, strict=True)]


# -- the laws ----------------------------------------------------------------------------------
@law()
def test_the_value_is_what_numpy_computes(case: Case) -> None:
    _, y = forward(case)
    expected = case(*case.operands)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=0 if np.ndim(expected) else 1e-15, atol=0)


@law()
def test_the_gradient_is_the_slope(case: Case) -> None:
    rng = case.rng()
    directions = [like(case.operands[i], rng) for i in case.live]
    assume_smooth(case, directions)
    _, y = forward(case)
    g = cotangent(case, y, rng)
    analytic = case.operation.analytic
    numeric = slope(lambda t: np.sum(g * case(*moved(case, directions, t))), analytic)
    found, size = along(backprop(case, g), directions)
    assert abs(found - numeric) <= (1e-13 if analytic else 1e-9) * size


@law()
def test_the_gradient_of_the_gradient_is_its_slope(case: Case) -> None:
    rng = case.rng()
    directions = [like(case.operands[i], rng) for i in case.live]
    assume_smooth(case, directions)
    leaves, y = forward(case)
    g = Value(cotangent(case, y, rng))
    dg = like(g.data, rng)
    y.backward(g, create_graph=True)
    weights = [like(leaf.data, rng) for leaf in leaves]
    total = sum((np.sum(leaf.grad * w) for leaf, w in zip(leaves, weights, strict=True)), Value(0.0))

    def gradient_along(t: Any) -> Any:
        parts = pulled_back(case, g.data + t * dg, moved(case, directions, t))
        return sum(np.sum(part * w) for part, w in zip(parts, weights, strict=True))

    numeric = slope(gradient_along, case.operation.analytic)
    for leaf in (g, *leaves):
        leaf.grad = None
    total.backward()
    reached = [(leaf.grad, d) for leaf, d in zip((g, *leaves), (dg, *directions), strict=True) if leaf.grad is not None]
    found, size = along([0.0, *(grad for grad, _ in reached)], [0.0, *(d for _, d in reached)])
    assert abs(found - numeric) <= (1e-12 if case.operation.analytic else 1e-8) * size


@law(retyped)
def test_a_gradient_is_an_own_writable_array_like_its_leaf(case: Case) -> None:
    leaves, y = forward(case)
    g = cotangent(case, y, case.rng())
    y.backward(g, keep=("all", "leaves")[case.seed % 2])
    others = [y.data, y.grad, g, *(leaf.data for leaf in leaves), *case.operands]
    for leaf in leaves:
        assert type(leaf.grad) is type(leaf.data)
        if isinstance(leaf.data, np.ndarray):
            assert leaf.grad.shape == leaf.shape
            assert leaf.grad.dtype == leaf.dtype
            assert leaf.grad.flags.writeable
            assert not any(np.may_share_memory(leaf.grad, other) for other in others if isinstance(other, np.ndarray))
            others.append(leaf.grad)


@law()
def test_a_float32_gradient_is_the_float64_one_rounded(case: Case) -> None:
    rng = case.rng()
    assume_smooth(case, [like(case.operands[i], rng) for i in case.live])
    _, y = forward(case)
    g = rng.uniform(-1, 1, y.shape)
    single = case.with_operands(
        np.float32(x) if np.ndim(x) and np.asarray(x).dtype == float else x for x in case.operands
    )
    _, y32 = forward(single)
    for a, b in zip(backprop(case, g), backprop(single, g.astype(y32.dtype)), strict=True):
        scale = 1 + float(np.max(np.abs(a), initial=0))
        assert np.isfinite(scale)
        np.testing.assert_allclose(b, a, rtol=2e-4, atol=2e-5 * scale)


@law()
def test_the_gradient_is_linear_in_the_upstream_gradient(case: Case) -> None:
    rng = case.rng()
    _, y = forward(case)
    g, h = cotangent(case, y, rng), cotangent(case, y, rng)
    both = backprop(case, 2.0 * g - 3.0 * h)
    for a, b, sum_ in zip(backprop(case, g), backprop(case, h), both, strict=True):
        scale = float(np.max(np.abs(a) + np.abs(b), initial=0))
        assert np.isfinite(scale)
        np.testing.assert_allclose(sum_, 2.0 * a - 3.0 * b, rtol=1e-13, atol=1e-14 * scale)


def assert_same(found: Any, expected: Any, why: str) -> None:
    """Bit for bit."""
    assert np.shape(found) == np.shape(expected), why
    np.testing.assert_array_equal(found, expected, err_msg=why)


@law(retyped)
def test_create_graph_gives_the_same_numbers_as_the_plain_pass(case: Case) -> None:
    _, y = forward(case)
    g = cotangent(case, y, case.rng())
    for plain, graph in zip(backprop(case, g), backprop(case, g, create_graph=True), strict=True):
        assert isinstance(graph, Value)
        assert graph.dtype == np.result_type(plain)
        assert_same(graph.data, plain, case.operation.name)


SCALARS: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var,
    "std": lambda v: np.std(np.stack([v, 2.0])), "logsumexp": reductions.logsumexp, "ravel": np.ravel,
    "reshape": lambda v: np.reshape(v, (1, 1)), "expand_dims": lambda v: np.expand_dims(v, 0), "squeeze": np.squeeze,
    "transpose": np.transpose, "broadcast_to": lambda v: np.broadcast_to(v, (2, 3)),
    "stack": lambda v: np.stack([v, v]), "concatenate": lambda v: np.concatenate([v, v], axis=None),
    "getitem": lambda v: v[None, ...], "getitem all": lambda v: v[()], "dot": lambda v: np.dot(v, v),
    "dot with a vector": lambda v: np.dot(v, [1.0, 2.0]), "outer": lambda v: np.outer(v, v),
    "maximum": lambda v: np.maximum(v, 0.1), "where": lambda v: np.where(True, v, 0),
    "clip": lambda v: np.clip(v, 0, 1), "leaky_relu": lambda v: activations.leaky_relu(-v, slope=0.2),
    "remainder": lambda v: v % 0.3, "power": lambda v: v**v, "cumsum": np.cumsum, "cumprod": np.cumprod,
    "flip": np.flip, "pad": lambda v: np.pad(v, 0), "roll": lambda v: np.roll(v, 1),
    "sort": lambda v: np.sort(v, axis=None), "tile": lambda v: np.tile(v, 3), "repeat": lambda v: np.repeat(v, 3),
}  # fmt: skip


@law()
def test_scalars_agree_as_float_as_0d_array_and_as_one_entry(case: Case) -> None:
    if not case.operation.elementwise:
        return
    assume(all(np.size(x) for x in case.operands))
    floats = [None if x is None else np.ravel(x)[0].item() for x in case.operands]
    single = case.with_operands(floats)
    _, y = forward(single)
    expected = backprop(single, 0.7)
    assert all(type(grad) is float for grad in expected)
    for shape in ((), (1,)):
        array = case.with_operands(None if x is None else np.full(shape, x) for x in floats)
        _, z = forward(array)
        np.testing.assert_allclose(np.ravel(z.data), y.data, rtol=1e-14)
        for grad, other in zip(expected, backprop(array, np.full(z.shape, 0.7)), strict=True):
            np.testing.assert_allclose(np.ravel(other), grad, rtol=1e-14)


@pytest.mark.parametrize("name", SCALARS)
def test_a_python_float_and_a_0d_array_give_the_same_gradient(name: str) -> None:
    leaves = [Value(0.7), Value(np.array(0.7))]
    for leaf in leaves:
        np.sum(SCALARS[name](leaf)).backward()
    assert type(leaves[0].grad) is float
    assert type(leaves[1].grad) is np.ndarray
    assert leaves[1].grad.shape == ()
    np.testing.assert_allclose(leaves[1].grad, leaves[0].grad, rtol=1e-14)


@law()
def test_inputs_stay_as_they_were(case: Case) -> None:
    arrays = [x for x in (*case.operands, *case.params.values()) if isinstance(x, np.ndarray)]
    before = [x.copy() for x in arrays]
    operands = [Value(x) if i in case.live else x for i, x in enumerate(case.operands)]
    data = [x.data for x in operands if isinstance(x, Value)]
    held = [np.copy(x) for x in data]
    y = case(*operands)
    g = cotangent(case, y, case.rng())
    kept = np.copy(g)
    y.backward(g)
    for x, was in zip([*arrays, *data, g, y.grad], [*before, *held, kept, kept], strict=True):
        np.testing.assert_array_equal(x, was)


# -- the same rule as a formula ----------------------------------------------------------------
@law()
def test_a_rule_on_exprs_is_the_rule_that_runs(case: Case) -> None:
    _, y = forward(case)
    g = cotangent(case, y, case.rng())
    data = [x.data if isinstance(x, Value) else x for x in y.args]
    exprs = [
        Expr(x, f"x{i}") if isinstance(arg, Value | np.ndarray) else x
        for i, (arg, x) in enumerate(zip(y.args, data, strict=True))
    ]
    for i, (_, rule) in enumerate(zip(data, case.operation.rules, strict=False)):
        if i in case.live:
            formula = rule(Expr(g, "g"), Expr(y.data, "out"), *exprs, **y.params)
            assert_same(concrete(formula), rule(g, y.data, *data, **y.params), case.operation.name)
            for text in (notation.text(formula), notation.numbers(formula)):
                assert_readable(text, "()")
            assert_readable(notation.latex(formula), "{}")


def assert_readable(text: str, brackets: str) -> None:
    """One line of text whose brackets are in balance."""
    left, right = brackets
    assert text
    assert "\n" not in text
    assert "object at 0x" not in text
    assert text.count(left) == text.count(right)


# -- one node, however it is written -----------------------------------------------------------
x, y = np.array([[0.2, 0.5, 0.9], [0.3, 0.1, 0.7]]), np.array([[0.4, 0.6, 0.8]])
FORMS: dict[str, list[Callable[[Any, Any], Any]]] = {
    "add": [lambda v, w: v + w, lambda v, w: np.add(v, w)],
    "subtract": [lambda v, w: v - w, lambda v, w: np.subtract(v, w)],
    "multiply": [lambda v, w: v * w, lambda v, w: np.multiply(v, w)],
    "divide": [lambda v, w: v / w, lambda v, w: np.divide(v, w), lambda v, w: np.true_divide(v, w)],
    "power": [lambda v, w: v**w, lambda v, w: np.power(v, w), lambda v, w: np.pow(v, w)],
    "remainder": [lambda v, w: v % w, lambda v, w: np.remainder(v, w), lambda v, w: np.mod(v, w)],
    "floor_divide": [lambda v, w: v // w, lambda v, w: np.floor_divide(v, w)],
    "matmul": [lambda v, w: v @ w.T, lambda v, w: np.matmul(v, w.T), lambda v, w: np.matmul(v, np.transpose(w))],
    "negative": [lambda v, w: -v, lambda v, w: np.negative(v)],
    "positive": [lambda v, w: +v, lambda v, w: np.positive(v)],
    "absolute": [lambda v, w: abs(v), lambda v, w: v.abs(), lambda v, w: np.abs(v), lambda v, w: np.fabs(v)],
    "exp": [lambda v, w: v.exp(), lambda v, w: np.exp(v)],
    "log": [lambda v, w: v.log(), lambda v, w: np.log(v)],
    "sqrt": [lambda v, w: v.sqrt(), lambda v, w: np.sqrt(v)],
    "square": [lambda v, w: v.square(), lambda v, w: np.square(v)],
    "sin": [lambda v, w: v.sin(), lambda v, w: np.sin(v)],
    "cos": [lambda v, w: v.cos(), lambda v, w: np.cos(v)],
    "tanh": [lambda v, w: v.tanh(), lambda v, w: np.tanh(v)],
    "relu": [lambda v, w: v.relu(), lambda v, w: activations.relu(v)],
    "sigmoid": [lambda v, w: v.sigmoid(), lambda v, w: elementwise.sigmoid(v)],
    "clip": [
        lambda v, w: v.clip(0.2, 0.6), lambda v, w: np.clip(v, 0.2, 0.6), lambda v, w: v.clip(max=0.6, min=0.2),
        lambda v, w: np.clip(v, a_max=0.6, a_min=0.2),
        lambda v, w: np.clip(v, 0.2, a_max=0.6),
    ],
    "round": [lambda v, w: np.round(v, 1), lambda v, w: np.around(v, decimals=1)],
    "deg2rad": [lambda v, w: np.deg2rad(v), lambda v, w: np.radians(v)],
    "rad2deg": [lambda v, w: np.rad2deg(v), lambda v, w: np.degrees(v)],
    "sum": [
        lambda v, w: v.sum(0), lambda v, w: v.sum(axis=0), lambda v, w: np.sum(v, 0), lambda v, w: np.sum(v, axis=0),
        lambda v, w: np.add.reduce(v), lambda v, w: np.add.reduce(v, axis=0),
    ],
    "mean": [
        lambda v, w: v.mean(), lambda v, w: np.mean(v), lambda v, w: v.mean(axis=None),
        lambda v, w: np.mean(v, keepdims=False),
    ],
    "prod": [lambda v, w: v.prod(0), lambda v, w: np.prod(v, 0), lambda v, w: np.multiply.reduce(v)],
    "max": [
        lambda v, w: v.max(0), lambda v, w: np.max(v, 0), lambda v, w: np.amax(v, 0),
        lambda v, w: np.maximum.reduce(v),
    ],
    "min": [
        lambda v, w: v.min(0), lambda v, w: np.min(v, 0), lambda v, w: np.amin(v, 0),
        lambda v, w: np.minimum.reduce(v),
    ],
    "var": [lambda v, w: v.var(1, ddof=1), lambda v, w: np.var(v, axis=1, ddof=1), lambda v, w: np.var(v, 1, ddof=1)],
    "std": [lambda v, w: v.std(axis=1, keepdims=True), lambda v, w: np.std(v, axis=1, keepdims=True)],
    "logsumexp": [
        lambda v, w: v.logsumexp(1), lambda v, w: reductions.logsumexp(v, axis=1),
        lambda v, w: reductions.logsumexp(v, 1),
    ],
    "softmax": [
        lambda v, w: v.softmax(), lambda v, w: reductions.softmax(v), lambda v, w: reductions.softmax(v, axis=-1),
    ],
    "log_softmax": [lambda v, w: v.log_softmax(0), lambda v, w: reductions.log_softmax(v, 0)],
    "dot": [lambda v, w: v.dot(y[0]), lambda v, w: np.dot(v, y[0])],
    "reshape": [
        lambda v, w: v.reshape(3, 2), lambda v, w: v.reshape((3, 2)), lambda v, w: np.reshape(v, (3, 2)),
    ],
    "ravel": [lambda v, w: v.ravel(), lambda v, w: np.ravel(v), lambda v, w: v.flatten()],
    "cumsum": [
        lambda v, w: v.cumsum(0), lambda v, w: np.cumsum(v, 0), lambda v, w: np.add.accumulate(v),
        lambda v, w: np.cumsum(v, axis=0),
    ],
    "cumprod": [
        lambda v, w: v.cumprod(1), lambda v, w: np.cumprod(v, 1), lambda v, w: np.multiply.accumulate(v, axis=1),
    ],
    "transpose": [
        lambda v, w: v.T, lambda v, w: v.transpose(), lambda v, w: np.transpose(v), lambda v, w: np.permute_dims(v),
    ],
    "matrix_transpose": [lambda v, w: v.mT, lambda v, w: np.matrix_transpose(v)],
    "swapaxes": [
        lambda v, w: v.swapaxes(0, 1), lambda v, w: np.swapaxes(v, 0, 1),
        lambda v, w: np.swapaxes(v, axis1=0, axis2=1),
    ],
    "squeeze": [lambda v, w: w.squeeze(0), lambda v, w: np.squeeze(w, 0), lambda v, w: np.squeeze(w, axis=0)],
    "getitem": [lambda v, w: v[1], lambda v, w: list(v)[1], lambda v, w: indexing.getitem(v, index=1)],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_function_method_and_operator_record_the_same_node(name: str) -> None:
    nodes = []
    for form in FORMS[name]:
        v, w = Value(x), Value(y)
        out = form(v, w)
        np.sum(out).backward()
        nodes.append((out, v.grad, w.grad))
    first, *_ = nodes
    assert first[0].op.name == name
    for node, dv, dw in nodes:
        assert node.op is first[0].op
        assert node.op.defaults | node.params == node.op.defaults | first[0].params
        assert [type(a) for a in node.args] == [type(a) for a in first[0].args]
        np.testing.assert_array_equal(node.data, first[0].data)
        np.testing.assert_array_equal(np.asarray(dv, object), np.asarray(first[1], object))
        np.testing.assert_array_equal(np.asarray(dw, object), np.asarray(first[2], object))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "remainder", "floor_divide"])
def test_an_operator_takes_its_constant_on_either_side(name: str) -> None:
    operator, function = FORMS[name][:2]
    for v, w in ((Value(x), y), (x, Value(y)), (Value(x), 0.7), (0.7, Value(y)), (np.float64(0.7), Value(y))):
        assert operator(v, w).op is function(v, w).op
        np.testing.assert_array_equal(operator(v, w).data, function(v, w).data)


def test_a_matrix_product_takes_its_constant_on_either_side() -> None:
    for v, w in ((Value(x), y.T), (x, Value(y.T))):
        np.testing.assert_array_equal((v @ w).data, x @ y.T)

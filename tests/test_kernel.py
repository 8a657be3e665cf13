"""Kernels: the source made of a rule computes what the rule does, in place, with few buffers."""

import gc
import linecache
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import Optimizer, Rate, norm, ratio, total, where
from tinygrad_opt.optim.core.blocks import PARALLEL, block_length
from tinygrad_opt.optim.core.kernel import define
from tinygrad_opt.optim.core.packing import SMALL


def optimizer_of(rule, slots=(), scalars=(), granularity="element", **hyper):
    """An optimizer class around a rule."""
    names = {"slots": slots, "scalars": scalars, "granularity": granularity, "rule": staticmethod(rule), **hyper}
    return type("Made", (Optimizer,), {**names, "__annotations__": dict.fromkeys(hyper, Rate)})


def both(kind, shapes, steps=4, dtype=np.float64):
    """The parameters and state after some steps, by kernel and by rule."""
    found = []
    for kernels in (True, False):
        rng = np.random.default_rng(0)
        params = [Value(rng.normal(size=shape).astype(dtype)) for shape in shapes]
        optimizer = kind(params, kernels=kernels)
        for _ in range(steps):
            for p in params:
                p.grad = rng.normal(size=p.shape).astype(dtype)
            optimizer.step()
        state = [array for m in optimizer.members for array in m.slots.values()]
        found.append([np.array(x) for x in [*(p.data for p in params), *state]])
    return found


def assert_equal_bits(kind, shapes=((5,), (3, 4), (SMALL + 3,)), **settings):
    for dtype in (np.float64, np.float32):
        for a, b in zip(*both(kind, shapes, dtype=dtype, **settings), strict=True):
            assert a.dtype == b.dtype == dtype
            np.testing.assert_array_equal(a, b)


def source(kind):
    return kind([Value([1.0, 2.0])]).source


def swapped(h, t, p, g, a, b):
    return p - 0.1 * g * a, b, a + g


def delayed(h, t, p, g, last):
    return p - 0.1 * last, g


def reset(h, t, p, g, m):
    return p - 0.1 * (m + g), 0.0


def chosen(h, t, p, g, d):
    s = np.sign(g * d)
    d = np.where(s > 0, np.minimum(d * 1.2, 5.0), np.where(s < 0, d * 0.5, d + 0.1))
    return p - d * np.sign(np.where(s < 0, 0.0, g)), d


def branching(h, t, p, g, m):
    m = 0.9 * m + g
    if t > 2:
        return p - 0.1 * m / t**0.5, m
    return p - 0.1 * g, m


def powers(h, t, p, g):
    return p - 0.01 * (g**2) ** 0.5 - 0.01 * (1 + g**2) ** -1 - 0.01 * g**3 - 0.01 * np.abs(g) ** 1.5 - 0.01 * g**1


def functions(h, t, p, g):
    return p - 0.1 * np.clip(np.tanh(g) + np.cbrt(p) + np.maximum(g, p), -1, 1) * (g > 0)


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        (swapped, ("a", "b")), (delayed, ("last",)), (reset, ("m",)), (chosen, ("d",)), (branching, ("m",)),
        (powers, ()), (functions, ()),
    ],
)  # fmt: skip
def test_unusual_rules(rule, slots):
    assert_equal_bits(optimizer_of(rule, slots))


def test_sums_over_a_tensor_and_over_all():
    def by_norm(h, t, p, g, m):
        m = 0.9 * m + ratio(1.0, norm(g)) * g
        return p - 0.1 * where(norm(m) > 1, 1.0, 0.5) * m, m

    for long in (2 * block_length(np.float64, 1) + 17, PARALLEL + 17):  # by one thread, by several
        for granularity in ("tensor", "element"):
            assert_equal_bits(optimizer_of(by_norm, ("m",), granularity=granularity), shapes=((5,), (long,), (2, 3)))


def test_state_that_is_one_number():
    def growing(h, t, p, g, d):
        d = d + total(np.abs(g))
        return p - 0.01 / (1 + d) * g, d

    assert_equal_bits(optimizer_of(growing, scalars=("d",), granularity="tensor"))


def constants(h, t, p, g):
    return np.clip(p - 0.1 * np.where(g > 1, math.inf, g), -math.inf, 5.0) * where(h.lr == math.nan, 2.0, 1.0)


def conditions(h, t, p, g):
    chosen = np.where(np.where(g > 0, p > 0, g < p), g, p)
    return np.where(g, p - 0.1 * chosen, p) + np.where(h.lr, g, 0.0) + np.where(0, g, 0.0) + np.where(t, g, 0.0)


def listed(h, t, p, g):
    return [p - h.lr * g]


@pytest.mark.parametrize("rule", [constants, conditions, listed])
def test_what_numpy_runs_the_kernel_runs(rule):
    assert_equal_bits(optimizer_of(rule, lr=0.1))


def colliding(h, t, p, g, v, w):
    m = 1 - h.v**t
    n1, scratch1, mask1, np_, sum1 = m * 2, m * 3, m * 4, h.np * m, m * 5
    v = v * m + n1 * g + scratch1 * g + mask1 * np.where(g > 0, g, p) + np_ * g
    t = t + 1
    return p - 0.01 * v / t - sum1 * 1e-3 * np.tanh(w), v, w + h.block_sum * g + h.tanh * v


def test_numbers_may_be_called_like_anything():
    assert_equal_bits(optimizer_of(colliding, ("v", "w"), v=0.1, np=0.2, block_sum=0.3, tanh=0.4))


def test_numbers_in_sums_may_be_called_like_anything():
    def summing(h, t, p, g, w, v):
        block_sum = total(h.np * g)
        sum1 = total(block_sum * p) / 100
        v = v / 2 + sum1 * h.v
        return p - 0.01 * v * g / (1 + block_sum**2), w + sum1, v

    assert_equal_bits(optimizer_of(summing, ("w",), ("v",), granularity="tensor", np=0.2, v=0.3))


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "max": np.maximum,
    "where": lambda a, b: np.where(a > b, a, 2 * b),
}
UNARY = {"abs": np.abs, "square": lambda a: a**2, "minus": lambda a: -a, "scaled": lambda a: 0.5 * a}


def larger(inner):
    """An expression of one or two smaller ones."""
    two = st.tuples(st.sampled_from(sorted(BINARY)), inner, inner)
    return two | st.tuples(st.sampled_from(sorted(UNARY)), inner)


expressions = st.recursive(st.sampled_from(["p", "g", "m", "v"]), larger, max_leaves=12)


@given(expressions, expressions, st.permutations(["m", "v", "new"]))
def test_random_rules(one, other, order):
    """Expressions that share parts, and slots that change places."""

    def rule(h, t, p, g, m, v):
        given = {"p": p, "g": g, "m": m, "v": v}

        def build(x):
            return given[x] if isinstance(x, str) else {**BINARY, **UNARY}[x[0]](*map(build, x[1:]))

        given["new"] = np.tanh(build(one))
        return p - 0.1 * np.tanh(build(other)), given[order[0]], given[order[1]]

    assert_equal_bits(optimizer_of(rule, ("m", "v")), shapes=((4,),), steps=3)


# -- the source --------------------------------------------------------------------------------
def test_the_source_reads_as_it_runs():
    def momentum(h, t, p, g, v):
        v = h.momentum * v + g
        return p - h.lr * v, v

    assert source(optimizer_of(momentum, ("v",), lr=0.1, momentum=0.9)) == (
        "def numbers_for_update(h, t):\n"
        "    return (h.momentum, h.lr,)\n"
        "\n"
        "def update(p, g, v, scratch1, momentum, lr):\n"
        "    np.multiply(momentum, v, out=v)\n"
        "    np.add(v, g, out=v)\n"
        "    np.multiply(lr, v, out=scratch1)\n"
        "    np.subtract(p, scratch1, out=p)\n"
    )


def test_a_choice_that_is_off_leaves_no_trace():
    def maybe(h, t, p, g):
        if h.decay:
            g = g + h.decay * p
        return p - h.lr * g

    kind = optimizer_of(maybe, lr=0.1, decay=0.0)
    optimizer = kind([Value([1.0])])
    assert optimizer.formula() == "p[t] = p[t-1] - lr * g[t]"
    optimizer.decay = 0.5
    optimizer.params[0].grad = np.array([1.0])
    optimizer.step()
    np.testing.assert_allclose(optimizer.params[0].data, 1 - 0.1 * 1.5)
    assert optimizer.formula() == "g' = g[t] + decay * p[t-1]\np[t] = p[t-1] - lr * g'"


def test_a_branch_on_the_step_makes_a_kernel_for_each_way():
    kind = optimizer_of(branching, ("m",))
    optimizer = kind([Value([1.0])])
    optimizer.params[0].grad = np.array([1.0])
    assert optimizer.formula().endswith("as long as not (t > 2)")
    for _ in range(5):
        optimizer.step()
    assert optimizer.formula().endswith("as long as (t > 2)")
    assert optimizer.source.count("def update") == 2


def test_a_profiler_stays_and_costs_the_names_of_local_variables():
    def halved(h, t, p, g):
        half = 0.5 * g
        return p - half

    def watch(*_):
        pass

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        optimizer = optimizer_of(halved)([Value([1.0])])
        under, after = optimizer.formula(), sys.getprofile()
    finally:
        sys.setprofile(before)
    assert after is watch
    assert under == "p[t] = p[t-1] - 0.5 * g[t]"
    assert optimizer.formula() == "half = 0.5 * g[t]\np[t] = p[t-1] - half"


def test_one_source_is_compiled_once():
    def own(h, t, p, g):
        return p - h.lr * g / 123.0

    kind = optimizer_of(own, lr=0.1)
    kept = len(linecache.cache)
    optimizers = [kind([Value([1.0, 2.0])], lr=lr) for lr in (0.1, 0.2, 0.3)]
    assert len(linecache.cache) == kept + 1
    assert len({optimizer.lanes[0].kernels[0][1].stages[0].run for optimizer in optimizers}) == 1
    del optimizers
    define.cache_clear()
    gc.collect()
    assert len(linecache.cache) <= kept


def test_an_exponent_that_changes_needs_no_kernel_of_its_own():
    def rule(h, t, p, g, n):
        n = n + g**2
        return p - 0.1 * g / (1 + n**h.power), n

    def optimizer(kernels):
        p = Value(np.array([1.0, 2.0]))
        p.grad = np.array([0.3, 0.4])
        return optimizer_of(rule, ("n",), power=0.5)([p], kernels=kernels, power=lambda step: 0.5 + step / 8)

    one, other = optimizer(True), optimizer(False)
    for _ in range(20):  # by way of 1 and 2
        one.step()
        other.step()
        np.testing.assert_array_equal(one.params[0].data, other.params[0].data)
    assert [kernel.source.count("np.power") for _, kernel in one.lanes[0].kernels] == [0, 1, 0]


# -- what a rule may not do --------------------------------------------------------------------
REFUSED = {
    "sums": (
        lambda h, t, p, g: p - np.sum(g),
        "np.sum in a rule that is run entry by entry: for sums use optim.total(x) or optim.norm(x); "
        "for matrices set granularity = 'array'",
    ),
    "root of a number": (
        lambda h, t, p, g: p - g * np.sqrt(t),
        "np.sqrt of a number in a rule would give a NumPy float64, which turns float32 arrays into float64: "
        "use Python's operators, such as x ** 0.5 for a square root",
    ),
    "branch on an array": (
        lambda h, t, p, g: p - g if g > 0 else p,
        "a rule cannot branch on an array, whose entries differ: use np.where(condition, x, y)",
    ),
    "branch on a sum": (
        lambda h, t, p, g: p - g if norm(g) > 0 else p,
        "a rule cannot branch on a sum over a tensor: use optim.where(condition, x, y)",
    ),
    "math of a number": (
        lambda h, t, p, g: p - g * float(t),
        "float(x), int(x), range(x) and math.f(x) take numbers out of a rule: use operators, such as x ** 0.5 for a "
        "square root, and x // 1 for whole numbers",
    ),
    "range over a number": (
        lambda h, t, p, g: p - g * sum(range(t)),
        "float(x), int(x), range(x) and math.f(x) take numbers out of a rule: use operators, such as x ** 0.5 for a "
        "square root, and x // 1 for whole numbers",
    ),
    "whole numbers from a mask": (
        lambda h, t, p, g: p - g * (1 - (g > 0)),
        "subtract in a rule made int64 of masks or numbers alone, which turns float32 arrays into float64: "
        "choose between arrays, such as np.where(g > 0, g, 0.0)",
    ),
    "float64 from a mask": (
        lambda h, t, p, g: p - g * (1.0 - (g > 0)),
        "subtract in a rule made float64 of masks or numbers alone, which turns float32 arrays into float64: "
        "choose between arrays, such as np.where(g > 0, g, 0.0)",
    ),
    "a choice between whole numbers": (
        lambda h, t, p, g: p - g * (np.where(g > 0, 1, 0) / 3),
        "where in a rule made int64 of masks or numbers alone, which turns float32 arrays into float64: "
        "choose between arrays, such as np.where(g > 0, g, 0.0)",
    ),
    "nothing": (
        lambda h, t, p, g: None,
        "Made.rule returned None for p; it must return the new p",
    ),
    "an array of its own": (
        lambda h, t, p, g: np.ones(2),
        "Made.rule returned array([1., 1.]) for p: compute it from p, g and the state",
    ),
    "foreign array": (
        lambda h, t, p, g: p - g * np.ones(2),
        "multiply in a rule takes its arrays and Python numbers; got array([1., 1.])",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_rule(name):
    rule, text = REFUSED[name]
    with pytest.raises(TypeError) as caught:
        optimizer_of(rule)([Value([1.0, 2.0])])
    assert str(caught.value) == text


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            lambda h, t, p, g, d: (p - g, g),
            "Made.rule returned an array for d, which is one number: sum it with optim.total(x)",
        ),
        (lambda h, t, p, g, d: (p - g, None), "Made.rule returned None for d; it must return the new p, d"),
    ],
)
def test_what_a_state_number_cannot_be(rule, text, kernels):
    with pytest.raises(TypeError) as caught:
        optimizer_of(rule, scalars=("d",), granularity="tensor")([Value([1.0, 2.0])], kernels=kernels)
    assert str(caught.value) == text


@pytest.mark.parametrize("name", ["np", "block_sum", "n1", "sum2", "scratch1", "mask1", "lambda", "a b"])
def test_what_a_slot_cannot_be_called(name):
    with pytest.raises(TypeError) as caught:
        optimizer_of(delayed, (name,))
    text = f"Made: a slot cannot be called {name}: kernels have a variable of that name, or Python allows none"
    assert str(caught.value) == text


def test_the_helpers_on_plain_numbers_arrays_and_values():
    assert where(True, 1, 2) == 1
    np.testing.assert_array_equal(where(np.array([True, False]), 1, 2), [1, 2])
    assert norm(Value([3.0, 4.0])).data == 5.0
    assert isinstance(total(np.ones(3, np.float32)), float)
    assert SimpleNamespace(x=ratio(1.0, 0.0, 7.0)).x == 7.0

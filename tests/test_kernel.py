"""Kernels: the source made of a rule computes what the rule does, in place, with few buffers."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import Optimizer, Rate, norm, ratio, total, where
from tinygrad_opt.optim.core.blocks import block_length
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

    long = 2 * block_length(np.float64) + 17
    for granularity in ("tensor", "element"):
        assert_equal_bits(optimizer_of(by_norm, ("m",), granularity=granularity), shapes=((5,), (long,), (2, 3)))


def test_state_that_is_one_number():
    def growing(h, t, p, g, d):
        d = d + total(np.abs(g))
        return p - 0.01 / (1 + d) * g, d

    assert_equal_bits(optimizer_of(growing, scalars=("d",), granularity="tensor"))


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


def test_making_an_optimizer_under_a_profiler():
    import cProfile

    with cProfile.Profile():
        optimizer = optimizer_of(delayed, ("last",))([Value([1.0])])
    assert optimizer.formula() == "p[t] = p[t-1] - 0.1 * last[t-1]\nlast[t] = g[t]"


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
        "math.f(x) takes numbers out of a rule: use operators, such as x ** 0.5 for a square root",
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


def test_the_helpers_on_plain_numbers_arrays_and_values():
    assert where(True, 1, 2) == 1
    np.testing.assert_array_equal(where(np.array([True, False]), 1, 2), [1, 2])
    assert norm(Value([3.0, 4.0])).data == 5.0
    assert isinstance(total(np.ones(3, np.float32)), float)
    assert SimpleNamespace(x=ratio(1.0, 0.0, 7.0)).x == 7.0

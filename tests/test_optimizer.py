"""Optimizer: what it accepts, what it follows, what it refuses, and what it says."""

import re

import numpy as np
import pytest

from tinygrad_opt import Value, grad
from tinygrad_opt.optim import L2, LBFGS, Adam, ClipGlobalNorm, Lookahead, Optimizer, Rate, Transform, get
from tinygrad_opt.optim.core.packing import SMALL


class Momentum(Optimizer):
    """The optimizer of the documents."""

    slots = ("v",)
    lr: Rate = 0.1
    momentum: Rate = 0.9

    @staticmethod
    def rule(h, t, p, g, v):
        v = h.momentum * v + g
        return p - h.lr * v, v


class Descent(Optimizer):
    lr: Rate = 0.1

    @staticmethod
    def rule(h, t, p, g):
        return p - h.lr * g


def with_gradients(*arrays):
    params = [Value(a, name=f"w{i}") for i, a in enumerate(arrays)]
    for p in params:
        p.grad = np.ones(p.shape) if p.shape else 1.0
    return params


# -- what it accepts ---------------------------------------------------------------------------
def test_a_list_a_generator_a_dict_pairs_and_one_parameter():
    w = with_gradients([1.0, 2.0])[0]
    for given in ([w], (p for p in [w]), {"weight": w}, [("weight", w)], w):
        optimizer = Descent(given)
        assert optimizer.params == [w]
    assert Descent({"weight": w}).members[0].name == "weight"


def test_anything_with_data_and_grad_is_a_parameter():
    class Plain:
        data, grad = np.ones(3), np.full(3, 2.0)

    p = Plain()
    Descent([p]).step()
    np.testing.assert_allclose(p.data, 0.8)


def test_groups_have_hyperparameters_of_their_own():
    a, b = with_gradients(1.0, 1.0)
    optimizer = Descent([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.25)
    optimizer.step()
    assert (a.data, b.data) == (0.75, 0.5)
    optimizer.groups[1].hyper["lr"] = 0.125
    optimizer.step()
    assert (a.data, b.data) == (0.5, 0.375)
    optimizer.lr = 0.0
    optimizer.step()
    assert (a.data, b.data, optimizer.lr) == (0.5, 0.375, 0.0)


def test_a_schedule_is_a_function_of_the_step_from_zero():
    (w,) = with_gradients(0.0)
    asked = []
    optimizer = Descent([w], lr=lambda step: asked.append(step) or 1.0 / (1 + step))
    for _ in range(3):
        optimizer.step()
    assert sorted(set(asked)) == [0, 1, 2]
    assert w.data == pytest.approx(-(1 + 1 / 2 + 1 / 3))


def test_the_hyperparameters_of_the_coming_step():
    a, b = with_gradients(1.0, 1.0)
    optimizer = Descent([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=lambda step: 1.0 / (1 + step))
    assert optimizer.hyperparameters() == [{"lr": 1.0}, {"lr": 0.5}]
    optimizer.step()
    assert optimizer.hyperparameters() == [{"lr": 0.5}, {"lr": 0.5}]


def test_those_of_a_closure_s_optimizer():
    optimizer = LBFGS([Value(1.0)], lr=lambda step: 1.0 / (1 + step))
    assert [settings["lr"] for settings in optimizer.hyperparameters()] == [1.0]
    optimizer.t = 1
    assert [settings["lr"] for settings in optimizer.hyperparameters()] == [0.5]


def test_float32_stays_float32_beside_float64():
    params = [Value(np.ones(3, np.float32)), Value(np.ones((2, 2))), Value(1.0)]
    for p in params:
        p.grad = np.ones(p.shape, p.dtype) if p.shape else 1.0
    Adam(params).step()
    assert [getattr(p.data, "dtype", float) for p in params] == [np.float32, np.float64, float]


def test_a_step_is_differentiable_in_its_hyperparameters():
    from types import SimpleNamespace

    def loss_after(lr):
        p, _ = Momentum.rule(SimpleNamespace(lr=lr, momentum=0.9), 1, 3.0, 2.0 * 3.0, 0.0)
        return p**2

    assert grad(loss_after)(0.1) == pytest.approx(2 * (3 - 0.1 * 6) * -6)


# -- what it follows ---------------------------------------------------------------------------
def test_data_that_the_user_replaces_is_adopted():
    (w,) = with_gradients([1.0, 2.0])
    optimizer = Descent([w])
    optimizer.step()
    w.data = np.array([10.0, 20.0])
    optimizer.step()
    np.testing.assert_allclose(w.data, [9.9, 19.9])
    w.data[0] = 0.0
    optimizer.step()
    np.testing.assert_allclose(w.data, [-0.1, 19.8])


def test_the_array_that_the_user_put_there_is_not_written_to():
    (w,) = with_gradients([1.0, 2.0])
    optimizer = Descent([w])
    mine = np.array([10.0, 20.0])
    w.data = mine
    optimizer.step()
    np.testing.assert_array_equal(mine, [10.0, 20.0])


def test_two_optimizers_may_share_a_parameter():
    (w,) = with_gradients([1.0])
    one, other = Descent([w]), Descent([w], lr=0.2)
    one.step(), other.step(), one.step()
    np.testing.assert_allclose(w.data, 0.6)


def test_a_parameter_without_gradient_is_skipped_and_named():
    a, b = with_gradients([1.0], [1.0])
    b.grad = None
    optimizer = Adam([a, b])
    report = optimizer.step()
    assert (report.step, report.updated, report.skipped) == (1, 1, ("w1",))
    np.testing.assert_array_equal(b.data, [1.0])


@pytest.mark.parametrize("size", [3, 2**20])
def test_overflow_is_a_result_like_others(size):
    """Nothing is reported, in any thread: a warning made an error would stop a step halfway."""
    w = Value(np.ones(size, np.float32))
    w.grad = np.full(size, 1e30, np.float32)
    Adam([w], lr=0.5).step()
    np.testing.assert_array_equal(w.data, np.ones(size, np.float32))


def test_a_parameter_that_comes_late_starts_at_its_first_step():
    """Bias correction counts the updates of the parameter, as PyTorch does, not those of the optimizer."""
    a, b = with_gradients([1.0], [1.0])
    b.grad = None
    optimizer = Adam([a, b], lr=0.1)
    for _ in range(5):
        optimizer.step()
    b.grad = np.array([3.0])
    optimizer.step()
    np.testing.assert_allclose(b.data, 0.9, rtol=1e-8)
    assert [m.steps for m in optimizer.members] == [6, 1]


def test_nothing_happens_where_no_gradient_is():
    (w,) = with_gradients([1.0])
    w.grad = None
    assert Descent([w]).step().updated == 0
    np.testing.assert_array_equal(w.data, [1.0])


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_in_any_layout(order):
    shape = (SMALL // 8, 16)
    rng = np.random.default_rng(0)
    w = Value(rng.normal(size=shape))
    start, g = w.data.copy(), np.asarray(rng.normal(size=shape), order=order)
    w.grad = g
    Descent([w]).step()
    np.testing.assert_array_equal(w.data, start - 0.1 * g)


def test_zero_grad_forgets():
    a, b = with_gradients(1.0, [2.0])
    Descent([a, b]).zero_grad()
    assert a.grad is None
    assert b.grad is None


def test_a_closure_or_a_number_is_the_loss():
    (w,) = with_gradients(1.0)
    optimizer = Descent([w])
    assert optimizer.step(2.5).loss == 2.5
    assert optimizer.step(lambda: Value(3.5)).loss == 3.5
    assert optimizer.step().loss is None


# -- what it refuses ---------------------------------------------------------------------------
def refused(kind, text, call):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


w = Value([1.0, 2.0], name="w")
constant = Value(1.0, name="c", requires_grad=False)
REFUSED_PARAMETERS = [
    (TypeError, {w}, "parameters in a set have no order to save their state by: give a list"),
    (ValueError, iter(()), "no parameters: the iterable was empty (a generator that has been used up gives none)"),
    (ValueError, [w, w], "the same parameter was given twice (w): it would be updated twice a step"),
    (TypeError, [w, np.ones(2)], "parameter 1 is a ndarray; a parameter has .data and .grad, as a Value has"),
    (TypeError, 3, "an optimizer takes an iterable of parameters; got int"),
    (TypeError, [{"lr": 1}], "a parameter group is a dict with the key 'params'; got {'lr': 1}"),
    (ValueError, [constant], "all 1 parameters are constants (requires_grad=False): none gets a gradient"),
    (
        ValueError,
        [w * 2],
        "parameter 0 is the result of an operation (multiply); only leaves can be optimized: "
        "give the Values it was made of",
    ),
]


@pytest.mark.parametrize(("kind", "params", "text"), REFUSED_PARAMETERS, ids=[t[:50] for _, _, t in REFUSED_PARAMETERS])
def test_refused_parameters(kind, params, text):
    refused(kind, text, lambda: Momentum(params))


def test_settings_that_are_not_named_are_refused():
    words = "{0} takes its hyperparameters by name: write {0}(params, lr=0.1{1})"
    refused(TypeError, words.format("Momentum", ", momentum=0.9"), lambda: Momentum([w], 0.1, 0.9))
    refused(TypeError, words.format("LBFGS", ""), lambda: LBFGS([w], 0.1))


@pytest.mark.parametrize("made", [lambda: Momentum([w]), lambda: LBFGS([w]), lambda: Lookahead(Momentum([w]))])
def test_zero_grad_takes_no_settings(made):
    text = "zero_grad() takes nothing and sets every grad to None; got set_to_none="
    with pytest.raises(TypeError, match=re.escape(text)):
        made().zero_grad(set_to_none=True)


def test_constants_among_the_parameters_are_skipped_until_they_learn():
    a, b = Value([1.0, 2.0], name="a"), Value([3.0], name="b", requires_grad=False)

    def step():
        optimizer.zero_grad()
        (np.sum(a * a) + np.sum(b * b)).backward()
        return optimizer.step()

    optimizer = Momentum([a, b])
    report = step()
    assert (report.updated, report.skipped, b.data.tolist()) == (1, ("b",), [3.0])
    saved = optimizer.state_dict()
    optimizer = Momentum([a, b])
    optimizer.load_state_dict(saved)
    b.requires_grad = True
    assert step().updated == 2
    assert b.data.tolist() == pytest.approx([2.4])


REFUSED_SETTINGS = [
    (
        TypeError,
        {"learning_rate": 1},
        "Momentum has no hyperparameter 'learning_rate'; it has lr, momentum: the learning rate is lr=",
    ),
    (
        TypeError,
        {"momentun": 1},
        "Momentum has no hyperparameter 'momentun'; it has lr, momentum: did you mean momentum=?",
    ),
    (TypeError, {"lr": "high"}, "Momentum: lr is a number or a schedule; got 'high'"),
    (TypeError, {"lr": [0.1]}, "Momentum: lr is a number or a schedule; got [0.1] (list)"),
    (ValueError, {"lr": -0.1}, "Momentum: lr must not be negative; got -0.1"),
    (ValueError, {"lr": float("nan")}, "Momentum: lr is nan"),
    (ValueError, {"momentum": 1}, "Momentum: momentum must be below 1, the share of the old that is kept; got 1"),
]


@pytest.mark.parametrize(("kind", "settings", "text"), REFUSED_SETTINGS)
def test_refused_settings(kind, settings, text):
    refused(kind, text, lambda: Momentum([w], **settings))


REFUSALS = [
    ("there is no optimizer 'adm': did you mean 'Adam'?", lambda: get("adm")),
    ("Momentum has no preset 'keras'; it has none", lambda: Momentum.keras([w])),
    ("'u' is not a parameter of this optimizer, which has w", lambda: Momentum([w]).explain("u")),
    (
        "w was not updated by the last step; call step() after a backward pass that reaches it",
        lambda: Momentum([w]).explain("w"),
    ),
]


@pytest.mark.parametrize(("text", "call"), REFUSALS)
def test_refusal(text, call):
    refused(ValueError, text, call)


def test_shared_memory_is_refused():
    a, b = Value(np.ones(4), name="a"), Value(np.ones(2), name="b")
    b.data = a.data[1:3]
    refused(ValueError, "a and b share memory: give one of them, or a copy", lambda: Adam([a, b]))


def test_columns_of_one_matrix_share_no_memory():
    whole = np.ones((3, 2))
    a, b, both = (Value(1.0, name=name) for name in ("a", "b", "both"))
    a.data, b.data, both.data = whole[:, 0], whole[:, 1], whole[1:]
    assert len(Adam([a, b]).params) == 2
    a.data, b.data = whole[:, 0], whole[:, 1]
    refused(ValueError, "a and both share memory: give one of them, or a copy", lambda: Adam([b, a, both]))


class Plain:
    """A parameter of any data."""

    grad = None

    def __init__(self, data):
        self.data = data


def test_data_is_an_array_or_a_number():
    text = "parameter 0 holds a list; a parameter holds a float or an array of float32 or float64"
    refused(TypeError, text, lambda: Descent([Plain([1.0, 2.0])]))
    refused(
        TypeError,
        "parameter 0 holds int64; a parameter holds float32 or float64",
        lambda: Descent([Plain(np.int64(1))]),
    )


@pytest.mark.parametrize("number", [float, np.float32, np.float64])
def test_a_number_stays_of_its_type(number):
    p = Plain(number(1.0))
    p.grad = number(0.5)
    Descent([p]).step()
    assert type(p.data) is number
    assert p.data == number(0.95)


def everything(optimizer):
    return repr([p.data for p in optimizer.params]), repr(optimizer.state_dict())


@pytest.mark.parametrize("size", [2, SMALL])
def test_gradients_and_data_that_do_not_fit_are_refused_before_anything_changes(size):
    """Over two dtypes, so that the parameters are updated apart from each other."""
    a, b = with_gradients(np.ones(size, np.float32), np.ones(size))
    for optimizer in (Momentum([a, b]), Momentum([b, a], transforms=[ClipGlobalNorm(1.0)])):
        optimizer.step()
        before = everything(optimizer)
        b.grad = np.ones(3)
        refused(ValueError, f"the gradient of w1 has shape (3,); the parameter has ({size},)", optimizer.step)
        for dtype in (complex, object, "U3"):
            b.grad = np.ones(size, dtype)
            text = f"the gradient of w1 holds {b.grad.dtype}; a gradient holds real numbers"
            refused(TypeError, text, optimizer.step)
        assert everything(optimizer) == before
        kept, b.grad, b.data = b.data, np.ones(size), np.ones((2, 2))
        text = f"w1 had shape ({size},) when the optimizer was made and has (2, 2) now: make a new optimizer for it"
        refused(ValueError, text, optimizer.step)
        b.data = kept
        assert everything(optimizer) == before


@pytest.mark.parametrize("size", [2, SMALL])
@pytest.mark.parametrize("dtype", [int, bool, np.uint8, np.float16])
def test_gradients_of_other_real_numbers_are_converted(size, dtype):
    (w,) = with_gradients(np.ones(size))
    w.grad = np.ones(size, dtype)
    Descent([w]).step()
    np.testing.assert_allclose(w.data, 0.9)


def test_numbers_that_cannot_be_computed_are_refused_before_anything_changes():
    class Inverse(Optimizer):
        lr: Rate = 0.1

        @staticmethod
        def rule(h, t, p, g):
            return p - g * (1 / h.lr)

    (w,) = with_gradients([1.0])
    optimizer = Inverse([w])
    optimizer.step()
    optimizer.lr = lambda step: 2.0 - step
    optimizer.step()
    with pytest.raises(ValueError, match="Inverse, step 3 of w0: float division by zero, with lr=0"):
        optimizer.step()
    assert optimizer.t == 2


@pytest.mark.parametrize("kernels", [True, False])
def test_a_rule_that_returns_too_little(kernels):
    class Forgetful(Momentum):
        @staticmethod
        def rule(h, t, p, g, v):
            return p - h.lr * g

    text = "Forgetful.rule returned 1 values; it must return the new p, v"
    refused(ValueError, text, lambda: Forgetful(with_gradients([1.0]), kernels=kernels))


def test_a_slot_cannot_be_called_like_an_input():
    def declare():
        class Bad(Optimizer):
            slots = ("g",)

    refused(TypeError, "Bad: a slot cannot be called g, as the rule's inputs are", declare)


# -- state -------------------------------------------------------------------------------------
def test_a_state_of_other_parameters_is_refused_and_nothing_changes():
    a, b = with_gradients([1.0, 2.0], 1.0)
    optimizer = Momentum([a, b])
    optimizer.step()
    state = optimizer.state_dict()
    absent = "format, optimizer, step, groups, transforms, constraints, parameters"
    cases = [
        (
            Momentum([b, a]),
            state,
            "parameter 0 is w1 () float64; the state is of w0 (2,) float64: the order of parameters must be the same",
        ),
        (Momentum([a]), state, "the state has 2 parameters; this optimizer has 1"),
        (Adam([a, b]), state, "the state is one of Momentum; this optimizer is Adam"),
        (optimizer, {}, f"this is not the state of an optimizer: it has no {absent}"),
        (optimizer, state | {"format": 9}, "the state has format 9; this version reads format 1"),
    ]
    for other, given, text in cases:
        other.step()
        before = repr(other.state_dict()), repr(a.data), repr(b.data)
        refused(ValueError, text, lambda other=other, given=given: other.load_state_dict(given))
        assert (repr(other.state_dict()), repr(a.data), repr(b.data)) == before


def test_a_state_does_not_share_memory_with_the_optimizer():
    (w,) = with_gradients([1.0])
    optimizer = Momentum([w])
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    np.testing.assert_array_equal(state["parameters"][0]["slots"]["v"], [1.0])


# -- what it says ------------------------------------------------------------------------------
def test_the_last_step_with_its_numbers():
    (w,) = with_gradients(1.0)
    optimizer = Momentum([w])
    for _ in range(2):
        optimizer.step()
    assert str(optimizer.explain()) == (
        "Momentum, step 2 of w0:\n"
        "  v[t] = momentum * v[t-1] + g[t] = 0.9 * 1 + 1 = 1.9\n"
        "  p[t] = p[t-1] - lr * v[t] = 0.9 - 0.1 * 1.9 = 0.71"
    )


def test_large_parameters_are_remembered_when_told():
    w = Value(np.ones(2000), name="w")
    w.grad = np.ones(2000)
    optimizer = Momentum([w])
    optimizer.step()
    text = "the step of w was not remembered, as it is one of 2,000 entries: make the optimizer with remember=True"
    refused(ValueError, text, optimizer.explain)
    optimizer = Momentum([w], remember=True)
    optimizer.step()
    assert optimizer.explain(w, 1999).lines[-1].value == pytest.approx(0.8)


def test_the_formula_follows_the_rule():
    """Another rule, another formula: there is no second table."""

    class Other(Momentum):
        @staticmethod
        def rule(h, t, p, g, v):
            v = h.momentum * v - h.lr * g
            return p + v, v

    assert Other(with_gradients(1.0)).formula() == "v[t] = momentum * v[t-1] - lr * g[t]\np[t] = p[t-1] + v[t]"


def test_help_shows_the_hyperparameters():
    import inspect

    names = list(inspect.signature(Momentum).parameters)
    assert names == ["params", "lr", "momentum", "transforms", "constraints", "kernels", "remember"]


def test_its_name_and_settings_are_printed():
    (w,) = with_gradients(1.0)
    assert repr(Momentum([w])) == "<Momentum(lr=0.1, momentum=0.9) of 1 parameter, 0 steps taken>"


def test_each_form_of_the_formula_says_whom_it_is_for():
    a, b = with_gradients(1.0, 1.0)
    optimizer = Momentum([{"params": [a]}, {"params": [b], "momentum": 0.5}])
    assert optimizer.formula() == "v[t] = momentum * v[t-1] + g[t]\np[t] = p[t-1] - lr * v[t]"
    optimizer = Descent([a, b], transforms=[L2(0.1, only=lambda name, p: name == "w0")])
    assert optimizer.formula() == (
        "for w0:\ng' = g[t] + l2_strength * p[t-1]\np[t] = p[t-1] - lr * g'\n\nfor w1:\np[t] = p[t-1] - lr * g[t]"
    )


def test_an_entry_may_be_counted_from_the_end():
    (w,) = with_gradients([1.0, 2.0])
    optimizer = Descent([w])
    optimizer.step()
    assert optimizer.explain(w, -1).lines == optimizer.explain(w, 1).lines


# -- what a rule of one's own may lack ----------------------------------------------------------
def declared(**members):
    return lambda: type("Own", (Optimizer,), {"lr": 0.1, "__annotations__": {"lr": Rate}, **members})([Value([1.0])])


class OnlyTheGradient(Transform):
    @staticmethod
    def rule(h, t, p, g):
        return g


OWN = [
    (
        AttributeError,
        "the rule asks for h.momentum, and has lr: declare it in the class with its type and default, as in "
        "momentum: Rate = 0.1",
        declared(rule=lambda h, t, p, g: p - h.momentum * g),
    ),
    (
        AttributeError,
        "a rule is written in NumPy's functions: np.sum(x), not x.sum()",
        declared(rule=lambda h, t, p, g: g.sum()),
    ),
    (TypeError, "Own: slots is a tuple of names: write ('vel',)", declared(slots="vel")),
    (
        TypeError,
        "OnlyTheGradient.rule returns the new p and g: return p, g",
        lambda: Momentum(with_gradients([1.0]), transforms=[OnlyTheGradient()]),
    ),
    (
        TypeError,
        f"{L2!r} is not one of the transforms: make one of it, L2(...)",
        lambda: Momentum(with_gradients([1.0]), transforms=[L2]),
    ),
]


@pytest.mark.parametrize(("kind", "text", "make"), OWN, ids=[text[:40] for _, text, _ in OWN])
def test_what_is_missing_is_named(kind, text, make):
    refused(kind, text, make)

"""Whatever a function finds or does besides its graph: the program gives the same bits, or refuses."""

import collections
import copy
import functools
import random
import types
from typing import ClassVar

import numpy as np
import pytest
from programs import assert_same_bits, by_engine, by_program

from tinygrad_opt import Value, nn, optim
from tinygrad_opt.program import NotStatic, compile, proof

W = Value([1.0, 2.0, 3.0])
X = np.array([0.5, -1.0, 2.0])
ALPHA = 1.0


def scaled(x, by=2.0, *, more=1.0):
    return np.sum(W * x) * by * more


def scaled_otherwise(x, by=2.0, *, more=1.0):
    return np.sum(W * x) - by * more


scaled.factor = 2.0


class Scale:
    """Its factor is of the class, and found by a property, a static method and in a slot."""

    __slots__ = ("__dict__", "held")
    factor = 2.0
    table: ClassVar = [1.0, 2.0]

    @property
    def doubled(self):
        return 2 * self.factor

    @staticmethod
    def twice(x):
        return x * Scale.table[0]

    def __call__(self, x):
        return self.twice(np.sum(W * x)) * self.doubled


class Scaling(nn.Module):
    factor = 2.0

    def forward(self, x):
        return np.sum(W * x) * self.factor


def surroundings():
    """Everything that the cases below find, made anew."""
    found = types.SimpleNamespace(
        f=types.FunctionType(scaled.__code__, globals(), "f", scaled.__defaults__),
        kind=type("OwnScale", (Scale,), {"factor": 2.0}), scaling=type("OwnScaling", (Scaling,), {}),
        a=1.0, b=2.0, empty=[], queue=collections.deque([2.0, [3.0]]), weights=np.array([1.0, 2.0, 3.0]),
        shaped=np.arange(6.0), live=Value(np.arange(3.0).reshape(1, 3)), square=Value(np.ones((3, 3))),
    )  # fmt: skip
    found.key, found.list = found.kind(), type("OwnList", (list,), {})([2.0])
    found.list.factor, found.keys = 2.0, {found.key: 1.0}
    found.f.__kwdefaults__, found.f.factor = {"more": 1.0}, 2.0
    found.slotted, found.module = found.kind(), found.scaling()
    found.slotted.held = {"a": 2.0}
    return found


def swap(found):
    """The same numbers in the same places, under other names."""
    held = vars(found)
    order = {"b": 1.0, "a": 2.0}
    found.__dict__.update({k: order.get(k, v) for k, v in held.items()})


SILENT = {
    "an attribute of a function": (lambda s, x: s.f(x) * s.f.factor, lambda s: setattr(s.f, "factor", 3.0)),
    "defaults": (lambda s, x: s.f(x), lambda s: setattr(s.f, "__defaults__", (3.0,))),
    "defaults by name": (lambda s, x: s.f(x), lambda s: s.f.__kwdefaults__.update(more=3.0)),
    "code": (lambda s, x: s.f(x), lambda s: setattr(s.f, "__code__", scaled_otherwise.__code__)),
    "a class": (lambda s, x: s.slotted(x) * s.kind.factor, lambda s: setattr(s.kind, "factor", 3.0)),
    "a method": (lambda s, x: s.slotted(x), lambda s: setattr(s.kind, "__call__", lambda self, x: np.sum(W * x))),
    "the class of a module": (lambda s, x: s.module(x), lambda s: setattr(s.scaling, "factor", 3.0)),
    "in a slot": (lambda s, x: np.sum(W * x) * s.slotted.held["a"], lambda s: s.slotted.held.update(a=3.0)),
    "in a deque": (lambda s, x: np.sum(W * x) * s.queue[0] * s.queue[1][0], lambda s: s.queue[1].__setitem__(0, 5.0)),
    "a key": (
        lambda s, x: np.sum(W * x) * sum(k.factor for k in s.keys), lambda s: setattr(s.key, "factor", 3.0),
    ),
    "an attribute of a list": (
        lambda s, x: np.sum(W * x) * s.list.factor * s.list[0], lambda s: setattr(s.list, "factor", 3.0),
    ),
    "names": (lambda s, x: np.sum(W * x) * s.a + s.b, swap),
    "a list that was empty": (lambda s, x: np.sum(W * x) * (1 + len(s.empty)), lambda s: s.empty.append(1)),
    "an array's own shape": (lambda s, x: np.sum(W * x) * len(s.shaped), lambda s: setattr(s.shaped, "shape", (2, 3))),
    "a parameter's own shape": (
        lambda s, x: np.sum(s.square * s.live * x), lambda s: setattr(s.live.data, "shape", (3, 1)),
    ),
    "weights, also as a number": (
        lambda s, x: np.sum(W * s.weights) / float(s.weights.sum()), lambda s: s.weights.__setitem__(0, 9.0),
    ),
    "a leaf frozen": (lambda s, x: np.sum(W * s.live * x), lambda s: setattr(s.live, "requires_grad", False)),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_whatever_changes_around_f_is_noticed(name):
    f, change = SILENT[name]
    found = surroundings()
    f = functools.partial(f, found)
    parameters = [W, found.live, found.square]
    program = compile(f)
    assert_same_bits(by_program(program, parameters, X), by_engine(f, parameters, X))
    change(found)
    assert_same_bits(by_program(program, parameters, X), by_engine(f, parameters, X))


class Drawing:
    """Draws from a generator of its own to choose a branch."""

    def __init__(self, rng):
        self.rng = rng

    def __call__(self, x):
        return np.sum(W * x) * 2 if self.rng.random() < 1 else np.sum(W * x)


def after_batch_norm(x):
    y = NORM(ROWS * W * x)
    NORM.running_mean.fill(0.0)
    return np.sum(y**3)


def with_backward(x):
    np.sum(W * x).backward()
    return np.sum(W * x)


def without_gradients(x):
    ADAM.zero_grad()
    return np.sum(W * x)


def with_a_step(x):
    ADAM.step()
    return np.sum(W * x)


def counting_in_a_class(x):
    Counted.calls += 1
    return np.sum(W * x)


def counting_in_itself(x):
    counting_in_itself.calls = getattr(counting_in_itself, "calls", 0) + 1
    return np.sum(W * x)


def importing(x):
    import math

    return np.sum(W * x) * math.pi


def looking_up(x):
    return np.sum(W * x) * globals()["ALPHA"]


def nested(x):
    inner = DEEP
    while isinstance(inner, list):
        inner = inner[0]
    return np.sum(W * x) * inner


class Counted:
    calls = 0


NORM, ROWS = nn.BatchNorm1d(3), Value(np.arange(12.0).reshape(4, 3), requires_grad=False)
ADAM = optim.Adam([W])
DEEP = functools.reduce(lambda inner, _: [inner], range(20), 2.0)
DRAWS, WRITES = "f draws random numbers besides the graph", r"f writes to an array of shape \(3,\)"
REFUSED_EFFECTS = {
    "a generator": (Drawing(np.random.default_rng(0)), DRAWS),
    "a generator of Python's": (Drawing(random.Random(0)), DRAWS),
    "a generator of old": (Drawing(np.random.RandomState(0)), DRAWS),
    "that of Python": (Drawing(random), DRAWS),
    "that of NumPy": (Drawing(np.random), DRAWS),
    "an array that a layer writes too": (after_batch_norm, WRITES),
    "backward": (with_backward, r"f changes \.grad"),
    "zero_grad": (without_gradients, r"f changes \.grad"),
    "a step": (with_a_step, "f replaces the numbers of a Value|f runs .* hidden from a program"),
    "a class": (counting_in_a_class, r"f changes what it finds at each call \(in the class Counted"),
    "a function": (counting_in_itself, r"f changes what it finds at each call \(in the function counting_in_itself"),
    "an import": (importing, "imports at each call"),
    "globals": (looking_up, "looking_up .* uses globals"),
    "depth": (nested, "f finds list by more than 12 steps"),
}


@pytest.mark.parametrize("name", REFUSED_EFFECTS)
def test_what_f_does_besides_is_refused(name):
    f, message = REFUSED_EFFECTS[name]
    W.grad = np.ones(3)
    with pytest.raises(NotStatic, match=message):
        compile(f)(X)
    np.testing.assert_array_equal(W.grad, np.ones(3))
    np.testing.assert_array_equal(W.data, [1.0, 2.0, 3.0])


def test_a_wrong_program_is_never_used(monkeypatch):
    """What is recorded is held against the engine: its result and what it leaves behind."""
    function = proof.Written.function

    def wrong(self):
        run = function(self)
        return lambda *arrays: (lambda found: (found[0], tuple(np.negative(g) for g in found[1])))(run(*arrays))

    def idle(self):
        run = function(self)

        def program(*arrays):
            held = copy.deepcopy(layer.rng.bit_generator.state)
            found = run(*arrays)
            layer.rng.bit_generator.state = held
            return found

        return program

    layer = nn.Dropout(rng=np.random.default_rng(0))
    monkeypatch.setattr(proof.Written, "function", wrong)
    with pytest.raises(NotStatic, match="does not give what the engine gives: call f itself"):
        compile(lambda x: np.sum(W * x))(X)
    monkeypatch.setattr(proof.Written, "function", idle)
    with pytest.raises(NotStatic, match=DRAWS):
        compile(lambda x: np.sum(layer(W * x)))(X)


OPTIMIZER = optim.Adam([W])


class Named(nn.Module):
    """An attribute has the name of something global that changes at each step."""

    def __init__(self):
        self.OPTIMIZER = nn.Linear(3, 1, rng=np.random.default_rng(0))
        self.norm = nn.BatchNorm1d(1)

    def forward(self, x):
        return np.sum(self.norm(self.OPTIMIZER(x)) ** 3)


def test_attributes_are_no_globals_of_that_name():
    model = Named()
    program = compile(lambda x: model(x) + 0 * np.sum(W))
    for _ in range(10):
        program(np.random.default_rng(1).normal(size=(4, 3)))
        OPTIMIZER.step()
    assert [len(found) for found in program.recorded.values()] == [1]

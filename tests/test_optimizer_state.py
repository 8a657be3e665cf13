"""Saved states that do not fit are refused whole; optimizers can be copied and pickled."""

import copy
import pickle
import re

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import (
    EMA,
    L2,
    LBFGS,
    SGD,
    Accumulate,
    Adam,
    GradientNoise,
    Lookahead,
    MaxNorm,
    NAdam,
)


def parameters():
    a, b = Value(np.ones((2, 3)), name="a"), Value(np.ones(2, np.float32), name="b")
    return [a, b, Value(1.0, name="c")]


def step(optimizer, t):
    rng = np.random.default_rng(t)
    for p in optimizer.params:
        g = rng.normal(size=np.shape(p.data))
        p.grad = float(g) if np.shape(p.data) == () else g.astype(p.data.dtype)
    return optimizer.step()


def noise(seed=0, **settings):
    return GradientNoise(rng=np.random.default_rng(seed), **settings)


def made(kind=NAdam, steps=2, **settings):
    optimizer = kind(parameters(), **settings)
    for t in range(steps):
        step(optimizer, t)
    return optimizer


def everything(optimizer):
    return [np.asarray(p.data).tobytes() for p in optimizer.params], repr(optimizer.state_dict())


# -- states that do not fit --------------------------------------------------------------------
def change(*path, to):
    def changed(state):
        for key in path[:-1]:
            state = state[key]
        state[path[-1]] = to

    return changed


def without(*path):
    def changed(state):
        for key in path[:-1]:
            state = state[key]
        del state[path[-1]]

    return changed


CANNOT = "the state cannot be put in place: "
COUNT = "expected an integer, 0 or more"
LAST = ("parameters", 2)
CHANGES = [
    (change(*LAST, "slots", "m", to="high"), "m of c in the state holds <U4; expected numbers"),
    (change(*LAST, "slots", "m", to=None), "m of c in the state holds object; expected numbers"),
    (change(*LAST, "slots", "m", to=[1, [2]]), "m of c in the state is a ragged list; expected an array of numbers"),
    (change(*LAST, "slots", to=3), "the slots of parameter 2 in the state is a int; expected a dict"),
    (change(*LAST, "scalars", "mu_product", to="x"), "mu_product of c in the state is 'x'; expected a number"),
    (change(*LAST, "steps", to="many"), f"the step count of c in the state is 'many'; {COUNT}"),
    (change(*LAST, "steps", to=-1), f"the step count of c in the state is -1; {COUNT}"),
    (without(*LAST, "steps"), "the state of parameter 2 has no steps"),
    (without(*LAST, "name"), "the state of parameter 2 has no name"),
    (change(*LAST, to=3), "the state of parameter 2 is a int; expected a dict"),
    (change("parameters", to=3), "the state has int parameters; this optimizer has 3"),
    (change("groups", 0, "lr", to=-5), f"{CANNOT}NAdam: lr must not be negative; got -5"),
    (change("groups", 0, "lr", to="x"), f"{CANNOT}NAdam: lr is a number or a schedule; got 'x'"),
    (
        change("groups", 0, "momentum_schedule", to="nowhere"),
        f"{CANNOT}NAdam: momentum_schedule is True or False; got 'nowhere'",
    ),
    (change("groups", 0, "rl", to=1), "the state sets rl, which NAdam does not have"),
    (change("step", to=-3), f"the step count in the state is -3; {COUNT}"),
    (change("transforms", 1, "kind", to="L2"), "the state is of L2 where this optimizer has GradientNoise"),
    (change("transforms", 2, "settings", "strength", to=-1), f"{CANNOT}L2: strength must not be negative; got -1"),
    (without("transforms", 1, "state", "rng"), "the state of GradientNoise has no rng"),
    (change("transforms", 1, "state", "rng", to=3), "the state of GradientNoise cannot be put in place: "),
    (without("constraints"), "this is not the state of an optimizer: it has no constraints"),
]


@pytest.mark.parametrize(("changed", "text"), CHANGES, ids=range(len(CHANGES)))
def test_a_state_that_does_not_fit_is_refused_before_anything_changes(changed, text):
    around = {"transforms": [noise(1), noise(2), L2(0.5)], "constraints": [MaxNorm(9.0)]}
    state = made(steps=3, **around).state_dict()
    optimizer = made(transforms=[noise(3), noise(4), L2(0.25)], constraints=[MaxNorm(9.0)])
    changed(state)
    before = everything(optimizer)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        optimizer.load_state_dict(state)
    assert everything(optimizer) == before


def test_settings_of_transforms_and_constraints_are_put_in_place_and_schedules_stay():
    state = made(SGD, transforms=[L2(0.5)], constraints=[MaxNorm(3.0)]).state_dict()
    decay, limit = L2(5.0), MaxNorm(1.0)
    made(SGD, transforms=[decay], constraints=[limit]).load_state_dict(state)
    assert (decay.strength, limit.limit) == (0.5, 3.0)
    decay.strength = schedule = lambda step: 0.125
    made(SGD, transforms=[decay], constraints=[limit]).load_state_dict(state)
    assert decay.strength is schedule


WRAPPED = {
    "ema": (EMA, "averaged", 2, "arrays", [], "the state has 0 arrays of arrays for 3 parameters"),
    "ema count": (EMA, "averaged", "x", "arrays", [], f"averaged in the state is 'x'; {COUNT}"),
    "slow": (Lookahead, "since", 0, "slow", [None] * 3, "slow of a in the state holds object; expected numbers"),
    "since": (Lookahead, "since", -1, "slow", [np.ones((2, 3)), np.ones(2), 1.0], f"since in the state is -1; {COUNT}"),
    "sums": (Accumulate, "losses", "x", "sums", [None] * 3, "losses in the state is 'x'; expected a number"),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_the_state_of_a_wrapper_is_refused_before_anything_changes(case):
    kind, count, number, name, arrays, text = WRAPPED[case]
    one, other = kind(made()), kind(made())
    step(one, 5), step(other, 6)
    state = one.state_dict()
    state["own"] |= {count: number, name: arrays}
    before = everything(other)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        other.load_state_dict(state)
    assert everything(other) == before


# -- copies ------------------------------------------------------------------------------------
def grouped(make):
    a, b, c = parameters()
    return make([{"params": {"first": a}}, {"params": [b, c], "lr": 0.25}])


def halving(t):
    return 0.5 ** (1 + t)


KINDS = {
    "groups": lambda: grouped(lambda params: Adam(params, lr=halving)),
    "around": lambda: Adam(parameters(), transforms=[noise(), L2(0.1)], constraints=[MaxNorm(1.0)], kernels=False),
    "ema": lambda: EMA(Adam(parameters()), decay=0.5),
    "lookahead": lambda: Lookahead(SGD(parameters(), momentum=0.9), k=2),
    "accumulate": lambda: Accumulate(SGD(parameters()), every=2),
}
COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}


@pytest.mark.parametrize("by", COPIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_trains_as_the_original_does_and_apart_from_it(kind, by):
    one = KINDS[kind]()
    for t in range(3):
        step(one, t)
    params, other = COPIES[by]((one.params, one))
    assert all(mine is its for mine, its in zip(params, other.params, strict=True))
    assert everything(one) == everything(other)
    before = everything(one)
    for t in range(3, 6):
        step(other, t)
    assert everything(one) == before
    for t in range(3, 6):
        step(one, t)
    assert everything(one) == everything(other)
    assert repr(one) == repr(other)


def test_a_copy_of_parameters_alone_has_arrays_of_its_own():
    one = made(Adam)
    params = copy.deepcopy(one.params)
    before = [np.array(p.data) for p in params]
    step(one, 2)
    for p, data in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.data, data)
    assert not any(np.shares_memory(p.data, q.data) for p, q in zip(params[:2], one.params[:2], strict=True))


@pytest.mark.parametrize("by", COPIES)
def test_a_quasi_newton_method_is_copied_too(by):
    def closure(optimizer):
        def loss():
            optimizer.zero_grad()
            (x,) = optimizer.params
            y = ((x - 1) ** 4).sum()
            y.backward()
            return y

        return loss

    one = LBFGS([Value(np.array([2.0, 3.0]))], max_iter=2)
    one.step(closure(one))
    other = COPIES[by](one)
    before = everything(one)
    other.step(closure(other))
    assert everything(one) == before
    one.step(closure(one))
    assert everything(one) == everything(other)

"""Schedules: the rates of other libraries, the formulas, the laws that all keep, and what is refused."""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Refusals, refused
from schedule_twins import OURS

from tinygrad_opt.optim import schedules
from tinygrad_opt.optim.schedules import (
    Count,
    Rate,
    Schedule,
    Scheduled,
    clip,
    constant,
    cosine,
    cosine_restarts,
    cyclic,
    exponential,
    inverse_time,
    join,
    linear,
    multi_step,
    noam,
    one_cycle,
    piecewise,
    polynomial,
    rate,
    scale,
    schedule,
    step,
    warmup,
)

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "schedules.json").read_text(encoding="utf-8"))["rates"]


# -- the rates of other libraries --------------------------------------------------------------
@pytest.mark.parametrize("name", OURS)
def test_rates_are_those_of_the_library(name):
    rates = GOLDENS[name]
    assert len(rates) >= 60
    np.testing.assert_allclose(OURS[name].values(len(rates)), rates, rtol=1e-12, atol=0)


def test_every_golden_has_a_twin():
    assert set(GOLDENS) == set(OURS)


def test_every_schedule_is_beside_a_library():
    def makers(s):
        parts = [part for _, given in s.arguments for part in (given if isinstance(given, tuple) else [given])]
        return {s.maker.__name__}.union(*(makers(part) for part in parts if isinstance(part, Schedule)))

    made = set().union(*map(makers, OURS.values()))
    assert made == set(schedules.__all__) - {"Schedule", "schedule", "rate", *TYPES}


TYPES = {"AllScheduled", "Boundaries", "Count", "Fraction", "Growth", "Positive", "Rate", "Rates", "Scheduled"}


# -- formulas ----------------------------------------------------------------------------------
FORMULAS = {
    "exponential": (exponential(0.3, k=0.1), lambda t: 0.3 * math.exp(-0.1 * t)),
    "exponential by a factor": (exponential(0.3, factor=0.9, steps=4), lambda t: 0.3 * 0.9 ** (t / 4)),
    "exponential in stairs": (
        exponential(0.3, k=0.1, steps=4, staircase=True), lambda t: 0.3 * math.exp(-0.1 * (t // 4))),
    "1/t": (inverse_time(0.3, k=0.1), lambda t: 0.3 / (1 + 0.1 * t)),
    "halved every 5": (step(0.3, every=5, factor=0.5), lambda t: 0.3 / 2 ** (t // 5)),
    "linear": (linear(0.1, end=0.3, steps=30), lambda t: 0.1 + 0.2 * min(t / 30, 1)),
    "polynomial": (polynomial(0.3, steps=30, end=0.1, power=2), lambda t: 0.1 + 0.2 * (1 - min(t / 30, 1)) ** 2),
    "cosine": (cosine(0.3, steps=30, end=0.1), lambda t: 0.1 + 0.2 * math.cos(min(t / 30, 1) * math.pi / 2) ** 2),
    "cosine that swings": (cosine(0.3, steps=30, after="oscillate"), lambda t: 0.3 * math.cos(t / 60 * math.pi) ** 2),
    "noam": (noam(16, warmup=20, scale=2), lambda t: 2 * 16**-0.5 * min((t + 1) ** -0.5, (t + 1) * 20**-1.5)),
    "one cycle": (
        one_cycle(1.0, steps=10),
        lambda t: 0.04 + 0.96 * math.sin(t * math.pi / 4) ** 2 if t <= 2
        else 4e-6 + (1 - 4e-6) * math.cos((min(t, 9) - 2) * math.pi / 14) ** 2),
    "triangle": (cyclic(1.0, high=2.0, steps_up=5), lambda t: 2 - abs(t % 10 - 5) / 5),
    "warm-up": (warmup(0.3, steps=5), lambda t: 0.3 * min(t, 5) / 5),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_rates_are_those_of_the_formula(name):
    lr, formula = FORMULAS[name]
    np.testing.assert_allclose(lr.values(70), [formula(t) for t in range(70)], rtol=1e-12, atol=1e-15)


def test_what_a_milestone_has():
    assert multi_step(1.0, milestones=[2]).values(4).tolist() == [1, 1, 0.1, 0.1]
    assert multi_step(1.0, milestones=[2], at="old").values(4).tolist() == [1, 1, 1, 0.1]
    assert piecewise([1, 2], boundaries=[2]).values(4).tolist() == [1, 1, 2, 2]
    assert piecewise([1, 2], boundaries=[2], at="old").values(4).tolist() == [1, 1, 1, 2]


def test_rounds_of_a_cosine_begin_on_the_step():
    """A logarithm would say 4.999... for the fifth round of lengths 10, 30, 90, 270, 810."""
    starts = [0, 10, 40, 130, 400, 1210]
    lr = cosine_restarts(1.0, steps=10, t_mult=3)
    assert [lr(t) for t in starts] == [1.0] * len(starts)
    assert all(lr(t - 1) < 0.05 for t in starts[1:])


def test_a_cycle_has_its_own_height():
    lr = cyclic(0.0, high=1.0, steps_up=2, steps_down=4, mode="triangular2")
    assert lr.values(12).tolist() == [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.375, 0.25, 0.125]


# -- laws --------------------------------------------------------------------------------------
RATES = st.floats(0, 10, allow_subnormal=False)
COUNTS = st.integers(1, 40)
STEPS = st.integers(0, 200)
SIMPLE = st.one_of(
    st.builds(constant, RATES),
    st.builds(step, RATES, every=COUNTS, factor=st.floats(0, 1)),
    st.builds(multi_step, RATES, milestones=st.lists(COUNTS, unique=True).map(sorted), factor=st.floats(0, 1)),
    st.builds(exponential, RATES, k=st.floats(0, 2), steps=COUNTS, staircase=st.booleans()),
    st.builds(inverse_time, RATES, k=st.floats(0, 2), steps=COUNTS, staircase=st.booleans()),
    st.builds(polynomial, RATES, steps=COUNTS, power=st.floats(0.5, 3), cycle=st.booleans()),
    st.builds(cosine, RATES, steps=COUNTS, after=st.sampled_from(["hold", "oscillate"])),
    st.builds(cosine_restarts, RATES, steps=COUNTS, t_mult=st.floats(1, 3), m_mult=st.floats(0, 1)),
    st.builds(
        one_cycle, RATES, steps=COUNTS, convention=st.sampled_from(["torch", "optax"]), pct_start=st.floats(0, 1)
    ),
)
SCHEDULES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(warmup, inner, steps=COUNTS, restart=st.booleans()),
        st.builds(scale, inner, by=st.floats(0, 1)),
        st.builds(clip, inner, lowest=st.just(0.0), highest=RATES),
        st.builds(lambda a, b, at: join([a, b], boundaries=[at]), inner, inner, COUNTS),
    ),
    max_leaves=4,
)


@given(SCHEDULES, st.lists(STEPS, max_size=20))
def test_the_step_alone_decides(lr, steps):
    rates = lr.values(201)
    assert [lr(t) for t in steps] == rates[steps].tolist()
    assert type(lr(np.int64(3))) is float


@given(st.one_of(SCHEDULES, st.sampled_from(list(OURS.values()))))
def test_a_schedule_is_written_copied_and_stored(lr):
    assert eval(repr(lr), dict(vars(schedules))) == lr
    for other in (pickle.loads(pickle.dumps(lr)), copy.deepcopy(lr)):
        assert other == lr
        assert hash(other) == hash(lr)
        assert other.values(50).tolist() == lr.values(50).tolist()


@given(SCHEDULES, st.integers(0, 20))
def test_rates_lie_between_zero_and_the_highest_given(lr, n):
    assert lr.values(n).shape == (n,)
    assert all(0 <= x <= 10 * (1 + 1e-15) for x in lr.values(n))


@given(RATES, RATES, COUNTS, st.floats(0.2, 5), STEPS)
def test_decays_stay_between_their_ends(a, b, steps, power, t):
    low, high = min(a, b) * (1 - 1e-15), max(a, b) * (1 + 1e-15)
    for lr in (
        linear(a, end=b, steps=steps),
        polynomial(a, end=b, steps=steps, power=power, cycle=t % 2 == 0),
        cosine(a, end=b, steps=steps, power=power, after="oscillate"),
        cosine_restarts(a, end=b, steps=steps, t_mult=2, m_mult=0.5),
        cyclic(min(a, b), high=max(a, b), steps_up=steps, mode="triangular2"),
        warmup(a, start=b, steps=steps),
    ):
        assert low <= lr(t) <= high


@given(RATES, RATES, COUNTS, st.floats(0.2, 5))
def test_decays_reach_their_ends_exactly(a, b, steps, power):
    for lr in (
        linear(a, end=b, steps=steps),
        polynomial(a, end=b, steps=steps, power=power),
        cosine(a, end=b, steps=steps, power=power),
    ):
        assert (lr(0), lr(steps), lr(steps + 7)) == (a, b, b)


@given(RATES, COUNTS, st.booleans())
def test_one_cycle_reaches_its_rates(peak, steps, linear):
    lr = one_cycle(
        peak, steps=10 * steps, convention="optax", pct_start=0.5, shape="linear" if linear else "cosine", div_factor=4
    )
    assert (lr(0), lr(5 * steps), lr(10 * steps)) == (peak / 4, peak, peak / 4e4)


@given(SCHEDULES, COUNTS, RATES, STEPS)
def test_a_warm_up_reaches_its_base_exactly(base, steps, start, t):
    for restart in (True, False):
        lr = warmup(base, steps=steps, start=start, restart=restart)
        shift = 0 if restart else steps
        assert lr(0) == start
        assert lr(steps) == base(shift)
        assert lr(steps + t) == base(shift + t)


@given(SCHEDULES, SCHEDULES, SCHEDULES, COUNTS, COUNTS, STEPS)
def test_a_join_is_each_in_its_time(a, b, c, first, more, t):
    ends = [first, first + more]
    i = sum(end <= t for end in ends)
    assert join([a, b, c], boundaries=ends)(t) == (a, b, c)[i](t - [0, *ends][i])
    assert join([a, b, c], boundaries=ends, restart=False)(t) == (a, b, c)[i](t)


@given(COUNTS, COUNTS, RATES, RATES)
def test_a_join_of_ends_that_meet_is_continuous(first, more, peak, end):
    lr = join([linear(0.0, end=peak, steps=first), linear(peak, end=end, steps=more)], boundaries=[first])
    assert lr(first) == peak
    jumps = np.abs(np.diff(lr.values(first + more + 3)))
    assert jumps.max() <= max(peak / first, abs(end - peak) / more) * (1 + 1e-9) + 1e-14


@given(SCHEDULES, SCHEDULES, STEPS)
def test_scale_is_a_product(a, b, t):
    assert scale(a, by=b)(t) == a(t) * b(t)
    assert scale(a, by=0.5)(t) == scale(0.5, by=a)(t) == 0.5 * a(t)


@given(SCHEDULES, RATES, STEPS)
def test_a_number_is_a_schedule(lr, number, t):
    assert rate(number, t) == number == constant(number)(t)
    assert rate(lr, t) == lr(t)
    assert clip(lr, lowest=number)(t) == max(lr(t), number)
    assert clip(lr, highest=number)(t) == min(lr(t), number)


def test_schedules_made_alike_are_equal():
    assert cosine(0.1, steps=np.int64(7)) == cosine(0.1, steps=7, end=0)
    assert cosine(0.1, steps=7) != cosine(0.1, steps=8)
    assert linear(0.1, end=0.0, steps=7) != polynomial(0.1, steps=7)
    assert multi_step(0.1, milestones=[1, 2]) == multi_step(0.1, milestones=np.array([1, 2]))


def test_schedules_cannot_be_changed():
    milestones = [1, 2]
    lr = multi_step(0.1, milestones=milestones)
    milestones[0] = 3
    assert lr.arguments[1] == ("milestones", (1, 2))
    with pytest.raises(AttributeError):
        lr.maker = cosine


def test_repr_is_the_call():
    assert repr(cosine(0.1, steps=1000)) == "cosine(0.1, steps=1000, end=0.0, power=1.0, after='hold')"
    assert repr(exponential(0.1, k=np.float64(2))) == "exponential(0.1, k=2.0, steps=1, staircase=False)"
    assert repr(warmup(constant(1), steps=3)) == "warmup(constant(1.0), steps=3, start=0.0, restart=True)"


# -- one's own ---------------------------------------------------------------------------------
@schedule
def sawtooth(t: int, lr: Rate, *, steps: Count) -> float:
    return lr * (t % steps) / steps


@schedule
def falling(t: int, lr: Rate) -> float:
    return lr - t


@schedule
def alternating(t: int, base: Scheduled, *, off: Count) -> float:
    return rate(base, t) if t % off else 0.0


@schedule
def silent(t: int) -> float:
    return 0.5


@schedule
def forgetful(t: int) -> float:
    0.5 * t


def test_a_formula_makes_schedules():
    lr = sawtooth(1, steps=4)
    assert lr.values(6).tolist() == [0, 0.25, 0.5, 0.75, 0, 0.25]
    assert repr(warmup(lr, steps=2)) == "warmup(sawtooth(1.0, steps=4), steps=2, start=0.0, restart=True)"
    assert pickle.loads(pickle.dumps(lr)) == lr
    assert alternating(0.1, off=2).values(4).tolist() == [0, 0.1, 0, 0.1]
    assert repr(silent()) == "silent()"


# -- refusals ----------------------------------------------------------------------------------
REFUSED: Refusals = {
    "negative steps": (
        lambda: cosine(0.1, steps=-5), ValueError, "cosine: steps must be a whole number, at least 1; got -5"),
    "steps of a fraction": (
        lambda: linear(0.1, end=0.0, steps=2.5), ValueError,
        "linear: steps must be a whole number, at least 1; got 2.5"),
    "a negative rate": (
        lambda: constant(-0.1), ValueError, "constant: lr must be a finite number, at least 0; got -0.1"),
    "a rate that is nan": (
        lambda: constant(math.nan), ValueError, "constant: lr must be a finite number, at least 0; got nan"),
    "a rate beyond floats": (
        lambda: constant(10**400), ValueError, f"constant: lr must be a finite number, at least 0; got {10**400}"),
    "a text for a rate": (
        lambda: constant("0.1"), ValueError, "constant: lr must be a finite number, at least 0; got '0.1'"),
    "True for a rate": (
        lambda: constant(True), ValueError, "constant: lr must be a finite number, at least 0; got True"),
    "a factor of 0": (
        lambda: exponential(0.1, factor=0), ValueError, "exponential: factor must be a finite number above 0; got 0"),
    "a part above 1": (
        lambda: one_cycle(0.1, steps=9, pct_start=30), ValueError,
        "one_cycle: pct_start must be a number from 0 to 1; got 30"),
    "rounds that shrink": (
        lambda: cosine_restarts(0.1, steps=9, t_mult=0.5), ValueError,
        "cosine_restarts: t_mult must be a finite number, at least 1; got 0.5"),
    "boundaries not increasing": (
        lambda: multi_step(0.1, milestones=[3, 3]), ValueError,
        "multi_step: milestones must be whole numbers, at least 1 and increasing; got [3, 3]"),
    "a number for boundaries": (
        lambda: multi_step(0.1, milestones=3), ValueError,
        "multi_step: milestones must be whole numbers, at least 1 and increasing; got 3"),
    "no values": (
        lambda: piecewise([], boundaries=[]), ValueError,
        "piecewise: values must be one finite number or more, each at least 0; got []"),
    "a text for values": (
        lambda: piecewise("12", boundaries=[3]), ValueError,
        "piecewise: values must be one finite number or more, each at least 0; got '12'"),
    "too few values": (
        lambda: piecewise([0.1, 0.2], boundaries=[1, 2]), ValueError,
        "piecewise: values must be one more than boundaries; got 2 values, 2 boundaries"),
    "too many schedules": (
        lambda: join([0.1, 0.2, 0.3], boundaries=[1]), ValueError,
        "join: schedules must be one more than boundaries; got 3 schedules, 1 boundaries"),
    "a function for a schedule": (
        lambda: scale(0.1, by=abs), ValueError,
        "scale: by must be a schedule or a finite number, at least 0; got <built-in function abs>"),
    "a maker for a schedule": (
        lambda: join(["cosine"], boundaries=[]), ValueError,
        "join: schedules must be one schedule or more, or finite numbers, each at least 0; got ['cosine']"),
    "a misspelt word": (
        lambda: cyclic(0.1, high=1.0, mode="triangle"), ValueError,
        "cyclic: mode must be 'triangular' or 'triangular2' or 'exp_range'; got 'triangle'; "
        "did you mean 'triangular'?"),
    "an unknown word": (
        lambda: cosine(0.1, steps=3, after="zzz"), ValueError,
        "cosine: after must be 'hold' or 'oscillate'; got 'zzz'"),
    "a text for a truth": (
        lambda: polynomial(0.1, steps=3, cycle="no"), ValueError,
        "polynomial: cycle must be True or False; got 'no'"),
    "neither k nor factor": (
        lambda: exponential(0.1), ValueError,
        "exponential: give k, for exp(-k t), or factor, for factor**t; got k=None, factor=None"),
    "both k and factor": (
        lambda: exponential(0.1, k=1, factor=0.5), ValueError,
        "exponential: give k, for exp(-k t), or factor, for factor**t; got k=1.0, factor=0.5"),
    "a cycle upside down": (
        lambda: cyclic(0.2, high=0.1), ValueError, "cyclic: high must be at least low, 0.2; got 0.1"),
    "a final part before the first": (
        lambda: one_cycle(0.1, steps=9, pct_final=0.2), ValueError,
        "one_cycle: pct_final must be at least pct_start, 0.3; got 0.2"),
    "limits upside down": (
        lambda: clip(0.1, lowest=0.3, highest=0.2), ValueError,
        "clip: highest must be at least lowest, 0.3; got 0.2"),
    "an argument too few": (
        lambda: cosine(0.1), TypeError,
        "cosine: missing a required argument: 'steps'; it takes lr, steps, end, power, after"),
    "an argument by its place": (
        lambda: cosine(0.1, 100), TypeError,
        "cosine: too many positional arguments; it takes lr, steps, end, power, after"),
    "a negative step": (
        lambda: constant(0.1)(-1), ValueError,
        "constant(0.1): t counts updates: it must be a whole number, at least 0; got -1"),
    "a step of a fraction": (
        lambda: constant(0.1)(2.0), ValueError,
        "constant(0.1): t counts updates: it must be a whole number, at least 0; got 2.0"),
    "a negative number of values": (
        lambda: constant(0.1).values(-1), ValueError,
        "constant(0.1).values: n must be a whole number, at least 0; got -1"),
    "a rate that overflows": (
        lambda: step(0.1, every=1, factor=10)(400), ValueError,
        "step(0.1, every=1, factor=10.0) gives inf at t = 400; a rate must be a finite number, at least 0"),
    "a formula that goes below 0": (
        lambda: falling(2)(3), ValueError,
        "falling(2.0) gives -1.0 at t = 3; a rate must be a finite number, at least 0"),
    "a formula that returns nothing": (
        lambda: forgetful(), ValueError, "forgetful() gives None at t = 0; a rate must be a finite number, at least 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words

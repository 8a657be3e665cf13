"""Line searches: what they accept satisfies their conditions, and what they refuse or cannot find they name."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from tinygrad_opt.optim.deterministic import (
    Failed,
    Problem,
    Trial,
    along,
    backtracking,
    exact_for_quadratics,
    fixed_step,
    strong_wolfe,
)
from tinygrad_opt.optim.deterministic.line_search import ROUNDING, armijo_minimum

SEARCHES = {"backtracking": backtracking, "strong wolfe": strong_wolfe, "exact": exact_for_quadratics}


class Counted:
    """phi with its slope, and the steps at which it was asked for."""

    def __init__(self, phi, slope):
        self.phi, self.slope, self.steps = phi, slope, []

    def __call__(self, step):
        self.steps.append(step)
        return self.phi(step), self.slope(step)


@st.composite
def hilly(draw):
    """A smooth phi without a lowest slope: a parabola with waves on it, falling at 0."""
    size = st.floats(0.1, 3.0)
    bend, centre = draw(size), draw(st.floats(0.01, 50.0))
    waves = draw(st.lists(st.tuples(size, size, st.floats(0.0, 6.0)), max_size=4))
    sign = 1.0 if sum(a * b * math.cos(c) for a, b, c in waves) < 2 * bend * centre else -1.0

    def phi(t):
        return bend * (t - sign * centre) ** 2 + sum(a * math.sin(b * t + c) for a, b, c in waves)

    def slope(t):
        return 2 * bend * (t - sign * centre) + sum(a * b * math.cos(b * t + c) for a, b, c in waves)

    if slope(0.0) > 0:  # look the other way
        return Counted(lambda t: phi(-t), lambda t: -slope(-t))
    return Counted(phi, slope)


FIRST = st.floats(1e-4, 1e4)
CONSTANTS = st.tuples(st.floats(1e-4, 0.4), st.floats(0.01, 0.5)).map(lambda pair: (pair[0], sum(pair)))


@settings(deadline=None)
@given(hilly(), FIRST, CONSTANTS)
def test_strong_wolfe(line, first, constants):
    c1, c2 = constants
    value, slope = line.phi(0.0), line.slope(0.0)
    if slope > -1e-6:
        return
    found = strong_wolfe(line, value, slope, first, c1=c1, c2=c2)
    assert isinstance(found, Trial), found
    assert found.step > 0
    assert found.value <= value + c1 * found.step * slope + ROUNDING * abs(value)
    assert abs(found.slope) <= c2 * abs(slope)
    assert (found.value, found.slope) == (line.phi(found.step), line.slope(found.step))


@settings(deadline=None)
@given(hilly(), FIRST, st.floats(1e-4, 0.5))
def test_backtracking(line, first, c1):
    value, slope = line.phi(0.0), line.slope(0.0)
    if slope > -1e-6:
        return
    found = backtracking(line, value, slope, first, c1=c1)
    assert isinstance(found, Trial), found
    assert found.value <= value + c1 * found.step * slope
    shrunk = np.divide(line.steps[1:], line.steps[:-1])
    assert np.all((shrunk >= 0.1 - 1e-12) & (shrunk <= 0.5 + 1e-12))


@settings(deadline=None)
@given(hilly(), FIRST)
def test_exact_for_quadratics_looks_twice(line, first):
    value, slope = line.phi(0.0), line.slope(0.0)
    if slope > -1e-6:
        return
    found = exact_for_quadratics(line, value, slope, first)
    assert len(line.steps) == (2 if isinstance(found, Trial) else 1)


def test_exact_is_exact_on_a_parabola():
    found = exact_for_quadratics(lambda t: (3 * (t - 7) ** 2, 6 * (t - 7)), 147.0, -42.0, 0.5)
    assert found == Trial(7.0, 0.0, 0.0)


def test_backtracking_goes_to_the_minimum_of_the_parabola():
    line = Counted(lambda t: (t - 1) ** 2, lambda t: 2 * (t - 1))
    assert backtracking(line, 1.0, -2.0, 4.0).step == 1.0
    assert line.steps == [4.0, 1.0]


def test_a_third_step_goes_to_the_minimum_of_the_cubic():
    def phi(t):
        return t**3 + 2 * t**2 - 0.1 * t

    minimum = armijo_minimum(0.0, -0.1, Trial(0.25, phi(0.25), 0.0), Trial(1.0, phi(1.0), 0.0))
    assert 3 * minimum**2 + 4 * minimum == pytest.approx(0.1, rel=1e-12)


def test_strong_wolfe_closes_in_by_the_cubic():
    line = Counted(lambda t: t**3 - 3 * t, lambda t: 3 * t**2 - 3)
    assert strong_wolfe(line, 0.0, -3.0, 1.5, c2=0.1) == Trial(1.0, -2.0, 0.0)
    assert line.steps == [1.5, 1.0]


@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
@pytest.mark.parametrize("first", [0.9, 1.0, 1e6])
def test_steps_shorten_where_phi_is_not_finite(search, first):
    """-log(1 - t) - 5 t has its minimum at 0.8 and is nan beyond 1."""

    def phi(t):
        return (-math.log(1 - t) - 5 * t, 1 / (1 - t) - 5) if t < 1 else (math.nan, math.nan)

    found = search(phi, 0.0, -4.0, first)
    assert 0 < found.step < 1
    assert found.value < 0


def test_strong_wolfe_looks_between_a_point_and_the_end_of_the_domain():
    def phi(t):
        return (-math.log(1 - t) - 100 * t, 1 / (1 - t) - 100) if t < 1 else (math.inf, math.nan)

    assert strong_wolfe(phi, 0.0, -99.0, 0.1, c2=0.01).step == pytest.approx(0.99, abs=1e-4)


def test_an_infinite_slope_is_not_finite():
    found = strong_wolfe(
        lambda t: (math.sqrt(abs(1 - t)), -math.inf if t == 1 else -0.5 / math.sqrt(abs(1 - t))), 1, -0.5
    )
    assert isinstance(found, Failed)


def test_strong_wolfe_forgives_rounding_only():
    def phi(rise):
        return strong_wolfe(lambda t: (1.0 + rise, 0.0), 1.0, -1e-12, max_trials=2)

    assert phi(1e-15) == Trial(1.0, 1.0 + 1e-15, 0.0)
    assert isinstance(phi(1e-12), Failed)


@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
@pytest.mark.parametrize("noise", [0.0, 1e-15])
def test_steps_too_short_to_be_seen_grow(search, noise):
    """A parabola around 1e6 of which short steps show no more than rounding."""
    line = Counted(
        lambda t: 1.0 + (noise if t < 1 else 1e-6 * ((t / 1e6 - 1) ** 2 - 1)), lambda t: 2e-12 * (t / 1e6 - 1)
    )
    found = search(line, 1.0, -2e-12, 1e-3)
    assert found.value < 1
    assert line.steps[:4] == pytest.approx([1e-3, 1e-2, 1e-1, 1.0])


# -- what is not found -------------------------------------------------------------------------
def test_a_function_without_a_minimum():
    found = strong_wolfe(lambda t: (-t, -1.0), 0.0, -1.0, max_trials=4)
    assert found.reason == "f still fell at the longest step tried, 1e+03, to -1000: it may have no minimum"
    assert [trial.step for trial in found.trials] == [1.0, 10.0, 100.0, 1000.0]
    found = strong_wolfe(lambda t: (-t - t**3, -1 - 3 * t**2), 0.0, -1.0, max_trials=3)
    assert [trial.step for trial in found.trials] == [1.0, 10.0, 100.0]


def test_a_function_that_stays_though_it_has_a_slope():
    found = strong_wolfe(lambda t: (3.0, -1e-15), 3.0, -1e-15, max_trials=4)
    assert found.reason == "f stays at 3 up to the longest step tried, 1e+03, though its slope is not 0"
    found = backtracking(lambda t: (3.0, -1e-15), 3.0, -1e-15, max_trials=4)
    assert found.reason == "none of 4 steps from 1e+03 to 1 lowered f enough; the lowest value was 3.0"


def test_a_slope_of_the_wrong_sign():
    found = backtracking(lambda t: (t, 1.0), 0.0, -1.0, max_trials=3)
    assert found.reason.startswith("none of 3 steps from 1 to 0.0534 lowered f enough; the lowest value was 0.0534")
    found = strong_wolfe(lambda t: (t, -1.0), 0.0, -1.0, max_trials=3)
    assert found.reason.startswith("none of 3 steps from 1 to 0.")
    assert "met the Wolfe conditions with c1=0.0001, c2=0.9; the lowest value was 0." in found.reason


@pytest.mark.parametrize("search", [backtracking, strong_wolfe])
def test_nothing_finite(search):
    found = search(lambda t: (math.nan, math.nan), 0.0, -1.0, max_trials=3)
    assert found.reason.startswith("none of 3 steps from 1 to 0.25 ")
    assert found.reason.endswith("; f or its slope was not finite at 3 of them")


def test_a_line_bent_downward_has_no_exact_minimum():
    found = exact_for_quadratics(lambda t: (-t * t - t, -2 * t - 1), 0.0, -1.0)
    assert found.reason == "the slope goes from -1 to -3 at step 1: no parabola with a minimum"


def test_the_exact_step_may_leave_the_domain():
    found = exact_for_quadratics(lambda t: (-t, -0.5) if t <= 1 else (math.inf, math.nan), 0.0, -1.0)
    assert found.reason == (
        "none of 2 steps from 2 to 1 was the minimum of a parabola; f or its slope was not finite at 1 of them; "
        "the lowest value was -1.0"
    )


def test_a_fixed_step():
    assert fixed_step(0.5)(lambda t: (t, 1.0), 0.0, -1.0) == Trial(0.5, 0.5, 1.0)
    found = fixed_step(0.5)(lambda t: (math.inf, 1.0), 0.0, -1.0)
    assert found.reason == "f or its slope is not finite after the step 0.5"


# -- what is refused ---------------------------------------------------------------------------
def flat(step):
    raise AssertionError("refused before phi is asked")


@pytest.mark.parametrize("name", SEARCHES)
def test_starts_that_are_refused(name):
    search = SEARCHES[name]
    said = functools.partial(refused, error=ValueError)
    assert said(lambda: search(flat, 1.0, 3.0)) == ("not a descent direction: f does not fall along it, its slope is 3")
    assert "its slope is 0" in said(lambda: search(flat, 1.0, 0.0))
    assert said(lambda: search(flat, math.nan, -1.0)) == (
        "a line search starts where f is finite; got value nan, slope -1.0"
    )
    assert said(lambda: search(flat, 1.0, -1.0, 0.0)) == "the first step must be positive and finite; got 0.0"


@pytest.mark.parametrize(("c1", "c2"), [(0.0, 0.9), (0.5, 0.5), (0.9, 0.1), (1e-4, 1.0), (-1.0, 0.5)])
def test_constants_that_are_refused(c1, c2):
    assert refused(lambda: strong_wolfe(flat, 1.0, -1.0, c1=c1, c2=c2), ValueError) == (
        f"the constants of a line search must satisfy 0 < c1 < c2 < 1; got c1={c1}, c2={c2}"
    )


def test_other_constants_that_are_refused():
    assert refused(lambda: backtracking(flat, 1.0, -1.0, c1=1.0), ValueError) == (
        "backtracking needs 0 < c1 < 1; got c1=1.0"
    )
    assert refused(lambda: fixed_step(-0.1), ValueError) == "lr must be positive and finite; got -0.1"
    for search in (backtracking, strong_wolfe):
        assert refused(lambda s=search: s(flat, 1.0, -1.0, max_trials=0), ValueError) == (
            "a line search needs at least one trial; got max_trials=0"
        )


# -- on a problem ------------------------------------------------------------------------------
def test_along_a_direction():
    problem = Problem(lambda x: x[0] ** 2 + 10 * x[1] ** 2, [1.0, 1.0])
    x, value, gradient = problem.at_start()
    found = along(problem, x, -gradient, value, gradient, exact_for_quadratics, 0.1)
    assert np.array_equal(found.x, x - found.step * gradient)
    assert problem.value_and_gradient(found.x)[0] == found.value
    assert found.gradient @ gradient == pytest.approx(0, abs=1e-12)
    assert problem.counts.gradient == 4  # the start, two of the search, one here


def test_a_search_may_return_a_step_that_it_did_not_see_last():
    problem = Problem(lambda x: x @ x, [1.0, 1.0])
    x, value, gradient = problem.at_start()

    def wandering(phi, value, slope, first):
        near = phi(0.25)
        phi(3.0)
        return Trial(0.25, *near)

    found = along(problem, x, -gradient, value, gradient, wandering)
    assert (found.step, found.value, found.x.tolist()) == (0.25, 0.5, [0.5, 0.5])

"""Landscapes: their heights, slopes and minima, their formulas, and what is refused."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, grad, gradcheck, hessian
from tinygrad_opt.optim.landscapes import (
    LANDSCAPES,
    Window,
    ackley,
    beale,
    booth,
    get,
    himmelblau,
    long_valley,
    matyas,
    quadratic,
    rastrigin,
    rosenbrock,
    saddle,
)

ALL = pytest.mark.parametrize("f", LANDSCAPES.values(), ids=LANDSCAPES)
WITH_MINIMA = pytest.mark.parametrize("f", [f for f in LANDSCAPES.values() if f.minima], ids=lambda f: f.name)


def turned(x, y):
    u, v = math.cos(0.5) * x + math.sin(0.5) * y, math.cos(0.5) * y - math.sin(0.5) * x
    return (u * u + 30 * v * v) / 2


# Each written out a second time, expanded or by another function.
REFERENCES = {
    rosenbrock: lambda x, y: 1 - 2 * x + x**2 + 100 * y**2 - 200 * x**2 * y + 100 * x**4,
    long_valley: lambda x, y: 0.05 * x * x + y * y,
    quadratic(30, angle=0.5): turned,
    matyas: lambda x, y: 0.26 * x * x - 0.48 * x * y + 0.26 * y * y,
    booth: lambda x, y: 5 * x * x + 8 * x * y + 5 * y * y - 34 * x - 38 * y + 74,
    beale: lambda x, y: sum((c - x * (1 - y**k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))),
    himmelblau: lambda x, y: (
        x**4 + 2 * x * x * y - 21 * x * x + y**4 + 2 * x * y * y - 13 * y * y - 14 * x - 22 * y + 170),
    rastrigin: lambda x, y: sum(10 + z * z - 10 * math.cos(2 * math.pi * z) for z in (x, y)),
    ackley: lambda x, y: (
        -20 * math.exp(-0.2 * math.sqrt((x * x + y * y) / 2))
        - math.exp((math.cos(2 * math.pi * x) + math.cos(2 * math.pi * y)) / 2) + math.e + 20),
    saddle: lambda x, y: (x - y) * (x + y),
}  # fmt: skip


def points(f, n=20):
    left, right, bottom, top = f.window
    return np.random.default_rng(7).uniform((left, bottom), (right, top), (n, 2))


@pytest.mark.parametrize("f", REFERENCES, ids=lambda f: f.name)
def test_heights_are_those_of_the_reference(f):
    for x, y in points(f):
        assert f([x, y]) == pytest.approx(REFERENCES[f](x, y), rel=1e-9, abs=1e-9)


def test_every_landscape_has_a_reference():
    assert {f.name for f in REFERENCES} == set(LANDSCAPES)


@ALL
def test_slopes_are_checked(f):
    for p in points(f, 3):
        assert gradcheck(f, p)


@WITH_MINIMA
def test_minima_are_flat_and_as_low_as_said(f):
    for p in map(np.array, f.minima):
        assert f(p) == pytest.approx(f.lowest, abs=1e-14)
        np.testing.assert_allclose(grad(f)(p), 0, atol=1e-12)


@WITH_MINIMA
def test_minima_are_curved_upwards(f):
    if f is not ackley:
        for p in map(np.array, f.minima):
            assert np.linalg.eigvalsh(hessian(f)(p)).min() >= 0


def test_ackley_is_pointed_at_its_minimum():
    """The height grows with the distance from it, not with its square; the gradient at it is 0 by convention."""
    assert grad(ackley)(np.zeros(2)).tolist() == [0, 0]
    assert ackley([1e-6, 0]) / 1e-6 == pytest.approx(20 / math.sqrt(50), rel=1e-4)


@WITH_MINIMA
def test_nothing_on_a_grid_is_lower(f):
    grid = f.grid(401)
    near = np.min([np.hypot(grid.x - x, grid.y - y) for x, y in f.minima], axis=0)
    assert grid.z.min() >= f.lowest - 1e-12
    assert grid.z[near > 0.5].min() > grid.z[near < 0.1].min()
    left, right, bottom, top = f.window
    assert all(left < x < right and bottom < y < top for x, y in (*f.minima, f.start))


@WITH_MINIMA
def test_the_lowest_points_of_a_grid_are_near_the_minima(f):
    grid = f.grid(401)
    side = grid.x[0, 1] - grid.x[0, 0]
    for x, y in f.minima:
        around = np.where(np.hypot(grid.x - x, grid.y - y) < 0.6, grid.z, np.inf)
        row, column = np.unravel_index(np.argmin(around), around.shape)
        assert around[row, column] < f.lowest + 20 * side
        assert math.hypot(grid.x[row, column] - x, grid.y[row, column] - y) < 0.3


def test_himmelblau_has_four_minima():
    assert len(himmelblau.minima) == 4


def test_a_saddle_has_no_minimum():
    assert saddle.minima == ()
    assert saddle.lowest is None
    assert repr(saddle) == "saddle: x ** 2 - y ** 2, no minimum"
    assert np.linalg.eigvalsh(hessian(saddle)(np.zeros(2))).tolist() == [-2, 2]
    assert saddle([0, 1e3]) == -1e6


@pytest.mark.parametrize("condition", [1, 10, 1e4])
@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 3.0])
def test_a_quadratic_has_the_eigenvalues_and_the_axis_asked_for(condition, angle):
    f = quadratic(condition, angle)
    values, vectors = np.linalg.eigh(hessian(f)(np.array(f.start)))
    np.testing.assert_allclose(values, [1, condition], rtol=1e-9)
    if condition > 1:
        assert abs(vectors[:, 0] @ [math.cos(angle), math.sin(angle)]) == pytest.approx(1)


# -- what it takes -----------------------------------------------------------------------------
@ALL
def test_lists_arrays_values_and_grids_give_the_same(f):
    p = points(f, 1)[0]
    height = f(p)
    assert type(height) is float
    assert f(p.tolist()) == height
    assert f(Value(p)).data == pytest.approx(height, rel=1e-15)
    assert f(np.stack([p, p], axis=1)).tolist() == pytest.approx([height, height], rel=1e-14)
    assert f(np.array([100, 100], np.int8)) == pytest.approx(f([100.0, 100.0]), rel=1e-5)  # and no overflow
    assert f(Value(p.astype(np.float32))).dtype == np.float32


@ALL
def test_a_grid_is_the_window(f):
    grid = f.grid(5)
    assert (grid.x[0, 0], grid.x[0, -1], grid.y[0, 0], grid.y[-1, 0]) == f.window
    assert grid.x.shape == grid.y.shape == grid.z.shape == (5, 5)
    assert grid.z[1, 3] == pytest.approx(f([grid.x[1, 3], grid.y[1, 3]]), rel=1e-14)
    assert f.grid(3, Window(0, 1, 2, 4)).y[:, 0].tolist() == [2, 3, 4]


# -- the formula -------------------------------------------------------------------------------
@ALL
def test_the_text_computes_the_height(f):
    """Constants are written to six digits."""
    for x, y in points(f, 5):
        names = {"x": x, "y": y, "exp": np.exp, "cos": np.cos, "hypot": np.hypot}
        assert eval(f.text, names) == pytest.approx(f([x, y]), rel=1e-3)


def test_formulas_are_written_by_the_function():
    assert rosenbrock.text == "(1 - x) ** 2 + 100 * (y - x ** 2) ** 2"
    assert rosenbrock.latex == r"\left(1 - x\right)^{2} + 100 \, \left(y - x^{2}\right)^{2}"
    assert repr(rosenbrock) == f"rosenbrock: {rosenbrock.text}, lowest at (1, 1): 0"


# -- names -------------------------------------------------------------------------------------
@ALL
def test_a_landscape_is_found_copied_and_stored(f):
    assert get(f.name) is f
    assert get(f.name.replace(" ", "_").title()) is f
    assert repr(pickle.loads(pickle.dumps(f))) == repr(copy.deepcopy(f)) == repr(f)
    assert f.source


REFUSED: Refusals = {
    "a name misspelt": (
        lambda: get("rosenbrok"), ValueError, "there is no landscape 'rosenbrok': did you mean 'rosenbrock'?"),
    "a name unknown": (
        lambda: get("zzz"), ValueError, f"there is no landscape 'zzz': there are {', '.join(sorted(LANDSCAPES))}"),
    "no name": (lambda: get(3), TypeError, "get takes the name of a landscape, such as 'booth'; got 3"),
    "three entries": (
        lambda: booth([1.0, 2.0, 3.0]), ValueError, "booth takes two entries, x and y; got shape (3,)"),
    "one number": (lambda: booth(1.0), ValueError, "booth takes two entries, x and y; got shape ()"),
    "a Value of three": (
        lambda: booth(Value(np.ones(3))), ValueError, "booth takes two entries, x and y; got shape (3,)"),
    "a list of Values": (
        lambda: booth([Value(1.0), Value(2.0)]), TypeError,
        "a Value is not an array: use .data for its numbers (they leave the graph), np.stack to join several into one"),
    "complex numbers": (lambda: booth([1j, 2]), TypeError, "booth takes real numbers; got complex128"),
    "text": (lambda: booth(["1", "2"]), TypeError, "booth takes real numbers; got <U1"),
    "a grid of one": (
        lambda: booth.grid(1), ValueError, "booth: a grid has a whole number of points a side, at least 2; got n=1"),
    "a grid of a fraction": (
        lambda: booth.grid(2.5), ValueError,
        "booth: a grid has a whole number of points a side, at least 2; got n=2.5"),
    "a window inside out": (
        lambda: booth.grid(5, (1, 0, 0, 1)), ValueError,
        "booth: a window is (left, right, bottom, top), in order; got (1, 0, 0, 1)"),
    "a window upside down": (
        lambda: booth.grid(5, (0, 1, 1, 0)), ValueError,
        "booth: a window is (left, right, bottom, top), in order; got (0, 1, 1, 0)"),
    "half a window": (
        lambda: booth.grid(5, (0, 1)), ValueError,
        "booth: a window is (left, right, bottom, top), in order; got (0, 1)"),
    "a condition below 1": (
        lambda: quadratic(0.5), ValueError, "quadratic: condition must be a finite number, at least 1; got 0.5"),
    "a condition of nan": (
        lambda: quadratic(math.nan), ValueError, "quadratic: condition must be a finite number, at least 1; got nan"),
    "an angle that is text": (
        lambda: quadratic(2, angle="a"), ValueError,
        "quadratic: angle must be a finite number of radians; got 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words

"""Levenberg-Marquardt on NIST's 27 nonlinear regressions: the certified digits, from both starting points.

NIST certifies 11 digits, so that about 10.5 of agreement are all that can be asked for.
"""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from nist import MODELS, needs_data, read, residuals

from tinygrad_opt.optim.deterministic.least_squares import least_squares
from tinygrad_opt.optim.deterministic.result import Status

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "least_squares.json").read_text(encoding="utf-8"))

# From Start 1, which is far away on purpose, Gauss-Newton does not find these:
TOO_FAR = {
    "Eckerle4": "the third step moves the peak out of the data, of which it then sees only its tail",
    "MGH09": "up a valley that leads to infinity, by short steps",
    "MGH10": "the first step makes the exponential 0 everywhere: a plateau",
    "MGH17": "the first step makes the second decay 0 at every point but t = 0: a plateau",
    "Rat43": "the first step leads far up a valley, down which the others are short",
}
PLATEAUS = {"MGH10", "MGH17"}

pytestmark = needs_data


@functools.cache
def fit(name, start, method="lm"):
    data = read(name)
    return least_squares(residuals(name, data), data.starts[start], method=method)


def digits(found, certified):
    """The digits that two numbers share, as NIST counts them: the least over the parameters."""
    return -np.log10(np.max(np.maximum(np.abs(found - certified) / np.abs(certified), 1e-16)))


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_parameters(name, start):
    found = fit(name, start)
    assert found.converged
    assert digits(found.x, read(name).certified) >= 10


@pytest.mark.parametrize("name", [name for name in MODELS if name != "Lanczos1"])
def test_standard_deviations_and_cost(name):
    found, data = fit(name, 1), read(name)
    assert digits(found.standard_deviations, data.deviations) >= 7
    assert digits(found.residual_standard_deviation, data.residual_deviation) >= 9
    assert digits(2 * found.cost, data.sum_of_squares) >= 9


def test_residuals_that_are_rounding():
    """The data of Lanczos1 have 14 digits: its residuals, 1e-13, and so its deviations, have few."""
    found, data = fit("Lanczos1", 1), read("Lanczos1")
    assert 2 * found.cost <= 1.01 * data.sum_of_squares
    np.testing.assert_allclose(found.standard_deviations, data.deviations, rtol=0.01)


@pytest.mark.parametrize(
    ("name", "start"), [(name, start) for name in MODELS for start in (0, 1) if start == 1 or name not in TOO_FAR]
)
def test_gauss_newton(name, start):
    found = fit(name, start, "gauss-newton")
    assert found.converged
    assert digits(found.x, read(name).certified) >= 10


@pytest.mark.parametrize("name", TOO_FAR)
def test_gauss_newton_from_too_far(name):
    """It does not say that it fitted: either it goes on, or the data do not determine the parameters where it ends."""
    data = read(name)
    found = least_squares(residuals(name, data), data.starts[0], method="gauss-newton", max_iterations=100)
    assert 2 * found.cost > 1e2 * data.sum_of_squares
    if name in PLATEAUS:
        assert np.isinf(found.standard_deviations).any()
        assert found.message.endswith("; the data do not determine all parameters there: the Jacobian loses rank")
    else:
        assert found.status is Status.ITERATIONS


@pytest.mark.parametrize("name", MODELS)
def test_the_cost_falls_at_every_step(name):
    """Until it is known no better than its rounding."""
    f, found = residuals(name, read(name)), fit(name, 0)
    costs = np.array([np.sum(f(b) ** 2) / 2 for b in found.path])
    moved = np.abs(found.jacobian) @ np.abs(found.x) + np.abs(found.residuals)
    rounding = 10 * np.finfo(float).eps * np.abs(found.residuals) @ moved
    assert (np.diff(costs) <= rounding).all()


@pytest.mark.parametrize("name", GOLDENS["from Start 2"])
def test_the_cost_that_scipy_reaches(name):
    found, theirs = fit(name, 1), GOLDENS["from Start 2"][name]
    assert found.cost <= theirs["cost"] * (1 + 1e-12)
    assert found.evaluations.value <= 2.5 * theirs["evaluations"]
    np.testing.assert_allclose(found.x, theirs["x"], rtol=1e-6)

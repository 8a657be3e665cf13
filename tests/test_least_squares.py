"""Nonlinear least squares: laws of the fit, statistics, and what happens where data or functions are bad."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import Refusals, refused

from tinygrad_opt import Value
from tinygrad_opt.optim.deterministic.least_squares import least_squares
from tinygrad_opt.optim.deterministic.result import Status

METHODS = ["lm", "gauss-newton"]
every_method = pytest.mark.parametrize("method", METHODS)

rng = np.random.default_rng(7)
A = rng.normal(size=(12, 4))
y = rng.normal(size=12)
t = np.linspace(0.0, 3.0, 20)
noisy = 2.5 * np.exp(-1.3 * t) + 0.5 + 0.01 * rng.normal(size=t.size)


def linear(x):
    return A @ x - y


def decay(b):
    return b[0] * np.exp(-b[1] * t) + b[2] - noisy


# -- linear residuals: everything is known ------------------------------------------------------
def test_gauss_newton_takes_one_step_to_the_linear_solution():
    found = least_squares(linear, np.zeros(4), method="gauss-newton", ftol=1e-12)
    assert found.iterations == 1
    assert found.converged
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A, y)[0], rtol=1e-12)


@every_method
def test_statistics_of_a_linear_fit(method):
    """Covariance s**2 (A^T A)^-1, against the normal equations written out."""
    found = least_squares(linear, np.ones(4), method=method)
    rest = y - A @ np.linalg.lstsq(A, y)[0]
    covariance = (rest @ rest) / (12 - 4) * np.linalg.inv(A.T @ A)
    np.testing.assert_allclose(found.residual_standard_deviation**2, rest @ rest / 8, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-10)
    np.testing.assert_allclose(found.standard_deviations, np.sqrt(np.diag(covariance)), rtol=1e-10)
    np.testing.assert_allclose(found.jacobian, A)
    np.testing.assert_allclose(found.residuals, -rest, atol=1e-12)
    np.testing.assert_allclose(found.cost, rest @ rest / 2)


@every_method
def test_dependent_columns_give_the_shortest_step(method):
    B = np.hstack([A, A[:, :1] + A[:, 1:2]])
    found = least_squares(lambda x: B @ x - y, np.zeros(5), method=method, scale=np.ones(5))
    assert found.converged
    np.testing.assert_allclose(found.x, np.linalg.lstsq(B, y)[0], atol=1e-10)
    assert np.isinf(found.standard_deviations).tolist() == [True, True, False, False, True]
    assert np.isinf(found.covariance[[0, 1, 4]]).all()


@every_method
def test_a_parameter_that_is_not_used_leaves_the_others_theirs(method):
    found = least_squares(lambda x: A @ x[:4] - y + 0 * x[4], np.zeros(5), method=method)
    freedom = 12 - 5
    alone = least_squares(linear, np.zeros(4), method=method)
    np.testing.assert_allclose(found.standard_deviations[:4], alone.standard_deviations * np.sqrt(8 / freedom))
    assert found.standard_deviations[4] == np.inf
    assert "the data do not determine all parameters" in found.message


@pytest.mark.parametrize("rate", [-7.0, -8.0, -10.0])
def test_a_start_where_columns_are_very_long(rate):
    """exp(40) at the start: in such lengths the later Jacobians lose their rank, and steps their way."""
    far = np.linspace(0.0, 4.0, 20)

    def f(p):
        return p[0] * np.exp(-p[1] * far) + p[2] - 2.5 * np.exp(-1.3 * far) - 0.5

    lm = least_squares(f, [1.0, rate, 0.0], max_iterations=400)
    assert lm.status is Status.ITERATIONS  # along a valley that leads to infinity, with cost 1.37299
    assert lm.cost < 1.3731
    assert least_squares(f, [1.0, rate, 0.0], method="gauss-newton", max_iterations=20).status is Status.ITERATIONS


@every_method
def test_more_parameters_than_residuals(method):
    found = least_squares(lambda x: A[:2] @ x - y[:2], np.zeros(4), method=method, scale=np.ones(4))
    assert found.converged
    np.testing.assert_allclose(found.x, np.linalg.pinv(A[:2]) @ y[:2], atol=1e-12)
    assert np.isnan(found.residual_standard_deviation)
    assert np.isnan(found.standard_deviations).all()


@every_method
def test_as_many_parameters_as_residuals(method):
    """Powell's badly scaled function, two equations: there is no residual left to estimate with."""
    found = least_squares(
        lambda x: np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]), [0.0, 1.0], method=method
    )
    assert found.converged
    np.testing.assert_allclose(found.x, [1.098159e-5, 9.106146], rtol=1e-6)
    assert np.isnan(found.covariance).all()


# -- laws -------------------------------------------------------------------------------------
@every_method
def test_the_gradient_is_zero_to_rounding(method):
    found = least_squares(decay, [1.0, 1.0, 0.0], method=method)
    assert found.converged
    lengths = np.linalg.norm(found.jacobian, axis=0) * np.linalg.norm(found.residuals)
    assert (np.abs(found.gradient) <= 1e-12 * lengths).all()
    np.testing.assert_allclose(found.gradient, found.jacobian.T @ found.residuals)


@settings(max_examples=20)
@given(st.lists(st.integers(-20, 20), min_size=3, max_size=3))
def test_the_fit_forgets_the_units(exponents):
    """Moré's scale: in units that are powers of 2 every point of the path is the same, bit for bit."""
    units = 2.0 ** np.array(exponents)
    here = least_squares(decay, [1.0, 1.0, 0.25])
    there = least_squares(lambda b: decay(b * units), np.array([1.0, 1.0, 0.25]) / units)
    assert np.array_equal(there.path * units, here.path)
    np.testing.assert_allclose(there.standard_deviations * units, here.standard_deviations, rtol=1e-9)


@every_method
def test_weights_are_divisors_of_the_residuals(method):
    """An observation of half the error counts as four of them."""
    doubled = np.concatenate([t, t[:1], t[:1], t[:1]])
    observed = np.concatenate([noisy, noisy[:1], noisy[:1], noisy[:1]])
    weights = np.where(np.arange(t.size) == 0, 2.0, 1.0)
    weighted = least_squares(lambda b: weights * decay(b), [1.0, 1.0, 0.0], method=method)
    repeated = least_squares(lambda b: b[0] * np.exp(-b[1] * doubled) + b[2] - observed, [1.0, 1.0, 0.0], method=method)
    np.testing.assert_allclose(weighted.x, repeated.x, rtol=1e-11)


@every_method
def test_residuals_and_parameters_may_be_trees(method):
    def residuals(p):
        return {"curve": p["a"] * np.exp(-p["k"] * t) + p["c"] - noisy, "prior": [0.1 * (p["k"] - 1.0)]}

    found = least_squares(residuals, {"a": 1.0, "k": 1.0, "c": 0.0}, method=method)
    flat = least_squares(
        lambda b: np.concatenate([decay(b), np.reshape(0.1 * (b[1] - 1.0), -1)]), [1.0, 1.0, 0.0], method=method
    )
    assert [found.x[key] for key in "akc"] == pytest.approx(flat.x, rel=1e-12)
    assert [found.standard_deviations[key] for key in "akc"] == pytest.approx(flat.standard_deviations, rel=1e-9)
    assert found.residuals.shape == (21,)


@every_method
def test_a_number_and_a_single_residual(method):
    found = least_squares(lambda x: x**2 - 2.0, 1.0, method=method)
    assert found.x == pytest.approx(np.sqrt(2), rel=1e-15)
    assert found.converged


def test_the_callback_sees_every_step():
    seen = []
    found = least_squares(decay, [1.0, 1.0, 0.0], callback=lambda x, cost: seen.append((x, cost)))
    assert [x.tolist() for x, _ in seen] == found.path[1:].tolist()
    assert seen[-1][1] == found.cost


# -- when it ends -----------------------------------------------------------------------------
@every_method
def test_each_tolerance_ends_the_search(method):
    start = [1.0, 1.0, 0.0]
    ends = {name: least_squares(decay, start, method=method, **{name: 1e-3}) for name in ("ftol", "gtol")}
    assert all(end.converged for end in ends.values())
    assert "at most ftol 0.001" in ends["ftol"].message
    assert "at most gtol 0.001" in ends["gtol"].message
    full = least_squares(decay, start, method=method)
    assert max(end.iterations for end in ends.values()) < full.iterations
    short = least_squares(decay, start, method=method, xtol=1e-6)
    assert short.message == "a step is at most xtol 1e-06 of x"
    assert short.iterations < full.iterations


@every_method
def test_a_perfect_fit_ends_at_zero(method):
    found = least_squares(lambda x: np.stack([x[0] - 2.0, x[1] - 4.0, x[0] - 2.0]), [1.0, 1.0], method=method)
    assert found.converged
    assert found.cost == 0
    assert found.standard_deviations.tolist() == [0.0, 0.0]


@every_method
def test_the_iteration_limit(method):
    found = least_squares(decay, [1.0, 1.0, 0.0], method=method, max_iterations=2)
    assert found.status is Status.ITERATIONS
    assert (found.iterations, found.evaluations.jacobian) == (2, 3)
    assert found.message == "not converged after max_iterations = 2"


@every_method
def test_the_last_digits_are_within_the_iteration_limit(method):
    full = least_squares(decay, [1.0, 1.0, 0.0], method=method)
    found = least_squares(decay, [1.0, 1.0, 0.0], method=method, max_iterations=full.iterations - 1)
    assert found.iterations == full.iterations - 1


def test_residuals_may_contain_values_of_an_outer_graph():
    """They are constants of the fit."""
    shift = Value(2.0)
    found = least_squares(lambda x: np.stack([x[0] - shift, x[0] - 1.0]), [0.0])
    np.testing.assert_allclose(found.x, [1.5])
    assert shift.grad is None


@every_method
def test_a_trial_that_is_not_finite_shortens_the_step(method):
    """From 0.01 the full step leads to where the logarithm ends."""
    found = least_squares(lambda x: np.stack([np.log(x[0]), 10 * (x[1] - x[0])]), [15.0, 0.0], method=method)
    assert found.converged
    np.testing.assert_allclose(found.x, [1.0, 1.0])


@every_method
def test_a_jacobian_that_is_not_finite_shortens_the_step(method):
    """The first full step ends at 0 exactly, where the cost is lower and the square root has no slope."""
    found = least_squares(lambda x: np.sqrt(x) + x - 0.5, np.array([1.0]), method=method, radius=10.0)
    assert found.converged
    np.testing.assert_allclose(found.x, ((np.sqrt(3) - 1) / 2) ** 2)


@every_method
def test_a_minimum_whose_jacobian_is_zero(method):
    found = least_squares(lambda b: np.stack([b**2 + 1, b**2 + 1]), 1.0, method=method)
    assert found.converged
    assert found.message.startswith("the gradient is 0 to rounding, and no ")
    assert abs(found.x) < 1e-15


@every_method
def test_a_cost_that_no_step_lowers(method):
    """A jump at the start, as a wrong rule would show."""
    found = least_squares(lambda x: x + 1 + np.where(x == 1.0, 0.0, 5.0), np.array([1.0]), method=method)
    assert found.status is Status.LINE_SEARCH
    assert found.x.tolist() == [1.0]
    assert "lowers the cost, down to" in found.message


def test_residuals_that_do_not_depend_on_a_parameter():
    found = least_squares(lambda x: np.stack([x[0] - 1.0, 2 * x[0] - 3.0]) + 0 * x[1], [0.0, 5.0])
    assert found.converged
    np.testing.assert_allclose(found.x, [1.4, 5.0])
    assert np.isnan(found.covariance).all()


def test_a_perfect_fit_of_dependent_parameters():
    found = least_squares(lambda x: (x[0] + x[1] - 2) * np.array([1.0, 2.0, 4.0]), [1.0, 1.0])
    assert found.cost == 0
    assert np.isinf(found.covariance).all()


@pytest.mark.parametrize("method", ["lm", "gauss-newton"])
@pytest.mark.parametrize("residual", [np.exp, lambda x: x**3], ids=["exp", "cube"])
def test_a_cost_that_underflows_has_converged(residual, method):
    """The steps never lead to a flat slope: the residual keeps its form until its square is 0."""
    found = least_squares(residual, 1.0, method=method, max_iterations=2000)
    assert (found.status, found.cost) == (Status.CONVERGED, 0.0)
    assert found.message.startswith("a step promises 0 of the cost")


def test_what_is_printed():
    found = least_squares(lambda p: p["a"] * t + p["b"][0] - (3 * t + 1), {"a": 0.0, "b": np.zeros(1)})
    lines = repr(found).splitlines()
    assert lines[0].startswith("converged: ")
    assert lines[2].startswith("x['a'] = 3 +- ")
    assert lines[3].startswith("x['b'][0] = 1 +- ")
    assert lines[4].startswith("residual standard deviation ")


REFUSALS: Refusals = {
    "an unknown method": (
        lambda: least_squares(linear, np.zeros(4), method="trf"),
        ValueError,
        "there is no method 'trf': choose from lm, gauss-newton",
    ),
    "a negative tolerance": (
        lambda: least_squares(linear, np.zeros(4), xtol=-1.0),
        ValueError,
        "xtol must not be negative; got -1.0",
    ),
    "a radius of 0": (
        lambda: least_squares(linear, np.zeros(4), radius=0.0),
        ValueError,
        "radius must be positive; got 0.0",
    ),
    "residuals that are not finite at the start": (
        lambda: least_squares(lambda x: np.log(x), np.array([1.0, -1.0])),
        ValueError,
        "the residuals at x0 must be finite; entry [1] is nan: start elsewhere",
    ),
    "a Jacobian that is not finite at the start": (
        lambda: least_squares(lambda x: np.sqrt(x), np.array([1.0, 0.0])),
        ValueError,
        "the Jacobian at x0 must be finite; entry [1, 1] is inf: start elsewhere",
    ),
    "residuals too large to be squared": (
        lambda: least_squares(lambda x: 1e200 * x, np.array([1.0, -3.0])),
        ValueError,
        "the sum of squares overflows at x0; the largest residual is 3e+200",
    ),
    "no residuals": (
        lambda: least_squares(lambda x: x[:0], np.zeros(4)),
        ValueError,
        "least_squares needs at least one residual; the function returned none",
    ),
    "residuals that left the graph": (
        lambda: least_squares(lambda x: A @ x.data - y, np.zeros(4)),
        ValueError,
        "f's result does not depend on x: it is ndarray, not made from x by recorded operations. "
        "It left the graph through float(), .data, .item() or math.*, or is constant: compute it from x with "
        "operators and NumPy functions, such as np.cos(x) for math.cos(x)",
    ),
    "residuals that are not numbers": (
        lambda: least_squares(lambda x: "r", np.zeros(4)),
        TypeError,
        "least_squares needs a function that returns numbers; this one returned str",
    ),
    "a scale of another shape": (
        lambda: least_squares(linear, np.zeros(4), scale=np.ones(3)),
        ValueError,
        "scale must have the shape of x0: [(4,)]; got [(3,)]",
    ),
    "a scale of 0": (
        lambda: least_squares(linear, np.zeros(4), scale=np.array([1.0, 0.0, 1.0, 1.0])),
        ValueError,
        "scale must be positive and finite; got [1. 0. 1. 1.]",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    call, error, words = REFUSALS[name]
    assert refused(call, error) == words

"""Newton's method, Newton by conjugate gradients, and the trust-region method."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from more_garbow_hillstrom import FUNCTIONS
from refusals import Refusals, refused

from tinygrad_opt.optim.deterministic.newton import newton, newton_cg
from tinygrad_opt.optim.deterministic.problem import Problem
from tinygrad_opt.optim.deterministic.result import Status
from tinygrad_opt.optim.deterministic.trust_region import trust_region

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "second_order.json").read_text(encoding="utf-8"))
trust_region_cg = functools.partial(trust_region, subproblem="cg")
METHODS = {"newton": newton, "newton-cg": newton_cg, "exact": trust_region, "cg": trust_region_cg}
SCIPY = {"newton": "Newton-CG", "newton-cg": "Newton-CG", "exact": "trust-exact", "cg": "trust-ncg"}
WITH_HESSIAN = ["newton", "exact"]
WITH_PRODUCTS = ["newton-cg", "cg"]
every_method = pytest.mark.parametrize("method", METHODS)

A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 2.0]])
b = np.array([1.0, -2.0, 0.5])


def quadratic(x):
    return x @ A @ x / 2 - b @ x


def saddle(x):
    """Minima at (0, +-1/sqrt 2), a saddle at 0."""
    return x[0] ** 2 - x[1] ** 2 + x[1] ** 4


def test_newton_takes_one_step_on_a_quadratic():
    found = newton(Problem(quadratic, np.full(3, 10.0)))
    assert found.iterations == 1
    np.testing.assert_allclose(found.x, np.linalg.solve(A, b), rtol=1e-13)


def test_newton_forgets_the_units():
    """Its path is the same in other units of x, where no Hessian was shifted."""
    f, x0 = FUNCTIONS["rosenbrock"]
    units = np.array([1024.0, 1 / 512])
    here = newton(Problem(f, x0), max_iterations=15)
    there = newton(Problem(lambda x: f(x * units), x0 / units), max_iterations=15)
    np.testing.assert_allclose(there.path * units, here.path, rtol=1e-6)


@every_method
@pytest.mark.parametrize("name", FUNCTIONS)
def test_standard_functions_from_their_starts(name, method):
    """All of their minima are 0.  Evaluations of f and gradients stay within half as many again as scipy's.

    scipy's Newton-CG has not converged on Powell's and Wood's functions after 1000 iterations.
    """
    f, x0 = FUNCTIONS[name]
    found = METHODS[method](Problem(f, x0))
    assert found.converged
    assert np.abs(found.gradient).max() <= 1e-8
    assert 0 <= found.value < 1e-11
    theirs = GOLDENS["evaluations"][name][SCIPY[method]]
    assert found.evaluations.value + found.evaluations.gradient <= 1.5 * (theirs["value"] + theirs["gradient"])
    second = found.evaluations.hessian if method in WITH_HESSIAN else found.evaluations.hvp
    assert second <= 1.5 * (theirs["hess"] if method == "exact" else theirs["hessp"])


@every_method
def test_f_falls_at_every_step(method):
    f, x0 = FUNCTIONS["wood"]
    values = [f(x) for x in METHODS[method](Problem(f, x0)).path]
    assert (np.diff(values) <= 0).all()


@every_method
def test_newtons_convergence_is_faster_than_linear(method):
    found = METHODS[method](Problem(lambda x: np.sum(np.exp(x) - 2 * x) + (x[0] - x[1]) ** 2, [1.0, -1.0]))
    errors = np.linalg.norm(found.path - np.log(2), axis=1)
    assert (errors[-3:] <= 2 * errors[-4:-1] ** 1.5).all()


@pytest.mark.parametrize("method", WITH_PRODUCTS)
def test_no_hessian_is_made_where_products_are_enough(method):
    f, x0 = FUNCTIONS["beale"]
    assert METHODS[method](Problem(f, x0)).evaluations.hessian == 0


@every_method
@pytest.mark.parametrize("x0", [[1.0, 1e-3], [0.5, -0.1], [0.0, 0.2]])
def test_a_saddle_is_left(method, x0):
    found = METHODS[method](Problem(saddle, x0))
    assert found.converged
    np.testing.assert_allclose(found.x, [0.0, np.copysign(np.sqrt(0.5), x0[1])], atol=1e-8)


@pytest.mark.parametrize("method", WITH_HESSIAN)
@pytest.mark.parametrize("x0", [[1.0, 0.0], [0.0, 0.0]])
def test_a_saddle_that_is_met_exactly_is_left(method, x0):
    found = METHODS[method](Problem(saddle, x0))
    assert found.converged
    assert abs(found.value + 0.25) < 1e-12
    values = [saddle(x) for x in found.path]
    assert (np.diff(values) < 1e-15).all()
    assert x0[0] or values[1] < values[0]


@pytest.mark.parametrize("method", WITH_HESSIAN)
@pytest.mark.parametrize("tilt", [1e-9, -1e-9])
def test_a_maximum_is_left_down_the_slope_that_gtol_does_not_see(method, tilt):
    found = METHODS[method](Problem(lambda x: tilt * x[0] - x[0] ** 2 / 2 + x[0] ** 4 / 4, [0.0]))
    assert found.converged
    np.testing.assert_allclose(found.x, -np.sign(tilt), rtol=1e-8)


@every_method
@pytest.mark.parametrize("beyond", [(0.0, np.array([np.nan])), (-np.inf, np.array([1.0])), (np.nan, np.array([1.0]))])
def test_what_is_not_finite_shortens_the_step(method, beyond):
    """Beyond 2, where the full steps lead, f or its gradient is not finite."""
    problem = Problem(lambda x: (x[0] - 1) ** 2, [4.0])
    problem.value_and_gradient = lambda x: ((x[0] - 1) ** 2, 2 * (x - 1)) if x[0] >= 2 else beyond
    found = METHODS[method](problem)
    assert not found.converged
    assert found.path.min() >= 2


@every_method
def test_a_singular_hessian(method):
    """A line of minima."""
    found = METHODS[method](Problem(lambda x: (x[0] + x[1] - 2) ** 2, [5.0, 1.0]))
    assert found.converged
    assert abs(found.x.sum() - 2) < 1e-8


@every_method
def test_a_minimum_without_curvature(method):
    found = METHODS[method](Problem(lambda x: np.sum(x**4), [1.0, -2.0]))
    assert found.converged
    assert np.abs(found.x).max() < 2e-3


@every_method
def test_an_indefinite_hessian_at_the_start(method):
    found = METHODS[method](Problem(lambda x: np.sum(x**4 / 4 - x**2 / 2 + 0.1 * x), [0.1, -0.2]))
    assert found.converged
    assert (3 * found.x**2 > 1).all()


@every_method
def test_rounding_of_f_does_not_hide_the_last_digits(method):
    """f is known to steps of 1e-7 near its minimum, and is off by some of them."""
    steps = 1.2e-7 * np.array([3, -2, 1, 0, 2, -3, 1])

    def rounded(x):
        f = np.exp(x[0]) - x[0] + x[1] ** 2 + 1e9
        return f + steps[int(1e9 * np.abs(x.data if hasattr(x, "data") else x).sum()) % 7]

    for start in np.random.default_rng(1).uniform(-2, 2, size=(10, 2)):
        found = METHODS[method](Problem(rounded, start))
        assert found.converged
        assert np.abs(found.x).max() <= 1e-8


@every_method
def test_f_that_is_not_finite_far_away(method):
    """A step to where the logarithm ends is made shorter."""
    found = METHODS[method](Problem(lambda x: x[0] - np.log(x[0]) + x[1] ** 2, [10.0, 1.0]))
    assert found.converged
    np.testing.assert_allclose(found.x, [1.0, 0.0], atol=1e-8)


@every_method
def test_second_derivatives_that_are_not_finite(method):
    """At 0 x**1.5 has the slope 0, and infinite curvature."""
    found = METHODS[method](Problem(lambda x: x[0] + x[0] ** 1.5 + x[1] ** 2, [0.0, 1.0]))
    assert found.status is Status.NOT_FINITE
    assert found.message == "the second derivatives are not finite at [0. 1.]"
    assert found.x.tolist() == [0.0, 1.0]


@every_method
def test_no_minimum(method):
    """An iteration limit ends a search that would go on forever."""
    found = METHODS[method](Problem(lambda x: np.exp(-x[0]), [0.0]), gtol=0.0, max_iterations=7)
    assert found.status is Status.ITERATIONS
    assert (found.iterations, len(found.path)) == (7, 8)
    assert "after 7 iterations, gtol is 0" in found.message


@every_method
def test_nothing_to_do(method):
    found = METHODS[method](Problem(quadratic, np.linalg.solve(A, b)))
    assert found.converged
    assert found.iterations == 0


CG = {"newton-cg": newton_cg, "trust-region": functools.partial(trust_region, subproblem="cg")}


@pytest.mark.parametrize("method", CG)
@pytest.mark.parametrize("unit", [1e-16, 1.0, 1e16])
def test_curvature_has_no_unit(method, unit):
    """What is no curvature is told by the largest one seen, not by its size."""
    problem = Problem(lambda x: unit * np.sum(np.array([1.0, 3.0]) * x**2), [1.0, 2.0])
    found = CG[method](problem, gtol=1e-8 * unit)
    assert found.converged, found
    assert found.iterations < 20


@pytest.mark.parametrize("method", CG)
def test_a_gradient_whose_square_underflows(method):
    found = CG[method](Problem(lambda x: 1e-200 * np.sum(x**2), [1.0, 2.0]), gtol=0.0, max_iterations=5)
    assert not found.converged


@pytest.mark.parametrize(
    ("method", "options"), [("newton-cg", {}), ("trust-region", {"radius": 1e8, "max_radius": 1e10})]
)
def test_x_in_units_of_a_billion(method, options):
    problem = Problem(lambda x: np.sum(np.cosh((x - 1e9) / 1e9)), [3e9, 2e9])
    found = CG[method](problem, gtol=1e-14, **options)
    assert found.converged, found
    assert found.iterations < 20


@every_method
def test_a_tree_of_parameters(method):
    found = METHODS[method](
        Problem(lambda p: (p["a"] - 1) ** 2 + np.sum((p["w"] - 2) ** 2), {"a": 5.0, "w": np.zeros(2)})
    )
    assert abs(found.x["a"] - 1) < 1e-8
    np.testing.assert_allclose(found.x["w"], [2.0, 2.0])


@pytest.mark.parametrize("method", ["newton", "newton-cg"])
def test_a_step_that_never_lowers_f(method):
    """The gradient is not that of f: as if a rule were wrong."""
    problem = Problem(lambda x: x[0] ** 2 + np.abs(x[0]), [0.0])
    problem.value_and_gradient = lambda x: (float(abs(x[0])), np.array([1.0]))
    problem.hvp = lambda x, v: v
    problem.hessian = lambda x: np.eye(1)
    found = METHODS[method](problem)
    assert found.status is Status.LINE_SEARCH
    assert found.message.startswith("no part of the step lowers f, down to 2**-59 of it")


@pytest.mark.parametrize("method", ["exact", "cg"])
def test_a_ball_that_shrinks_to_a_point(method):
    problem = Problem(lambda x: x[0] ** 2, [1.0])
    problem.value_and_gradient = lambda x: (float(abs(x[0] - 1)), np.array([1.0]))
    problem.hvp = lambda x, v: v
    problem.hessian = lambda x: np.eye(1)
    found = METHODS[method](problem)
    assert found.status is Status.LINE_SEARCH  # as with the other methods: the gradient is not small
    assert found.message.startswith("no step lowers f, down to steps of ")


ENDS = {
    "cone": (lambda x: np.hypot(x[0], x[1]), [1.0, 1.0]),
    "root": (lambda x: np.sqrt(x), 1.0),
    "log": (lambda x: np.log(x), 5.0),
    "pole": (lambda x: -1 / np.abs(x), 1.0),
    "hill": (lambda x: -(x**2), 1.0),
    "kink": (lambda x: np.abs(x - 0.3), 1.0),
}


@every_method
@pytest.mark.parametrize("name", ENDS)
def test_where_there_is_no_minimum_to_converge_to(name, method):
    """A kink, the end of the domain, no bound: it ends with a status, and no warning."""
    f, x0 = ENDS[name]
    found = METHODS[method](Problem(f, x0))
    if not found.converged:  # a step may meet the kink exactly, where the engine's slope is 0
        assert found.status in (Status.LINE_SEARCH, Status.NOT_FINITE, Status.ITERATIONS)
        assert np.abs(found.gradient).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum_at_a_kink_ends_the_search(method):
    """Where f falls by rounding only, step after step."""
    found = METHODS[method](Problem(lambda p: np.maximum(p[0] ** 2 + p[1] ** 2, 4 * np.abs(p[0] - 1)), [3.0, 1.0]))
    assert method == "cg" or found.evaluations.value < 3000
    if method in ("newton", "newton-cg"):
        assert found.status is Status.LINE_SEARCH
        assert found.iterations < 200
        assert abs(found.value - 0.6862915010152397) < 1e-9


@pytest.mark.parametrize("method", ["exact", "cg"])
def test_no_step_is_longer_than_the_largest_radius(method):
    found = METHODS[method](Problem(lambda x: np.sum((x - 20) ** 2), np.zeros(2)), max_radius=1.5)
    assert found.converged
    assert np.linalg.norm(np.diff(found.path, axis=0), axis=1).max() <= 1.5 * 1.1


REFUSALS: Refusals = {
    "a start where f is not finite": (
        lambda: newton(Problem(lambda x: np.log(x[0]), [-1.0])),
        ValueError,
        "f must be finite at x0; it is nan at [-1.]",
    ),
    "an unknown subproblem": (
        lambda: trust_region(Problem(quadratic, np.zeros(3)), subproblem="dogleg"),
        ValueError,
        "there is no subproblem 'dogleg': choose from exact, cg",
    ),
    "a radius of 0": (
        lambda: trust_region(Problem(quadratic, np.zeros(3)), radius=0.0),
        ValueError,
        "radius must be positive and at most max_radius, 1000.0; got 0.0",
    ),
    "eta that takes no good step": (
        lambda: trust_region(Problem(quadratic, np.zeros(3)), eta=0.5),
        ValueError,
        "eta must be at least 0 and less than 1/4; got 0.5",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    call, error, words = REFUSALS[name]
    assert refused(call, error) == words

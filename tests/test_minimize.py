"""minimize: what theory promises on quadratics, known functions at the cost of scipy's methods, how searches end."""

import functools
import json
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from more_garbow_hillstrom import FUNCTIONS, rosenbrock
from random_problems import CONDITIONS, KINDS, problem
from refusals import refused

from tinygrad_opt import Value
from tinygrad_opt.functional import stop_gradient
from tinygrad_opt.optim import minimize
from tinygrad_opt.optim.deterministic import (
    Evaluations,
    Problem,
    Status,
    Trial,
    backtracking,
    bfgs_update,
    exact_for_quadratics,
    strong_wolfe,
    two_loop,
)
from tinygrad_opt.optim.deterministic.conjugate_gradient import VARIANTS
from tinygrad_opt.optim.deterministic.descent import decrease_left, descend
from tinygrad_opt.optim.deterministic.gradient_descent import SteepestDescent
from tinygrad_opt.optim.deterministic.quasi_newton import InverseHessian

METHODS = ["gd", "cg", "bfgs", "lbfgs"]
RECORDED = json.loads((Path(__file__).parent / "goldens" / "minimize.json").read_text(encoding="utf-8"))
GOLDENS = RECORDED["searches"]
TABLE = (Path(__file__).parents[1] / "docs" / "minimize.md").read_text(encoding="utf-8")


def positive_definite(n, seed=0):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, n))
    return half @ half.T / n + np.eye(n), rng.normal(size=n)


def quadratic(matrix, centre):
    return lambda x: 0.5 * (x - centre) @ matrix @ (x - centre)


# -- quadratics --------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_conjugate_gradients_need_n_steps(n):
    matrix, centre = positive_definite(n)
    found = {
        variant: minimize(
            quadratic(matrix, centre), np.zeros(n), "cg", variant=variant, line_search=exact_for_quadratics
        )
        for variant in VARIANTS
    }
    for result in found.values():
        assert result.converged
        assert result.iterations == n
        assert np.allclose(result.x, centre, atol=1e-8)
        assert np.allclose(result.path, found["fletcher-reeves"].path, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_bfgs_needs_n_steps_and_learns_the_inverse(n):
    matrix, centre = positive_definite(n)
    directions = InverseHessian()
    problem = Problem(quadratic(matrix, centre), np.zeros(n))
    found = descend(problem, directions, exact_for_quadratics, 1e-8, 100)
    assert found.converged
    assert found.iterations == n
    assert np.allclose(directions.inverse, np.linalg.inv(matrix), rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["bfgs", "lbfgs"])
def test_quasi_newton_goes_where_conjugate_gradients_go(method):
    """On a quadratic, with exact searches (Nocedal & Wright, theorem 6.4); L-BFGS while it forgets nothing."""
    matrix, centre = positive_definite(8)
    f = quadratic(matrix, centre)
    ours = minimize(f, np.zeros(8), method, line_search=exact_for_quadratics)
    assert np.allclose(ours.path, minimize(f, np.zeros(8), "cg", line_search=exact_for_quadratics).path, atol=1e-8)


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=5), st.floats(0.01, 0.99))
def test_gradient_descent_converges_below_two_over_the_largest_curvature(curvatures, part):
    curvatures = np.array(curvatures)
    bound = 2 / curvatures.max()

    def f(x):
        return 0.5 * np.sum(curvatures * x * x)

    def after(lr, steps):
        return np.abs(minimize(f, np.ones(curvatures.size), "gd", lr=lr, gtol=0, max_iterations=steps).path[-1]).max()

    slowest = np.abs(1 - part * bound * curvatures).max()
    assert after(part * bound, 20) == pytest.approx(slowest**20, rel=1e-6, abs=1e-12)
    assert slowest < 1
    assert after(bound / part, 20) == pytest.approx((2 / part - 1) ** 20, rel=1e-6)


def test_gradient_descent_beyond_the_bound_returns_where_it_began():
    found = minimize(lambda x: 5 * x * x, 1.0, "gd", lr=0.3)
    assert found.status is Status.NOT_FINITE
    assert (found.x, found.value) == (1.0, 5.0)


def test_the_two_loop_recursion_is_the_update_without_a_matrix():
    matrix, _ = positive_definite(6)
    steps = list(np.random.default_rng(1).normal(size=(4, 6)))
    changes = [matrix @ s for s in steps]
    inverse = np.eye(6) * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(steps, changes, strict=True):
        inverse = bfgs_update(inverse, s, y)
        assert np.allclose(inverse @ y, s)
        assert np.allclose(inverse, inverse.T)
    assert np.linalg.eigvalsh(inverse).min() > 0
    gradient = np.arange(6.0)
    assert np.allclose(two_loop(gradient, steps, changes), inverse @ gradient, rtol=1e-12)
    assert np.array_equal(two_loop(gradient, [], []), gradient)


def test_bfgs_starts_with_the_inverse_given():
    matrix, centre = positive_definite(5)
    inverse = np.linalg.inv(matrix)
    found = minimize(quadratic(matrix, centre), np.zeros(5), "bfgs", inverse=inverse)
    assert (found.converged, found.iterations) == (True, 1)
    assert np.array_equal(inverse, np.linalg.inv(matrix))


def test_pairs_without_curvature_teach_nothing():
    directions = InverseHessian()
    directions.learn(1.0, np.ones(2), -np.ones(2))
    directions.learn(1.0, np.ones(2), np.zeros(2))
    assert directions.fresh


@pytest.mark.parametrize(("s", "scale"), [(2.0, 2.0), (0.5, 1.0)])
def test_the_first_pair_may_enlarge_the_matrix(s, scale):
    """gamma = s'y / y'y, but not less than 1, in the direction that nothing is known of."""
    directions = InverseHessian()
    directions.learn(1.0, np.array([s, 0.0]), np.array([1.0, 0.0]))
    assert directions.inverse.tolist() == [[s, 0.0], [0.0, scale]]


def test_bfgs_first_tries_the_step_that_falls_as_the_last_one_did():
    """A parabola that falls by 0.5 from a slope of -4 is lowest at 0.25; 1 where the last step did not fall."""
    directions = InverseHessian(np.eye(2))
    assert directions.first_step(-4.0, 0.5) == 1.01 * 0.25
    assert directions.first_step(-4.0, 5.0) == directions.first_step(-4.0, 0.0) == 1.0


class UphillOnce(SteepestDescent):
    """Directions that lead uphill until they are told to forget, with no idea of a first step."""

    fresh = False

    def first_step(self, slope, fell):
        return np.inf

    def direction(self, gradient):
        return -gradient if self.fresh else gradient

    def forget(self):
        self.fresh = True


def test_a_direction_that_leads_uphill_is_replaced_by_steepest_descent():
    found = descend(Problem(lambda x: x * x, 1.0), UphillOnce(), backtracking, 1e-8, 10)
    assert found.converged


# -- known functions ---------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["cg", "bfgs", "lbfgs"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_known_functions_at_the_cost_of_scipy(name, method):
    f, x0 = FUNCTIONS[name]
    found = minimize(f, x0, method)
    golden = GOLDENS[name][method]
    assert found.converged, found
    assert np.abs(found.gradient).max() <= 1e-8
    assert golden["largest gradient"] <= 1e-8
    assert found.evaluations.gradient <= 1.5 * golden["evaluations"]
    assert found.value < 1e-10  # their minimum is 0
    if name != "powell singular":  # whose Hessian at the minimum has no inverse
        assert np.allclose(found.x, golden["x"], atol=1e-6)


@pytest.mark.parametrize("n", CONDITIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_bfgs_on_random_problems_at_the_cost_of_scipy(kind, n):
    found = minimize(*problem(kind, n), gtol=1e-6)
    assert found.converged, found
    assert found.evaluations.gradient <= 1.5 * RECORDED["evaluations of bfgs"][kind][str(n)]


@pytest.mark.parametrize("method", [*METHODS, "newton", "newton-cg", "trust-region"])
def test_the_costs_in_the_documentation(method):
    """Gradients, and Hessians or products, until all entries are below 1e-5; rounding may add one or two."""
    row = re.search(rf'^\| `"{method}"` .*\| ([^|]+) \|$', TABLE, re.MULTILINE)
    seen = minimize(rosenbrock, [-1.2, 1.0], method, gtol=1e-5, max_iterations=20_000).evaluations
    counts = [count for count in (seen.gradient, seen.hessian, seen.hvp) if count]
    assert [int(number) for number in re.findall(r"\d+", row[1])] == pytest.approx(counts, rel=0.01, abs=2)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_variant_gets_there(name, variant):
    f, x0 = FUNCTIONS[name]
    assert minimize(f, x0, "cg", variant=variant, max_iterations=200).converged


def test_gradient_descent_gets_there_slowly():
    found = minimize(rosenbrock, [-1.2, 1.0], "gd", gtol=1e-4)
    assert found.converged
    assert found.iterations > 10 * minimize(rosenbrock, [-1.2, 1.0], "bfgs", gtol=1e-4).iterations


@pytest.mark.parametrize("method", METHODS)
def test_a_line_search_of_choice(method):
    search = functools.partial(strong_wolfe, c2=0.1)
    assert minimize(lambda x: (x - 2) ** 4 + x * x, 0.0, method, line_search=search).converged


def test_a_longer_memory_saves_iterations():
    def iterations(memory):
        return minimize(FUNCTIONS["wood"][0], [-3.0, -1.0, -3.0, -1.0], "lbfgs", memory=memory).iterations

    assert iterations(10) < iterations(1)


# -- forms of x0, counts, path -----------------------------------------------------------------
class Pair(NamedTuple):
    a: np.ndarray
    b: float


FORMS = {
    "number": (5, lambda x: (x - 2) ** 2, 2.0),
    "0-d array": (np.array(5.0), lambda x: (x - 2) ** 2, 2.0),
    "value": (Value([5.0, 1.0]), lambda x: np.sum((x - 2) ** 2), np.full(2, 2.0)),
    "list": ([5, 1], lambda x: np.sum((x - 2) ** 2), np.full(2, 2.0)),
    "matrix": (np.zeros((2, 3)), lambda x: np.sum((x - 2) ** 2), np.full((2, 3), 2.0)),
    "float32": (np.zeros(2, np.float32), lambda x: np.sum((x - 2) ** 2), np.full(2, 2.0)),
    "dict": ({"w": np.zeros(2), "b": 0.0}, lambda p: np.sum((p["w"] - 2) ** 2) + (p["b"] - 3) ** 2,
             {"w": np.full(2, 2.0), "b": 3.0}),
    "tuple": ((np.zeros(2), {"b": 0.0}), lambda p: np.sum((p[0] - 2) ** 2) + (p[1]["b"] - 3) ** 2,
              (np.full(2, 2.0), {"b": 3.0})),
    "named tuple": (Pair(np.zeros(2), 1.0), lambda p: np.sum((p.a - 2) ** 2) + (p.b - 3) ** 2,
                    Pair(np.full(2, 2.0), 3.0)),
}  # fmt: skip


def agree(found, wanted):
    assert type(found) is type(wanted)
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        found, wanted = list(found.values()), list(wanted.values())
    if isinstance(wanted, list | tuple):
        for one, other in zip(found, wanted, strict=True):
            agree(one, other)
    else:
        assert np.shape(found) == np.shape(wanted)
        assert np.allclose(found, wanted, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", FORMS)
def test_the_result_has_the_form_of_x0(form, method):
    x0, f, minimum = FORMS[form]
    found = minimize(f, x0, method)
    assert found.converged
    agree(found.x, minimum)


def test_x0_is_left_alone():
    x0 = {"w": np.zeros(2)}
    found = minimize(lambda p: np.sum((p["w"] - 2) ** 2), x0, gtol=1e9)
    found.x["w"][:] = 7.0
    assert x0["w"].tolist() == [0.0, 0.0]
    assert found.path.tolist() == [[0.0, 0.0]]


def test_a_parameter_that_f_depends_on_gets_no_gradient():
    w = Value(3.0)
    assert minimize(lambda x: (x - w) ** 2, 1.0).x == pytest.approx(3.0)
    assert w.grad is None


@pytest.mark.parametrize("method", METHODS)
def test_evaluations_path_and_callback(method):
    calls, shown = [], []

    def f(x):
        calls.append(x.data.copy())
        return rosenbrock(x)

    found = minimize(
        f, [-1.2, 1.0], method, max_iterations=7, callback=lambda x, value: shown.append((x.tolist(), value))
    )
    assert found.evaluations == Evaluations(value=len(calls), gradient=len(calls))
    assert found.iterations == 7
    assert found.path.shape == (8, 2)
    assert found.path[0].tolist() == [-1.2, 1.0]
    assert [x for x, _ in shown] == found.path[1:].tolist()
    assert [value for _, value in shown] == [rosenbrock(x) for x in found.path[1:]]
    assert {tuple(x) for x in found.path} <= {tuple(x) for x in calls}


# -- how searches end --------------------------------------------------------------------------
def test_converged_at_once():
    found = minimize(lambda x: x * x, 0.0)
    assert (found.status, found.iterations, found.evaluations.gradient) == (Status.CONVERGED, 0, 1)
    assert found.message == "the largest entry of the gradient, 0, is within gtol 1e-08"


def test_iterations():
    found = minimize(rosenbrock, [-1.2, 1.0], max_iterations=3)
    assert found.status is Status.ITERATIONS
    assert found.value <= rosenbrock(found.path[-1])
    largest = np.abs(found.gradient).max()
    assert found.message == (f"the largest entry of the gradient is {largest:.3g} after 3 iterations, above gtol 1e-08")
    assert minimize(rosenbrock, [-1.2, 1.0], max_iterations=0).x.tolist() == [-1.2, 1.0]


@pytest.mark.parametrize("method", METHODS)
def test_steps_that_change_nothing_grow(method):
    """x is of the size of 1e9 and the gradient of 1e-9: the first step, of length 1 at most, leaves f as it is."""
    found = minimize(lambda x: np.sum(np.cosh((x - 1e9) / 1e9)), [3e9, 2e9], method, gtol=1e-14)
    assert found.converged, found
    assert np.allclose(found.x, 1e9, rtol=2e-5)
    assert found.evaluations.gradient < 100


@pytest.mark.parametrize(("method", "lowest"), [("cg", 1.0), ("bfgs", 1e8), ("lbfgs", 1e8)])
def test_a_minimum_above_0_is_found_to_all_digits(method, lowest):
    """Where rounding hides the last decrease of f, slopes still tell."""
    found = minimize(lambda x: lowest + np.sum((x - np.array([1.0, 2.0])) ** 2) + x[0] ** 4, [3.0, 4.0], method)
    assert found.converged
    assert found.x[0] == pytest.approx(0.5897545123, abs=1e-8)


@pytest.mark.parametrize("method", ["gd", "cg"])
def test_rounding_stalls_a_search(method):
    found = minimize(lambda x: 1e8 + np.sum((x - np.array([1.0, 2.0])) ** 2) + x[0] ** 4, [3.0, 4.0], method)
    assert found.status is Status.STALLED
    assert found.message.startswith("f cannot be lowered any more: what is left, about ")
    assert "is within its rounding, 1e-06; the largest entry of the gradient is " in found.message
    assert np.abs(found.gradient).max() < 1e-3


def test_what_is_left_is_judged_by_a_step_that_shows_the_curvature():
    far, near = Trial(1.0, 0.0, 0.0), Trial(1e-9, 0.0, -1 + 1e-12)
    assert decrease_left(-1.0, (far, near)) == 0.5
    assert decrease_left(-1.0, (near,)) == np.inf


def test_the_point_of_convergence_is_returned_though_rounding_puts_another_lower():
    problem = Problem(lambda x: x * x, 0.5)
    problem.at_start()
    there = 0.3, np.array([2.0]), np.array([0.0])
    assert problem.result(Status.CONVERGED, "", there).x == 2.0
    assert problem.result(Status.ITERATIONS, "").x == 0.5


def wrong_gradient(x):
    """x**2 + 2 x, of which the gradient has the wrong sign."""
    return stop_gradient(2 * (x * x + 2 * x)) - (x * x + 2 * x)


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_line_search_returns_the_best_point(method):
    found = minimize(wrong_gradient, 1.0, method)
    assert found.status is Status.LINE_SEARCH
    assert (found.x, found.value, found.gradient, found.iterations) == (1.0, 3.0, -4.0, 0)
    assert found.message.startswith("none of 40 steps from 0.25 to ")
    assert found.message.endswith("the lowest value was 3.0; the search started from f = 3.0 with slope -16")


@pytest.mark.parametrize("method", METHODS)
def test_a_kink_is_a_failed_line_search(method):
    found = minimize(lambda x: 1 + np.abs(x - 1 / 3), 1.0, method)
    assert found.status is Status.LINE_SEARCH
    assert found.x == pytest.approx(1 / 3)


def test_a_function_without_a_minimum():
    found = minimize(lambda x: -x, 0.0)
    assert found.status is Status.LINE_SEARCH
    assert "it may have no minimum; the search started from f = -0.0 with slope -1" in found.message


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", [1e-3, 5.0, 1000.0])
def test_trials_outside_of_the_domain(start, method):
    """Both are nan or infinite for x <= 0 and have their minimum at 1."""
    for f in (lambda x: x - np.log(x), lambda x: np.sqrt(x) + 1 / np.sqrt(x)):
        found = minimize(f, start, method, gtol=1e-6)
        assert found.converged, found
        assert found.x == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("f", [np.log, np.sqrt], ids=["log", "sqrt"])
def test_falling_to_the_end_of_the_domain(f, method):
    found = minimize(f, 5.0, method)
    assert found.status is Status.NOT_FINITE
    assert 0 < found.x < 1e-6
    assert found.value == f(found.x)


def test_a_slope_that_overflows():
    found = minimize(lambda x: -1e200 * x, 0.0)
    assert found.status is Status.NOT_FINITE
    assert found.message == (
        "the slope along the gradient is -inf: its largest entry, 1e+200, has no square in float64"
    )
    assert minimize(lambda x: 1e-200 * x, 0.0, gtol=0).status is Status.STALLED


# -- what is refused ---------------------------------------------------------------------------
def f(x):
    return np.sum(x * x)


REFUSALS = {
    "typo": (lambda: minimize(f, 1.0, "BFSG"), ValueError,
             "unknown method 'BFSG'; did you mean 'bfgs'? there are "),
    "no such method": (lambda: minimize(f, 1.0, "simplex"), ValueError, "unknown method 'simplex'; there are "),
    "option": (lambda: minimize(f, 1.0, "lbfgs", memroy=3), TypeError,
               "method 'lbfgs' has no option memroy; did you mean memory? it has gtol, "),
    "an option of scipy": (lambda: minimize(f, 1.0, max_iter=3), TypeError,
               "method 'bfgs' has no option max_iter; did you mean max_iterations? it has gtol, "),
    "tolerance": (lambda: minimize(f, 1.0, "newton", tol=3), TypeError,
               "method 'newton' has no option tol; did you mean gtol? it has gtol, max_iterations, callback"),
    "two options": (lambda: minimize(f, 1.0, "bfgs", lr=3, memory=5), TypeError,
                    "method 'bfgs' has no option lr, memory; it has gtol, max_iterations, callback, inverse, "
                    "line_search"),
    "memory": (lambda: minimize(f, 1.0, "lbfgs", memory=0), ValueError,
               "memory must be a positive integer, the number of steps to remember; got 0"),
    "inverse": (lambda: minimize(f, [1.0, 2.0], inverse=np.eye(3)), ValueError,
                "inverse must be a matrix of numbers of shape (2, 2); got float64 (3, 3)"),
    "inverse askew": (lambda: minimize(f, [1.0, 2.0], inverse=[[1, 1], [0, 1]]), ValueError,
                      "inverse must be symmetric; it differs from its transpose"),
    "inverse indefinite": (lambda: minimize(f, [1.0, 2.0], inverse=np.diag([1.0, -2.0])), ValueError,
                           "inverse must be positive definite; its smallest eigenvalue is -2"),
    "inverse nan": (lambda: minimize(f, 1.0, inverse=[[np.nan]]), ValueError, "inverse must be finite"),
    "variant": (lambda: minimize(f, 1.0, "cg", variant="polak"), ValueError,
                "unknown variant of cg 'polak'; there are fletcher-reeves, polak-ribiere+, "),
    "lr": (lambda: minimize(f, 1.0, "gd", lr=0.0), ValueError, "lr must be positive and finite; got 0.0"),
    "lr and search": (lambda: minimize(f, 1.0, "gd", lr=0.1, line_search=strong_wolfe), ValueError,
                      "gd takes lr or line_search, not both"),
    "search": (lambda: minimize(f, 1.0, line_search="wolfe"), TypeError,
               "line_search must be a function, such as strong_wolfe or backtracking; got 'wolfe'"),
    "gtol": (lambda: minimize(f, 1.0, gtol=-1), ValueError, "gtol must be 0 or more; got -1"),
    "gtol nan": (lambda: minimize(f, 1.0, gtol=float("nan")), ValueError, "gtol must be 0 or more; got nan"),
    "iterations": (lambda: minimize(f, 1.0, max_iterations=2.5), ValueError,
                   "max_iterations must be an integer, 0 or more; got 2.5"),
    "nan at x0": (lambda: minimize(np.log, -1.0), ValueError, "f must be finite at x0; it is nan at -1.0"),
    "slope at x0": (lambda: minimize(np.sqrt, 0.0), ValueError,
                    "the gradient of f must be finite at x0; it is inf at 0.0"),
    "a float": (lambda: minimize(lambda x: float(x**2), 3.0), ValueError,
                "f's result does not depend on x: it is float, not made from x by recorded operations. "
                "It left the graph through float(), .data, .item() or math.*, or is constant: compute it from x with "
                "operators and NumPy functions, such as np.cos(x) for math.cos(x)"),
    "data": (lambda: minimize(lambda x: x.data**2, 3.0), ValueError, "f's result does not depend on x: it is float"),
    "math": (lambda: minimize(lambda x: math.cos(x), 3.0, "newton"), ValueError, "f's result does not depend on x"),
    "a constant": (lambda: minimize(lambda x: 3.0, [1.0, 2.0]), ValueError, "f's result does not depend on x"),
    "another value": (lambda: minimize(lambda x: 2 * Value(3.0), 1.0), ValueError, "f's result does not depend on x"),
    "x0 nan": (lambda: minimize(f, [1.0, np.nan]), ValueError, "x0 must be finite; got [ 1. nan]"),
    "x0 text": (lambda: minimize(f, ["a"]), TypeError, "x0 must hold real numbers; got list of <U1"),
    "x0 empty": (lambda: minimize(f, {}), ValueError, "there is nothing to vary: x0 has no entries"),
    "x0 ragged": (lambda: minimize(f, [[1.0, 2.0], [3.0]]), ValueError, "x0 holds rows of unequal length"),
    "vector": (lambda: minimize(lambda x: x, [1.0, 2.0]), TypeError,
               "grad needs a function that returns a scalar; this one returned shape (2,)"),
    "nothing": (lambda: minimize(lambda x: None, 1.0), TypeError,
                "grad needs a function that returns a scalar; this one returned NoneType"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    call, error, words = REFUSALS[name]
    assert refused(call, error).startswith(words)

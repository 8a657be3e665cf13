"""LBFGS and BFGS with a closure: PyTorch's walks, saved runs, failures that leave nothing broken, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from closure_walks import WALKS, B, bowl, check, ours, regression, rosenbrock
from random_problems import KINDS as PROBLEMS
from random_problems import problem
from refusals import refused

from tinygrad_opt import Value
from tinygrad_opt.optim import BFGS, LBFGS, Adam, get, registry
from tinygrad_opt.optim.deterministic import Status, minimize
from tinygrad_opt.optim.deterministic.minimize import METHODS
from tinygrad_opt.spelling import plain

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "closures.json").read_text(encoding="utf-8"))["walks"]
KINDS = [LBFGS, BFGS]
SEARCH = {"line_search": "strong_wolfe", "tolerance_change": 0, "max_iter": 200}


def closure_of(optimizer, f):
    """As it is written for PyTorch."""

    def closure():
        optimizer.zero_grad()
        loss = f()
        loss.backward()
        return loss

    return closure


def parabola(kind=LBFGS, dtype=np.float64, **settings):
    """An optimizer of w (3,) and b, and its closure."""
    w, b = Value(np.array([1.0, -2.0, 3.0], dtype), name="w"), Value(0.5, name="b")
    optimizer = kind([w, b], **settings)
    return optimizer, closure_of(optimizer, lambda: np.sum(np.array([1, 2, 3], dtype) * w * w) + (b - 1) ** 2)


def everything(optimizer):
    """All numbers of an optimizer as text, which is the same only if all bits are."""
    data = [np.asarray(p.data).tobytes() for p in optimizer.params]
    return data, json.dumps(optimizer.state_dict()["memory"], default=lambda array: array.tolist())


# -- where it goes -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", WALKS)
def test_lbfgs_walks_as_in_pytorch(name):
    check(name, ours(WALKS[name], LBFGS), GOLDENS[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", [regression, rosenbrock, bowl])
def test_both_end_where_minimize_ends(kind, f):
    n = 2 if f is rosenbrock else 10
    start = np.full(n, 0.3)
    w, b = Value(start), Value(B)
    optimizer = kind([w, b], **SEARCH)
    report = optimizer.step(closure_of(optimizer, lambda: f(np, w, b)))
    assert report.status == Status.CONVERGED
    wanted = minimize(lambda p: f(np, p["w"], p["b"]), {"w": start, "b": B})
    np.testing.assert_allclose(w.data, wanted.x["w"], atol=1e-6)
    assert b.data == pytest.approx(wanted.x["b"], abs=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_bfgs_with_a_search_costs_what_minimize_costs(name):
    f, start = problem(name, 20)
    x = Value(start)
    optimizer = BFGS([x], max_iter=500, tolerance_grad=1e-6)
    report = optimizer.step(closure_of(optimizer, lambda: f(x)))
    assert report.status == Status.CONVERGED
    assert optimizer.evaluations <= 1.3 * minimize(f, start, gtol=1e-6).evaluations.gradient


@pytest.mark.parametrize("name", ["exponentials", "quartic"])
def test_bfgs_with_fixed_steps_takes_its_scale_from_the_first(name):
    """From the identity, which is too large for them, the second step leads to where f is not finite."""
    f, start = problem(name, 20)
    x = Value(start)
    optimizer = BFGS([x], max_iter=500, line_search=None, tolerance_grad=1e-6)
    assert optimizer.step(closure_of(optimizer, lambda: f(x))).status == Status.CONVERGED


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32_and_ends_within_its_rounding(kind):
    w = Value(np.full((2, 5), 0.3, np.float32))
    optimizer = kind([w], tolerance_grad=1e-12, tolerance_change=0, line_search="strong_wolfe", max_iter=100)
    centre = np.linspace(-1, 1, 10, dtype=np.float32).reshape(2, 5)
    report = optimizer.step(closure_of(optimizer, lambda: 1 + np.sum((w - centre) ** 2) + np.sum((w - centre) ** 4)))
    assert report.status in (Status.CONVERGED, Status.STALLED), report
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.data, centre, atol=2e-6)


def test_the_report_is_of_the_loss_before_the_step():
    optimizer, closure = parabola(max_iter=5)
    report = optimizer.step(closure)
    assert (report.step, report.updated, report.skipped, report.loss) == (1, 2, (), 36.25)
    assert (report.status, report.message) == (Status.ITERATIONS, "max_iter=5 is reached")
    assert (optimizer.t, optimizer.evaluations) == (1, 5)
    assert repr(optimizer).startswith("<LBFGS(lr=1.0, max_iter=5, max_eval=None, ")


def test_the_history_is_as_long_as_it_is_set():
    optimizer, closure = parabola(lr=0.05)
    optimizer.step(closure)
    assert len(optimizer.state_dict()["memory"]["ss"]) == 19
    optimizer.history_size, optimizer.max_iter = 4, 2
    optimizer.step(closure)
    assert len(optimizer.state_dict()["memory"]["ys"]) == 4


def test_the_learning_rate_may_be_a_schedule():
    optimizer, closure = parabola(max_iter=1, lr=lambda step: 0.5 / (1 + step))
    start = optimizer.params[1].data
    optimizer.step(closure)
    gradient = np.array([2.0, -8.0, 18.0, -1.0])
    assert optimizer.params[1].data == pytest.approx(start + 0.5 / np.abs(gradient).sum())


def test_a_closure_that_forgets_to_clear_gradients_does_no_harm():
    one, closure = parabola()
    other, _ = parabola()

    def forgetful():
        w, b = other.params
        loss = np.sum(np.array([1, 2, 3]) * w * w) + (b - 1) ** 2
        loss.backward()
        return loss.data

    assert one.step(closure) == other.step(forgetful)
    assert everything(one) == everything(other)


def test_parameters_that_the_user_replaces_are_adopted_and_not_written_to():
    optimizer, closure = parabola()
    optimizer.step(closure)
    mine = np.array([4.0, 5.0, 6.0])
    optimizer.params[0].data = mine
    report = optimizer.step(closure)
    assert report.loss == pytest.approx(16 + 50 + 108, abs=1)
    np.testing.assert_array_equal(mine, [4.0, 5.0, 6.0])
    assert np.abs(optimizer.params[0].data).max() < 1


def test_anything_with_data_and_grad_is_a_parameter_and_its_array_is_not_written_to():
    class Plain:
        grad = None

        def __init__(self, data):
            self.data = data

    mine = np.array([1.0, 2.0])
    p = Plain(mine)

    def closure():
        p.grad = 2 * p.data
        return np.sum(p.data**2)

    LBFGS([p]).step(closure)
    np.testing.assert_allclose(p.data, 0, atol=1e-6)
    np.testing.assert_array_equal(mine, [1.0, 2.0])


def test_a_parameter_without_gradient_stays_and_is_named():
    optimizer, _ = parabola()
    w, b = optimizer.params
    report = optimizer.step(closure_of(optimizer, lambda: np.sum(w * w)))
    assert (report.updated, report.skipped, b.data) == (1, ("b",), 0.5)
    np.testing.assert_allclose(w.data, 0, atol=1e-6)


# -- saved runs --------------------------------------------------------------------------------
@pytest.mark.parametrize("settings", [{}, {"line_search": "strong_wolfe"}, {"lr": 0.1}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_run_goes_on_bit_for_bit(kind, settings):
    settings = {"max_iter": 2, "tolerance_change": 0, **settings}
    whole, closure = parabola(kind, **settings)
    for _ in range(6):
        whole.step(closure)
    first, closure = parabola(kind, **settings)
    for _ in range(3):
        first.step(closure)
    saved = json.loads(json.dumps(first.state_dict(), default=lambda array: array.tolist()))
    second, closure = parabola(kind)
    for p, q in zip(second.params, first.params, strict=True):
        p.data = np.array(q.data) if isinstance(q.data, np.ndarray) else q.data
    second.load_state_dict(saved)
    assert everything(second) == everything(first)
    for _ in range(3):
        second.step(closure)
    assert everything(second) == everything(whole)
    assert second.t == 6


def test_a_state_shares_no_memory():
    optimizer, closure = parabola(lr=0.1)
    optimizer.step(closure)
    state = optimizer.state_dict()
    before = json.dumps(state, default=lambda array: array.tolist())
    optimizer.step(closure)
    assert json.dumps(state, default=lambda array: array.tolist()) == before
    state, here = optimizer.state_dict(), everything(optimizer)
    memory = state["memory"]
    for array in [*memory["ss"], *memory["ys"], *memory["last"], memory["best"][1]]:
        array[:] = 0
    assert everything(optimizer) == here


# -- failures ----------------------------------------------------------------------------------
FAILING = {
    "it falls for ever": (lambda w: np.sum(w), 1.0, Status.LINE_SEARCH, "f still fell at the longest step tried, "),
    "a gradient of the wrong sign": (lambda w: np.sum(w**2), -1.0, Status.LINE_SEARCH, "none of 40 steps from "),
    "finite only here": (
        lambda w: np.sum(w) if w[0] == 0.1 else np.inf,
        1.0,
        Status.NOT_FINITE,
        "none of 40 steps from ",
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", FAILING)
def test_a_line_search_that_fails_leaves_the_parameters_bit_for_bit(case, kind, dtype):
    f, sign, status, words = FAILING[case]
    start = np.array([0.1, 0.7], dtype)
    w = Value(start, name="w")
    optimizer = kind([w], line_search="strong_wolfe", lr=1e-3)
    largest = []

    def closure():
        w.grad = sign * np.ones(2)
        largest.append(np.abs(w.data - start).max())
        return f(w.data - start + np.array([0.1, 0.7]))

    report = optimizer.step(closure)
    assert report.status == status
    assert report.message.startswith(words)
    assert w.data.tobytes() == start.tobytes()
    assert max(largest) > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learned_is_forgotten_before_a_search_gives_up(kind):
    """After a change of the objective, directions learned on the old one lead nowhere; the gradient does."""
    optimizer, closure = parabola(kind, line_search="strong_wolfe", max_iter=3, max_eval=100)
    optimizer.step(closure)
    w, b = optimizer.params
    w.data, b.data = np.array([1.0, -2.0, 3.0]), 0.5
    directions = optimizer.directions
    directions.direction = lambda gradient: gradient
    report = optimizer.step(closure)
    assert report.status == Status.ITERATIONS
    assert optimizer.directions is not directions


def test_a_fixed_step_out_of_the_domain_goes_back_to_the_best_point():
    x = Value(0.9, name="x")
    optimizer = LBFGS([x], lr=50.0)
    visited = []

    def closure():
        visited.append(x.data)
        optimizer.zero_grad()
        loss = -np.log(1 - x * x) - np.log(x)
        loss.backward()
        return loss

    report = optimizer.step(closure)
    assert report.status == Status.NOT_FINITE
    assert report.message.endswith(f"the parameters are back where the loss was {report.loss!r}, and start anew")
    assert (x.data, len(visited)) == (0.9, 2)
    optimizer.lr = 0.3
    assert optimizer.step(closure).status in (Status.ITERATIONS, Status.STALLED)
    assert x.data == pytest.approx(1 / 3**0.5, abs=0.01)


def test_the_best_point_is_not_the_last_one():
    losses = iter([5.0, 2.0, 9.0, np.nan])
    w = Value(np.array([1.0, 2.0]))
    optimizer = LBFGS([w], lr=0.1)
    seen = []

    def closure():
        seen.append(w.data.copy())
        w.grad = w.data.copy()
        return next(losses)

    assert optimizer.step(closure).status == Status.NOT_FINITE
    np.testing.assert_array_equal(w.data, seen[1])


def test_a_loss_that_is_not_finite_at_the_next_call_goes_back_to_the_last_good_point():
    """The last step of a call is not looked at until the next one."""
    w = Value(np.array([1.0, 2.0]))
    optimizer = LBFGS([w], max_iter=1, lr=1e300)

    def closure():
        w.grad = 2 * w.data
        return np.sum(w.data**2)

    with np.errstate(all="raise"):
        assert optimizer.step(closure).status == Status.ITERATIONS
        report = optimizer.step(closure)
    assert report.status == Status.NOT_FINITE
    assert report.message.startswith("the loss is inf; the parameters are back where the loss was ")
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


NOT_FINITE = [(np.nan, 1.0, "the loss is nan"), (1.0, np.inf, "the gradient has entries that are not finite")]


@pytest.mark.parametrize(("loss", "gradient", "what"), NOT_FINITE)
def test_at_the_first_call_there_is_no_point_to_go_back_to(loss, gradient, what):
    w = Value(np.array([1.0, 2.0]))
    optimizer = LBFGS([w])

    def closure():
        w.grad = np.full(2, gradient)
        return loss

    words = refused(lambda: optimizer.step(closure), ValueError)
    assert words == f"LBFGS starts where the loss and its gradient are finite: {what}"
    assert optimizer.t == 0
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_a_gradient_without_a_square_is_not_finite():
    w = Value(np.array([1e200]))
    optimizer = BFGS([w])

    def closure():
        w.grad = np.array([1e200])
        return 1.0

    report = optimizer.step(closure)
    assert (report.status, w.data[0]) == (Status.NOT_FINITE, 1e200)
    assert report.message.startswith("the slope along the direction is -inf")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [1, 2, 4])
def test_an_error_in_the_closure_leaves_the_last_accepted_point(kind, at):
    optimizer, closure = parabola(kind, lr=0.1, line_search=None)
    points = []

    def interrupted():
        points.append([np.array(p.data) for p in optimizer.params])
        if len(points) == at:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(interrupted)
    here = [np.array(p.data) for p in optimizer.params]
    assert all(map(np.array_equal, here, points[max(at - 2, 0)]))
    assert optimizer.evaluations == at
    assert optimizer.step(closure).step == 1
    memory = optimizer.state_dict()["memory"]
    assert len({s.tobytes() for s in memory.get("ss", [])}) == len(memory.get("ss", []))


# -- what is refused ---------------------------------------------------------------------------
EXAMPLE = """\
    def closure():
        optimizer.zero_grad()
        loss = ...
        loss.backward()
        return loss
    optimizer.step(closure)"""


def without_backward():
    optimizer, _ = parabola()
    optimizer.step(lambda: Value(1.0))


def cleared_after():
    optimizer, closure = parabola()

    def clearing():
        loss = closure()
        optimizer.zero_grad()
        return loss

    optimizer.step(clearing)


def other_shape():
    optimizer, _ = parabola()

    def closure():
        optimizer.params[0].grad = np.ones(4)
        return 1.0

    optimizer.step(closure)


def loaded(change, kind=LBFGS):
    optimizer, closure = parabola(lr=0.1)
    optimizer.step(closure)
    state = optimizer.state_dict()
    parabola(kind)[0].load_state_dict(change(state) or state)


NO_GRADIENT = (
    "the closure left no parameter with a gradient: it computes the loss from the parameters, calls backward() and "
    f"does not clear gradients after that:\n{EXAMPLE}"
)
two = [{"params": [Value(1.0)]}, {"params": [Value(2.0)], "lr": 0.1}]
REFUSALS = {
    "no closure": (
        lambda: parabola()[0].step(),
        TypeError,
        f"LBFGS.step takes a closure, which computes the loss anew; got None:\n{EXAMPLE}",
    ),
    "a loss": (
        lambda: parabola(BFGS)[0].step(0.5),
        TypeError,
        f"BFGS.step takes a closure, which computes the loss anew; got 0.5:\n{EXAMPLE}",
    ),
    "None": (
        lambda: parabola()[0].step(lambda: None),
        TypeError,
        f"the closure returned None; it returns the loss:\n{EXAMPLE}",
    ),
    "an array": (
        lambda: parabola()[0].step(lambda: np.ones(3)),
        TypeError,
        "the closure returned ndarray of float64, shape (3,); it returns the loss, one real number",
    ),
    "no backward": (without_backward, ValueError, NO_GRADIENT),
    "cleared after": (cleared_after, ValueError, NO_GRADIENT),
    "another shape": (other_shape, ValueError, "the gradient of w has shape (4,); the parameter has (3,)"),
    "groups": (
        lambda: LBFGS(two),
        ValueError,
        "LBFGS goes along one direction for all parameters: give one group, not 2",
    ),
    "nothing": (
        lambda: LBFGS([Value(np.ones(0))]),
        ValueError,
        "LBFGS has nothing to vary: the parameters have no entries",
    ),
    "a large matrix": (
        lambda: BFGS([Value(np.zeros((1000, 100)))]),
        ValueError,
        "BFGS keeps a matrix with 100,000 rows, as many as the parameters have entries, of 80 GB; "
        "LBFGS keeps some vectors instead",
    ),
    "line search": (
        lambda: LBFGS([Value(1.0)], line_search="armijo"),
        ValueError,
        "LBFGS: line_search is None or 'strong_wolfe'; got 'armijo'",
    ),
    "max_iter": (
        lambda: LBFGS([Value(1.0)], max_iter=2.5),
        TypeError,
        "LBFGS: max_iter is an integer; got 2.5 (float)",
    ),
    "history_size": (
        lambda: get("lbfgs", history_size=0),
        ValueError,
        "LBFGS: history_size is an integer, 1 or more; got 0",
    ),
    "lr": (
        lambda: parabola(lr=0.0)[0].step(lambda: 1.0),
        ValueError,
        "LBFGS: lr must be positive and finite; got 0 at step 1",
    ),
    "PyTorch's name": (
        lambda: LBFGS([Value(1.0)], line_search_fn="strong_wolfe"),
        TypeError,
        "LBFGS has no hyperparameter 'line_search_fn'; it has lr, max_iter, max_eval, tolerance_grad, "
        "tolerance_change, line_search, history_size: did you mean line_search=?",
    ),
    "state of another kind": (
        lambda: loaded(lambda state: None, BFGS),
        ValueError,
        "the state is one of LBFGS; this optimizer is BFGS",
    ),
    "state without memory": (
        lambda: loaded(lambda state: state.pop("memory") and None),
        ValueError,
        "the memory in the state has no evaluations, iterations, last, best, ss, ys",
    ),
    "state of another size": (
        lambda: loaded(lambda state: state["memory"].update(best=[1.0, np.ones(3)])),
        ValueError,
        "the state holds an array of shape (3,); these parameters need (4,)",
    ),
    "half a pair": (
        lambda: loaded(lambda state: state["memory"]["ss"].pop().sum() and None),
        ValueError,
        "the state holds 18 ss and 19 ys; they come in pairs",
    ),
    "a method": (
        lambda: get("CG"),
        ValueError,
        "'CG' is a method of optim.minimize(f, x0, method='cg'); it needs f itself",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case):
    call, error, words = REFUSALS[case]
    assert refused(call, error) == words


def test_a_refused_state_changes_nothing():
    optimizer, closure = parabola(lr=0.1)
    optimizer.step(closure)
    before = everything(optimizer), optimizer.t
    state = parabola(lr=0.3)[0].state_dict()
    state["memory"]["ss"] = [np.ones(7)]
    refused(lambda: optimizer.load_state_dict(state), ValueError)
    assert ((everything(optimizer), optimizer.t), optimizer.groups[0].hyper["lr"]) == (before, 0.1)


# -- by name -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", registry.CLOSURES)
def test_both_are_found_by_name(name):
    assert isinstance(get(name.lower(), lr=0.5)([Value(1.0)]), registry.CLOSURES[name])
    assert name not in registry.KINDS


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"bfgs", "lbfgs"}))
def test_methods_of_minimize_are_called_so(name):
    """Whatever `get` does not make an optimizer of."""
    if plain(name) in map(plain, registry.KINDS):
        pytest.skip("an optimizer too")
    assert "is a method of optim.minimize" in refused(lambda: get(name), ValueError)


def test_other_optimizers_report_no_status():
    w = Value(1.0)
    assert Adam([w]).step().status is None

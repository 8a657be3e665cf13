"""Right gradients of functions that are hard to difference are never called wrong; the status says what is hard."""

import random

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, gradcheck, hessian
from tinygrad_opt.functional import logsumexp, relu, sigmoid, softmax

RNG = np.random.default_rng(7)
X = RNG.standard_normal((6, 4))
POINTS = RNG.standard_normal((1024, 8))
LABELS = np.tanh(POINTS[:, 0])


def batch_norm(x):
    return (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5)


def sort(x):
    return x[np.argsort(x.data)]


def deep(*weights):
    h = np.ones(5)
    for w in weights:
        h = np.tanh(h @ w)
    return np.sum(h**2)


def relu_net(w1, w2):
    return np.mean((relu(POINTS @ w1) @ w2 - LABELS) ** 2)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def steps(x):
    """Rounding functions, which are flat, beside one that is not."""
    return np.floor(x) + np.sign(x) + np.sin(x)


def branching(x):
    return x * 2.0 if x > 0 else x * 3.0


def softsign(x):
    return x / (1 + np.abs(x))


softsign = differentiable(softsign, lambda g, out, x: g * (1 - np.abs(out)) ** 2)

HARD = {
    "sum of a batch normalization": (lambda x: np.sum(batch_norm(x)), [X], "DEGENERATE"),
    "batch normalization": (batch_norm, [X], "OK"),
    "sum of a softmax": (lambda x: np.sum(softmax(x)), [X], "DEGENERATE"),
    "softmax": (softmax, [X], "OK"),
    "no dependence": (lambda x: 0 * np.sum(x) + 3.0, [X], "DEGENERATE"),
    "relu at 0": (relu, [[0.0, 1.0, -1.0]], "AT_KINK"),
    "abs at 0": (np.abs, [[0.0, 1.0, -1.0]], "AT_KINK"),
    "abs next to 0": (np.abs, [[1e-7, -3e-6, 1e-12]], "OK"),
    "a kink nearer than any step": (lambda x: np.abs(x - 1), [1 + 1e-12], "CROSSED_KINK"),
    "max with ties": (np.max, [[1.0, 1.0, 0.0]], "AT_KINK"),
    "maximum with ties": (np.maximum, [[1.0, 2.0], [1.0, 3.0]], "AT_KINK"),
    "clip at its bounds": (lambda x: np.clip(x, 0.0, 1.0), [[0.0, 0.5, 1.0, 2.0]], "AT_KINK"),
    "sort near ties": (lambda x: sort(x) ** 2, [[1.0, 1.0 + 1e-7, 0.3]], "OK"),
    "floor and sign": (steps, [[0.5, 1.5, -0.3]], "OK"),
    "floor at a step": (steps, [[1.0, 1.5, -0.3]], "AT_KINK"),
    "huge inputs and results": (lambda x: 1e6 * np.sum(x**3), [[1e8, 2e8, -3e8]], "OK"),
    "sine of huge numbers": (lambda x: np.sum(np.sin(x)), [[1e8, 2e8, -3e8]], "OK"),
    "inputs of 1e-8": (lambda x: 1e-6 * np.sum(x**3), [[1e-8, 2e-8, -3e-8]], "OK"),
    "inputs of 1e-20": (lambda x: 1e-30 * np.sum(np.exp(x * 1e20)), [[1e-20, 2e-20, -3e-20]], "OK"),
    "squares of 1e-20": (lambda x: np.sum(x**2), [[1e-20, 2e-20, -3e-20]], "OK"),
    "logarithms from 1 to 1e-20": (np.log, [[1.0, 1e-10, 1e-20]], "OK"),
    "the same behind a kink": (lambda x: np.log(relu(x)), [[1.0, 1e-10, 1e-20]], "OK"),
    "20 layers of tanh": (deep, [RNG.standard_normal((5, 5)) * 0.6 for _ in range(20)], "OK"),
    "relu net on 1024 points": (relu_net, [RNG.standard_normal((8, 16)), RNG.standard_normal(16)], "OK"),
    "logsumexp of large numbers": (logsumexp, [[1000.0, 1001.0, 999.0]], "OK"),
    "saturated sigmoid": (lambda x: np.sum(sigmoid(x)), [[25.0, 30.0, 3.0]], "OK"),
    "norm far from 0": (lambda x: np.sqrt(np.sum(x**2)), [[1e5, 2e5, 3e5]], "OK"),
    "float32 inputs": (lambda x: np.sum(np.tanh(x)), [X.astype(np.float32)], "OK"),
    "a branch in Python": (branching, [0.7], "OK"),
    "a branch in Python, near": (branching, [-1e-7], "OK"),
    "a branch in Python, at its kink": (branching, [0.0], "AT_KINK"),
    "no entries": (np.sum, [np.zeros((0, 3))], "DEGENERATE"),
    "scalars": (lambda a, b: a * b**2, [2.0, -3.0], "OK"),
    "a dict": (lambda p: np.tanh(X @ p["W"] + p["b"]), [{"W": X[:4], "b": X[0]}], "OK"),
    "several results": (lambda x: (np.sin(x), {"sum": np.sum(x), "last": x[-1]}), [X], "OK"),
    "cancellation": (lambda x: np.sum(((1 + x) - 1) ** 2 / x), [[1e-5, 1e-3, 2.0]], "OK"),
    "variance of a large mean": (np.var, [[1e8, 1e8 + 1, 1e8 + 2.5]], "OK"),
    "variance as a difference": (lambda x: np.mean(x**2) - np.mean(x) ** 2, [[1e4, 1e4 + 1, 1e4 + 2.5]], "OK"),
    "Rosenbrock": (rosenbrock, [[-1.2, 1.0, 0.4]], "OK"),
    "Rosenbrock at its minimum": (rosenbrock, [[1.0, 1.0, 1.0]], "DEGENERATE"),
    "swamped by a constant": (lambda x: 1e16 + x, [1.0], "DEGENERATE"),
    "abs in an operation of one's own": (lambda x: softsign(1e4 * x), [[1.0, -2.0, 0.3, 1e-5]], "OK"),
    "infinite slope": (np.sqrt, [[0.0, 1.0]], "NONFINITE"),
}


@pytest.mark.parametrize("name", HARD)
def test_a_hard_function_has_its_status(name):
    f, inputs, status = HARD[name]
    report = gradcheck(f, *inputs)
    assert report.status == status, report
    assert report.operations == []


@pytest.mark.parametrize("name", [name for name, (_, _, status) in HARD.items() if status == "DEGENERATE"])
def test_what_shows_nothing_shows_nothing_in_random_directions(name):
    f, inputs, _ = HARD[name]
    report = gradcheck(f, *inputs, coverage="random")
    assert report.status == "DEGENERATE", report


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("coverage", ["full", "random"])
@pytest.mark.parametrize("method", ["auto", "central", "richardson", "complex"])
def test_no_way_to_check_it_calls_it_wrong(name, coverage, method):
    f, inputs, _ = HARD[name]
    assert gradcheck(f, *inputs, method=method, coverage=coverage).status != "FAIL"


def tilted(x):
    return x * 1.0


tilted = differentiable(tilted, lambda g, out, x: g * 1.001)
SMOOTH = [name for name, (_, _, status) in HARD.items() if status == "OK" and name != "a dict"]


@pytest.mark.parametrize("name", SMOOTH)
def test_no_hard_function_hides_an_error_of_one_in_a_thousand(name):
    f, inputs, _ = HARD[name]
    assert gradcheck(lambda *xs: f(*map(tilted, xs)), *inputs).status == "FAIL"


def test_gradients_by_hand_of_rough_functions_are_not_called_wrong():
    def variance(x):
        return np.mean(x**2) - np.mean(x) ** 2

    x = np.array([1e4, 1e4 + 1, 1e4 + 2.5])
    assert gradcheck(variance, x, gradient=lambda x: 2 * (x - x.mean()) / 3).status == "OK"
    assert gradcheck(variance, x, gradient=lambda x: 2.01 * (x - x.mean()) / 3).status == "FAIL"
    report = gradcheck(lambda x: 1e8 + x, 0.7, gradient=lambda x: 1.0)
    assert report.remarks == ["x: f is so rough here that differences miss an error below 0.0002 of the largest entry"]
    assert gradcheck(lambda x: 1e8 + x, 0.7, gradient=lambda x: 1.001).status == "FAIL"


def test_waves_that_a_step_leaps_over_are_seen():
    def waves(x):
        return x + np.sin(2**10 * np.pi * x)

    assert gradcheck(waves, 0.3, gradient=lambda x: 1 + 2**10 * np.pi * np.cos(2**10 * np.pi * x)).status == "OK"
    assert gradcheck(waves, 0.3, gradient=lambda x: 1.0).status == "FAIL"


def test_a_curve_at_its_stationary_point_is_no_kink():
    assert gradcheck(lambda x: x**2 + 1e-5 * x, 0.0, gradient=lambda x: 1e-5).status == "OK"
    assert gradcheck(lambda x: x**2 + 1e-5 * x, 0.0, gradient=lambda x: 1.001e-5).status == "FAIL"


def test_between_the_slopes_of_a_kink_is_right_and_outside_is_wrong():
    for slope, status in [(-1.0, "AT_KINK"), (0.5, "AT_KINK"), (1.01, "FAIL")]:
        assert gradcheck(lambda x: abs(x), 0.0, gradient=lambda x, slope=slope: slope).status == status


def test_a_kink_near_x_does_not_excuse_a_wrong_gradient():
    near = branching, 1e-7
    assert gradcheck(*near, gradient=lambda x: 2.0).status == "OK"
    assert gradcheck(*near, gradient=lambda x: 2.5).status == "FAIL"
    assert gradcheck(branching, 0.0, gradient=lambda x: 2.25).status == "AT_KINK"


@pytest.mark.parametrize("method", ["auto", "complex"])
@pytest.mark.parametrize("cut", [np.abs, np.real, lambda x: np.asarray(x, float)], ids=["abs", "real", "float"])
def test_a_complex_step_is_not_blind_to_what_leaves_the_graph(cut, method):
    report = gradcheck(lambda x: np.sum(x * cut(x.data)), [1.0, -2.0], method=method)
    assert report.status == "FAIL"


# -- state ---------------------------------------------------------------------------------------
class Layer:
    """Dropout and batch normalization with a running mean, updated in place and by assignment."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.w = Value(RNG.standard_normal((4, 3)).astype(np.float32), name="w")
        self.scale = Value(1.0, name="scale")
        self.running = np.zeros(3)
        self.count = 0

    def parameters(self):
        return [self.w, self.scale]

    def __call__(self, x):
        h = (x * (self.rng.random(x.shape) > 0.3)) @ self.w
        self.running *= 0.9
        self.running += 0.1 * np.mean(h.data, axis=0)
        self.mean = np.mean(h.data)
        self.count += 1
        return self.scale * np.tanh(h)


def test_a_module_is_checked_with_its_inputs_and_put_back():
    layer = Layer()
    held, draws = layer.w.data, layer.rng.bit_generator.state
    before = held.tobytes()
    report = gradcheck(lambda layer, x: layer(x), layer, X)
    assert report.status == "OK"
    assert [one.name for one in report.inputs] == ["layer.w", "layer.scale", "x"]
    assert layer.w.data is held
    assert (held.dtype, held.tobytes(), layer.scale.data) == (np.float32, before, 1.0)
    assert layer.rng.bit_generator.state == draws
    assert (layer.running.tolist(), layer.count, hasattr(layer, "mean")) == ([0.0] * 3, 0, False)


def test_a_function_that_draws_and_remembers_is_checked_and_put_back():
    rng, running = np.random.default_rng(5), np.zeros(4)
    state = rng.bit_generator.state

    def dropout_and_norm(x):
        running[:] = 0.9 * running + 0.1 * np.mean(x.data, axis=0)
        return batch_norm(x * (rng.random(x.shape) > 0.3)) + running.sum()

    assert gradcheck(dropout_and_norm, X).status == "FAIL"  # running.sum() depends on x, but by .data
    assert gradcheck(lambda x: dropout_and_norm(x) - np.sum(running), X).status == "OK"
    assert rng.bit_generator.state == state
    assert running.tolist() == [0.0] * 4


old_rng, plain_rng = np.random.RandomState(1), random.Random(1)


@pytest.mark.parametrize(
    "draw",
    [np.random.standard_normal, random.random, old_rng.standard_normal, lambda: sum(plain_rng.random() for _ in "ab")],
    ids=["numpy", "random", "RandomState", "Random in a comprehension"],
)
def test_random_numbers_are_the_same_at_every_call_and_afterwards(draw):
    states = [np.random.get_state()[1].tolist(), random.getstate(), plain_rng.getstate()]
    assert gradcheck(lambda x: np.sum(np.sin(x * (1 + draw()))), X).status == "OK"
    assert [np.random.get_state()[1].tolist(), random.getstate(), plain_rng.getstate()] == states


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_are_untouched_bit_for_bit(dtype):
    array, value = X.astype(dtype), Value(X.astype(dtype))
    before = array.tobytes()

    def f(p, v):
        p["a"].data[...] = p["a"].data  # f may write to what it is given
        return np.sum(p["a"] * v) + p["n"]

    tree = {"a": array, "n": 2.0}
    assert gradcheck(f, tree, value)
    assert tree == {"a": array, "n": 2.0}
    assert tree["a"] is array
    assert array.tobytes() == value.data.tobytes() == before
    assert array.dtype == value.dtype == dtype
    assert value.grad is None


# -- cost ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("f", [lambda x: np.sum(np.tanh(x) ** 2), lambda x: np.mean(relu(x) * x)])
@pytest.mark.parametrize("n", [1, 10, 300])
def test_a_right_gradient_costs_two_evaluations_an_entry(f, n):
    calls = []

    def counted(x):
        calls.append(1)
        return f(x)

    report = gradcheck(counted, np.random.default_rng(3).standard_normal(n) * 2)
    assert report.status == "OK"
    assert report.evaluations == len(calls) <= 2 * n + 5


# -- inputs that are not what they seem ----------------------------------------------------------
def test_one_value_twice_is_two_inputs():
    x = Value([1.0, 2.0], name="x")
    report = gradcheck(lambda a, b: np.sum(a * np.sin(b)), x, x, method="complex")
    assert report.status == "OK"
    assert [one.name for one in report.inputs] == ["x", "x (2)"]


def test_a_parameter_of_two_modules_is_checked_once():
    first, second = Layer(), Layer()
    second.w = first.w
    report = gradcheck(lambda a, b: np.sum(a(X)) * np.sum(b(X)), first, second)
    assert report.status == "OK"
    assert [one.name for one in report.inputs] == ["a.w", "a.scale", "b.scale"]


def test_a_frozen_parameter_is_not_checked():
    layer = Layer()
    layer.w = Value(layer.w.data, requires_grad=False)
    report = gradcheck(lambda layer: layer(X), layer)
    assert report.status == "OK"
    assert len(report.entries) == 1


@pytest.mark.parametrize("coverage", ["full", "random"])
def test_a_module_without_parameters_has_no_entry(coverage):
    layer = Layer()
    layer.parameters = list
    report = gradcheck(lambda layer: layer(X), layer, coverage=coverage)
    assert report.verdict.startswith("gradcheck DEGENERATE: there was no entry to check")


def test_what_f_uses_besides_its_inputs_is_told():
    w = Value([1.0, 2.0], name="w")
    report = gradcheck(lambda x: np.sum(x * w) + Value(2.0), [1.0, 2.0])
    assert report.status == "OK"
    assert report.remarks == ["not checked, because f uses it and it is not an input: w"]


def test_an_input_that_shows_nothing_is_told_beside_one_that_does():
    report = gradcheck(lambda x, b: np.sum(batch_norm(x + b) * X), X, np.zeros(4))
    assert report.status == "OK"
    assert report.remarks == ["b: its gradient is zero here up to rounding, which shows nothing"]


def test_weights_of_a_result_are_not_the_numbers_of_a_user_with_the_same_seed():
    x = np.random.default_rng(0).standard_normal((6, 4))
    largest = max(abs(entry.numeric) for entry in gradcheck(batch_norm, x).entries)
    assert largest > 0.1  # weighted by x itself, batch_norm is all but constant


# -- order 2 -------------------------------------------------------------------------------------
def test_second_order_is_the_hessian_along_a_direction():
    a = RNG.standard_normal((4, 4))

    def f(x):
        return np.sum(np.sin(x) * (a @ x))

    x = X[0]
    report = gradcheck(f, x, order=2)
    assert report.status == "OK"
    h = hessian(f)(x)
    assert np.allclose(h, h.T, rtol=0, atol=1e-14)
    direction = np.linalg.solve(h, [entry.analytic for entry in report.entries])
    again = gradcheck(f, x, order=2, method="complex")
    assert np.allclose(h @ direction, [entry.numeric for entry in again.entries], rtol=1e-12)
    assert report.evaluations == 2 * (2 * 4 + 2)


def test_second_order_of_a_linear_function_shows_nothing():
    report = gradcheck(lambda x: np.sum(3 * x), X[0], order=2)
    assert report.verdict == (
        "gradcheck of order 2 DEGENERATE, 4 entries: the gradient does not change with the inputs here, "
        "so that there is no second derivative to show"
    )


# -- what cannot be checked ----------------------------------------------------------------------
def test_a_function_that_differs_from_call_to_call_is_named():
    draw = np.random.default_rng(1)
    numbers = iter(draw.random(1000))
    report = gradcheck(lambda x: np.sum(np.tanh(x * next(numbers)) ** 2), X)
    assert report.status == "NONDETERMINISTIC"
    assert "the result of multiply is the first to differ" in str(report)


def test_what_is_not_finite_is_named():
    report = gradcheck(lambda x: np.sum(np.exp(np.log(x))), [1.0, -2.0])
    assert str(report) == "gradcheck NONFINITE: f is nan at this point: log is the first to be so"
    report = gradcheck(lambda x: np.sum(np.sqrt(x)), [0.0, 1.0])
    assert report.remarks == ["the rule of sqrt is the first to make the gradient infinite or NaN"]


class Torchlike:
    def parameters(self):
        return [np.ones(3)]


BAD = {
    "no function": (lambda: gradcheck(3, 1.0), TypeError, "gradcheck needs a function and its inputs"),
    "no inputs": (lambda: gradcheck(np.sum), TypeError, "gradcheck needs the inputs to check f at"),
    "order": (lambda: gradcheck(np.sum, 1.0, order=3), ValueError, "order must be 1 or 2; got 3"),
    "method": (lambda: gradcheck(np.sum, 1.0, method="x"), ValueError, "method must be one of auto, central"),
    "coverage": (lambda: gradcheck(np.sum, 1.0, coverage="x"), ValueError, "coverage must be full or random"),
    "rtol": (lambda: gradcheck(np.sum, 1.0, rtol=-1), ValueError, "rtol must be a number from 0 to 1; got -1"),
    "seed": (lambda: gradcheck(np.sum, 1.0, seed=-1), ValueError, "seed must be an integer from 0; got -1"),
    "array for gradient": (lambda: gradcheck(np.sum, 1.0, gradient=np.ones(2)), TypeError,
                           "gradient must be a function of the inputs, such as lambda x: g; got ndarray"),
    "gradient of many": (lambda: gradcheck(np.sin, [1.0, 2.0], gradient=np.cos), TypeError,
                         r"gradient= is the gradient of one number; f returned results of shape \(2,\): sum them"),
    "gradient and order": (lambda: gradcheck(np.sum, 1.0, order=2, gradient=np.cos), ValueError,
                           "cannot take gradient="),
    "too few gradients": (lambda: gradcheck(np.add, 1.0, 2.0, gradient=lambda x, y: (1.0,)), TypeError,
                          "one array for each of 2 inputs; it returned 1"),
    "keys": (lambda: gradcheck(lambda p: p["a"], {"a": 1.0}, gradient=lambda p: {"b": 1.0}), TypeError,
             "what gradient returns must be a dict with the keys a; got the keys b"),
    "string result": (lambda: gradcheck(lambda x: "abc", 1.0), TypeError, "this one returned str"),
    "string input": (lambda: gradcheck(np.sum, "abc"), TypeError, "must be real numbers; got a string"),
    "other parameters": (lambda: gradcheck(lambda m: 1.0, Torchlike()), TypeError,
                         "m.parameter 0 is a ndarray. For another library, pass its arrays as inputs"),
    "module in a list": (lambda: gradcheck(lambda m, x: 1.0, {"m": Layer()}, 1.0), TypeError,
                         r"m\['m'\] is a module within another input: pass it as an input of its own"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_is_explained(name):
    call, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        call()


def test_gradients_in_a_dict_are_matched_by_key():
    inputs = {"a": np.ones(2), "b": np.ones(3)}
    report = gradcheck(
        lambda p: np.sum(p["a"] ** 2) + np.sum(p["b"] ** 3),
        inputs,
        gradient=lambda p: {"b": 3 * p["b"] ** 2, "a": 2 * p["a"]},
    )
    assert report.status == "OK"


# -- other libraries -----------------------------------------------------------------------------
def test_a_gradient_by_torch():
    torch = pytest.importorskip("torch")

    def loss(x, w):
        return torch.tanh(torch.as_tensor(x) @ torch.as_tensor(w)).square().sum()

    def gradient(x, w):
        x, w = (torch.tensor(a, requires_grad=True) for a in (x, w))
        return torch.autograd.grad(loss(x, w), (x, w))

    assert gradcheck(loss, X, X.T.copy(), gradient=gradient).status == "OK"
    wrong = gradcheck(loss, X, X.T.copy(), gradient=lambda x, w: [2 * g for g in gradient(x, w)])
    assert wrong.status == "FAIL"
    assert wrong.hints[0] == "x: twice what it should be: counted twice, or a factor 1/2 is missing"


def test_a_gradient_by_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def loss(x):
        return jax.numpy.sum(jax.numpy.tanh(x) ** 2)

    assert gradcheck(loss, X, gradient=jax.grad(loss)).status == "OK"

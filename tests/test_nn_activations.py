"""Activations as modules: what they are called, what they keep of their functions, and what they refuse."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path
from typing import Any

import keras_activations
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from refusals import Refusals, refused

from tinygrad_opt import Value, explain, gradcheck, nn
from tinygrad_opt import functional as F
from tinygrad_opt.nn.activation_names import KINDS, NAMED
from tinygrad_opt.nn.description import constructor

GOLDENS = Path(__file__).parent / "goldens" / "keras_activations.json"
GIVEN = {"Threshold": {"threshold": 0.5, "value": -1.0}}  # settings without defaults
X = np.linspace(-7, 7, 400).reshape(2, 200)


def made(kind: Any) -> Any:
    return kind(**GIVEN.get(kind.__name__, {}))


@pytest.mark.parametrize("name", keras_activations.SAME)
def test_the_same_as_keras_recorded(name: str) -> None:
    recorded = json.loads(GOLDENS.read_text(encoding="utf-8"))["runs"][name]
    for key, found in keras_activations.by_us(name).items():
        assert found == pytest.approx(np.array(recorded[key]), rel=1e-12, abs=1e-14), key


# -- what a module is to its function ----------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_takes_arrays_and_values_and_keeps_float32(kind: Any) -> None:
    module = made(kind).eval().astype(np.float32)
    x = Value(X.astype(np.float32))
    out = module(x)
    np.sum(out).backward()
    assert (out.data.dtype, x.grad.dtype) == (np.float32, np.float32)
    plain = module(x.data)
    np.testing.assert_array_equal(plain.data if isinstance(plain, Value) else plain, out.data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_is_said(kind: Any) -> None:
    parameters = constructor(kind).parameters.values()
    assert all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters)
    assert kind.__doc__


def test_is_explained_and_named_by_its_function() -> None:
    assert [step.op for step in explain(nn.ReLU()(Value(2.0, name="x"))).steps] == ["relu"]
    x = Value(1.0, name="x")
    assert [step.op for step in explain(nn.Softplus(threshold=None)(x)).steps] == ["softplus"]


def test_settings_stand_in_the_description() -> None:
    assert repr(nn.Sequential(nn.LeakyReLU(0.2), nn.Hardtanh(-2, 2), nn.Softmax(dim=0))) == (
        "Sequential(\n"
        "  (0): LeakyReLU(negative_slope=0.2)\n"
        "  (1): Hardtanh(min_val=-2.0, max_val=2.0)\n"
        "  (2): Softmax(dim=0)\n"
        ")"
    )
    assert repr(nn.Threshold(0.5, -1)) == "Threshold(0.5, -1.0)"
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)"
    assert repr(nn.ELU()) == "ELU()"


# -- by name -----------------------------------------------------------------------------------
def test_every_activation_has_its_names() -> None:
    exported = {kind for name in nn.__all__ if inspect.isclass(kind := getattr(nn, name)) if kind.__module__ in PARTS}
    assert exported == set(KINDS)
    for kind in KINDS:
        assert type(nn.activation(kind.__name__, **GIVEN.get(kind.__name__, {}))) is kind
    for name in FUNCTIONS:
        assert type(nn.activation(name, **GIVEN.get(name.title(), {}))).__name__.lower() == name.replace("_", "")


PARTS = {f"tinygrad_opt.nn.{part}" for part in ("activations", "activations_over_axes", "prelu")}
NO_FUNCTIONS = {"linear", "none", "swish", "hardsilu", "identity"}  # other names, and those that NumPy has
FUNCTIONS = [name for name in F.__all__ if name.replace("_", "") in NAMED and name not in NO_FUNCTIONS]


def test_most_functions_of_activations_are_found() -> None:
    assert len(FUNCTIONS) == len(KINDS) - 2  # all but tanh, which is NumPy's, and Identity


@pytest.mark.parametrize(
    ("name", "kind"),
    [("RELU", "ReLU"), ("Leaky-ReLU", "LeakyReLU"), ("log_sigmoid", "LogSigmoid"), ("swish", "SiLU"),
     ("hard_silu", "Hardswish"), ("linear", "Identity"), ("none", "Identity"), ("log_softmax", "LogSoftmax")],
)  # fmt: skip
def test_other_spellings(name: str, kind: str) -> None:
    assert type(nn.activation(name)).__name__ == kind


# -- laws --------------------------------------------------------------------------------------
MONOTONE = ["CELU", "ELU", "Exponential", "Hardsigmoid", "Hardtanh", "Identity", "LeakyReLU", "LogSigmoid", "PReLU",
            "RReLU", "ReLU", "ReLU6", "SELU", "Sigmoid", "Softplus", "Softshrink", "Softsign", "SparsePlus",
            "SparseSigmoid", "Squareplus", "Tanh", "Tanhshrink", "Hardshrink", "Threshold"]  # fmt: skip


@given(x=st.floats(-30, 30), y=st.floats(-30, 30))
def test_monotone_ones_keep_the_order(x: float, y: float) -> None:
    low, high = sorted((x, y))
    for name in MONOTONE:
        module = nn.activation(name, **GIVEN.get(name, {})).eval()
        left, right = (np.asarray(getattr(out, "data", out)) for out in map(module, (np.array(low), np.array(high))))
        assert left <= right + 4e-15 * abs(right), name


BOUNDS = {
    "Hardsigmoid": (0, 1), "Hardtanh": (-1, 1), "ReLU": (0, math.inf), "ReLU6": (0, 6), "Sigmoid": (0, 1),
    "Softplus": (0, math.inf), "Softsign": (-1, 1), "SparsePlus": (0, math.inf), "SparseSigmoid": (0, 1),
    "Squareplus": (0, math.inf), "Tanh": (-1, 1), "LogSigmoid": (-math.inf, 0), "ELU": (-1, math.inf),
    "SELU": (-1.7580993408473766, math.inf), "SiLU": (-0.2784646, math.inf), "Mish": (-0.3088435, math.inf),
    "GELU": (-0.1699713, math.inf), "Hardswish": (-0.375, math.inf), "Exponential": (0, math.inf),
}  # fmt: skip


@given(x=st.floats(-700, 700))
def test_outputs_stay_within_their_bounds(x: float) -> None:
    for name, (low, high) in BOUNDS.items():
        assert low <= nn.activation(name)(np.array(x)) <= high, name


def test_selu_keeps_mean_0_and_variance_1() -> None:
    x = np.random.default_rng(0).normal(size=400_000)
    y = nn.SELU()(x)
    assert np.mean(y) == pytest.approx(0, abs=3e-3)
    assert np.var(y) == pytest.approx(1, abs=6e-3)


def test_squareplus_is_accurate_where_its_formula_cancels() -> None:
    x = Value(np.array([-1e8, -1e300, 0.0, 1e300]))
    y = nn.Squareplus()(x)
    y.backward(np.ones(4))
    np.testing.assert_allclose(y.data, [1e-8, 1e-300, 1.0, 1e300], rtol=1e-14)
    np.testing.assert_allclose(x.grad, [1e-16, 0.0, 0.5, 1.0], rtol=1e-14)


def test_sparse_plus_has_sparse_sigmoid_as_its_slope_at_the_bends_too() -> None:
    x = Value(np.array([-2.0, -1.0, -0.3, 0.0, 1.0, 4.0]))
    F.sparse_plus(x).backward(np.ones(6))
    np.testing.assert_allclose(x.grad, F.sparse_sigmoid(x.data), rtol=1e-15)


def test_softplus_is_a_straight_line_above_its_threshold() -> None:
    x = Value(np.array([-800.0, 19.0, 21.0, 800.0]))
    near, exact = nn.Softplus()(x), nn.Softplus(threshold=None)(x)
    assert near.data[2] == 21.0
    assert exact.data[2] == 21.0 + np.log1p(np.exp(-21.0))
    near.backward(np.ones(4))
    assert x.grad.tolist() == [0.0, 1 / (1 + np.exp(-19.0)), 1.0, 1.0]
    for module in (nn.Softplus(), nn.Softplus(beta=0.5, threshold=1.0), nn.Softplus(beta=-2.0, threshold=None)):
        assert gradcheck(module, X[0, ::20], order=2)


# -- at the ends -------------------------------------------------------------------------------
inf, nan = math.inf, math.nan
# Outputs and slopes at -inf and at inf, recorded from PyTorch 2.13; those whose slope there is nan are left out.
ENDS = [
    (nn.ReLU(), [0, inf], [0, 1]),
    (nn.ReLU6(), [0, 6], [0, 0]),
    (nn.Threshold(0.1, -2.0), [-2, inf], [0, 1]),
    (nn.LeakyReLU(0.3), [-inf, inf], [0.3, 1]),
    (nn.ELU(), [-1, inf], [0, 1]),
    (nn.ELU(0.5), [-0.5, inf], [0, 1]),
    (nn.CELU(2.0), [-2, inf], [0, 1]),
    (nn.SELU(), [-1.7580993408473766, inf], [0, 1.0507009873554805]),
    (nn.Sigmoid(), [0, 1], [0, 0]),
    (nn.LogSigmoid(), [-inf, 0], [1, 0]),
    (nn.Tanh(), [-1, 1], [0, 0]),
    (nn.Hardtanh(-0.3, 0.6), [-0.3, 0.6], [0, 0]),
    (nn.Tanhshrink(), [-inf, inf], [1, 1]),
    (nn.Hardswish(), [nan, inf], [0, 1]),
    (nn.Softplus(), [0, inf], [0, 1]),
    (nn.Softplus(0.5, 0.2), [0, inf], [0, 1]),
    (nn.Softshrink(), [-inf, inf], [1, 1]),
    (nn.Hardshrink(), [-inf, inf], [1, 1]),
]


@pytest.mark.parametrize(("module", "outputs", "slopes"), ENDS, ids=[repr(module) for module, *_ in ENDS])
@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_infinite_inputs(module: Any, outputs: Any, slopes: Any, kind: Any) -> None:
    for end, output, slope in zip((-inf, inf), outputs, slopes, strict=True):
        x = Value(end if kind is float else np.array([end], kind))
        with np.errstate(all="ignore"):
            y = module(x)
            y.backward(1.0 if kind is float else np.ones(1, kind))
        tolerance = 1e-7 if kind is np.float32 else 1e-15
        np.testing.assert_allclose(y.data, output, rtol=tolerance)
        np.testing.assert_allclose(x.grad, slope, rtol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_number_stays_to_be_seen(kind: Any) -> None:
    x = np.array([[0.3, -2.0, nan, 1.0]])
    with np.errstate(invalid="ignore"):
        out = made(kind).eval()(x)
    assert np.isnan(out.data if isinstance(out, Value) else out).any()


def test_what_is_not_a_number_gets_no_gradient_from_relu_and_its_kin() -> None:
    for module in (nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.Hardtanh(), nn.ELU(), nn.Hardswish()):
        x = Value(np.array([nan, 0.5]))
        module(x)[0].backward()
        assert x.grad.tolist() == [0, 0], module


# -- sparsemax ---------------------------------------------------------------------------------
@example(seed=332, n=4, scale=1.0)  # an entry that just reaches 0, where rounding could take it below
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 8), scale=st.sampled_from([0.1, 1.0, 5.0]))
def test_sparsemax_is_the_nearest_probability(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, scale, (3, n)).round(1)  # rounded, so that some are equal
    p = nn.Sparsemax()(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    assert (p >= 0).all()
    # of a convex set, p is the nearest point to x if no corner lies beyond p as seen from x
    assert np.all((x - p) - np.sum((x - p) * p, axis=1, keepdims=True) <= 1e-13)
    np.testing.assert_allclose(nn.Sparsemax(0)(x.T), p.T, rtol=1e-15)


def test_sparsemax_gives_the_lower_entries_exactly_0_and_no_slope() -> None:
    x = Value(np.array([[2.0, 1.8, 0.0, -5.0], [0.3, 0.3, 0.3, 0.3]]))
    p = nn.Sparsemax()(x)
    assert p.data[0, 2:].tolist() == [0, 0]
    np.testing.assert_allclose(p.data, [[0.6, 0.4, 0, 0], [0.25, 0.25, 0.25, 0.25]], rtol=1e-15)
    p.backward(np.array([[1.0, 2.0, 7.0, 9.0], [4.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(x.grad, [[-0.5, 0.5, 0, 0], [3, -1, -1, -1]], rtol=1e-15)
    assert gradcheck(nn.Sparsemax(0), np.random.default_rng(0).normal(size=(4, 3)), order=2)


def test_sparsemax_far_from_0_loses_no_digits_and_hides_no_nan() -> None:
    far = 2.0**50 + np.array([0.0, 0.25, 0.5])
    np.testing.assert_allclose(F.sparsemax(far), [1 / 12, 1 / 3, 7 / 12], rtol=1e-14)
    assert np.isnan(F.sparsemax(np.array([1.0, np.nan]))).all()
    np.testing.assert_array_equal(F.sparsemax(np.array([1.0, -np.inf])), [1, 0])


# -- with weights and with random numbers ------------------------------------------------------
def test_prelu_learns_its_slopes() -> None:
    x, module = np.array([[-1.0, -2.0], [3.0, -4.0]]), nn.PReLU(2)
    np.sum(module(x)).backward()
    assert module.weight.grad.tolist() == [-1.0, -6.0]
    assert nn.PReLU(init=0.0, dtype=np.float32).weight.data.dtype == np.float32
    assert gradcheck(lambda x, _: nn.PReLU()(x), x, module, order=2)


def test_rrelu_draws_each_slope_anew_in_training_and_takes_their_mean_in_evaluation() -> None:
    x = -np.ones(100_000)
    module = nn.RReLU(0.1, 0.5, rng=np.random.default_rng(0))
    slopes = -module(x)
    assert (slopes.min(), slopes.max()) == pytest.approx((0.1, 0.5), abs=1e-4)
    assert np.mean(slopes) == pytest.approx(0.3, abs=2e-3)
    assert np.var(slopes) == pytest.approx(0.4**2 / 12, rel=0.02)
    assert not np.array_equal(-module(x), slopes)
    np.testing.assert_array_equal(-nn.RReLU(0.1, 0.5, rng=np.random.default_rng(0))(x), slopes)
    np.testing.assert_array_equal(module.eval()(x), 0.3 * x)
    np.testing.assert_array_equal(module.train()(-x), 1)


def test_rrelu_in_training_goes_back_by_the_slopes_it_drew() -> None:
    x = Value(np.array([-1.0, 2.0, -3.0], np.float32))
    y = nn.RReLU(rng=np.random.default_rng(0))(x)
    y.backward(np.ones(3, np.float32))
    np.testing.assert_allclose(x.grad, y.data / x.data, rtol=1e-6)
    assert (y.data.dtype, x.grad.dtype) == (np.float32, np.float32)


# -- what is refused ---------------------------------------------------------------------------
REFUSED: Refusals = {
    "data in a setting's place": (
        lambda: nn.ReLU(np.ones(3)), TypeError,
        "ReLU is made first, then called with data: write nn.ReLU()(x) or functional.relu(x)"),
    "data in tanh's place": (
        lambda: nn.Tanh(np.ones(3)), TypeError,
        "Tanh is made first, then called with data: write nn.Tanh()(x) or np.tanh(x)"),
    "PyTorch's inplace by its place": (
        lambda: nn.LeakyReLU(0.1, True), TypeError,
        "LeakyReLU takes negative_slope: too many positional arguments"),
    "PyTorch's inplace": (
        lambda: nn.SiLU(inplace=True), TypeError,
        "SiLU takes no arguments: got an unexpected keyword argument 'inplace': "
        "leave it out, for nothing is computed in place"),
    "a slope that is no number": (
        lambda: nn.LeakyReLU("0.2"), ValueError,
        "LeakyReLU: negative_slope must be a finite number; got '0.2'"),
    "a division by 0": (lambda: nn.CELU(0), ValueError, "CELU: alpha must be a finite number above 0; got 0"),
    "a slope that would explode": (
        lambda: nn.CELU(-0.5), ValueError, "CELU: alpha must be a finite number above 0; got -0.5"),
    "the function's": (lambda: F.celu(1.0, alpha=-0.5), ValueError, "celu needs an alpha above 0; got -0.5"),
    "softplus divided by 0": (
        lambda: nn.Softplus(0), ValueError, "Softplus: beta must be a finite number other than 0; got 0"),
    "the function divided by 0": (
        lambda: F.softplus(1.0, beta=0), ValueError, "softplus divides by beta, which must not be 0"),
    "an approximation that is none": (
        lambda: nn.GELU("tan"), ValueError,
        "GELU: approximate must be one of none, tanh; got 'tan'; did you mean 'tanh'?"),
    "bounds in the wrong order": (
        lambda: nn.Hardtanh(1, -1), ValueError,
        "Hardtanh: min_val must be below max_val; got min_val=1, max_val=-1"),
    "slopes in the wrong order": (
        lambda: nn.RReLU(0.5, 0.1), ValueError, "RReLU: lower must not be above upper; got lower=0.5, upper=0.1"),
    "slopes of the function in the wrong order": (
        lambda: F.rrelu(1.0, 0.5, 0.1), ValueError,
        "rrelu draws slopes from lower to upper, which must not be below it; got 0.5 and 0.1"),
    "a seed for an rng": (
        lambda: nn.RReLU(rng=0), TypeError,
        "RReLU needs a NumPy Generator: rng=np.random.default_rng(seed); got 0"),
    "a threshold below 0": (
        lambda: nn.Softshrink(-1), ValueError, "Softshrink: lambd must be a finite number, at least 0; got -1"),
    "the function's below 0": (
        lambda: F.softshrink(1.0, lambd=-1), ValueError, "softshrink needs a lambd of 0 or more; got -1"),
    "squareplus without b": (
        lambda: F.squareplus(1.0, b=0), ValueError, "squareplus needs a b above 0; got 0"),
    "no axis": (
        lambda: nn.Softmax(None), ValueError,
        "Softmax: dim must be a whole number; got None"),
    "an axis that is not there": (
        lambda: nn.Sparsemax(2)(np.ones(3)), np.exceptions.AxisError,
        "Sparsemax(dim=2): sparsemax: axis 2 is out of bounds for array of dimension 1"),
    "channels elsewhere": (
        lambda: nn.PReLU(3)(np.ones((2, 4, 3))), ValueError,
        "PReLU(num_parameters=3) takes 3 channels on axis 1; got shape (2, 4, 3)"),
    "channels of a row": (
        lambda: nn.PReLU(3)(np.ones(3)), ValueError,
        "PReLU(num_parameters=3) takes 3 channels on axis 1; got shape (3,)"),
    "no channels": (
        lambda: nn.PReLU(0), ValueError, "PReLU: num_parameters must be a whole number, at least 1; got 0"),
    "a name that is misspelt": (
        lambda: nn.activation("rellu"), ValueError, "there is no activation 'rellu': did you mean 'relu'?"),
    "a class for a name": (
        lambda: nn.activation(nn.ReLU), TypeError,
        "activation takes a name, such as 'relu'; got <class 'tinygrad_opt.nn.activations.ReLU'>"),
    "a setting that is misspelt": (
        lambda: nn.activation("leaky_relu", slope=0.2), TypeError,
        "the activation 'leaky_relu' takes negative_slope: got an unexpected keyword argument 'slope'"),
    "a setting of one that has none": (
        lambda: nn.activation("relu", slope=0.2), TypeError,
        "the activation 'relu' takes no settings: got an unexpected keyword argument 'slope'"),
    "a setting that is needed": (
        lambda: nn.activation("threshold", value=0.0), TypeError,
        "the activation 'threshold' takes threshold, value: missing a required argument: 'threshold'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_explained(name: str) -> None:
    call, error, message = REFUSED[name]
    assert refused(call, error) == message


def test_an_unknown_name_is_answered_with_all() -> None:
    message = refused(lambda: nn.activation("xyzzy"), ValueError)
    assert message.startswith("there is no activation 'xyzzy': there are celu, elu, exponential, gelu, glu, ")

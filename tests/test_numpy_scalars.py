"""A setting that is a NumPy scalar counts as the number that it is: float32 stays float32."""

import inspect

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt import functional as F

X = np.linspace(-0.9, 1.1, 12, dtype=np.float32).reshape(4, 3)
ONES = np.ones(3, np.float32)
SIGNS, LABELS = np.where(X > 0, 1.0, -1.0), np.array([0, 1, 2, 0])

# By name: the operands beside the first, and settings.
FUNCTIONS = {
    "leaky_relu": ((), {"slope": 0.1}),
    "elu": ((), {"alpha": 0.5}),
    "celu": ((), {"alpha": 0.5}),
    "hardtanh": ((), {"min_val": -0.5, "max_val": 0.5}),
    "hardshrink": ((), {"lambd": 0.3}),
    "softshrink": ((), {"lambd": 0.3}),
    "threshold": ((), {"threshold": 0.1, "value": -2.0}),
    "softplus": ((), {"beta": 0.5, "threshold": 0.2}),
    "squareplus": ((), {"b": 2.0}),
    "rrelu": ((), {"lower": 0.1, "upper": 0.3}),
    "rrelu in training": ((), {"lower": 0.1, "upper": 0.3, "training": True}),
    "dropout": ((), {"p": 0.5}),
    "dropout1d": ((), {"p": 0.5}),
    "alpha_dropout": ((), {"p": 0.5}),
    "gaussian_dropout": ((), {"p": 0.5}),
    "gaussian_noise": ((), {"std": 0.5}),
    "layer_norm": ((), {"normalized_shape": 3, "eps": 1e-5}),
    "rms_norm": ((), {"normalized_shape": 3, "eps": 1e-5}),
    "group_norm": ((), {"num_groups": 1, "eps": 1e-5}),
    "batch_norm": ((0 * ONES, ONES), {"momentum": 0.1, "eps": 1e-5}),
    "batch_norm in training": ((0 * ONES, ONES), {"momentum": 0.1, "eps": 1e-5, "training": True}),
    "normalize": ((), {"eps": 1e-12}),
    "clip_by_norm": ((), {"max_norm": 1.0}),
    "cosine_similarity": ((X,), {"eps": 1e-8}),
    "cosine_embedding_loss": ((X, SIGNS[:, 0]), {"margin": 0.1}),
    "triplet_margin_loss": ((X, 2 * X), {"margin": 1.0, "p": 3.0, "eps": 1e-6}),
    "huber_loss": ((X - 1,), {"delta": 0.5}),
    "smooth_l1_loss": ((X - 1,), {"beta": 0.5}),
    "mean_absolute_percentage_error": ((X,), {"eps": 1e-7}),
    "mean_squared_logarithmic_error": ((X,), {"eps": 1e-7}),
    "poisson_nll_loss": ((X**2,), {"eps": 2.0, "log_input": False}),
    "gaussian_nll_loss": ((X - 1, X**2), {"eps": 1e-6}),
    "hinge_embedding_loss": ((SIGNS,), {"margin": 1.0}),
    "margin_ranking_loss": ((X, SIGNS), {"margin": 1.0}),
    "multi_margin_loss": ((LABELS,), {"margin": 1.0}),
    "cross_entropy": ((LABELS,), {"label_smoothing": 0.1}),
    "cross_entropy with shares": ((np.abs(X),), {"label_smoothing": 0.1}),
    "binary_cross_entropy": ((np.abs(X) / 2,), {"min_log": -0.5}),
    "binary_cross_entropy_with_logits": ((np.abs(X) / 2,), {"pos_weight": 2.0}),
}
EACH = pytest.mark.parametrize("name", FUNCTIONS)


def called(name, x, settings):
    function, (operands, _) = getattr(F, name.split()[0]), FUNCTIONS[name]
    if "rng" in inspect.signature(function).parameters:
        settings = settings | {"rng": np.random.default_rng(0)}
    if function is F.binary_cross_entropy:
        x = np.abs(x) / 2
    return function(x, *operands, **settings)


def widened(settings):
    return {name: np.float64(x) if isinstance(x, float) else x for name, x in settings.items()}


@EACH
def test_the_result_is_that_of_the_python_number(name):
    settings = FUNCTIONS[name][1]
    x, same = Value(X), Value(X)
    found, expected = called(name, x, widened(settings)), called(name, same, settings)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.data, expected.data)
    for y in (found, expected):
        y.backward(np.ones(y.shape, np.float32))
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, same.grad)


@EACH
def test_so_it_is_on_plain_arrays(name):
    settings = FUNCTIONS[name][1]
    found, expected = called(name, X, widened(settings)), called(name, X, settings)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_every_function_with_a_float_among_its_settings_is_among_them():
    named = {name.split()[0] for name in FUNCTIONS}
    for name in F.__all__:
        parameters = inspect.signature(getattr(F, name)).parameters.values()
        if any(isinstance(p.default, float) for p in parameters):
            assert name in named | {"dropout2d", "instance_norm"}, name


def test_instance_norm():
    x = X.reshape(2, 3, 2)
    for use_input_stats in (True, False):
        found = F.instance_norm(x, 0 * ONES, ONES, use_input_stats=use_input_stats, eps=np.float64(1e-5))
        assert found.dtype == np.float32


def test_a_setting_that_is_given_by_its_place():
    assert F.elu(Value(X), np.float64(0.5)).dtype == F.elu(X, np.float64(0.5)).dtype == np.float32
    assert F.celu(Value(X), np.float64(0.5)).dtype == F.celu(X, np.int64(2)).dtype == np.float32


def test_a_numpy_scalar_that_is_computed_with_stays_one():
    assert type(F.elu(np.float32(0.5), np.float64(0.5))) is np.float32

"""Dropout and noise: their statistics, what is shared and what is copied, and nothing of them in evaluation."""

import copy
import pickle
import re

import numpy as np
import pytest

from tinygrad_opt import Value, gradcheck, nn
from tinygrad_opt import functional as F
from tinygrad_opt.ops.random import default_rng

DRAWS = 100_000
SIGMAS = 5

# The functions with their settings, an input's shape, and the layers that call them.
KINDS = {
    "dropout": (F.dropout, {"p": 0.3}, (4, 3), nn.Dropout),
    "classic dropout": (F.dropout, {"p": 0.3, "mode": "classic"}, (4, 3), nn.Dropout),
    "dropout1d": (F.dropout1d, {"p": 0.3}, (2, 3, 4), nn.Dropout1d),
    "dropout2d": (F.dropout2d, {"p": 0.3}, (2, 3, 2, 2), nn.Dropout2d),
    "alpha_dropout": (F.alpha_dropout, {"p": 0.3}, (4, 3), nn.AlphaDropout),
    "gaussian_dropout": (F.gaussian_dropout, {"p": 0.3}, (4, 3), nn.GaussianDropout),
    "gaussian_noise": (F.gaussian_noise, {"std": 0.3}, (4, 3), nn.GaussianNoise),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def seeded(seed=0):
    return np.random.default_rng(seed)


def assert_mean(draws, expected):
    """The mean of independent draws, within five standard errors."""
    error = np.std(draws, axis=0) / len(draws) ** 0.5
    assert np.all(np.abs(np.mean(draws, axis=0) - expected) < SIGMAS * error)


def assert_variance(draws, expected):
    assert_mean((draws - np.mean(draws)) ** 2, expected)


# -- statistics --------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_how_many_are_kept_is_binomial(p):
    kept = np.count_nonzero(F.dropout(np.ones(DRAWS), p, rng=seeded()))
    assert abs(kept - DRAWS * (1 - p)) < SIGMAS * (DRAWS * p * (1 - p)) ** 0.5


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("drop", [F.dropout, F.gaussian_dropout])
def test_mean_and_variance(drop, p):
    x = 3.0
    y = drop(np.full(DRAWS, x), p, rng=seeded())
    assert_mean(y, x)
    assert_variance(y, x**2 * p / (1 - p))


def test_the_mean_over_masks_is_what_a_linear_layer_gives_without():
    layer, x = nn.Linear(5, 3, rng=seeded(1)), seeded(2).normal(size=5)
    for mode in ("inverted", "classic"):
        drop = nn.Dropout(0.4, mode=mode, rng=seeded(3))
        assert_mean(layer(drop(np.tile(x, (DRAWS, 1)))).data, layer(drop.eval()(x)).data)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_classic_and_inverted_differ_by_the_scale_only(p):
    x = Value(seeded(1).normal(size=100))
    classic = F.dropout(x, p, rng=seeded(), mode="classic")
    np.testing.assert_allclose(F.dropout(x, p, rng=seeded()).data * (1 - p), classic.data, rtol=1e-15)
    assert set(classic.data / x.data) == {0.0, 1.0}
    np.testing.assert_array_equal(F.dropout(x, p, training=False, mode="classic").data, x.data * (1 - p))
    assert F.dropout(x, p, training=False) is x


@pytest.mark.parametrize(
    ("drop", "shape"), [(F.dropout1d, (7, 500, 6)), (F.dropout1d, (500, 6)), (F.dropout2d, (7, 500, 2, 3))]
)
def test_channels_are_dropped_whole_and_one_by_one(drop, shape):
    y = drop(np.ones(shape), 0.3, rng=seeded())
    channels = y.reshape(-1, 6)
    assert np.all(channels == channels[:, :1])
    assert_mean(channels[:, 0], 1)
    assert not np.array_equal(y[0], y[1])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_alpha_dropout_keeps_mean_0_and_variance_1(p):
    y = F.alpha_dropout(seeded(1).normal(size=DRAWS), p, rng=seeded())
    assert_mean(y, 0)
    assert_variance(y, 1)


def moments_through_a_selu_net(drop):
    rng = seeded(1)
    x = rng.normal(size=(2000, 200))
    for _ in range(10):
        x = drop(F.selu(x @ rng.normal(0, 200**-0.5, (200, 200))), 0.2, rng=rng)
    return np.mean(x), np.var(x)


def test_alpha_dropout_keeps_them_through_ten_layers_of_selu_where_dropout_does_not():
    mean, variance = moments_through_a_selu_net(F.alpha_dropout)
    assert abs(mean) < 0.05
    assert abs(variance - 1) < 0.1
    assert moments_through_a_selu_net(F.dropout)[1] > 1.2


def test_noise_is_added_with_the_deviation_asked_for():
    y = F.gaussian_noise(np.full(DRAWS, 3.0), 0.2, rng=seeded())
    assert_mean(y, 3.0)
    assert_variance(y, 0.04)


def test_noise_on_inputs_is_ridge_regression_in_the_mean():
    """E ||(X + N) w - y||² = ||X w - y||² + n std² ||w||² (Bishop, 1995; exact for a linear model)."""
    n, std, rng = 6, 0.4, seeded(1)
    X, w, y = rng.normal(size=(n, 3)), rng.normal(size=3), rng.normal(size=n)
    noisy = F.gaussian_noise(np.tile(X, (DRAWS, 1, 1)), std, rng=rng)
    losses = np.sum((noisy @ w - y) ** 2, axis=1)
    assert_mean(losses, np.sum((X @ w - y) ** 2) + n * std**2 * np.sum(w**2))


# -- what every kind does ----------------------------------------------------------------------
@each_kind
def test_a_layer_is_its_function(kind):
    f, settings, shape, layer = KINDS[kind]
    x = seeded(1).normal(size=shape)
    np.testing.assert_array_equal(layer(**settings, rng=seeded())(x), f(x, **settings, rng=seeded()))
    np.testing.assert_array_equal(layer(**settings).eval()(x), f(x, **settings, training=False))


@each_kind
def test_in_training_every_call_differs_and_in_evaluation_none(kind):
    _, settings, shape, layer = KINDS[kind]
    layer = layer(**settings)
    x = Value(np.ones((50, *shape[1:])))
    assert not np.array_equal(layer(x).data, layer(x).data)
    with layer.eval():
        np.testing.assert_array_equal(layer(x).data, layer(x).data)
        assert layer(x) is x or kind == "classic dropout"
    assert layer.training


@each_kind
def test_nothing_to_drop_is_the_value_itself(kind):
    _, settings, shape, layer = KINDS[kind]
    x = Value(np.ones(shape))
    none = dict.fromkeys(settings, 0.0) | ({"mode": "classic"} if "mode" in settings else {})
    assert layer(**none)(x) is x
    assert layer(**none).eval()(x) is x


@each_kind
def test_float32_stays_and_draws_the_same(kind):
    f, settings, shape, _ = KINDS[kind]
    wide = seeded(1).normal(size=shape)
    x = Value(wide.astype(np.float32))
    y = f(x, **settings, rng=seeded())
    np.sum(y**2).backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(y.data, f(wide, **settings, rng=seeded()), rtol=1e-6, atol=1e-6)


def test_a_number_keeps_its_digits():
    found = {float(f(Value(0.1), 0.3, rng=seeded(1)).data) for f in (F.dropout, F.gaussian_dropout, F.gaussian_noise)}
    draw = seeded(1).standard_normal()
    assert found == {0.1 * (1 / 0.7), 0.1 * (1 + (0.3 / 0.7) ** 0.5 * draw), 0.1 + 0.3 * draw}


@each_kind
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("own", [True, False], ids=["own generator", "generator of the process"])
def test_gradients_in_training_are_slopes(kind, order, own):
    _, settings, shape, layer = KINDS[kind]
    layer = layer(**settings, rng=seeded() if own else None)
    generator = layer.rng or default_rng()
    before = generator.bit_generator.state
    report = gradcheck(lambda x: np.tanh(layer(x)), seeded(1).normal(size=shape), order=order)
    assert report, report
    assert generator.bit_generator.state == before


def test_a_generator_deep_in_a_network_is_put_back():
    inner = nn.Dropout(0.5, rng=seeded())
    for _ in range(8):
        inner = nn.Sequential(inner)
    assert gradcheck(lambda x: np.tanh(inner(x)), np.ones((3, 2)))


# -- generators --------------------------------------------------------------------------------
def two_with_one_generator():
    rng = seeded()
    return nn.Sequential(nn.Dropout(0.5, rng=rng), nn.GaussianNoise(0.1, rng=rng))


def test_layers_share_a_generator():
    model, x, rng = two_with_one_generator(), np.ones((4, 5)), seeded()
    assert model[0].rng is model[1].rng
    np.testing.assert_array_equal(model(x), F.gaussian_noise(F.dropout(x, 0.5, rng=rng), 0.1, rng=rng))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
def test_a_copy_goes_on_with_its_own_copy_of_the_generator(copied):
    model, x = two_with_one_generator(), np.ones((4, 5))
    model(x)
    other = copied(model)
    assert other[0].rng is other[1].rng
    assert other[0].rng is not model[0].rng
    theirs = [other(x), other(x)]
    np.testing.assert_array_equal([model(x), model(x)], theirs)


def test_without_a_generator_a_copy_draws_on_from_that_of_the_process():
    layer = copy.deepcopy(nn.Dropout(0.5))
    assert layer.rng is None
    assert not np.array_equal(layer(np.ones(100)), layer(np.ones(100)))


# -- refusals ----------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [-0.1, 1, 1.0, 1.5, float("nan"), "0.5", None, True])
@pytest.mark.parametrize("layer", [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.GaussianDropout])
def test_a_share_that_is_none_is_refused_when_the_layer_is_made(layer, p):
    said = (
        f"{layer.__name__}: p must be a number of 0 or more and less than 1, "
        f"the share that is dropped, not the share that is kept; got {p!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        layer(p)


@pytest.mark.parametrize("std", [-0.1, float("inf"), float("nan"), "1", None, True])
def test_a_deviation_that_is_none_is_refused(std):
    said = f"std must be a finite number, at least 0; got {std!r}"
    with pytest.raises(ValueError, match=f"^GaussianNoise: {re.escape(said)}$"):
        nn.GaussianNoise(std)
    with pytest.raises(ValueError, match=f"^gaussian_noise: {re.escape(said)}$"):
        F.gaussian_noise(1.0, std)


@pytest.mark.parametrize(
    "layer", [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.GaussianDropout, nn.GaussianNoise]
)
def test_a_seed_is_no_generator(layer):
    said = f"{layer.__name__} needs a NumPy Generator: rng=np.random.default_rng(seed); got 0"
    with pytest.raises(TypeError, match=re.escape(said)):
        layer(0.5, rng=0)


def test_a_mode_that_is_none():
    with pytest.raises(ValueError, match=r"^Dropout: mode must be one of inverted, classic; got 'vanilla'$"):
        nn.Dropout(mode="vanilla")
    with pytest.raises(ValueError, match=r"^dropout: mode must be one of inverted, classic; got None$"):
        F.dropout(1.0, mode=None)


@pytest.mark.parametrize("training", [True, False])
def test_shapes_without_channels(training):
    model = nn.Sequential(nn.Dropout2d(0.3), nn.Dropout1d(0.3)).train(training)
    said = r"^Dropout2d\(p=0.3\) at 0: dropout2d takes x of shape \(N, C, H, W\); got \(3, 4, 4\): "
    with pytest.raises(ValueError, match=said + r"pass one image as x\[None\], sequences to dropout1d$"):
        model(np.ones((3, 4, 4)))
    with pytest.raises(
        ValueError, match=r"^Dropout1d\(p=0.3\) at 1: dropout1d takes x of shape \(N, C, L\) or \(C, L\); got \(3,\)$"
    ):
        model[1](np.ones(3))
    with pytest.raises(ValueError, match=r"^dropout2d takes x of shape \(N, C, H, W\); got \(3, 4\)$"):
        F.dropout2d(np.ones((3, 4)), training=training)

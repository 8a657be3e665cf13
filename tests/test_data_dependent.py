"""Initializers that look at data do to the layers' outputs what they promise."""

import numpy as np
import pytest

from tinygrad_opt import nn
from tinygrad_opt.nn.data_dependent import learning_rates, output_of


def deep(activation=nn.ReLU, width=40, depth=8, bias=True, dtype=np.float64):
    rng = np.random.default_rng(0)
    layers = [
        module for _ in range(depth) for module in (nn.Linear(width, width, bias, rng=rng, dtype=dtype), activation())
    ]
    return nn.Sequential(*layers, nn.Linear(width, 5, bias, rng=rng, dtype=dtype))


def batch(width=40):
    return np.random.default_rng(1).normal(2.0, 3.0, (150, width))


def weighted(model):
    return [layer for layer in model if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("tol", [0.1, 0.001])
def test_lsuv_brings_the_variance_of_every_layer_within_tol(tol):
    model, x = deep(), batch()
    nn.lsuv(model, x, tol=tol, rng=np.random.default_rng(2))
    variances = [np.var(output_of(model, layer, x)) for layer in weighted(model)]
    assert len(variances) == 9
    assert np.abs(np.array(variances) - 1).max() <= tol


def test_lsuv_begins_with_orthonormal_weights():
    model, x = deep(), batch()
    nn.lsuv(model, x, rng=np.random.default_rng(2))
    w = weighted(model)[3].weight.data
    gram = w @ w.T
    assert np.allclose(gram, gram[0, 0] * np.eye(len(gram)), atol=1e-12)
    assert not weighted(model)[3].bias.data.any()


def test_lsuv_says_what_it_reached():
    model, x = deep(), batch()
    reached = nn.lsuv(model, x, rng=np.random.default_rng(2))
    assert list(reached) == [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    assert reached["4"] == np.var(output_of(model, model[4], x))


def test_lsuv_in_float32_stays_there():
    model = deep(dtype=np.float32)
    nn.lsuv(model, batch().astype(np.float32), rng=np.random.default_rng(2))
    assert {p.dtype.name for p in model.parameters()} == {"float32"}


def test_same_rng_same_weights():
    models = [deep(), deep()]
    for model in models:
        nn.lsuv(model, batch(), rng=np.random.default_rng(7))
    first, second = (model.state_dict() for model in models)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_krahenbuhl_gives_every_unit_mean_and_variance():
    model, x = deep(), batch()
    nn.krahenbuhl(model, x, bias=0.1, rounds=0, rng=np.random.default_rng(2))
    for layer in weighted(model):
        out = output_of(model, layer, x)
        assert np.allclose(out.mean(axis=0), 0.1, atol=1e-10)
        assert np.allclose(out.std(axis=0), 1, atol=1e-10)


def test_krahenbuhl_lets_every_layer_learn_at_the_same_rate():
    model, x = deep(), batch()
    rates = np.array(list(nn.krahenbuhl(model, x, rng=np.random.default_rng(2)).values()))
    assert np.abs(np.log(rates / rates.mean())).max() < 0.01
    assert abs(np.std(model(x).data) - 1) < 0.01
    uneven = deep()
    gradient = np.random.default_rng(3).normal(size=(150, 5))
    drawn = learning_rates(uneven, weighted(uneven), x, gradient)[0]
    assert np.abs(np.log(drawn / drawn.mean())).max() > 0.1  # which Xavier's weights do not


def test_units_of_one_layer_keep_their_proportions():
    model, x = deep(), batch()
    nn.krahenbuhl(model, x, rng=np.random.default_rng(2))
    deviations = output_of(model, weighted(model)[4], x).std(axis=0)
    assert np.allclose(deviations, deviations[0], rtol=1e-9)


def test_gradients_that_are_held_stay():
    model, x = deep(), batch()
    model(x).sum().backward()
    held = [p.grad.copy() for p in model.parameters()]
    nn.krahenbuhl(model, x, rng=np.random.default_rng(2))
    assert all(np.array_equal(p.grad, was) for p, was in zip(model.parameters(), held, strict=True))


def test_layers_without_bias():
    model, x = deep(bias=False), batch()
    nn.lsuv(model, x, rng=np.random.default_rng(2))
    rates = np.array(list(nn.krahenbuhl(model, x, rng=np.random.default_rng(2)).values()))
    assert np.abs(np.log(rates / rates.mean())).max() < 0.01


@pytest.mark.parametrize("initialize", [nn.lsuv, nn.krahenbuhl])
def test_a_model_without_weights(initialize):
    with pytest.raises(ValueError, match="Sequential has no layer with a weight of two axes or more to initialize"):
        initialize(nn.Sequential(nn.ReLU()), batch())


def test_a_batch_of_one_row_repeated_has_no_variance():
    x = np.ones((4, 40))
    with pytest.raises(ValueError, match=r"krahenbuhl: unit \d+ of Linear\(40, 40\) at 0 gives .* for every sample"):
        nn.krahenbuhl(deep(), x)
    with pytest.raises(ValueError, match=r"lsuv: Linear\(40, 40\) at 0 gives variance 0 on this batch"):
        nn.lsuv(deep(), np.zeros((4, 40)))


def test_too_few_attempts():
    with pytest.raises(ValueError, match=r"lsuv: the output of Linear\(40, 40\) at 0 has variance .* after 0 attempts"):
        nn.lsuv(deep(), batch(), max_attempts=0)


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="lsuv needs a NumPy Generator"):
        nn.lsuv(deep(), batch(), rng=0)

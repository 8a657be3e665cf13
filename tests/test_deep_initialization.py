"""What initializers do to a network: variance through thirty layers, units that stay equal, the first loss."""

import numpy as np
import pytest

from tinygrad_opt import init, nn
from tinygrad_opt.functional import cross_entropy
from tinygrad_opt.optim import SGD, Adam

DEPTH, WIDTH, NETS = 30, 256, 8


def growth(scheme, activation):
    """The variance of the last pre-activation divided by that of the first, the mean of several networks."""
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(NETS):
        h = rng.normal(size=(50, WIDTH))
        layers = [nn.Linear(WIDTH, WIDTH, init=scheme, rng=rng) for _ in range(DEPTH)]
        variances = []
        for layer in layers:
            z = layer(h).data
            variances.append(np.var(z))
            h = activation(z)
        ratios.append(variances[-1] / variances[0])
    return np.mean(ratios)


def relu(z):
    return np.maximum(z, 0)


@pytest.mark.parametrize("scheme", ["he_normal", "he_uniform", "relu", init.get("orthogonal", gain=2**0.5)])
def test_he_keeps_the_variance_through_thirty_relu_layers(scheme):
    assert 1 / 1.5 < growth(scheme, relu) < 1.5


def test_a_normal_of_deviation_1_explodes():
    assert growth("normal", relu) > (WIDTH / 2) ** (DEPTH - 1) / 10


@pytest.mark.parametrize("scheme", ["xavier_normal", "xavier_uniform", "lecun_normal"])
def test_xavier_loses_half_of_the_variance_in_each_relu_layer(scheme):
    assert 2.0 ** -(DEPTH - 1) / 1.5 < growth(scheme, relu) < 2.0 ** -(DEPTH - 1) * 1.5


def test_xavier_and_lecun_keep_the_variance_of_linear_layers():
    for scheme in ("xavier_normal", "lecun_uniform", "linear"):
        assert 1 / 1.5 < growth(scheme, lambda z: z) < 1.5


def test_lecun_keeps_selu_near_its_fixed_point():
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    assert 1 / 1.5 < growth("selu", lambda z: scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))) < 1.5


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@pytest.mark.parametrize(("value", "activation"), [(0.0, nn.ReLU), (0.5, nn.ReLU), (0.1, nn.Sigmoid), (0.0, nn.Tanh)])
def test_units_that_start_equal_stay_equal(value, activation, optimizer):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    scheme = init.get("constant", val=value)
    model = nn.Sequential(nn.Linear(3, 8, init=scheme), activation(), nn.Linear(8, 2, init=scheme))
    opt = optimizer(model.named_parameters(), lr=0.1)
    for _ in range(50):
        opt.zero_grad()
        cross_entropy(model(x), labels).backward()
        opt.step()
    hidden, out = model[0].weight.data, model[2].weight.data
    assert (hidden == hidden[0]).all()
    assert (out == out[:, :1]).all()
    if value:
        assert not np.allclose(hidden, value)


def test_zeros_give_no_gradient_but_to_the_last_bias():
    model = nn.Sequential(nn.Linear(3, 8, init="zeros"), nn.ReLU(), nn.Linear(8, 2, init="zeros"))
    cross_entropy(model(np.ones((4, 3))), np.array([0, 1, 1, 1])).backward()
    moved = [name for name, p in model.named_parameters() if p.grad.any()]
    assert moved == ["2.bias"]


def test_the_first_loss_of_a_classifier_that_knows_nothing_is_the_log_of_the_classes():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(200, 50)), rng.integers(0, 10, 200)
    model = nn.Sequential(nn.Linear(50, 100, init="relu", rng=rng), nn.ReLU(), nn.Linear(100, 10, init="zeros"))
    assert cross_entropy(model(x), labels).item() == pytest.approx(np.log(10), rel=1e-12)

"""Noise on weights: the layer computes with it in training, and learns and saves the weights without it."""

import copy
import pickle
import threading

import numpy as np
import pytest

from tinygrad_opt import functional as F
from tinygrad_opt import gradcheck, nn


def seeded(seed=0):
    return np.random.default_rng(seed)


def quadratic(layer, x):
    return np.sum(layer(x) ** 2)


def test_the_gradient_at_the_noisy_weight_goes_to_the_weight():
    layer, x = nn.Linear(3, 2, bias=False), seeded(2).normal(size=(4, 3))
    weight, numbers = layer.weight, layer.weight.data.copy()
    assert nn.weight_noise(layer, 0.5, rng=seeded()) is layer
    loss = quadratic(layer, x)
    loss.backward()
    noisy = numbers + 0.5 * seeded().standard_normal((2, 3))
    np.testing.assert_allclose(loss.data, np.sum((x @ noisy.T) ** 2), rtol=1e-14)
    np.testing.assert_allclose(weight.grad, 2 * noisy @ x.T @ x, rtol=1e-13)
    assert layer.weight is weight
    np.testing.assert_array_equal(weight.data, numbers)
    np.testing.assert_array_equal(layer.eval()(x).data, x @ numbers.T)


def test_what_is_saved_and_learned_is_the_weight_itself():
    layer = nn.weight_noise(nn.Linear(3, 2, rng=seeded()), 0.5, rng=seeded(1))
    model = nn.Sequential(layer)
    model(np.ones((4, 3)))
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
    assert model.parameters() == [layer.weight, layer.bias]
    assert layer.weight.name == "0.weight"
    np.testing.assert_array_equal(model.state_dict()["0.weight"], nn.Linear(3, 2, rng=seeded()).weight.data)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
def test_a_copy_is_noisy_on_its_own(copied):
    layer, x = nn.weight_noise(nn.Linear(3, 2), 0.5, rng=seeded(1)), np.ones((4, 3))
    layer(x)
    other = copied(layer)
    np.testing.assert_array_equal(other(x).data, layer(x).data)
    other.weight.data[...] = 0
    assert not np.array_equal(other(x).data, layer(x).data)
    assert np.any(other(x).data)


def test_a_forward_that_fails_leaves_the_weight_in_its_place():
    layer = nn.weight_noise(nn.Linear(3, 2), 0.5)
    weight = layer.weight
    with pytest.raises(ValueError, match=r"^Linear\(3, 2\) takes 3 features"):
        layer(np.ones(5))
    assert layer.weight is weight


def test_calls_in_two_threads_leave_the_weight_in_its_place():
    inside = {name: threading.Event() for name in "ab"}
    go_on = {name: threading.Event() for name in "ab"}

    class Waiting(nn.Linear):
        def forward(self, name):
            inside[name].set()
            assert go_on[name].wait(10)

    layer = nn.weight_noise(Waiting(3, 2), 0.5)
    weight = layer.weight
    threads = {name: threading.Thread(target=layer, args=(name,)) for name in "ab"}
    for name, thread in threads.items():
        thread.start()
        assert inside[name].wait(10)
    assert layer.weight is not weight
    np.testing.assert_array_equal(layer.weight.args[0].data, weight.data)  # noise of its own, not noise upon noise
    for name, thread in threads.items():  # the first to come is the first to go
        go_on[name].set()
        thread.join()
    assert layer.weight is weight


def test_drop_connect_drops_weights():
    n = 100_000
    layer, x = nn.Linear(n, 1, bias=False), np.ones(n)
    layer.weight.data[...] = 1
    nn.drop_connect(layer, 0.3, rng=seeded())
    layer(x).backward()
    assert set(np.unique(layer.weight.grad)) == {0, 1 / 0.7}
    assert abs(np.count_nonzero(layer.weight.grad) - 0.7 * n) < 5 * (n * 0.3 * 0.7) ** 0.5
    assert layer.eval()(x).data == n


def test_changes_are_made_one_after_the_other():
    layer = nn.Linear(3, 2, bias=False)
    nn.drop_connect(nn.weight_noise(layer, 0.5, rng=seeded(1)), 0.5, rng=seeded(2))
    noisy = F.gaussian_noise(layer.weight.data, 0.5, rng=seeded(1))
    np.testing.assert_array_equal(layer(np.eye(3)).data.T, F.dropout(noisy, 0.5, rng=seeded(2)))


def test_a_derived_weight_is_perturbed_too():
    layer = nn.Linear(3, 2, bias=False)
    layer.root = layer.weight
    layer.derive("weight", lambda layer: layer.root**2)
    nn.weight_noise(layer, 0.5, rng=seeded(1))
    expected = layer.root.data**2 + 0.5 * seeded(1).standard_normal((2, 3))
    np.testing.assert_allclose(layer(np.eye(3)).data.T, expected, rtol=1e-15)
    np.testing.assert_array_equal(layer.weight.data, layer.root.data**2)


@pytest.mark.parametrize("order", [1, 2])
def test_gradients_with_noise_on_weights_are_slopes(order):
    layer = nn.drop_connect(nn.weight_noise(nn.Linear(3, 2, rng=seeded()), 0.5, rng=seeded(1)), 0.3)
    model = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(layer))))
    report = gradcheck(lambda model, x: np.tanh(model(x)), model, seeded(2).normal(size=(4, 3)), order=order)
    assert report, report


def test_noise_on_weights_of_single_precision():
    layer = nn.drop_connect(nn.weight_noise(nn.Linear(3, 2, dtype=np.float32), 0.5), 0.3)
    y = layer(np.ones((4, 3)))
    y.sum().backward()
    assert (y.dtype, layer.weight.grad.dtype) == (np.float32, np.float32)


def test_what_has_no_such_weight():
    layer = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r"^weight_noise: Linear\(3, 2\) has no parameter 'w'; it has weight, bias$"):
        nn.weight_noise(layer, 0.1, "w")
    said = r"^drop_connect: Sequential\(\) has no parameter 'weight'; it has none of its own: name one of its parts$"
    with pytest.raises(ValueError, match=said):
        nn.drop_connect(nn.Sequential(layer), 0.1)
    with pytest.raises(TypeError, match=r"^weight_noise takes a layer, such as nn.Linear\(2, 1\); got a Value$"):
        nn.weight_noise(layer.weight, 0.1)
    with pytest.raises(ValueError, match=r"^weight_noise: std must be a finite number, at least 0; got -1"):
        nn.weight_noise(layer, -1)
    with pytest.raises(ValueError, match=r"^drop_connect: p must be a number of 0 or more and less than 1"):
        nn.drop_connect(layer, 1.0)
    with pytest.raises(TypeError, match=r"^drop_connect needs a NumPy Generator"):
        nn.drop_connect(layer, 0.1, rng=1)
    assert not layer._perturbed

"""nn.Perceptron: a neuron with a step, and the rule that trains it."""

import numpy as np
import pytest

from tinygrad_opt import Value, nn
from tinygrad_opt.optim import SGD, perceptron_loss

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def neuron(seed=0, features=2):
    return nn.Perceptron(features, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("target", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]])
@pytest.mark.parametrize("seed", range(5))
def test_learns_and_or_nand(target, seed):
    learner = neuron(seed)
    mistakes = learner.fit(CORNERS, target)
    assert mistakes[-1] == 0
    assert learner(CORNERS).tolist() == target


@pytest.mark.parametrize("seed", range(5))
def test_xor_is_never_learned(seed):
    learner = neuron(seed)
    assert all(learner.fit(CORNERS, [0, 1, 1, 0], epochs=200))


def test_mistakes_are_at_most_novikoffs_bound():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3))
    separator = np.array([1.0, -2.0, 0.5]) / np.linalg.norm([1.0, -2.0, 0.5])
    x = x[np.abs(x @ separator) > 0.3]
    learner = neuron(features=3)
    learner.weight.data[...] = 0
    learner.bias.data[...] = 0
    mistakes = learner.fit(x, x @ separator > 0, epochs=1000)
    radius = np.sqrt(np.max(np.sum(x**2, axis=1)) + 1)  # the bias is the weight of one more feature, 1
    assert mistakes[-1] == 0
    assert sum(mistakes) <= (radius / 0.3) ** 2


def test_is_sgd_on_the_perceptron_loss():
    learner = neuron()
    w, b = Value(learner.weight.data[0]), Value(learner.bias.data[0])
    optimizer = SGD([w, b], lr=0.3)
    for x, wanted in zip(CORNERS, [0, 1, 1, 1], strict=True):
        optimizer.zero_grad()
        perceptron_loss(x @ w + b, wanted).backward()
        optimizer.step()
    learner.fit(CORNERS, [0, 1, 1, 1], lr=0.3, epochs=1)
    assert learner.weight.data[0].tolist() == w.data.tolist()
    assert learner.bias.data[0] == b.data


@pytest.mark.parametrize(
    ("x", "target", "settings", "message"),
    [
        (CORNERS, [0, 1, 2, 1], {}, r"the targets of a perceptron are 0 and 1; got \[0 1 2\]"),
        (CORNERS, [0, 1, 1], {}, r"fit takes samples \(N, 2\) and targets \(N,\); got \(4, 2\) and \(3,\)"),
        (CORNERS, [0, 1, 1, 1], {"lr": 0}, "fit: lr must be a finite number above 0; got 0"),
        (CORNERS[:, :1], [0, 1, 1, 1], {}, r"Perceptron\(2\) takes 2 features on the last axis; got shape \(1,\)"),
    ],
)
def test_bad_calls(x, target, settings, message):
    learner = neuron()
    before = learner.weight.data.copy()
    with pytest.raises(ValueError, match=message):
        learner.fit(x, target, **settings)
    assert (learner.weight.data == before).all()

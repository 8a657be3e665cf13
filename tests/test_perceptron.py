"""The perceptron rule: gradient descent on the perceptron's loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import SGD, perceptron_loss

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def train(X, targets, w, b, lr=1.0, epochs=100):
    """One point after the other until an epoch passes without a mistake; returns the mistakes, or None."""
    optimizer = SGD([w, b], lr=lr)
    mistakes = 0
    for _ in range(epochs):
        before = mistakes
        for x, target in zip(X, targets, strict=True):
            optimizer.zero_grad()
            loss = perceptron_loss(x @ w + b, target)
            loss.backward()
            mistakes += b.grad != 0
            optimizer.step()
        if mistakes == before:
            return mistakes
    return None


@pytest.mark.parametrize(
    ("z", "target", "error"), [(2.0, 1, 0), (2.0, 0, 1), (-2.0, 0, 0), (-2.0, 1, -1), (0.0, 1, 0), (0.0, 0, 1)]
)
def test_the_gradient_is_the_error(z, target, error):
    v = Value(z)
    loss = perceptron_loss(v, target)
    loss.backward()
    assert v.grad == error
    assert loss.data == abs(error * z)


@given(st.integers(0, 10**6))
def test_a_step_is_the_rule(seed):
    """w is left alone if the answer is right, loses lr x for a false positive, gains it for a false negative."""
    rng = np.random.default_rng(seed)
    x, w, target, lr = rng.normal(size=3), rng.uniform(-0.5, 0.5, 3), int(rng.integers(2)), 0.3
    output = int(x @ w >= 0)
    parameter = Value(w)
    perceptron_loss(x @ parameter, target).backward()
    SGD([parameter], lr=lr).step()
    assert parameter.data == pytest.approx(w - lr * (output - target) * x, rel=1e-14)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_mistakes_are_bounded_by_radius_over_margin_squared(seed):
    """Novikoff, 1962: from zero, at most (R / gamma)**2 mistakes on points that a plane separates."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=3)
    plane /= np.linalg.norm(plane)
    X = rng.normal(size=(30, 3))
    X = X[np.abs(X @ plane) > 0.2]
    targets = (X @ plane > 0).astype(int)
    radius, margin = np.linalg.norm(X, axis=1).max(), np.abs(X @ plane).min()
    w, b = Value(np.zeros(3)), Value(0.0)  # b stands for a fourth input, which is 1
    mistakes = train(X, targets, w, b, epochs=2000)
    assert mistakes is not None
    assert mistakes <= (radius**2 + 1) / margin**2
    assert ((X @ w.data + b.data >= 0) == targets).all()


@pytest.mark.parametrize(("targets", "learned"), [([0, 0, 0, 1], True), ([0, 1, 1, 1], True), ([0, 1, 1, 0], False)])
def test_and_and_or_are_learned_and_xor_never(targets, learned):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        w, b = Value(rng.uniform(-0.5, 0.5, 2)), Value(float(rng.uniform(-0.5, 0.5)))
        assert (train(CORNERS, targets, w, b, lr=0.1) is not None) == learned


def test_a_batch_sums_the_errors():
    z = Value(np.array([1.0, -1.0, 2.0]))
    perceptron_loss(z, [0, 1, 1]).backward()
    assert z.grad.tolist() == [1, -1, 0]


def test_refused():
    with pytest.raises(ValueError, match=r"the targets of a perceptron are 0 and 1; got \[-1  1\]"):
        perceptron_loss(Value(np.zeros(2)), [-1, 1])
    with pytest.raises(ValueError, match=r"z has shape \(3, 1\) and target \(3,\); give one target for each z"):
        perceptron_loss(Value(np.zeros((3, 1))), [0, 1, 1])

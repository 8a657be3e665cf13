"""The slides' formulas for losses, by what follows from them, and what follows where a slide errs."""

import math

import numpy as np
import pytest

from tinygrad_opt import Value, grad, hessian
from tinygrad_opt import functional as F

rng = np.random.default_rng(0)
X, LABELS = rng.normal(size=(20, 2)), (rng.normal(size=20) > 0).astype(float)


# -- hinge -----------------------------------------------------------------------------------------
def test_the_maximum_with_0_is_taken_entry_by_entry():
    """np.max(0, array), as written, takes the array for an axis; np.maximum is meant."""
    prediction, target = np.array([2.0, 0.3, -1.5]), np.array([1.0, 1.0, 1.0])
    with pytest.raises(TypeError):
        np.max(0, 1 - prediction * target)
    expected = np.maximum(0, 1 - prediction * target)
    np.testing.assert_array_equal(F.hinge_loss(prediction, target, reduction="none"), expected)


def test_hinge_is_for_targets_of_both_signs():
    assert F.hinge_loss([0.5], [-1]) == 1.5
    with pytest.raises(ValueError, match="takes targets -1 and 1"):
        F.hinge_loss([0.5], [0])


# -- Huber -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [-3.0, -0.5, 0.5, 3.0])
def test_the_line_of_huber_needs_the_absolute_error(error):
    """delta (error - delta / 2), as written without abs, is negative for an error below 0; the code has abs."""
    delta = 1.0
    code = 0.5 * error**2 if abs(error) <= delta else delta * (abs(error) - 0.5 * delta)
    assert F.huber_loss([error], [0.0]) == code > 0
    if error < -delta:
        assert delta * (error - 0.5 * delta) < 0


# -- squares ---------------------------------------------------------------------------------------
def test_the_example_of_the_mean_squared_error():
    f, y = [30.0, 80.0, 85.0], [90.0, 20.0, 95.0]
    assert F.mse_loss(f, y, reduction="none").tolist() == [3600, 3600, 100]
    assert F.mse_loss(f, y) == pytest.approx((3600 + 3600 + 100) / 3)


def test_the_cost_of_linear_regression_has_a_half_so_that_its_gradient_has_no_2():
    theta, y = np.array([0.5, -1.0]), rng.normal(size=20)
    cost = F.half_mse_loss(X @ theta, y)
    assert cost == pytest.approx(np.sum((X @ theta - y) ** 2) / (2 * len(y)))
    found = grad(lambda theta: F.half_mse_loss(X @ theta, y))(theta)
    np.testing.assert_allclose(found, X.T @ (X @ theta - y) / len(y), rtol=1e-13)


def test_the_squared_error_of_one_sample():
    assert F.mse_loss([3.0], [1.0], reduction="sum") == 4


def test_the_empirical_risk_is_the_mean_of_the_losses():
    p = F.sigmoid(X[:, 0])
    for loss in (F.mse_loss, F.binary_cross_entropy):
        assert loss(p, LABELS) == pytest.approx(np.mean(loss(p, LABELS, reduction="none")))


def test_the_penalty_of_the_weights_adds_lambda_over_m_times_the_weights():
    """+ (lambda / 2m) ||w||^2: per batch of m, where weight decay of PyTorch has lambda / m."""
    w, lam, m = np.array([0.5, -2.0]), 0.3, len(X)
    plain = grad(lambda w: F.half_mse_loss(X @ w, LABELS))(w)
    penalized = grad(lambda w: F.half_mse_loss(X @ w, LABELS) + lam / (2 * m) * np.sum(w**2))(w)
    np.testing.assert_allclose(penalized - plain, lam / m * w, rtol=1e-12)


# -- logistic --------------------------------------------------------------------------------------
def test_log_loss_needs_a_minus_in_front_of_both_terms():
    """As written, y log(f) + (1 - y) log(1 - f) is negative, and larger for better predictions."""
    p = np.array([0.9, 0.2])
    y = np.array([1.0, 0.0])
    written = np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    half_negated = np.mean(-y * np.log(p) + (1 - y) * np.log(1 - p))
    assert F.binary_cross_entropy(p, y) == pytest.approx(-written)
    assert F.binary_cross_entropy(p, y) > 0 > written
    assert half_negated != pytest.approx(-written)
    assert F.binary_cross_entropy(1 - p, y) > F.binary_cross_entropy(p, y)


def curvatures(loss, points):
    """The smallest eigenvalue of the Hessian in w, at each point."""
    return [float(np.linalg.eigvalsh(hessian(loss)(w))[0]) for w in points]


def test_binary_cross_entropy_of_a_logistic_model_is_convex_and_its_squared_error_is_not():
    points = rng.normal(0, 3, (20, 2))
    assert min(curvatures(lambda w: F.binary_cross_entropy_with_logits(X @ w, LABELS), points)) > 0
    assert min(curvatures(lambda w: F.mse_loss(F.sigmoid(X @ w), LABELS), points)) < -1e-3


def test_the_squared_error_of_a_saturated_sigmoid_has_almost_no_gradient():
    z = np.array([-10.0])
    of_square = grad(lambda z: F.mse_loss(F.sigmoid(z), [1.0]))(z)
    of_log = grad(lambda z: F.binary_cross_entropy_with_logits(z, [1.0]))(z)
    assert abs(of_square[0]) < 1e-4
    assert of_log[0] == pytest.approx(-1, abs=1e-4)


# -- softmax ---------------------------------------------------------------------------------------
def test_the_gradient_of_softmax_cross_entropy_is_prediction_less_target():
    x, labels = Value(rng.normal(size=(5, 10))), np.arange(5)
    F.cross_entropy(x, labels).backward()
    np.testing.assert_allclose(x.grad, (F.softmax(x.data) - np.eye(10)[labels]) / 5, rtol=1e-12, atol=1e-17)


def test_a_network_that_knows_nothing_of_ten_digits_has_a_loss_of_log_10():
    assert F.cross_entropy(np.zeros((4, 10)), [3, 1, 4, 1]) == pytest.approx(math.log(10))

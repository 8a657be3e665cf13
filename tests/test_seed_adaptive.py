"""The slides' formulas for adaptive optimizers, by what follows from them, and what follows where a slide errs."""

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import Adadelta, Adagrad, Adam, Optimizer, RMSprop


def positions(optimizer, gradients, start=0.0):
    """Where one number is before, and after each step with the next of these gradients."""
    w = Value(float(start))
    opt = optimizer(w)
    found = [w.data]
    for g in gradients:
        w.grad = float(g)
        opt.step()
        found.append(w.data)
    return np.array(found)


def steps(optimizer, gradients):
    return -np.diff(positions(optimizer, gradients))


def constant(count, g=3.0):
    return np.full(count, g)


SMALL = 1e-7 * np.random.default_rng(2).normal(size=30)
"""Gradients of the size of eps, so that it matters where eps stands."""


# -- Adagrad ---------------------------------------------------------------------------------------


def test_adagrad_takes_steps_of_lr_over_root_t_under_a_constant_gradient():
    t = np.arange(1, 51)
    assert steps(lambda w: Adagrad.seed([w], lr=0.1), constant(50)) == pytest.approx(0.1 / np.sqrt(t), rel=1e-7)


def test_adagrad_with_eps_inside_and_outside_the_root():
    g, eps = 3.0, 0.5
    inside, outside = (
        steps(lambda w, mode=mode: Adagrad([w], lr=0.1, eps=eps, eps_mode=mode), constant(1, g))[0]
        for mode in ("inside", "outside")
    )
    assert inside == pytest.approx(0.1 * g / np.sqrt(g**2 + eps))
    assert outside == pytest.approx(0.1 * g / (g + eps))


def test_adagrad_is_the_loop_that_gives_eps_a_number():
    """grad_squared += dx * dx; x -= learning_rate * dx / (sqrt(grad_squared) + 1e-7), eps outside the root."""
    x, grad_squared, expected = 0.0, 0.0, [0.0]
    for dx in SMALL:
        grad_squared += dx * dx
        x -= 0.1 * dx / (np.sqrt(grad_squared) + 1e-7)
        expected.append(x)
    assert positions(lambda w: Adagrad.seed([w], lr=0.1), SMALL) == pytest.approx(expected, rel=1e-12)


def test_adagrad_sums_the_gradients_up_to_its_own_step():
    """One slide has the gradient of step t + 1 in the sum of step t."""
    assert steps(lambda w: Adagrad.seed([w], lr=1.0), [3.0, 4.0])[1] == pytest.approx(4 / 5)


def test_adagrad_takes_arrays_of_any_shape():
    """The slides' code keeps a sum for vectors only."""
    w = Value(np.zeros((2, 3)))
    w.grad = np.arange(1.0, 7.0).reshape(2, 3)
    Adagrad.seed([w], lr=0.1).step()
    assert w.data == pytest.approx(np.full((2, 3), -0.1), rel=1e-6)


def test_the_rate_of_adagrad_vanishes_but_the_way_it_goes_does_not():
    """Steps become small, as the slides say; their sum, near 2 lr sqrt(t), still grows without limit."""
    way = -positions(lambda w: Adagrad.seed([w], lr=0.1), constant(2500))
    assert way[2500] - way[2499] < 0.1 / 49
    assert way[2500] == pytest.approx(2 * 0.1 * 50, rel=0.02)
    assert way[2500] / way[625] == pytest.approx(2, rel=0.02)


# -- RMSprop ---------------------------------------------------------------------------------------


def test_rmsprop_weighs_the_newest_square_by_one_minus_rho():
    """By 0.05 with the slides' 0.95: no single gradient has a high weight, but recent ones together have."""
    eps, found = 0.01, steps(lambda w: RMSprop([w], lr=1.0, rho=0.95, eps=0.01, eps_mode="inside"), [2.0, 1.0])
    assert found[0] == pytest.approx(2 / np.sqrt(0.05 * 4 + eps))
    assert found[1] == pytest.approx(1 / np.sqrt(0.95 * 0.05 * 4 + 0.05 * 1 + eps))


def test_bias_corrected_rmsprop_takes_steps_of_lr_under_a_constant_gradient():
    for g in (3.0, -0.01):
        found = steps(lambda w: RMSprop([w], lr=0.1, bias_correction=True), constant(20, g))
        assert found == pytest.approx(np.full(20, 0.1 * np.sign(g)), rel=1e-5)


def test_uncorrected_rmsprop_starts_with_steps_of_lr_over_the_root_of_one_minus_rho():
    found = steps(lambda w: RMSprop([w], lr=0.1, rho=0.9), constant(200))
    assert found[0] == pytest.approx(0.1 / np.sqrt(1 - 0.9))
    assert found == pytest.approx(0.1 / np.sqrt(1 - 0.9 ** np.arange(1, 201)), rel=1e-7)
    assert found[-1] == pytest.approx(0.1)


def test_rmsprop_with_eps_outside_the_root():
    found = steps(lambda w: RMSprop([w], lr=0.1, rho=0.9, eps=1e-7), constant(1, 1e-6))
    assert found[0] == pytest.approx(0.1 * 1e-6 / (np.sqrt(0.1) * 1e-6 + 1e-7))


@pytest.mark.parametrize("eps", [1e-8, 1e-7])
def test_rmsprop_is_not_corrected_and_has_eps_outside_the_root(eps):
    """The form of three of the slides; one of them has eps 1e-7 for 1e-8."""
    x, grad_squared, expected = 0.0, 0.0, [0.0]
    for dx in SMALL:
        grad_squared = 0.9 * grad_squared + (1 - 0.9) * dx * dx
        x -= 0.1 * dx / (np.sqrt(grad_squared) + eps)
        expected.append(x)
    changes = {} if eps == 1e-8 else {"eps": eps}
    assert positions(lambda w: RMSprop.seed([w], lr=0.1, rho=0.9, **changes), SMALL) == pytest.approx(
        expected, rel=1e-12
    )


def test_rmsprop_with_eps_inside_the_root_is_not_corrected_either():
    """w_avg = gamma w_avg + (1 - gamma) g**2; w -= eta g / sqrt(w_avg + eps), gamma 0.95."""
    gradients, eps = 1e-4 * np.random.default_rng(3).normal(size=30), 1e-8
    w, w_avg, expected = 0.0, 0.0, [0.0]
    for g in gradients:
        w_avg = 0.95 * w_avg + 0.05 * g * g
        w -= 0.1 * g / np.sqrt(w_avg + eps)
        expected.append(w)
    found = positions(lambda p: RMSprop([p], lr=0.1, rho=0.95, eps=eps, eps_mode="inside"), gradients)
    assert found == pytest.approx(expected, rel=1e-12)


def test_each_parameter_has_a_mean_of_its_own():
    """The slides write v_db = beta v_dw + (1 - beta) db**2, which would mix the weight's mean into the bias'."""
    w, b = Value(0.0, name="w"), Value(0.0, name="b")
    opt = RMSprop([w, b], lr=0.1, rho=0.9)
    for _ in range(2):
        w.grad, b.grad = 100.0, 1.0
        opt.step()
    assert b.data == pytest.approx(w.data, rel=1e-6)


def test_the_second_moment_is_no_second_derivative():
    """dw2 on the slides is the square of the gradient: curvature 4, gradient 3 at the start, and the mean holds 9."""
    w = Value(0.75)
    opt = RMSprop([w], rho=0.5)
    (2 * w * w).backward()
    opt.step()
    assert opt.state_dict()["parameters"][0]["slots"]["v"] == 0.5 * 3.0**2


def test_rmsprop_still_has_a_rate_to_choose():
    """A slide says that the learning rate is no hyperparameter any more; twice the rate, twice the step."""
    one, two = (steps(lambda w, lr=lr: RMSprop([w], lr=lr), [1.0, -2.0, 0.5]) for lr in (0.1, 0.2))
    assert two == pytest.approx(2 * one)


# -- Adadelta --------------------------------------------------------------------------------------


def test_the_first_step_of_adadelta_is_set_by_eps_and_by_where_it_stands():
    rho, eps = 0.95, 1e-6
    inside = steps(lambda w: Adadelta([w], rho=rho, eps=eps), constant(1, 1.0))[0]
    outside = steps(lambda w: Adadelta([w], rho=rho, eps=eps, eps_mode="outside"), constant(1, 1.0))[0]
    assert inside == pytest.approx(np.sqrt(eps) / np.sqrt(1 - rho), rel=1e-4)
    assert outside == pytest.approx(eps / np.sqrt(1 - rho), rel=1e-4)


@pytest.mark.parametrize("mode", ["inside", "outside"])
def test_adadelta_scales_by_the_steps_before_this_one(mode):
    """The slide's index of w_t must be t - 1: its square is not known before the step is."""
    rho, eps, gradients = 0.9, 1e-5, [1.0, -2.0, 0.5, 3.0]
    v = w = 0.0
    expected = []
    for g in gradients:
        v = rho * v + (1 - rho) * g * g
        scale = np.sqrt((w + eps) / (v + eps)) if mode == "inside" else (np.sqrt(w) + eps) / (np.sqrt(v) + eps)
        expected.append(scale * g)
        w = rho * w + (1 - rho) * (scale * g) ** 2
    found = steps(lambda p: Adadelta([p], rho=rho, eps=eps, eps_mode=mode), gradients)
    assert found == pytest.approx(expected, rel=1e-9)


def test_adadelta_is_the_code_with_eps_inside_both_roots():
    """sqr = rho sqr + (1 - rho) g**2; cur_delta = sqrt(delta + 1e-5) / sqrt(sqr + 1e-5) g, and no learning rate."""
    rho, w, sqr, delta, expected = 0.95, 0.0, 0.0, 0.0, [0.0]
    gradients = np.random.default_rng(4).normal(size=30)
    for g in gradients:
        sqr = rho * sqr + (1 - rho) * g * g
        cur_delta = np.sqrt(delta + 1e-5) / np.sqrt(sqr + 1e-5) * g
        delta = rho * delta + (1 - rho) * cur_delta * cur_delta
        w -= cur_delta
        expected.append(w)
    assert positions(lambda p: Adadelta.seed([p], rho=rho), gradients) == pytest.approx(expected, rel=1e-12)


def test_adadelta_needs_no_learning_rate_but_can_have_one():
    """Nothing is given here but the parameters; lr, as Keras has it, multiplies the steps and is not remembered."""
    gradients = np.random.default_rng(5).normal(size=20)
    plain, tenth = steps(lambda w: Adadelta([w]), gradients), steps(lambda w: Adadelta([w], lr=0.1), gradients)
    assert tenth == pytest.approx(plain / 10, rel=1e-9)


def test_adadelta_is_not_rmsprop():
    """The slides call them almost the same; but under a constant gradient Adadelta's steps grow by what they were,
    and RMSprop's fall to lr."""
    adadelta, rmsprop = (steps(lambda w, kind=kind: kind([w], rho=0.9), constant(100)) for kind in (Adadelta, RMSprop))
    assert np.all(np.diff(adadelta) > 0)
    assert np.all(np.diff(rmsprop) < 0)


# -- Adam ------------------------------------------------------------------------------------------


def test_adam_takes_equal_steps_under_a_constant_gradient():
    for g in (3.0, -1e-8):
        found = steps(lambda w, g=g: Adam.seed([w], lr=0.1), constant(10, g))
        assert found == pytest.approx(np.full(10, 0.1 * g / (abs(g) + 1e-8)), rel=1e-6)


@pytest.mark.parametrize("changes", [{}, {"eps": 1e-7}])
def test_adam_is_the_algorithm_of_its_paper(changes):
    """One slide has eps 1e-7."""
    beta1, beta2, eps = 0.9, 0.999, changes.get("eps", 1e-8)
    theta, m, v, expected = 0.0, 0.0, 0.0, [0.0]
    for t, g in enumerate(SMALL, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        theta -= 0.001 * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        expected.append(theta)
    assert positions(lambda w: Adam.seed([w], **changes), SMALL) == pytest.approx(expected, rel=1e-12)


def test_adam_without_the_moment_above_would_not_know_the_direction():
    """One slide divides lr alone by the root; the corrected first moment must stand above."""
    assert steps(lambda w: Adam.seed([w], lr=0.1), [-2.0])[0] == pytest.approx(-0.1)


class SlideAdam(Optimizer):
    """As one slide has it: m, not corrected, above, and eps inside the root."""

    slots = ("m", "v")
    lr: float = 0.1

    @staticmethod
    def rule(h, t, p, g, m, v):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        return p - h.lr * m / np.sqrt(v / (1 - 0.999**t) + 1e-8), m, v


def test_adam_with_m_for_m_hat_starts_ten_times_too_slowly():
    """The corrected form, with eps inside as on that slide, starts with lr."""
    slip = steps(lambda w: SlideAdam([w], lr=0.1), constant(100))
    meant = steps(lambda w: Adam([w], lr=0.1, eps_mode="inside"), constant(100))
    assert slip[0] == pytest.approx((1 - 0.9) * 0.1)
    assert meant[0] == pytest.approx(0.1)
    assert slip[-1] == pytest.approx(meant[-1], rel=1e-4)


def test_almost_adam_starts_three_times_too_fast():
    found = steps(lambda w: Adam([w], lr=0.1, bias_correction=False, eps=1e-7), constant(1))
    assert found[0] == pytest.approx(0.1 * 3.1622777, rel=1e-5)
    assert found[0] == pytest.approx(0.1 * (1 - 0.9) / np.sqrt(1 - 0.999), rel=1e-5)


def test_the_second_moment_is_not_centered():
    """Of a constant gradient the corrected second moment is its square; the variance would be zero."""
    w = Value(0.0)
    opt = Adam([w])
    for _ in range(5):
        w.grad = 3.0
        opt.step()
    v = opt.state_dict()["parameters"][0]["slots"]["v"]
    assert v / (1 - 0.999**5) == pytest.approx(9.0)


def test_moments_start_at_zero_and_the_correction_makes_them_averages():
    """m / (1 - beta1**t) is a mean with weights that add up to 1.  A slide gives RMSprop m and v; it has v alone,
    unless asked."""
    gradients, w = np.random.default_rng(6).normal(size=7), Value(0.0)
    opt = Adam([w])
    for g in gradients:
        w.grad = float(g)
        opt.step()
    slots = opt.state_dict()["parameters"][0]["slots"]
    for name, beta, values in (("m", 0.9, gradients), ("v", 0.999, gradients**2)):
        weights = beta ** np.arange(6, -1, -1.0)
        assert slots[name] / (1 - beta**7) == pytest.approx(np.average(values, weights=weights), rel=1e-9)
    rmsprop = RMSprop.seed([w])
    assert (rmsprop.momentum, rmsprop.centered) == (0.0, False)


def test_adam_counts_its_steps_from_one():
    """The slide's range(1, num_iterations) has t right, and ends one step short of num_iterations."""
    w = Value(0.0)
    opt = Adam([w], lr=0.1)
    w.grad = 1.0
    assert opt.step().step == 1
    assert w.data == pytest.approx(-0.1)


def test_adam_without_momentum_is_bias_corrected_rmsprop():
    gradients = np.random.default_rng(1).normal(size=20)
    one = positions(lambda w: Adam([w], lr=0.01, beta1=0.0, beta2=0.95), gradients)
    other = positions(lambda w: RMSprop([w], lr=0.01, rho=0.95, bias_correction=True), gradients)
    assert one == pytest.approx(other, rel=1e-12)

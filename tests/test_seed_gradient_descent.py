"""The slides' formulas of gradient descent and momentum, by closed forms; where a slide errs, what is right."""

import numpy as np
import pytest

from tinygrad_opt import Value, hessian, hvp
from tinygrad_opt.optim import SGD, Adam, Momentum, Nesterov, Optimizer, minimize
from tinygrad_opt.optim.core.hyper import Rate

RNG = np.random.default_rng(0)
X = np.c_[np.ones(60), RNG.normal(size=(60, 2))]
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=60)


def gradient(f, x):
    w = Value(np.array(x, dtype=float))
    f(w).backward()
    return w.grad


def descend(make, f, x, steps):
    """The path of a number or an array under f."""
    w = Value(x)
    optimizer = make([w])
    found = [np.copy(w.data)]
    for _ in range(steps):
        optimizer.zero_grad()
        f(w).backward()
        optimizer.step()
        found.append(np.copy(w.data))
    return np.array(found)


def on_constant_gradient(make, steps):
    """The steps taken on f(x) = x."""
    return np.diff(descend(make, lambda x: 1.0 * x, 0.0, steps))


# -- gradient descent by all points, by one, by some -------------------------------------------
def test_descent_with_half_the_mean_square_reaches_the_normal_equations():
    """theta -= alpha X'(X theta - y) / m; the slide numbers theta from 1, its loss from 0."""

    def half_mse(theta):
        return np.mean((X @ theta - Y) ** 2) / 2

    theta = descend(lambda ps: SGD(ps, lr=0.5), half_mse, np.zeros(3), 300)[-1]
    assert gradient(half_mse, [1.0, 1.0, 1.0]) == pytest.approx(X.T @ (X @ np.ones(3) - Y) / 60, rel=1e-12)
    assert theta == pytest.approx(np.linalg.lstsq(X, Y)[0], rel=1e-9)


def test_the_mean_square_without_a_half_brings_a_factor_two():
    found = gradient(lambda w: np.mean((Y - X @ w) ** 2), [1.0, 1.0, 1.0])
    assert found == pytest.approx(2 / 60 * X.T @ (X @ np.ones(3) - Y), rel=1e-12)


def test_the_loss_falls_at_every_step_below_two_over_the_curvature():
    largest = np.linalg.eigvalsh(X.T @ X / 60)[-1]
    for share, falls in ((0.3, True), (1.9, True), (2.1, False)):
        walked = descend(lambda ps, s=share: SGD(ps, lr=s / largest), lambda w: np.mean((X @ w - Y) ** 2) / 2,
                         np.zeros(3), 100)  # fmt: skip
        losses = np.mean((walked @ X.T - Y) ** 2, axis=1)
        assert (np.diff(losses) <= 1e-15).all() == falls


def squared_error(w, rows):
    return np.mean((X[rows] @ w - Y[rows]) ** 2)


def test_one_point_has_the_right_gradient_on_average():
    w = np.array([0.3, -0.2, 1.0])
    single = [gradient(lambda v, i=i: squared_error(v, [i]), w) for i in range(60)]
    assert np.mean(single, axis=0) == pytest.approx(gradient(lambda v: squared_error(v, slice(None)), w), rel=1e-12)


def test_the_noise_of_a_batch_falls_with_its_size():
    """Variance in proportion to 1 / B, for batches drawn with replacement."""
    w, rng = np.array([0.3, -0.2, 1.0]), np.random.default_rng(1)
    single = np.array([gradient(lambda v, i=i: squared_error(v, [i]), w) for i in range(60)])

    def variance(size):
        return single[rng.integers(60, size=(20_000, size))].mean(axis=1).var(axis=0).sum()

    assert variance(4) == pytest.approx(variance(1) / 4, rel=0.1)
    assert variance(16) == pytest.approx(variance(1) / 16, rel=0.1)


@pytest.mark.parametrize(("size", "updates"), [(60, 1), (1, 60), (16, 4), (20, 3)])
def test_an_epoch_has_as_many_updates_as_batches(size, updates):
    w = Value(np.zeros(3))
    optimizer = SGD([w])
    for start in range(0, 60, size):
        optimizer.zero_grad()
        squared_error(w, slice(start, start + size)).backward()
        optimizer.step()
    assert optimizer.t == updates


def test_the_five_steps_of_a_mini_batch_loop():
    """Draw a batch, go forward, measure the mismatch, go backward, W -= learning_rate * gradient."""
    rng, order = np.random.default_rng(3), np.random.default_rng(3)
    w, by_hand = Value(np.zeros(3)), np.zeros(3)
    optimizer = SGD.seed([w], lr=0.1)
    losses = []
    for _ in range(100):
        rows = rng.choice(60, size=20, replace=False)
        optimizer.zero_grad()
        prediction = X[rows] @ w
        loss = np.mean((prediction - Y[rows]) ** 2)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        rows = order.choice(60, size=20, replace=False)
        by_hand = by_hand - 0.1 * 2 / 20 * X[rows].T @ (X[rows] @ by_hand - Y[rows])
    assert w.data == pytest.approx(by_hand, rel=1e-10)
    assert np.mean(losses[-10:]) < 0.01 * losses[0]


def test_shuffling_the_inputs_alone_loses_the_pairs():
    """The slide's loop shuffles X and leaves y in its order: one permutation must serve both."""

    def trained(order_of_targets):
        rng, w = np.random.default_rng(0), Value(np.zeros(3))
        optimizer = SGD([w], lr=0.02)
        for _ in range(20):
            order = rng.permutation(60)
            for i, j in zip(order, order_of_targets(order), strict=True):
                optimizer.zero_grad()
                ((X[i] @ w - Y[j]) ** 2).backward()
                optimizer.step()
        return w.data

    best = np.linalg.lstsq(X, Y)[0]
    assert np.linalg.norm(trained(lambda order: order) - best) < 0.1
    assert np.linalg.norm(trained(np.sort) - best) > 1


def test_the_penalty_adds_its_share_of_the_weights():
    """(lambda / 2m) |w|**2 adds (lambda / m) w; the slide swaps the limits of its sums."""
    w, strength, m = np.array([1.0, -2.0, 3.0]), 0.7, 60
    penalized = gradient(lambda v: squared_error(v, slice(None)) + strength / (2 * m) * np.sum(v**2), w)
    assert penalized - gradient(lambda v: squared_error(v, slice(None)), w) == pytest.approx(strength / m * w, rel=1e-9)


# -- momentum ----------------------------------------------------------------------------------
@pytest.mark.parametrize("beta", [0.5, 0.9, 0.98])
def test_an_exponentially_weighted_average_is_a_weighted_sum(beta):
    """v_t = (1 - beta) sum beta**(t-k) g_k, from v_0 = 0; the slide's v_t = beta v_0 + ... is a slip for v_{t-1}."""
    gradients = np.random.default_rng(2).normal(size=25)
    w = Value(0.0)
    optimizer = Momentum.seed([w], lr=1.0, momentum=beta)
    for t, g in enumerate(gradients, 1):
        before, w.grad = w.data, float(g)
        optimizer.step()
        weights = (1 - beta) * beta ** np.arange(t - 1, -1, -1)
        assert before - w.data == pytest.approx(weights @ gradients[:t], rel=1e-9)


def test_plain_descent_and_momentum_are_two_names():
    """W -= lr g is SGD; the average of gradients, 0.9 of it kept, is Momentum."""
    plain, average = SGD.seed([Value(0.0)]), Momentum.seed([Value(0.0)])
    assert plain.formula() == "p[t] = p[t-1] - lr * g[t]"
    assert average.formula().startswith("v[t] = momentum * v[t-1] + (1 - momentum) * g[t]")
    assert average.momentum == 0.9


@pytest.mark.parametrize("beta", [0.9, 0.98, 0.999])
def test_an_average_remembers_about_one_over_one_minus_beta_steps(beta):
    """After so many steps a value counts 1/e of what it did."""
    assert beta ** (1 / (1 - beta)) == pytest.approx(np.exp(-1), rel=0.06)


def test_the_average_starts_too_small():
    """There is no correction for v_0 = 0: with a constant gradient v_t = (1 - beta**t) g."""
    t = np.arange(1, 21)
    assert on_constant_gradient(lambda ps: Momentum.seed(ps, lr=0.1), 20) == pytest.approx(
        -0.1 * (1 - 0.9**t), rel=1e-12
    )


def test_the_average_is_classical_momentum_with_a_smaller_rate():
    average = descend(lambda ps: Momentum.seed(ps, lr=0.3), np.cosh, 1.0, 40)
    classical = descend(lambda ps: Momentum(ps, lr=0.3 * (1 - 0.9)), np.cosh, 1.0, 40)
    assert average == pytest.approx(classical, rel=1e-9)


@pytest.mark.parametrize("rho", [0.9, 0.99])
def test_classical_momentum_sums_rather_than_averages(rho):
    """Both of the slide's forms; what it calls a running mean tends to g / (1 - rho)."""
    t = np.arange(1, 31)
    for form in ("classical", "velocity"):
        steps = on_constant_gradient(lambda ps, f=form: Momentum(ps, lr=0.1, momentum=rho, momentum_form=f), 30)
        assert steps == pytest.approx(-0.1 * (1 - rho**t) / (1 - rho), rel=1e-12)


def double_well(x):
    """Minima near 0.96 and, lower, near -1.04."""
    return (x**2 - 1) ** 2 + 0.3 * x


@pytest.mark.parametrize(("start", "by_momentum"), [(1.8, -1.0356), (1.2, 0.9601)])
def test_a_ball_may_roll_into_the_lower_minimum_or_not(start, by_momentum):
    """Momentum can cross a barrier; "will end up at the global minimum" promises too much."""
    assert descend(lambda ps: SGD(ps, lr=0.01), double_well, start, 500)[-1] == pytest.approx(0.9601, abs=1e-4)
    assert descend(lambda ps: Momentum(ps, lr=0.01), double_well, start, 500)[-1] == pytest.approx(
        by_momentum, abs=1e-4
    )


REGIMES = {"damped": 0.5, "critical": (1 - np.sqrt(0.04)) ** 2, "oscillating": 0.95}


@pytest.mark.parametrize(("regime", "beta"), REGIMES.items())
def test_regimes_of_momentum_on_a_quadratic(regime, beta):
    """(w_{t+1}, w_t) = M (w_t, w_{t-1}): two real eigenvalues, a double one, or a pair of size sqrt(beta)."""
    lr, curvature = 0.1, 0.4
    M = np.array([[1 + beta - lr * curvature, -beta], [1, 0]])
    walked = descend(lambda ps: Momentum(ps, lr=lr, momentum=beta), lambda w: 0.5 * curvature * w * w, 1.0, 150)
    powers = [np.linalg.matrix_power(M, t) @ [1.0, 1.0] for t in range(151)]
    assert walked == pytest.approx(np.array(powers)[:, 0], rel=1e-6, abs=1e-9)
    discriminant = np.trace(M) ** 2 - 4 * np.linalg.det(M)
    assert regime == ("critical" if abs(discriminant) < 1e-12 else "damped" if discriminant > 0 else "oscillating")
    assert ((np.diff(np.sign(walked)) != 0).sum() > 5) == (regime == "oscillating")
    radius = np.abs(np.linalg.eigvals(M)).max()
    if regime == "oscillating":
        assert radius == pytest.approx(np.sqrt(beta), rel=1e-12)
    assert radius >= np.sqrt(REGIMES["critical"]) - 1e-6  # the critical momentum forgets fastest


# -- Nesterov ----------------------------------------------------------------------------------
def test_nesterov_by_change_of_variables():
    """old_v = v; v = rho v - lr dx; x += -rho old_v + (1 + rho) v."""
    rho, lr, x, v = 0.9, 0.05, 1.0, 0.0
    expected = [x]
    for _ in range(30):
        old_v = v
        v = rho * v - lr * np.sinh(x)
        x += -rho * old_v + (1 + rho) * v
        expected.append(x)
    assert descend(lambda ps: Nesterov.seed(ps, lr=lr), np.cosh, 1.0, 30) == pytest.approx(expected, rel=1e-10)


def test_nesterov_is_not_adaptive():
    """A slide lists it with the methods that treat each weight by itself: its step is linear in the gradient."""
    walked = [descend(Nesterov, lambda w, s=s: s * np.sum([1.0, 10.0] * w), np.zeros(2), 5) for s in (1.0, 3.0)]
    assert walked[1] == pytest.approx(3 * walked[0], rel=1e-12)
    assert walked[0][-1, 1] == pytest.approx(10 * walked[0][-1, 0], rel=1e-12)


# -- curvature ---------------------------------------------------------------------------------
def test_the_hessian_can_be_multiplied_by_without_being_computed():
    """The second derivative matrix is costly, as a slide says; its product with v is the change of the gradient along
    v, and Newton-CG needs no more than such products."""

    def f(w):
        return np.sum(np.cosh(w)) + w[0] * w[1] * w[2]

    w, v, h = np.array([0.3, -0.2, 1.0]), np.array([1.0, 2.0, -1.0]), 1e-5
    product = hvp(f, w, v)
    assert product == pytest.approx(hessian(f)(w) @ v, rel=1e-12)
    assert product == pytest.approx((gradient(f, w + h * v) - gradient(f, w - h * v)) / (2 * h), rel=1e-8)
    evaluations = minimize(f, w, "newton-cg").evaluations
    assert evaluations.hvp > 0
    assert evaluations.hessian == 0


# -- what a slide calls rmsprop ----------------------------------------------------------------
class Rmsprop(Optimizer):
    """The pseudo-code of the slide, sign error and all: it squares nothing."""

    slots = ("velocity",)
    lr: Rate = 0.1
    momentum: Rate = 0.1

    @staticmethod
    def rule(h, t, p, g, velocity):
        velocity = velocity * h.momentum + h.lr * g
        return p + h.momentum * velocity - h.lr * g, velocity


@pytest.mark.parametrize(("m", "drift"), [(0.1, -0.8 / 0.9), (0.5, 0.0), (0.9, 8.0)])
def test_the_wrong_rmsprop_slows_down_stands_still_or_climbs(m, drift):
    """On a constant gradient it steps by -lr (1 - 2m + m**(t+1)) / (1 - m), uphill for m > 1/2."""
    t = np.arange(1, 301)
    steps = on_constant_gradient(lambda ps: Rmsprop(ps, lr=1.0, momentum=m), 300)
    assert steps == pytest.approx(-(1 - 2 * m + m ** (t + 1)) / (1 - m), rel=1e-9, abs=1e-12)
    assert steps[-1] == pytest.approx(drift, abs=1e-9)


def test_with_its_sign_put_right_it_is_nesterov():
    """velocity = velocity m - lr g; w += m velocity - lr g, which another slide names rmsprop too."""
    steps = on_constant_gradient(lambda ps: Nesterov(ps, lr=1.0, momentum=0.1, momentum_form="velocity"), 20)
    assert steps == pytest.approx(-(1 - 0.1 ** np.arange(2, 22)) / 0.9, rel=1e-12)


# -- Adam as RMSprop and momentum --------------------------------------------------------------
def test_adam_without_its_first_moment_is_rmsprop_with_correction():
    """s = beta s + (1 - beta) g**2; w -= lr g / (sqrt(s / (1 - beta**t)) + eps)."""
    w, s, lr, beta, eps = 1.0, 0.0, 0.05, 0.9, 1e-3
    expected = [w]
    for t in range(1, 31):
        g = np.sinh(w)
        s = beta * s + (1 - beta) * g * g
        w -= lr * g / (np.sqrt(s / (1 - beta**t)) + eps)
        expected.append(w)
    walked = descend(lambda ps: Adam(ps, lr=lr, beta1=0, beta2=beta, eps=eps), np.cosh, 1.0, 30)
    assert walked == pytest.approx(expected, rel=1e-10)

"""What the optimizers of the gradient descent family do beside walking as other libraries do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import ASGD, SGD, Momentum, Nesterov, Optimizer, PolyakSGD, Rprop, SignSGD, Signum, get
from tinygrad_opt.optim.core.hyper import Rate


def path(make, gradient, x, steps):
    """Where an optimizer goes from x, given the gradient as a function."""
    w = Value(np.array(x, dtype=float))
    optimizer = make([w])
    found = [w.data.copy()]
    for _ in range(steps):
        w.grad = np.asarray(gradient(w.data), dtype=float)
        optimizer.step()
        found.append(w.data.copy())
    return np.array(found)


def constant(g):
    return lambda x: np.full_like(x, g)


# -- SGD ---------------------------------------------------------------------------------------
@given(st.floats(0.1, 1.9), st.lists(st.floats(0.1, 10), min_size=1, max_size=4))
def test_plain_descent_on_a_quadratic_is_a_power(share, curvatures):
    a = np.array(curvatures)
    lr = share / a.max()
    walked = path(lambda ps: SGD(ps, lr=lr), lambda x: a * x, np.ones_like(a), 20)
    assert walked == pytest.approx((1 - lr * a) ** np.arange(21)[:, None], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("share", "converges"), [(1.99, True), (2.01, False)])
def test_descent_converges_for_rates_below_two_over_the_largest_curvature(share, converges):
    rng = np.random.default_rng(0)
    directions, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    H = directions @ np.diag([0.5, 1.0, 2.0, 8.0]) @ directions.T
    walked = path(lambda ps: SGD(ps, lr=share / 8), lambda x: H @ x, rng.normal(size=4), 2000)
    assert (np.linalg.norm(walked[-1]) < 1e-6) == converges
    assert np.linalg.norm(walked[-1]) < 1e-6 or np.linalg.norm(walked[-1]) > 1e6


def test_without_momentum_no_memory_is_computed_or_printed():
    w = Value(np.ones(3))
    optimizer = SGD([w])
    assert optimizer.formula() == "p[t] = p[t-1] - lr * g[t]"
    statements = [line for line in optimizer.source.splitlines() if "out=" in line]
    assert len(statements) == 2
    assert not any("v" in line.split("(")[1].split(", ") for line in statements)


def test_momentum_that_is_switched_on_by_a_schedule():
    """The kernel follows: without momentum at first, with it afterwards."""
    late = path(lambda ps: SGD(ps, lr=1.0, momentum=lambda step: 0.5 * (step >= 2)), constant(1.0), 0.0, 4)
    assert late.tolist() == [0, -1, -2, -3, -4.5]


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_a_constant_gradient_is_summed_or_averaged(momentum):
    t = np.arange(1, 31)
    summed = (1 - momentum**t) / (1 - momentum)
    for form, size in (("classical", summed), ("velocity", summed), ("ewma", 1 - momentum**t)):
        walked = path(lambda ps, form=form: Momentum(ps, lr=0.1, momentum=momentum, momentum_form=form),
                      constant(2.0), 0.0, 30)  # fmt: skip
        assert -np.diff(walked) == pytest.approx(0.1 * 2.0 * size, rel=1e-12)


def test_the_forms_differ_once_the_rate_changes():
    """The classical memory is rescaled with the rate, the velocity keeps the steps that it has made."""

    def falling(step):
        return 0.1 if step < 5 else 0.05

    def end(form):
        return path(lambda ps: Momentum(ps, lr=falling, momentum_form=form), lambda x: x, 1.0, 10)

    classical, velocity = end("classical"), end("velocity")
    assert classical[:6] == pytest.approx(velocity[:6], rel=1e-12)
    assert abs(classical[6] - velocity[6]) > 0.1


def test_dampening_spares_the_first_gradient():
    walked = path(lambda ps: SGD(ps, lr=1.0, momentum=0.5, dampening=0.9), constant(1.0), 0.0, 3)
    v1 = 1.0
    v2 = 0.5 * v1 + 0.1
    v3 = 0.5 * v2 + 0.1
    assert -np.diff(walked) == pytest.approx([v1, v2, v3], rel=1e-14)


def test_an_average_is_not_momentum_with_dampening():
    """dampening = momentum gives the average of the slides but for its first gradient, which counts in full."""
    average = path(lambda ps: Momentum.seed(ps, lr=0.1), lambda x: x, 1.0, 30)
    dampened = path(lambda ps: Momentum(ps, lr=0.1, dampening=0.9), lambda x: x, 1.0, 30)
    assert abs(average - dampened).max() > 0.2


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.99])
def test_nesterov_is_the_look_ahead_seen_from_where_it_looks(rho):
    """v = rho v - lr f'(x + rho v), x = x + v: the points x + rho v are the parameters of the form used here."""
    curvature = np.array([1.0, 7.0])

    def gradient(x):
        return curvature * x + 0.1 * np.cos(x)

    x, v, lr = np.array([1.0, -2.0]), np.zeros(2), 0.05
    ahead = [x]
    for _ in range(40):
        v = rho * v - lr * gradient(x + rho * v)
        x = x + v
        ahead.append(x + rho * v)
    for form in ("classical", "velocity"):
        walked = path(lambda ps, form=form: Nesterov(ps, lr=lr, momentum=rho, momentum_form=form), gradient,
                      [1.0, -2.0], 40)  # fmt: skip
        assert walked == pytest.approx(np.array(ahead), rel=1e-9, abs=1e-12)


def test_momentum_and_nesterov_are_sgd_with_other_defaults():
    for kind, settings in ((Momentum, {"momentum": 0.9}), (Nesterov, {"momentum": 0.9, "nesterov": True})):
        named, plain = get(kind.__name__.lower())([Value(1.0)]), SGD([Value(1.0)], **settings)
        assert named.settings == plain.settings
        assert named.formula() == plain.formula()


REFUSALS = [
    (lambda ps: SGD(ps, momentum_form="heavy"),
     "SGD: momentum_form is 'classical', 'velocity' or 'ewma'; got 'heavy'"),
    (lambda ps: SGD(ps, momentum_form=None), "SGD: momentum_form is 'classical', 'velocity' or 'ewma'; got None"),
    (lambda ps: SGD(ps, momentum=0.9, dampening=0.1, nesterov=True),
     "SGD: dampening=0.1 is for momentum_form='classical' without nesterov"),
    (lambda ps: Momentum(ps, dampening=0.1, momentum_form="ewma"),
     "Momentum: dampening=0.1 is for momentum_form='classical' without nesterov"),
    (lambda ps: SGD(ps, momentum=1.0), "SGD: momentum must be below 1, the share of the old that is kept; got 1"),
    (lambda ps: Rprop(ps, eta_minus=1.1), "Rprop: 0 < eta_minus < 1 < eta_plus must hold; got 1.1 and 1.2"),
    (lambda ps: Rprop(ps, step_min=1.0, step_max=0.5), "Rprop: step_min=1 is above step_max=0.5"),
    (lambda ps: PolyakSGD(ps, variant="SPS"), "PolyakSGD: variant is 'sps' or 'sps+'; got 'SPS'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSALS, ids=[message for _, message in REFUSALS])
def test_refused(make, message):
    with pytest.raises(ValueError, match=r".") as refusal:
        make([Value(1.0)])
    assert str(refusal.value) == message


def test_settings_that_do_not_go_together_are_refused_in_groups_and_later():
    with pytest.raises(ValueError, match=r"dampening=0\.5 is for"):
        SGD([{"params": [Value(1.0)], "dampening": 0.5}], momentum=0.9, nesterov=True)
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(2.0)], "dampening": 0.5}], momentum=0.9)
    with pytest.raises(ValueError, match=r"dampening=0\.5 is for"):
        optimizer.nesterov = True
    assert not optimizer.nesterov
    assert [group.hyper["nesterov"] for group in optimizer.groups] == [False, False]


# -- averages and signs ------------------------------------------------------------------------
def test_asgd_is_its_algorithm():
    """Written out as PyTorch has it, with its rate and weight carried from step to step, in float64."""
    lr, lambd, alpha, t0 = 0.1, 0.3, 0.6, 4

    def gradient(x):
        return 3 * x + np.sin(5 * x)

    w = Value(np.array([1.0, -0.5]))
    optimizer = ASGD([("w", w)], lr=lr, lambd=lambd, alpha=alpha, t0=t0)
    x, ax, eta, mu = w.data.copy(), np.zeros(2), lr, 1.0
    for t in range(1, 31):
        w.grad = gradient(w.data)
        optimizer.step()
        x = x * (1 - lambd * eta) - eta * gradient(x)
        ax = ax + mu * (x - ax)
        eta = lr / (1 + lambd * lr * t) ** alpha
        mu = 1 / max(1, t - t0)
        assert w.data == pytest.approx(x, rel=1e-12)
        assert optimizer.averages()["w"] == pytest.approx(ax, rel=1e-12)


def test_the_average_is_nearer_than_where_noise_throws_the_iterates():
    rng = np.random.default_rng(0)
    w = Value(np.ones(100), name="w")
    optimizer = ASGD([w], lr=0.5, lambd=0, t0=50)
    for _ in range(500):
        w.grad = w.data + rng.normal(size=100)
        optimizer.step()
    (average,) = optimizer.averages().values()
    assert np.std(average) < 0.15 < 0.5 < np.std(w.data)


def test_averages_are_copies_and_begin_as_the_parameters():
    w = Value(np.ones(2), name="w")
    optimizer = ASGD([w])
    optimizer.averages()["w"][:] = 5
    assert optimizer.averages()["w"].tolist() == [1, 1]


def test_a_formula_names_a_result_that_serves_twice():
    first = ASGD([Value(1.0)], lambd=0).formula().splitlines()
    assert first[1:] == [
        "p[t] = (1 - lambd * rate) * p[t-1] - rate * g[t]",
        "ax[t] = p[t]",
        "as long as (t <= t0 + 2)",
    ]


def test_signs_step_by_the_rate_whatever_the_size():
    for kind in (SignSGD, Signum):
        walked = path(lambda ps, kind=kind: kind(ps, lr=0.5), constant(1e-30), [0.0], 4)
        assert walked.ravel().tolist() == [0, -0.5, -1, -1.5, -2]
    assert path(SignSGD, constant(0.0), [1.0], 2).ravel().tolist() == [1, 1, 1]


def test_signum_is_not_turned_by_one_outlier():
    gradients = iter([1.0, 1.0, 1.0, -2.0, 1.0])
    walked = path(lambda ps: Signum(ps, lr=1.0, beta=0.5), lambda x: next(gradients), 0.0, 5)
    assert walked.tolist() == [0, -1, -2, -3, -2, -3]  # the average after the outlier is 0.875 / 2 - 1
    gradients = iter([1.0, 1.0, 1.0, -2.0, 1.0])
    walked = path(lambda ps: Signum(ps, lr=1.0, beta=0.9), lambda x: next(gradients), 0.0, 5)
    assert walked.tolist() == [0, -1, -2, -3, -4, -5]


# -- Rprop -------------------------------------------------------------------------------------
def test_rprop_steps_grow_to_their_bound():
    walked = path(lambda ps: Rprop(ps, lr=1.0, step_max=2.0), constant(3.0), 0.0, 6)
    assert -np.diff(walked) == pytest.approx(np.minimum(1.2 ** np.arange(6), 2.0), rel=1e-14)


def test_rprop_rests_after_a_change_of_sign_and_goes_on_with_half_the_step():
    gradients = iter([1.0, 1.0, -1.0, -1.0, -1.0])
    walked = path(lambda ps: Rprop(ps, lr=1.0), lambda x: next(gradients), 0.0, 5)
    assert np.diff(walked) == pytest.approx([-1, -1.2, 0, 0.6, 0.72], rel=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_rprop_does_not_depend_on_the_scale_of_the_gradient(scale):
    """The product of two gradients of 1e-200 is zero; that of their signs is not."""
    walked = path(lambda ps: Rprop(ps, lr=0.1), lambda x: scale * (x - 0.7), [0.0, 3.0], 60)
    assert (walked == path(lambda ps: Rprop(ps, lr=0.1), lambda x: x - 0.7, [0.0, 3.0], 60)).all()
    assert walked[-1] == pytest.approx([0.7, 0.7], abs=1e-3)


# -- Polyak ------------------------------------------------------------------------------------
def polyak_path(x, steps, f_star=0.0, **settings):
    """On f(x) = |x|**2 / 2 + f_star."""
    w = Value(np.array(x))
    optimizer = PolyakSGD([w], **settings)
    found = [w.data.copy()]
    for _ in range(steps):
        w.grad = w.data.copy()
        optimizer.step(f_star + 0.5 * float(w.data @ w.data))
        found.append(w.data.copy())
    return np.array(found)


def test_polyak_halves_the_distance_on_a_round_bowl():
    assert polyak_path([4.0, -8.0], 3).tolist() == [[4, -8], [2, -4], [1, -2], [0.5, -1]]
    assert polyak_path([4.0, -8.0], 3, f_star=-7.0, f_min=-7.0)[3] == pytest.approx([0.5, -1.0], rel=1e-12)


def test_polyak_step_is_bounded_and_scaled():
    assert polyak_path([4.0], 1, max_lr=0.25)[1] == 3
    assert polyak_path([4.0], 1, lr=0.5)[1] == 3
    assert polyak_path([4.0], 1, eps=16.0)[1] == 3


def test_polyak_with_a_minimum_too_high_rests_or_climbs():
    assert polyak_path([1.0], 2, f_min=1.0).ravel().tolist() == [1, 1, 1]
    assert polyak_path([1.0], 1, f_min=1.0, variant="sps")[1] == 1.5


def test_polyak_at_a_zero_gradient_stays():
    assert polyak_path([0.0], 2, f_star=1.0).ravel().tolist() == [0, 0, 0]


def test_polyak_does_not_hide_a_loss_that_is_nan():
    assert np.isnan(polyak_path([1.0], 1, f_star=float("nan"))[1])


def test_polyak_asks_for_the_loss():
    w = Value(1.0)
    optimizer = PolyakSGD([w])
    w.grad = 1.0
    with pytest.raises(TypeError, match=r"PolyakSGD needs the value of the loss: call step\(loss\)"):
        optimizer.step()
    assert w.data == 1


# -- formulas of rules that branch -------------------------------------------------------------
def test_a_formula_survives_branches_on_hyperparameters():
    """Looking for the step count among the conditions of a rule adds none to them."""

    class Branching(Optimizer):
        lr: Rate = 0.1
        scale: Rate = 2.0

        @staticmethod
        def rule(h, t, p, g):
            if h.scale > 1 and t > 3:
                return p - h.scale * h.lr * g
            return p - h.lr * g

    assert Branching([Value(1.0)]).formula() == "p[t] = p[t-1] - lr * g[t]\nas long as not (t > 3)"

"""Adam's variants and relatives: what their papers say of them, and plain loops where no library is a witness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizers.cases import KEPT, STEPS, furthest, gradients, start, walk
from refusals import refused

from tinygrad_opt import Value
from tinygrad_opt.optim import (
    ADOPT,
    AdaBelief,
    AdaBound,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Adan,
    AdEMAMix,
    AMSGrad,
    Lion,
    NAdam,
    QHAdam,
    RAdam,
    RMSprop,
    Yogi,
)

SHAPES = ((5,), (4, 3), ())


def after(optimizer, gradients_in_turn, start_at=1.0):
    """One number's optimizer after steps with these gradients."""
    w = Value(start_at)
    opt = optimizer(w)
    for g in gradients_in_turn:
        w.grad = float(g)
        opt.step()
    return opt


def slot(opt, name):
    return float(opt.state_dict()["parameters"][0]["slots"][name])


def adan_in_plain_loops(weight, weight_decay, lr=0.01, beta1=0.98, beta2=0.92, beta3=0.99, eps=1e-8):
    """The walk by the authors' order of computation, entry by entry; weight is that of the difference."""
    arrays = start(SHAPES)
    state = [[(0.0, 0.0, 0.0, None)] * w.size for w in arrays]
    found = []
    for t in range(1, STEPS + 1):
        for w, g, entries in zip(arrays, gradients(arrays, t), state, strict=True):
            flat, slopes = w.reshape(-1), g.reshape(-1)
            for i, (m, v, n, before) in enumerate(entries):
                change = 0.0 if before is None else slopes[i] - before
                m = beta1 * m + (1 - beta1) * slopes[i]
                v = beta2 * v + (1 - beta2) * change
                n = beta3 * n + (1 - beta3) * (slopes[i] + weight * change) ** 2
                root = n**0.5 / (1 - beta3**t) ** 0.5 + eps
                flat[i] -= lr / (1 - beta1**t) * m / root + lr * weight / (1 - beta2**t) * v / root
                flat[i] /= 1 + lr * weight_decay
                entries[i] = (m, v, n, slopes[i])
        if t in KEPT:
            found.append([w.copy() for w in arrays])
    return found


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_adan_is_its_authors_and_not_another_of_that_name(weight_decay):
    ours = walk(lambda ps: Adan(ps, lr=0.01, weight_decay=weight_decay), SHAPES)
    assert furthest(ours, adan_in_plain_loops(0.92, weight_decay)) < 1e-12
    other = adan_in_plain_loops(1 - 0.92, weight_decay)
    assert max(float(np.max(np.abs(a - b))) for a, b in zip(ours[-1], other[-1], strict=True)) > 0.03


def test_adamw_shrinks_the_weight_beside_the_step():
    """By lr weight_decay, whatever the gradient's size; through the gradient it would vanish beside a large one."""
    plain, decayed = (after(lambda w, kind=kind: kind([w], lr=0.1), [1e6], 2.0) for kind in (Adam, AdamW))
    assert plain.params[0].data - decayed.params[0].data == pytest.approx(0.1 * 0.01 * 2.0)


def test_the_second_moment_of_amsgrad_never_falls():
    opt = after(lambda w: AMSGrad([w], beta2=0.5), [8.0, *[0.1] * 20])
    assert slot(opt, "v_max") == 0.5 * 64.0
    assert slot(opt, "v") < 0.02


@pytest.mark.parametrize("g", [5.0, -0.01])
def test_adamax_starts_with_a_step_of_lr(g):
    opt = after(lambda w: Adamax([w], lr=0.1, eps=0.0), [g])
    assert 1.0 - opt.params[0].data == pytest.approx(0.1 * np.sign(g))


def test_nadam_without_schedule_starts_further_than_adam_by_what_it_looks_ahead():
    """m_hat is beta1 (1 - beta1) g / (1 - beta1**2) + g, as the moment of the next step would have it."""
    opt = after(lambda w: NAdam.optax([w], lr=0.1, eps=0.0), [3.0])
    assert 1.0 - opt.params[0].data == pytest.approx(0.1 * (0.9 * 0.1 / (1 - 0.81) + 1))


def test_radam_is_momentum_until_the_second_moment_can_be_trusted():
    """With beta2 = 0.999 five steps, in which the size of the gradient counts; then it does not."""
    early, late = ([after(lambda w: RAdam([w]), [g] * steps) for g in (1.0, 100.0)] for steps in (5, 6))
    moved = [[1.0 - opt.params[0].data for opt in pair] for pair in (early, late)]
    assert moved[0] == pytest.approx([5e-3, 0.5])
    last = [after - before for before, after in zip(*moved, strict=True)]
    assert last[0] == pytest.approx(last[1], rel=1e-6)


def test_adabelief_steps_further_the_less_the_gradient_surprises():
    steady, surprising = (after(lambda w: AdaBelief([w]), g) for g in ([1.0] * 40, [1.5, 0.5] * 20))
    assert slot(steady, "m") == pytest.approx(slot(surprising, "m"), rel=0.05)
    assert 1.0 - steady.params[0].data > 1.4 * (1.0 - surprising.params[0].data)


def test_the_second_moment_of_yogi_changes_by_a_share_of_the_squared_gradient():
    opt = after(lambda w: Yogi([w]), [10.0] * 100 + [0.1])
    grown = 100 * 0.001 * 100.0
    assert slot(opt, "v") == pytest.approx(1e-6 + grown - 0.001 * 0.01)
    assert slot(after(lambda w: Adam([w]), [10.0] * 100 + [0.1]), "v") < 0.999 * slot(opt, "v")


def test_ademamix_without_its_slow_mean_is_adam():
    ours, adam = (walk(lambda ps, make=make: make(ps), SHAPES) for make in (lambda ps: AdEMAMix(ps, alpha=0.0), Adam))
    assert furthest(ours, adam) < 1e-14


def test_the_first_call_of_adopt_only_initializes():
    opt = after(lambda w: ADOPT([w]), [3.0])
    assert opt.params[0].data == 1.0
    assert (slot(opt, "m"), slot(opt, "v")) == (0.0, 9.0)


def test_adopt_divides_by_the_moment_before_and_clips():
    clipped, free = (after(lambda w, clip=clip: ADOPT([w], lr=1.0, clip=clip), [3.0, 12.0]) for clip in (True, False))
    assert 1.0 - clipped.params[0].data == pytest.approx(0.1)
    assert 1.0 - free.params[0].data == pytest.approx(0.1 * 12 / 3)


@pytest.mark.parametrize(
    ("nus", "same"),
    [
        ((1.0, 1.0), lambda ps: Adam(ps)),
        ((0.0, 1.0), lambda ps: RMSprop(ps, lr=1e-3, rho=0.999, bias_correction=True)),
        ((0.0, 0.0), lambda ps: Lion(ps, lr=1e-3, beta1=0.0)),
    ],
    ids=["Adam", "RMSprop", "sign"],
)
def test_qhadam_has_others_in_its_corners(nus, same):
    ours = walk(lambda ps: QHAdam(ps, beta1=0.9, nu1=nus[0], nu2=nus[1], eps=1e-8 * nus[1]), SHAPES)
    assert furthest(ours, walk(same, SHAPES)) < 1e-12


def test_qhadam_weighs_the_plain_gradient_by_one_minus_nu():
    opt = after(lambda w: QHAdam([w], lr=1.0, beta1=0.5, beta2=0.5, nu1=0.7, nu2=0.6, eps=0.0), [3.0, 1.0])
    m_hat, v_hat = (0.5 * 1.5 + 0.5) / 0.75, (0.5 * 4.5 + 0.5) / 0.75
    second = (0.7 * m_hat + 0.3) / np.sqrt(0.6 * v_hat + 0.4)
    assert opt.params[0].data == pytest.approx(1.0 - 1.0 - second)


def test_adabound_begins_as_adam_and_ends_as_momentum():
    open_bounds = walk(lambda ps: AdaBound(ps, gamma=1e-12), SHAPES)
    assert furthest(open_bounds, walk(lambda ps: Adam(ps, eps_mode="hat"), SHAPES)) < 1e-9
    opt = after(lambda w: AdaBound([w], beta1=0.5, gamma=1e12, final_lr=0.1), [2.0, 4.0])
    assert 1.0 - opt.params[0].data == pytest.approx(0.1 * (1.0 + 2.5))


@pytest.mark.parametrize(("g", "bound"), [(1e6, 0.1 * (1 - 1 / 1.5)), (1e-6, 0.1 * (1 + 1 / 0.5))])
def test_the_rate_of_adabound_stays_between_its_bounds(g, bound):
    opt = after(lambda w: AdaBound([w], lr=1e-3, gamma=0.5), [g], 0.0)
    assert -opt.params[0].data == pytest.approx(bound * 0.1 * g)


def test_every_step_of_lion_is_lr_long():
    w = Value(np.array([1.0, -2.0, 3.0]))
    opt = Lion([w], lr=0.25)
    for g in ([1e-9, -5.0, 300.0], [-1e-9, 4.0, 1.0]):
        before = w.data.copy()
        w.grad = np.array(g)
        opt.step()
        assert abs(w.data - before) == pytest.approx([0.25] * 3)


def test_lion_decays_beside_the_sign():
    opt = after(lambda w: Lion([w], lr=0.1, weight_decay=0.5), [2.0], 4.0)
    assert opt.params[0].data == pytest.approx(4.0 - 0.1 * (1 + 0.5 * 4.0))


def test_rounding_gives_centered_rmsprop_no_negative_variance():
    """Under a constant gradient the variance goes to zero; where rounding makes it less, its root would be nan."""
    w = Value(np.zeros(100))
    opt = RMSprop([w], rho=0.5, centered=True)
    for _ in range(100):
        w.grad = np.linspace(0.1, 1.0, 100)
        opt.step()
    assert np.all(np.isfinite(w.data))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Adan.torch([Value(1.0)]), "Adan has no preset 'torch'; it has none"),
        (lambda: AdamW.seed([Value(1.0)]), "AdamW has no preset 'seed'; it has torch, keras, optax"),
        (lambda: RAdam.keras([Value(1.0)]), "RAdam has no preset 'keras'; it has torch, optax"),
    ],
)
def test_a_preset_of_a_library_without_the_optimizer_is_refused(call, words):
    assert refused(call, ValueError) == words


@pytest.mark.parametrize("kind", [Adagrad, RMSprop, Adam, AMSGrad, Adamax, NAdam, QHAdam])
@given(exponent=st.integers(-30, 30))
def test_the_unit_of_the_gradient_does_not_matter(kind, exponent):
    """Bit for bit, where eps is 0 and the units differ by a power of two."""
    gradients_in_turn = np.array([1.0, -2.5, 0.3, 4.0])
    opts = [after(lambda w: kind([w], eps=0.0), gradients_in_turn * unit) for unit in (1.0, 2.0**exponent)]
    assert opts[0].params[0].data == opts[1].params[0].data


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: RAdam([Value(1.0)], threshold=3),
            "RAdam: threshold must be at least 4, where r begins to exist; got 3",
        ),
        (lambda: AdaBound([Value(1.0)], gamma=0), "AdaBound: gamma must be above 0; got 0"),
    ],
)
def test_settings_for_which_the_rule_is_not_defined_are_refused(call, words):
    assert refused(call, ValueError) == words


def test_a_preset_can_be_changed():
    assert Adam.keras([Value(1.0)], lr=0.5).settings == {**Adam.keras([Value(1.0)]).settings, "lr": 0.5}

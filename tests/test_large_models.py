"""What holds for the optimizers of large models: scale invariance, memory, orthogonal steps, rates that are found."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import (
    FTRL,
    LAMB,
    LARS,
    MADGRAD,
    SM3,
    Adafactor,
    DoG,
    DoWG,
    Muon,
    NovoGrad,
    Prodigy,
    split_matrices,
)
from tinygrad_opt.optim.rules.muon import orthogonalized

ALL = (FTRL, LAMB, LARS, MADGRAD, SM3, Adafactor, DoG, DoWG, Muon, NovoGrad, Prodigy)
RNG = np.random.default_rng(0)
MATRIX, GRADIENTS = RNG.normal(size=(4, 3)), RNG.normal(size=(6, 4, 3))


def after(kind, gradients, start=MATRIX, **settings):
    """The parameter and the optimizer after steps with these gradients."""
    w = Value(np.array(start), name="w")
    optimizer = kind([w], **settings)
    for g in gradients:
        w.grad = np.array(g)
        optimizer.step()
    return w.data, optimizer


def state(optimizer):
    return optimizer.state_dict()["parameters"][0]


# -- layer by layer ----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [LARS, LAMB, NovoGrad])
@given(power=st.integers(-20, 20))
def test_the_scale_of_the_gradient_does_not_matter(kind, power):
    scale = 2.0**power
    expected, _ = after(kind, GRADIENTS, eps=0.0)
    np.testing.assert_allclose(after(kind, scale * GRADIENTS, eps=0.0)[0], expected, rtol=1e-13)


def test_a_lars_step_is_a_share_of_the_parameter():
    w, _ = after(LARS, GRADIENTS[:1], lr=2.0, trust=0.01)
    assert np.linalg.norm(w - MATRIX) == pytest.approx(0.02 * np.linalg.norm(MATRIX), rel=1e-14)


def test_lars_as_its_paper_has_it():
    """Algorithm 1 of You et al. in plain loops: the norms of gradient and decay are taken apart."""
    w, v = MATRIX.copy(), np.zeros((4, 3))
    for g in GRADIENTS:
        local = 0.01 * np.linalg.norm(w) / (np.linalg.norm(g) + 0.1 * np.linalg.norm(w))
        v = 0.9 * v + 0.5 * local * (g + 0.1 * w)
        w = w - v
    ours, _ = after(LARS, GRADIENTS, lr=0.5, trust=0.01, weight_decay=0.1)
    np.testing.assert_allclose(ours, w, rtol=1e-13)
    joint, _ = after(LARS, GRADIENTS, lr=0.5, trust=0.01, weight_decay=0.1, decay_norm="joint")
    assert np.max(np.abs(joint - w)) > 1e-4


def test_a_lamb_step_has_the_norm_of_the_parameter():
    w, _ = after(LAMB, GRADIENTS[:1], lr=0.1)
    assert np.linalg.norm(w - MATRIX) == pytest.approx(0.1 * np.linalg.norm(MATRIX), rel=1e-14)


@pytest.mark.parametrize(("kind", "length"), [(LAMB, 1.0), (LARS, 2.0)])
def test_a_parameter_of_zeros_takes_plain_steps(kind, length):
    """The ratio is 1: Adam's first step is lr, momentum's lr times the gradient."""
    w, _ = after(kind, [np.full(3, 2.0)], start=np.zeros(3), lr=0.5, eps=0.0)
    assert w.tolist() == [-0.5 * length] * 3


@pytest.mark.parametrize("kind", [LARS, LAMB, NovoGrad])
def test_no_gradient_no_step(kind):
    w, _ = after(kind, np.zeros((3, 4, 3)), weight_decay=0.0)
    assert (w == MATRIX).all()


def test_novograd_keeps_one_number_for_a_tensor():
    _w, optimizer = after(NovoGrad, GRADIENTS[:2], beta2=0.25)
    first, second = (float((g**2).sum()) for g in GRADIENTS[:2])
    assert state(optimizer)["scalars"]["v"] == pytest.approx(0.25 * first + 0.75 * second, rel=1e-14)


def test_biases_may_be_left_out_of_the_ratio():
    w, b = Value(np.full(2, 2.0)), Value(np.full(2, 2.0))
    optimizer = LARS([{"params": [w]}, {"params": [b], "adapt": False, "lr": 0.1}])
    w.grad = b.grad = np.array([3.0, 4.0])
    optimizer.step()
    np.testing.assert_allclose(w.data, 2.0 - 1e-3 * 8**0.5 * np.array([0.6, 0.8]), rtol=1e-14)
    np.testing.assert_allclose(b.data, 2.0 - np.array([0.3, 0.4]), rtol=1e-14)


# -- by rows and columns -----------------------------------------------------------------------
@pytest.mark.parametrize(("shape", "numbers"), [((40, 30), 70), ((30,), 30), ((), 1), ((2, 40, 30), 140), ((1, 5), 6)])
def test_adafactor_keeps_rows_and_columns(shape, numbers):
    _, optimizer = after(Adafactor, [np.ones(shape)], start=np.ones(shape))
    assert sum(array.size for array in state(optimizer)["slots"].values()) == numbers


def test_adafactor_is_exact_for_squares_of_rank_one():
    """Rows times columns is then the table itself, and the first step the sign of the gradient."""
    g = np.outer([1.0, -2.0, 3.0], [0.5, 4.0])
    w, _ = after(Adafactor, [g], start=np.ones((3, 2)), lr=0.1)
    np.testing.assert_allclose(w, 1 - 0.1 * np.sign(g), rtol=1e-13)


def test_adafactor_steps_are_relative_to_the_parameter():
    """At least to eps2, so that zeros can be left; and the rate falls as 1 / sqrt(t)."""
    g = np.ones((3, 2))
    w, _ = after(Adafactor, [g], start=np.zeros((3, 2)), lr=0.5, eps2=0.1)
    np.testing.assert_allclose(w, -0.05, rtol=1e-14)
    w, _ = after(Adafactor, [g], start=np.full((3, 2), 8.0), lr=0.5)
    np.testing.assert_allclose(w, 4.0, rtol=1e-14)
    before, _ = after(Adafactor, [g] * 15, start=g, lr=1.0, eps2=2.0, beta2_decay=0.0)
    w, _ = after(Adafactor, [g] * 16, start=g, lr=1.0, eps2=2.0, beta2_decay=0.0)
    assert abs(w - before).max() == pytest.approx(max(2.0, abs(before).max()) / 16**0.5, rel=1e-12)


def test_adafactor_of_a_small_matrix_need_not_be_factored():
    _, optimizer = after(Adafactor, GRADIENTS[:1], min_size=4)
    assert {name: array.shape for name, array in state(optimizer)["slots"].items()} == {
        "rows": (4, 3),
        "columns": (0,),
    }


@pytest.mark.parametrize(("shape", "numbers"), [((4, 3), 7), ((5,), 5), ((), 1), ((2, 3, 4), 9)])
def test_sm3_covers_every_sum_of_squares(shape, numbers):
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(5, *shape))
    _, optimizer = after(SM3, gradients, start=rng.normal(size=shape))
    cover = state(optimizer)["slots"]["cover"]
    assert cover.size == numbers
    sums, parts = (gradients**2).sum(0), np.split(cover, np.cumsum(shape)[:-1].astype(int))
    for axis, n in enumerate(shape):
        bound = parts[axis].reshape([n if i == axis else 1 for i in range(len(shape))])
        assert (bound >= sums * (1 - 1e-15)).all()
    if not shape:
        assert cover == pytest.approx(sums)


def test_sm3_of_a_vector_is_adagrad():
    gradients = RNG.normal(size=(5, 4))
    w, sums = np.ones(4), np.zeros(4)
    for g in gradients:
        sums += g**2
        w = w - 0.1 * g / np.sqrt(sums + 1e-8)
    np.testing.assert_allclose(after(SM3, gradients, start=np.ones(4), momentum=0.0)[0], w, rtol=1e-13)


# -- orthogonal --------------------------------------------------------------------------------
@given(rows=st.integers(1, 8), columns=st.integers(1, 8), seed=st.integers(0, 99))
def test_singular_values_become_about_one(rows, columns, seed):
    """Those above a hundredth of the Frobenius norm, after five steps; the singular vectors stay."""
    x = np.random.default_rng(seed).normal(size=(rows, columns))
    u, s, v = np.linalg.svd(x, full_matrices=False)
    found = u.T @ orthogonalized(x, 5, 1e-7) @ v.T
    kept = s > 0.01 * np.linalg.norm(s)
    assert ((np.diag(found)[kept] > 0.6) & (np.diag(found)[kept] < 1.25)).all()
    np.testing.assert_allclose(found, np.diag(np.diag(found)), atol=1e-9)


def test_the_transpose_is_orthogonalized_alike():
    x = RNG.normal(size=(5, 3))
    np.testing.assert_allclose(orthogonalized(x, 5, 1e-7).T, orthogonalized(x.T, 5, 1e-7), rtol=1e-12)


@pytest.mark.parametrize(
    ("scale", "factor"), [("in_out", 1.0), ("out_in", 3**0.5), ("rms", 0.2 * 12**0.5), ("none", 1.0)]
)
def test_scale_of_a_tall_matrix(scale, factor):
    g = RNG.normal(size=(12, 4))
    w, _ = after(Muon, [g], start=np.zeros((12, 4)), lr=1.0, eps=0.0, scale=scale)
    np.testing.assert_allclose(w, -factor * orthogonalized(g, 5, 0.0), rtol=1e-12)


def test_muon_refuses_what_is_no_matrix():
    params = {"w": Value(np.zeros((2, 2))), "bias": Value(np.zeros(2)), "gain": Value(1.0)}
    message = (
        "Muon is for matrices; got bias (2,), gain (): give those to AdamW, in an optimizer of its own "
        "(optim.split_matrices sorts parameters)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Muon(params)
    matrices, others = split_matrices(params)
    assert [name for name, _ in matrices] == ["w"]
    assert [name for name, _ in others] == ["bias", "gain"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Muon(p, scale="fan"), "Muon: scale is 'in_out', 'out_in', 'rms' or 'none'; got 'fan'"),
        (lambda p: LARS(p, decay_norm="both"), "LARS: decay_norm is 'apart' or 'joint'; got 'both'"),
        (lambda p: Adafactor(p, eps_mode="in"), "Adafactor: eps_mode is 'added' or 'clamped'; got 'in'"),
        (lambda p: LAMB(p, lr=-1.0), "LAMB: lr must not be negative; got -1"),
        (lambda p: FTRL(p, lr=0.0), "FTRL: lr must be above 0; got 0"),
        (lambda p: Prodigy(p, d0=0), "Prodigy: d0 must be above 0; got 0"),
        (lambda p: Adafactor(p, eps1=0.0), "Adafactor: eps1 must be above 0; got 0"),
        (lambda p: Adafactor(p, clip=0.0), "Adafactor: clip must be above 0; got 0"),
        (lambda p: Muon(p, steps=2.5), "Muon: steps is a whole number, 1 or more; got 2.5"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make([Value(MATRIX.copy())])


# -- sums of gradients -------------------------------------------------------------------------
def test_ftrl_sets_weights_to_zero():
    """A weight is zero exactly as long as its gradients add up to no more than l1."""
    w, _ = after(FTRL, [[0.4, 0.6]], start=np.zeros(2), l1=0.5, lr=1.0, initial_accumulator=0.0)
    assert w[0] == 0.0
    assert w[1] == pytest.approx(-0.1 / 0.6, rel=1e-14)


def test_ftrl_of_entries_without_gradient_is_zero_not_nan():
    w, _ = after(FTRL, [[0.0, 1.0]], start=np.zeros(2), initial_accumulator=0.0)
    assert w[0] == 0.0


def test_the_power_of_ftrl_is_no_condition_on_the_step():
    assert "as long as" not in FTRL([Value(MATRIX.copy())]).formula()


def test_ftrl_forgets_a_share_of_its_start():
    w, _ = after(FTRL, [[0.3, 0.0]], start=np.array([2.0, 2.0]), lr=0.5, initial_accumulator=0.16)
    n = 0.16 + 0.09
    np.testing.assert_allclose(w, [2 * (1 - 0.4 / n**0.5) - 0.5 * 0.3 / n**0.5, 0.0], atol=1e-15)


def test_ftrl_with_a_fixed_rate_is_gradient_descent():
    gradients = RNG.normal(size=(5, 3))
    w, _ = after(FTRL, gradients, start=np.zeros(3), lr=0.1, lr_power=0.0)
    np.testing.assert_allclose(w, -0.1 * gradients.sum(0), rtol=1e-13)


def test_madgrad_with_a_constant_gradient():
    """Without momentum p - p0 = -s / cbrt(v), where both sums are the sum of the weights."""
    weights = 0.1 * np.sqrt(np.arange(1, 5)).sum()
    w, _ = after(MADGRAD, [[2.0]] * 4, start=np.zeros(1), lr=0.1, momentum=0.0, eps=0.0)
    assert w[0] == pytest.approx(-weights * 2 / (4 * weights) ** (1 / 3), rel=1e-13)


def test_madgrad_with_a_rate_of_zero_takes_no_gradient_in():
    w, optimizer = after(MADGRAD, GRADIENTS, lr=0.0)
    assert w.tolist() == MATRIX.tolist()
    assert not optimizer.members[0].slots["s"].any()


def descend(optimizer, w, steps):
    """On f(w) = |w - 3|^2 / 2; returns the losses."""
    losses = []
    for _ in range(steps):
        w.grad = w.data - 3
        losses.append(float(((w.data - 3) ** 2).sum() / 2))
        optimizer.step()
    return losses


@pytest.mark.parametrize("kind", [Prodigy, DoG, DoWG])
def test_a_rate_is_found(kind):
    w = Value(np.zeros(4))
    losses = descend(kind([w]), w, 1000)
    assert losses[-1] < 1e-3 * losses[0]


@pytest.mark.parametrize(("kind", "name"), [(Prodigy, "d"), (DoG, "distance"), (DoWG, "squared")])
def test_the_distance_only_grows(kind, name):
    w = Value(RNG.normal(size=4))
    optimizer, seen = kind([w]), []
    for g in RNG.normal(size=(60, 4)) + 1:
        w.grad = g
        optimizer.step()
        seen.append(state(optimizer)["scalars"][name])
    assert (np.diff(seen) >= 0).all()
    assert seen[-1] > 2 * seen[0]


def test_prodigy_does_not_exceed_the_distance_to_the_solution():
    """d is a lower bound of it, up to the factor that Adam's scaling takes to be 1; here each entry is 3 away."""
    w = Value(np.zeros(4))
    optimizer = Prodigy([w])
    descend(optimizer, w, 500)
    assert 0.1 < state(optimizer)["scalars"]["d"] < 3.0


@pytest.mark.parametrize("kind", [Prodigy, DoG, DoWG])
def test_distances_are_those_of_all_parameters_together(kind):
    start, gradients = RNG.normal(size=6), RNG.normal(size=(10, 6))
    whole, _ = after(kind, gradients, start=start)
    a, b = Value(start[:2].copy()), Value(start[2:].reshape(2, 2).copy())
    optimizer = kind([a, b])
    for g in gradients:
        a.grad, b.grad = g[:2], g[2:].reshape(2, 2)
        optimizer.step()
    np.testing.assert_allclose(np.concatenate([a.data, b.data.ravel()]), whole, rtol=1e-12)


def test_zero_gradients_leave_prodigy_where_it_is():
    w, optimizer = after(Prodigy, np.zeros((3, 4, 3)))
    assert (w == MATRIX).all()
    assert state(optimizer)["scalars"]["d"] == 1e-6


# -- all of them -------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ALL)
def test_kernel_is_rule(kind, dtype):
    gradients, start = GRADIENTS.astype(dtype), MATRIX.astype(dtype)
    by_kernel, _ = after(kind, gradients, start)
    by_rule, _ = after(kind, gradients, start, kernels=False)
    assert by_kernel.dtype == dtype
    assert by_kernel.tobytes() == by_rule.tobytes()


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not Muon])
def test_numbers_are_parameters_too(kind):
    w = Value(2.0)
    optimizer = kind([w])
    for _ in range(3):
        w.grad = 0.5
        optimizer.step()
    assert type(w.data) is float
    assert w.data < 2.0


@pytest.mark.parametrize("kind", ALL)
def test_a_saved_state_continues(kind):
    whole, _ = after(kind, GRADIENTS)
    half, optimizer = after(kind, GRADIENTS[:3])
    w = Value(half.copy(), name="w")
    other = kind([w])
    other.load_state_dict(optimizer.state_dict())
    for g in GRADIENTS[3:]:
        w.grad = g
        other.step()
    assert w.data.tobytes() == whole.tobytes()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("kernels", [True, False])
def test_an_empty_parameter_does_no_harm(kind, kernels):
    empty, w = Value(np.zeros((0, 3))), Value(MATRIX.copy())
    optimizer = kind([empty, w], kernels=kernels)
    for g in GRADIENTS:
        empty.grad, w.grad = np.zeros((0, 3)), g
        optimizer.step()
    np.testing.assert_allclose(w.data, after(kind, GRADIENTS)[0], rtol=1e-13)


def test_sums_are_printed_as_they_are_written():
    formula = NovoGrad([Value(MATRIX.copy())]).formula()
    assert "v[t] = total(g[t] * g[t])\nm[t] = beta1 * m[t-1] + g[t] / (v[t] ** 0.5 + eps)" in formula
    assert "trust = where(p_norm != 0, ratio(p_norm, norm(u)), 1)" in LAMB([Value(MATRIX.copy())]).formula()
    assert "ratio(numerator[t], total(absolute(s[t])), 0)" in Prodigy([Value(MATRIX.copy())]).formula()

"""Transforms: each does what its equation says, in the order given, to the parameters it is meant for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.optim import (
    L1,
    L2,
    Adam,
    AdaptiveClip,
    Centralize,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    DecoupledDecay,
    GradientNoise,
    Optimizer,
    Rate,
    RequireFinite,
    Transform,
)


class Descent(Optimizer):
    lr: Rate = 1.0

    @staticmethod
    def rule(h, t, p, g):
        return p - h.lr * g


def after(gradient, *transforms, start=0.0, **settings):
    """The gradient that reaches the rule: what one step of plain descent subtracts from zeros."""
    w = Value(np.zeros_like(gradient) + start, name="w")
    optimizer = Descent([w], transforms=transforms, **settings)
    w.grad = np.array(gradient)
    optimizer.step()
    return start - w.data


def step(optimizer, gradients):
    for p, g in zip(optimizer.params, gradients, strict=True):
        p.grad = g
    return optimizer.step()


# -- clipping ----------------------------------------------------------------------------------
def test_clip_value_bounds_every_entry():
    assert after(np.array([3.0, -4.0, 0.5]), ClipValue(1.0)).tolist() == [1.0, -1.0, 0.5]


def test_clip_norm_keeps_the_direction():
    assert np.allclose(after(np.array([3.0, 4.0]), ClipNorm(1.0)), [0.6, 0.8], rtol=1e-15)


def test_clip_norm_leaves_a_short_gradient_alone():
    assert after(np.array([0.3, 0.4]), ClipNorm(1.0)).tolist() == [0.3, 0.4]


def test_the_eps_of_torch_makes_a_clipped_gradient_a_little_shorter():
    assert np.linalg.norm(after(np.array([3.0, 4.0]), ClipNorm(1.0, eps=1e-6))) == pytest.approx(5 / (5 + 1e-6), 1e-15)


@pytest.mark.parametrize("clip", [ClipNorm, ClipGlobalNorm])
def test_a_gradient_of_zeros_stays(clip):
    assert after(np.zeros(3), clip(1.0)).tolist() == [0.0, 0.0, 0.0]


def test_clip_norm_measures_each_parameter_by_itself():
    a, b = Value(np.zeros(2)), Value(np.zeros(2))
    step(Descent([a, b], transforms=[ClipNorm(1.0)]), [np.array([3.0, 4.0]), np.array([0.3, 0.4])])
    assert np.allclose(-a.data, [0.6, 0.8])
    assert np.allclose(-b.data, [0.3, 0.4])


def test_the_global_norm_goes_over_groups_dtypes_and_scalars():
    a, b, c = Value(np.zeros(2)), Value(np.zeros(1, np.float32)), Value(0.0)
    groups = [{"params": [a], "lr": 1.0}, {"params": [b, c], "lr": 2.0}]
    step(Descent(groups, transforms=[ClipGlobalNorm(1.0)]), [np.array([2.0, 4.0]), np.float32([5.0]), 2.0])
    norm = 7.0
    assert np.allclose(-a.data, np.array([2.0, 4.0]) / norm, rtol=1e-15)
    assert np.allclose(-b.data, 2 * 5.0 / norm, rtol=1e-6)
    assert c.data == pytest.approx(-2 * 2.0 / norm, rel=1e-15)


def test_the_global_norm_is_of_the_gradients_that_are_there():
    a, b = Value(np.zeros(2)), Value(np.zeros(2))
    optimizer = Descent([a, b], transforms=[ClipGlobalNorm(1.0)])
    step(optimizer, [np.array([3.0, 4.0]), None])
    assert np.allclose(-a.data, [0.6, 0.8])
    assert b.data.tolist() == [0.0, 0.0]


def test_the_global_norm_of_large_float32_gradients_does_not_overflow():
    found = after(np.float32([3e25, 4e25]), ClipGlobalNorm(1.0))
    assert np.allclose(found, [0.6, 0.8], rtol=1e-6)


def test_one_nan_makes_all_gradients_of_the_global_norm_nan():
    a, b = Value(np.zeros(1)), Value(np.zeros(1))
    step(Descent([a, b], transforms=[ClipGlobalNorm(1.0)]), [np.array([np.nan]), np.array([1.0])])
    assert np.isnan(b.data).all()


def test_the_global_norm_is_measured_before_anything_is_changed():
    with pytest.raises(ValueError, match=r"^ClipGlobalNorm\(limit=1.0, eps=0.0\) measures the gradients as backward"):
        Descent([Value(1.0)], transforms=[L2(0.1), ClipGlobalNorm(1.0)])


def test_two_global_norms_may_stand_side_by_side_for_different_parameters():
    a, b = Value(np.zeros(2), name="a"), Value(np.zeros(2), name="b")
    clips = [ClipGlobalNorm(1.0, only=lambda name, p: name == "a"), ClipGlobalNorm(2, only=lambda name, p: name == "b")]
    step(Descent([a, b], transforms=clips), [np.array([3.0, 4.0]), np.array([3.0, 4.0])])
    assert np.allclose(-a.data, [0.6, 0.8])
    assert np.allclose(-b.data, [1.2, 1.6])


def test_adaptive_clip_bounds_each_row_by_its_weights():
    g = np.array([[3.0, 4.0], [0.0, 0.001]])
    found = after(g, AdaptiveClip(0.1), start=np.array([[6.0, 8.0], [6.0, 8.0]]))
    assert np.allclose(found, [[0.6, 0.8], [0.0, 0.001]])


def test_adaptive_clip_needs_eps():
    with pytest.raises(ValueError, match=r"^AdaptiveClip: eps must be above 0; got 0$"):
        AdaptiveClip(0.1, eps=0.0)


def test_a_clip_by_units_shows_its_axis():
    assert repr(AdaptiveClip(0.1)) == "AdaptiveClip(limit=0.1, eps=0.001)"
    assert repr(AdaptiveClip(0.1, axis=(0, 1))) == "AdaptiveClip(limit=0.1, eps=0.001, axis=(0, 1))"


def test_adaptive_clip_lets_zero_weights_leave_zero():
    assert np.allclose(after(np.array([3.0, 4.0]), AdaptiveClip(0.1, eps=0.01)), [0.6e-3, 0.8e-3])


@pytest.mark.parametrize("clip", [ClipValue, ClipNorm, ClipGlobalNorm, AdaptiveClip])
def test_a_limit_of_zero_is_refused(clip):
    with pytest.raises(ValueError, match=f"^{clip.__name__}: limit must be above 0; got 0$"):
        clip(0.0)


def test_an_axis_that_a_parameter_lacks_is_named_at_once():
    with pytest.raises(ValueError, match=r"^AdaptiveClip\(axis=1\) does not fit w of shape \(3,\): say with only="):
        Descent([Value(np.zeros(3), name="w")], transforms=[AdaptiveClip(axis=1)])


def test_a_limit_may_be_a_schedule():
    w = Value(np.zeros(1))
    optimizer = Descent([w], transforms=[ClipValue(lambda step: 1.0 + step)])
    step(optimizer, [np.array([9.0])])
    step(optimizer, [np.array([9.0])])
    assert w.data.tolist() == [-3.0]


# -- penalties and decay -----------------------------------------------------------------------
def test_l1_adds_the_sign():
    assert np.allclose(after(np.zeros(3), L1(0.1), start=np.array([2.0, -3.0, 0.0])), [0.1, -0.1, 0.0])


def test_l2_adds_the_parameter():
    assert np.allclose(after(np.zeros(2), L2(0.1), start=np.array([2.0, -3.0])), [0.2, -0.3])


@given(st.floats(0.001, 0.5), st.floats(0, 0.5), st.floats(-10, 10), st.floats(-10, 10))
def test_l2_is_decoupled_decay_only_where_the_rule_is_linear(lr, strength, start, g):
    def walked(kind, transform):
        w = Value(start)
        step(kind([w], lr=lr, transforms=[transform]), [g])
        return w.data

    assert walked(Descent, L2(strength)) == pytest.approx(walked(Descent, DecoupledDecay(strength)), abs=1e-12)


def test_l2_and_decoupled_decay_differ_for_adam():
    ways = [Value(5.0), Value(5.0)]
    for w, transform in zip(ways, [L2(0.1), DecoupledDecay(0.1)], strict=True):
        step(Adam([w], lr=0.1, transforms=[transform]), [1e-3])
    assert ways[0].data == pytest.approx(5.0 - 0.1)
    assert ways[1].data == pytest.approx(5.0 - 0.1 - 0.1 * 0.1 * 5.0, rel=1e-6)


def test_decoupled_decay_needs_a_learning_rate():
    class Fixed(Optimizer):
        @staticmethod
        def rule(h, t, p, g):
            return p - g

    with pytest.raises(TypeError, match=r"^DecoupledDecay shrinks by lr \* strength, and this optimizer has no lr"):
        Fixed([Value(1.0)], transforms=[DecoupledDecay(0.1)])


def test_transforms_run_in_the_order_given():
    clipped_last = after(np.array([5.0]), L2(1.0), ClipValue(2.0), start=np.array([3.0]))
    clipped_first = after(np.array([5.0]), ClipValue(2.0), L2(1.0), start=np.array([3.0]))
    assert (clipped_last.tolist(), clipped_first.tolist()) == ([2.0], [5.0])


# -- shape -------------------------------------------------------------------------------------
def test_centralize_takes_the_mean_from_every_row():
    assert after(np.array([[1.0, 3.0], [5.0, 5.0]]), Centralize()).tolist() == [[-1.0, 1.0], [0.0, 0.0]]


def test_centralize_takes_one_mean_for_each_filter():
    g = np.arange(2.0 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    assert np.allclose(after(g, Centralize()), g - g.reshape(2, -1).mean(axis=1).reshape(2, 1, 1, 1))


def test_centralize_leaves_vectors_alone():
    assert after(np.array([1.0, 3.0]), Centralize()).tolist() == [1.0, 3.0]


# -- noise -------------------------------------------------------------------------------------
def test_the_variance_of_the_noise_falls_as_the_paper_says():
    w = Value(np.zeros(100_000))
    optimizer = Descent([w], transforms=[GradientNoise(0.5, 0.55, rng=np.random.default_rng(0))])
    for t in (1, 2, 3):
        before = w.data.copy()
        step(optimizer, [np.zeros(100_000)])
        assert np.var(w.data - before) == pytest.approx(0.5 / t**0.55, rel=0.02)


def test_noise_differs_between_parameters_and_steps():
    a, b = Value(np.zeros(3)), Value(np.zeros(3))
    optimizer = Descent([a, b], transforms=[GradientNoise(rng=np.random.default_rng(0))])
    step(optimizer, [np.zeros(3), np.zeros(3)])
    first = a.data.copy()
    step(optimizer, [np.zeros(3), np.zeros(3)])
    assert len({*a.data, *b.data, *first}) == 9


def test_a_run_continues_with_the_same_noise():
    def made(seed):
        w = Value(np.ones(3))
        return w, Adam([w], transforms=[GradientNoise(rng=np.random.default_rng(seed))])

    (a, one), (b, other) = made(0), made(1)
    step(one, [np.ones(3)])
    b.data[...] = a.data
    other.load_state_dict(one.state_dict())
    for optimizer in (one, other):
        step(optimizer, [np.ones(3)])
    assert a.data.tolist() == b.data.tolist()


def test_reading_the_formula_draws_no_noise():
    rng = np.random.default_rng(0)
    optimizer = Descent([Value(np.zeros(2))], transforms=[GradientNoise(rng=rng)])
    before = rng.bit_generator.state
    assert optimizer.formula().startswith("g' = g[t] + (gradient_noise_eta / t ** gradient_noise_gamma) ** 0.5 * noise")
    assert rng.bit_generator.state == before


def test_the_noise_of_float32_is_float32():
    assert GradientNoise(rng=np.random.default_rng(0)).drawn(np.zeros(3, np.float32)).dtype == np.float32


def test_noise_needs_a_generator():
    with pytest.raises(TypeError, match=r"^GradientNoise: rng is a numpy Generator, such as .*; got 0$"):
        GradientNoise(rng=0)


def test_the_state_of_another_kind_of_generator_is_refused_before_anything_changes():
    w = Value(np.ones(3))
    optimizer = Descent([w], transforms=[GradientNoise(rng=np.random.default_rng(0))])
    other = Descent([w], transforms=[GradientNoise(rng=np.random.Generator(np.random.MT19937(0)))])
    step(other, [np.ones(3)])
    with pytest.raises(ValueError, match=r"^GradientNoise: the state is of a MT19937 generator; rng here is PCG64$"):
        optimizer.load_state_dict(other.state_dict())
    assert optimizer.t == 0


# -- finite ------------------------------------------------------------------------------------
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_named_before_anything_changes(bad):
    a, b = Value(np.ones(2), name="a"), Value(np.ones((2, 2)), name="b")
    optimizer = Adam([a, b], transforms=[RequireFinite()])
    with pytest.raises(ValueError, match=rf"^the gradient of b is {bad} at \[1, 0\] \(1 of 4 entries are not finite\)"):
        step(optimizer, [np.ones(2), np.array([[1.0, 1.0], [bad, 1.0]])])
    assert (optimizer.t, a.data.tolist(), b.data.tolist()) == (0, [1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]])


def test_require_finite_leaves_no_trace_in_the_formula():
    plain, watched = (Descent([Value(1.0)], transforms=ts) for ts in ([], [RequireFinite()]))
    assert plain.formula() == watched.formula()


# -- masks -------------------------------------------------------------------------------------
def is_matrix(name, p):
    return p.ndim > 1


MASKED = [
    ClipValue(0.1, only=is_matrix),
    ClipNorm(0.1, only=is_matrix),
    ClipGlobalNorm(0.1, only=is_matrix),
    AdaptiveClip(0.1, only=is_matrix),
    L1(0.5, only=is_matrix),
    L2(0.5, only=is_matrix),
    DecoupledDecay(0.5, only=is_matrix),
    Centralize(only=is_matrix),
]


@pytest.mark.parametrize("transform", MASKED, ids=repr)
def test_a_mask_leaves_the_other_parameters_as_they_would_be_without(transform):
    found = {}
    for name, transforms in {"plain": [], "masked": [transform]}.items():
        params = [Value(np.ones((2, 2)), name="w"), Value(np.ones(3), name="b")]
        step(Descent(params, lr=0.1, transforms=transforms), [np.array([[1.0, 2.0], [3.0, 5.0]]), np.full(3, 2.0)])
        found[name] = [p.data.tolist() for p in params]
    assert found["plain"][0] != found["masked"][0]
    assert found["plain"][1] == found["masked"][1]


def test_a_mask_makes_a_kernel_for_each_subset():
    params = [Value(np.ones((2, 2)), name="w"), Value(np.ones(3), name="b")]
    optimizer = Descent(params, transforms=[L2(0.5, only=is_matrix)])
    assert [[m.name for m in lane.members] for lane in optimizer.lanes] == [["w"], ["b"]]
    assert optimizer.source.count("def update(") == 2
    assert optimizer.source.count("l2_strength") > 0


def test_require_finite_looks_only_where_it_is_told_to():
    params = [Value(np.ones((2, 2)), name="w"), Value(np.ones(3), name="b")]
    optimizer = Descent(params, transforms=[RequireFinite(only=is_matrix)])
    assert step(optimizer, [np.ones((2, 2)), np.full(3, np.nan)]).updated == 2


# -- all of them -------------------------------------------------------------------------------
CHAINS = [
    [ClipGlobalNorm(0.5), L2(0.1), DecoupledDecay(0.01)],
    [ClipValue(0.3), L1(0.1)],
    [ClipNorm(0.4, eps=1e-6), L2(0.1)],
    [L2(0.1), ClipNorm(0.4), ClipNorm(0.3)],
    [RequireFinite(), AdaptiveClip(0.1), Centralize()],
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("chain", CHAINS, ids=repr)
def test_kernel_and_rule_agree_to_the_last_bit(chain, dtype):
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape).astype(dtype) for shape in ((5,), (4, 3), (40_000,))]
    walks = []
    for kernels in (True, False):
        rng = np.random.default_rng(1)
        params = [Value(w.copy()) for w in starts] + [Value(0.5)]
        optimizer = Adam(params, transforms=chain, kernels=kernels)
        for t in range(4):
            size = 3.0 if t % 2 else 0.01  # clipped in some steps only
            gradients = [size * rng.normal(size=p.shape).astype(dtype) for p in params[:3]]
            step(optimizer, [*gradients, size])
        walks.append([np.array(p.data) for p in params])
    for one, other in zip(*walks, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


def test_two_changes_of_the_gradient_have_names_of_their_own():
    optimizer = Descent([Value(1.0)], transforms=[L1(0.1), L2(0.2)])
    assert optimizer.formula().splitlines() == [
        "g' = g[t] + l1_strength * sign(p[t-1])",
        "g'' = g' + l2_strength * p[t-1]",
        "p[t] = p[t-1] - lr * g''",
    ]


def test_the_global_norm_is_part_of_the_story():
    w = Value(np.zeros(2), name="w")
    optimizer = Descent([w], transforms=[ClipGlobalNorm(1.0)])
    step(optimizer, [np.array([3.0, 4.0])])
    assert "3 * (1 / where(5 <= 1, 1, 5)) = 0.6" in str(optimizer.explain("w"))


def test_a_transform_without_a_rule_says_so():
    class Half(Transform):
        pass

    with pytest.raises(NotImplementedError, match=r"^Half defines rule\(h, t, p, g\)$"):
        Descent([Value(1.0)], transforms=[Half()])

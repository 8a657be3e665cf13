"""Normalization layers: their statistics and modes, laws, weights made of length and direction, and what is refused."""

import copy
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_normalization import CASES as KERAS
from keras_normalization import TOLERANCE, run_ours

from tinygrad_opt import Value, draw, explain, gradcheck, nn, no_grad
from tinygrad_opt import functional as F

rng = np.random.default_rng(0)
BATCH = np.array([[1.0], [2.0], [4.0]])


def standardized(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


# -- as other libraries have it ----------------------------------------------------------------
@pytest.mark.parametrize("name", KERAS)
def test_the_same_as_keras(name):
    recorded = json.loads((Path(__file__).parent / "goldens" / "keras_normalization.json").read_text("utf-8"))["runs"]
    found = run_ours(KERAS[name])
    assert found.keys() == recorded[name].keys()
    for part, a in found.items():
        np.testing.assert_allclose(a, recorded[name][part], rtol=TOLERANCE, atol=TOLERANCE, err_msg=part)


@pytest.mark.parametrize("shape", [(6, 4, 5), (3, 4, 2, 5)])
def test_channels_last_are_channels_first_moved(shape):
    x = rng.normal(size=shape)
    last = np.moveaxis(x, 1, -1)
    kind = nn.BatchNorm1d if len(shape) == 3 else nn.BatchNorm2d
    first, moved = kind(4), kind(4, axis=-1)
    np.testing.assert_allclose(np.moveaxis(moved(last).data, -1, 1), first(x).data, atol=1e-14)
    np.testing.assert_allclose(moved.running_var, first.running_var, rtol=1e-14)
    np.testing.assert_allclose(np.moveaxis(moved.eval()(last).data, -1, 1), first.eval()(x).data, atol=1e-14)
    grouped = nn.GroupNorm(2, 4)(x).data
    np.testing.assert_allclose(np.moveaxis(nn.GroupNorm(2, 4, axis=-1)(last).data, -1, 1), grouped, atol=1e-14)


# -- running statistics ------------------------------------------------------------------------
def test_the_arrays_of_the_statistics_stay_and_are_written_to():
    layer = nn.BatchNorm1d(1)
    held = dict(layer.named_buffers())
    layer(BATCH)
    layer(BATCH)
    assert all(held[name] is b for name, b in layer.named_buffers())
    assert held["num_batches_tracked"] == 2
    assert held["num_batches_tracked"].dtype == np.int64
    assert held["num_batches_tracked"].shape == ()
    np.testing.assert_allclose(held["running_mean"], (1 - 0.9**2) * 7 / 3)


def test_evaluation_and_a_checker_leave_them_as_they_were():
    layer = nn.BatchNorm1d(3)
    layer(rng.normal(size=(5, 3)))
    before = layer.state_dict()
    with layer.eval():
        layer(rng.normal(size=(5, 3)))
    assert gradcheck(lambda x: np.tanh(layer(x)), rng.normal(size=(5, 3)))
    assert layer.training
    for name, a in layer.state_dict().items():
        np.testing.assert_array_equal(a, before[name], err_msg=name)


def test_they_follow_under_no_grad_and_where_the_parameters_are_frozen():
    layer = nn.BatchNorm1d(1)
    with no_grad():
        layer(BATCH)
    np.testing.assert_allclose(layer.running_mean, 0.7 / 3)
    layer.requires_grad_(False)
    layer(Value(BATCH)).sum().backward()
    assert layer.weight.grad is None
    assert layer.num_batches_tracked == 2


def test_without_momentum_they_are_averages_and_so_the_papers_estimate():
    """Algorithm 2, step 10: E[x] = E of the batch means, Var[x] = m/(m - 1) E of the batch variances."""
    layer = nn.BatchNorm1d(2, momentum=None)
    batches = rng.normal(3.0, 2.0, (4, 6, 2))
    for x in batches:
        layer(x)
    np.testing.assert_allclose(layer.running_mean, batches.mean((0, 1)))
    np.testing.assert_allclose(layer.running_var, 6 / 5 * batches.var(axis=1).mean(0))


def test_without_statistics_evaluation_takes_those_of_the_batch():
    layer = nn.BatchNorm1d(3, track_running_stats=False)
    x = rng.normal(size=(5, 3))
    assert layer.running_mean is layer.running_var is layer.num_batches_tracked is None
    np.testing.assert_array_equal(layer.eval()(x).data, layer.train()(x).data)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_a_refused_batch_leaves_no_trace():
    layer = nn.BatchNorm1d(3)
    for x in (np.ones((1, 3)), np.ones((0, 3)), np.ones((5, 4))):
        with pytest.raises(ValueError, match="BatchNorm1d"):
            layer(x)
    assert layer.num_batches_tracked == 0
    np.testing.assert_array_equal(layer.running_mean, 0.0)


def test_one_sample_is_enough_in_evaluation_and_for_an_image():
    assert nn.BatchNorm1d(3).eval()(np.ones((1, 3))).shape == (1, 3)
    assert nn.BatchNorm2d(3)(rng.normal(size=(1, 3, 2, 2))).shape == (1, 3, 2, 2)


# -- laws --------------------------------------------------------------------------------------
@given(st.integers(0, 2**32 - 1), st.sampled_from([(3, 4), (2, 4, 3), (2, 4, 2, 2)]))
def test_groups_of_one_channel_are_instances_and_one_group_is_a_layer(seed, shape):
    x = np.random.default_rng(seed).normal(1.0, 2.0, shape)
    np.testing.assert_allclose(F.group_norm(x, 1), F.layer_norm(x, shape[1:]), atol=1e-12)
    if len(shape) > 2:
        np.testing.assert_allclose(F.group_norm(x, 4), F.instance_norm(x), atol=1e-12)
        np.testing.assert_allclose(F.instance_norm(x), standardized(x, tuple(range(2, x.ndim))), atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_a_sample_alone_is_what_it_is_in_a_batch_but_not_for_batch_norm(seed, n):
    x = np.random.default_rng(seed).normal(size=(n, 4, 3))
    for layer in (nn.LayerNorm((4, 3)), nn.RMSNorm(3), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)):
        np.testing.assert_allclose(layer(Value(x[:1])).data, layer(Value(x)).data[:1], atol=1e-12)
    assert not np.allclose(nn.BatchNorm1d(4)(x[:1]).data, nn.BatchNorm1d(4)(x)[:1].data, atol=1e-3)


@pytest.mark.parametrize("make", [lambda: nn.BatchNorm1d(1), lambda: nn.LayerNorm(10_000)])
def test_the_variance_is_taken_in_two_passes(make):
    """Of N(10000, 1) in float32 mean(x**2) - mean(x)**2 leaves no digit: the squares end at steps of 8."""
    x = np.random.default_rng(0).normal(1e4, 1, (10_000, 1)).astype(np.float32)
    layer = make().astype(np.float32)
    y = layer(x if isinstance(layer, nn.BatchNorm1d) else x.T).data.astype(float)
    exact = x.astype(float).var()
    assert y.var() == pytest.approx(1.0, rel=1e-3)
    if isinstance(layer, nn.BatchNorm1d):
        assert (layer.running_var[0] - 0.9) / 0.1 == pytest.approx(exact, rel=1e-3)
    assert abs(np.mean(x**2) - np.mean(x) ** 2 - exact) > 1


def test_data_are_taken_in_the_dtype_of_the_layer():
    x = [[1, 2], [3, 5]]
    assert nn.BatchNorm1d(2, dtype=np.float32)(x).dtype == np.float32
    assert nn.BatchNorm1d(2, affine=False, dtype=np.float32)(x).dtype == np.float32
    assert nn.LayerNorm(2, elementwise_affine=False)(np.float32(x)).dtype == np.float32
    assert nn.LayerNorm(2, elementwise_affine=False)(x).dtype == np.float64


# -- weights of length and direction -----------------------------------------------------------
class Filters(nn.Module):
    """A weight of four axes, as that of a convolution."""

    def __init__(self):
        self.weight = Value(np.random.default_rng(3).normal(1.0, 1.0, (3, 2, 2, 2)))

    def forward(self, x):
        return np.einsum("oihw,ihw->o", self.weight, x)


def a_linear():
    return nn.Linear(4, 3, rng=np.random.default_rng(1))


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_starts_from_the_same_function(dim):
    x = rng.normal(size=(5, 4))
    before = a_linear()(x).data
    np.testing.assert_allclose(nn.weight_norm(a_linear(), dim=dim)(x).data, before, rtol=1e-13)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize(("make", "shape"), [(a_linear, (5, 4)), (Filters, (2, 2, 2))])
def test_the_gradient_of_the_direction_is_perpendicular_to_it(make, shape, centered):
    layer = nn.weight_norm(make(), centered=centered)
    np.sum(np.tanh(layer(rng.normal(size=shape)))).backward()
    v, dv = (a.reshape(len(a), -1) for a in (layer.weight_v.data, layer.weight_v.grad))
    assert np.abs(dv).max() > 0.01
    np.testing.assert_allclose(np.sum(v * dv, axis=1), 0.0, atol=1e-14)
    if centered:
        np.testing.assert_allclose(np.sum(dv, axis=1), 0.0, atol=1e-14)


@given(st.integers(0, 2**32 - 1))
def test_centered_weights_sum_to_0_and_have_length_g(seed):
    layer = nn.weight_norm(Filters(), centered=True)
    numbers = np.random.default_rng(seed)
    layer.load_state_dict(
        {"weight_g": numbers.uniform(0.5, 2, (3, 1, 1, 1)), "weight_v": numbers.normal(5, 1, (3, 2, 2, 2))}
    )
    layer(np.ones((2, 2, 2)))
    rows = layer.weight.data.reshape(3, -1)
    np.testing.assert_allclose(rows.sum(1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), layer.weight_g.data.ravel())


def test_a_centered_weight_starts_as_the_weight_without_its_mean():
    w = a_linear().weight.data
    np.testing.assert_allclose(nn.weight_norm(a_linear(), centered=True).weight.data, w - w.mean(1, keepdims=True))


@pytest.mark.parametrize("order", [1, 2])
def test_centered_weight_norm_passes_the_checker(order):
    layer = nn.weight_norm(a_linear(), centered=True)
    assert gradcheck(lambda x, *_: np.tanh(layer(x)), rng.normal(size=(2, 4)), layer, order=order)


def test_an_optimizer_step_on_the_parts_changes_the_weight():
    layer = nn.weight_norm(a_linear())
    x = rng.normal(size=(5, 4))
    before = layer(x).data
    layer.weight_g.data *= 2
    np.testing.assert_allclose(layer(x).data, 2 * before)


def test_remove_weight_norm_makes_the_weight_a_parameter_again():
    layer = nn.weight_norm(a_linear())
    layer.weight_g.data *= 2
    x = rng.normal(size=(5, 4))
    before = layer(x).data
    assert nn.remove_weight_norm(layer) is layer
    np.testing.assert_array_equal(layer(x).data, before)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    assert nn.weight_norm(layer) is layer


def test_a_frozen_weight_stays_frozen():
    layer = a_linear().requires_grad_(False)
    nn.weight_norm(layer)
    assert not any(p.requires_grad for p in layer.parameters())
    assert not nn.remove_weight_norm(layer).weight.requires_grad


def test_weight_norm_is_explained_and_drawn_from_its_parts():
    model = nn.Sequential(nn.weight_norm(a_linear()))
    loss = np.sum(model(np.ones((1, 4))))
    text = str(explain(loss))
    assert "v1 = square(0.weight_v)" in text
    assert "0.weight = 0.weight_g * v4" in text
    drawn = draw(loss).source
    assert all(name in drawn for name in ("0.weight_g", "0.weight_v", "0.weight"))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_computes_its_weight_from_its_own_parts(copied):
    layer = nn.weight_norm(a_linear())
    x = rng.normal(size=(2, 4))
    before = layer(x).data
    other = copied(layer)
    other.weight_g.data *= 2
    np.testing.assert_allclose(other(x).data, 2 * before)
    np.testing.assert_array_equal(layer(x).data, before)


def test_a_layer_shows_how_it_differs_from_the_defaults():
    shown = {
        "BatchNorm1d(4)": nn.BatchNorm1d(4),
        "BatchNorm1d(4, eps=0.001, momentum=0.01, axis=-1, unbiased=False)": nn.BatchNorm1d.keras(4),
        "LayerNorm((3,))": nn.LayerNorm(3),
        "GroupNorm(2, 4, eps=0.001, axis=-1)": nn.GroupNorm.keras(2, 4),
        "InstanceNorm2d(3, affine=True)": nn.InstanceNorm2d(3, affine=True),
    }
    assert [repr(layer) for layer in shown.values()] == list(shown)


# -- what is refused ---------------------------------------------------------------------------
ALONE = (
    "a single x equals its mean, so x - mean = 0, the output is the bias for every input, "
    "and the gradient with respect to x is 0"
)
REFUSALS = {
    "a batch of one": (
        lambda: nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))(np.ones((1, 2))),
        "BatchNorm1d(4) at 1 in training needs more than one value a channel; got 1 in shape (1, 4): "
        f"{ALONE}. It is usually the last batch, what the others left over: leave it out, take another batch size, "
        "LayerNorm or GroupNorm, or eval()"),
    "a batch of one without statistics": (
        lambda: nn.BatchNorm2d(2, track_running_stats=False).eval()(np.ones((1, 2, 1, 1))),
        "BatchNorm2d(2, track_running_stats=False), without running statistics, needs more than one value a channel; "
        f"got 1 in shape (1, 2, 1, 1): {ALONE}"),
    "a channel of one value": (
        lambda: nn.InstanceNorm1d(4)(np.ones((2, 4, 1))),
        f"InstanceNorm1d(4) needs more than one value a channel of a sample; got 1 in shape (2, 4, 1): {ALONE}"),
    "a group of one value": (
        lambda: nn.GroupNorm(4, 4)(np.ones((2, 4))),
        f"GroupNorm(4, 4) needs more than one value in each group of a sample; got 1 in shape (2, 4): {ALONE}"),
    "a layer of one value": (
        lambda: nn.LayerNorm(1), f"LayerNorm needs more than one value a sample; got 1 in shape (1,): {ALONE}"),
    "other channels": (
        lambda: nn.Sequential(nn.BatchNorm1d(4))(np.ones((5, 3))),
        "BatchNorm1d(4) at 0 takes 4 channels on axis 1; got 3 in shape (5, 3)"),
    "channels that come last": (
        lambda: nn.BatchNorm1d(4)(np.ones((5, 6, 4))),
        "BatchNorm1d(4) takes 4 channels on axis 1; got 6 in shape (5, 6, 4): "
        "are the channels on axis 2? Then say axis=2"),
    "other channels of instances": (
        lambda: nn.InstanceNorm1d(4)(np.ones((2, 3, 4))),
        "InstanceNorm1d(4) takes 4 channels on axis 1; got 3 in shape (2, 3, 4)"),
    "images for BatchNorm1d": (
        lambda: nn.BatchNorm1d(4)(np.ones((5, 4, 2, 2))),
        "BatchNorm1d(4) takes (N, C) or (N, C, L), with C = 4; got shape (5, 4, 2, 2)"),
    "no image": (
        lambda: nn.InstanceNorm2d(4)(np.ones((2, 4))),
        "InstanceNorm2d(4) takes (C, H, W) or (N, C, H, W), with C = 4; got shape (2, 4)"),
    "other last axes": (
        lambda: nn.LayerNorm((2, 3))(np.ones((2, 4))),
        "LayerNorm((2, 3)) takes inputs whose last axes are (2, 3); got shape (2, 4)"),
    "other last axes for RMSNorm": (
        lambda: nn.RMSNorm(3)(np.ones((2, 4))),
        "RMSNorm((3,)) takes inputs whose last axes are (3,); got shape (2, 4)"),
    "no shape": (lambda: nn.LayerNorm(()), "LayerNorm needs a normalized_shape of one or more sizes; got ()"),
    "no channels": (lambda: nn.BatchNorm2d(0), "BatchNorm2d: num_features must be a whole number, at least 1; got 0"),
    "the batch as channels": (
        lambda: nn.BatchNorm1d(4, axis=0),
        "BatchNorm1d needs the axis of the channels, which axis 0, the batch, is not; got 0"),
    "an axis too many": (
        lambda: nn.GroupNorm(2, 4, axis=3)(np.ones((2, 4, 4))),
        "GroupNorm(2, 4, axis=3) takes a batch of 4 channels on axis 3; got shape (2, 4, 4)"),
    "a momentum above 1": (
        lambda: nn.BatchNorm1d(4, momentum=1.5),
        "BatchNorm1d: momentum must be a number from 0 to 1, the weight of the new statistics; got 1.5"),
    "no momentum for instances": (
        lambda: nn.InstanceNorm1d(4, momentum=None),
        "InstanceNorm1d needs a momentum from 0 to 1: it counts no batches to average over"),
    "a negative eps": (
        lambda: nn.RMSNorm(4, eps=-1.0), "RMSNorm: eps must be a finite number, at least 0; got -1.0"),
    "groups that do not divide": (
        lambda: nn.GroupNorm(3, 4), "GroupNorm: num_groups=3 does not divide the 4 channels"),
    "no groups": (lambda: nn.GroupNorm(0, 4), "GroupNorm: num_groups must be a whole number, at least 1; got 0"),
    "groups of a function": (
        lambda: F.group_norm(np.ones((2, 4)), 3),
        "group_norm: num_groups=3 does not divide the 4 channels"),
    "a group of one value in a function": (
        lambda: F.group_norm(np.ones((2, 4)), 4),
        "group_norm needs more than one value in each group of a sample; got 1 in shape (2, 4): "),
    "a weight of another shape": (
        lambda: F.group_norm(np.ones((2, 4)), 2, weight=np.ones(2)),
        "group_norm needs a weight of shape (4,); got (2,)"),
    "an axis of a function": (
        lambda: F.batch_norm(np.ones((2, 4)), None, None, training=True, axis=0),
        "batch_norm needs the axis of the channels, which axis 0 is not; got 0 for shape (2, 4)"),
    "a momentum of a function": (
        lambda: F.batch_norm(np.ones((2, 4)), None, None, training=True, momentum=2.0),
        "batch_norm: momentum must be a number from 0 to 1, the weight of the new statistics; got 2.0"),
    "instances without channels": (
        lambda: F.instance_norm(np.ones(4)), "instance_norm needs a batch of channels (N, C, ...); got shape (4,)"),
    "an instance of one value": (
        lambda: F.instance_norm(np.ones((2, 4))),
        "instance_norm needs more than one value a channel of a sample; got 1 in shape (2, 4): "),
    "weight norm twice": (
        lambda: nn.weight_norm(nn.weight_norm(nn.Linear(3, 2))),
        "Linear(3, 2): weight is already computed; remove_weight_norm makes it a parameter again"),
    "an unknown weight": (
        lambda: nn.weight_norm(nn.Linear(3, 2), "kernel"),
        "Linear(3, 2) has no parameter 'kernel' of its own; it has weight, bias"),
    "a dim from behind": (
        lambda: nn.weight_norm(nn.Linear(3, 2), dim=-1),
        "weight_norm of a weight of 2 axes takes dim from 0 to 1, or None for all; got -1"),
    "a weight without direction": (
        lambda: nn.weight_norm(nn.Linear(3, 2), "bias"),
        "Linear(3, 2): part 0 of bias has length 0, so that it has no direction to be kept; bias is (2,)"),
    "a centered weight of one input": (
        lambda: nn.weight_norm(nn.Linear(1, 2), centered=True),
        "Linear(1, 2): part 0 of weight, less its mean, has length 0, so that it has no direction to be kept; "
        "weight is (2, 1)"),
    "nothing to remove": (
        lambda: nn.remove_weight_norm(nn.Linear(3, 2)), "Linear(3, 2) has no weight norm on 'weight' to remove"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_misuse_is_refused_in_words_that_help(name):
    call, message = REFUSALS[name]
    end = "" if message.endswith(": ") else "$"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}{end}"):
        call()


COPIES = [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "pickle"])
def test_a_copy_has_its_weight_before_any_forward(copied):
    model = nn.Sequential(nn.weight_norm(a_linear()))
    other = copied(model)
    np.testing.assert_array_equal(other[0].weight.data, model[0].weight.data)
    assert other[0].weight is not model[0].weight
    assert other[0].weight.name == "0.weight"


def test_a_computed_weight_is_that_of_the_numbers_that_were_loaded():
    model, other = nn.Sequential(nn.weight_norm(a_linear())), nn.Sequential(nn.weight_norm(nn.Linear(4, 3)))
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(other[0].weight.data, model[0].weight.data)
    assert other.astype(np.float32)[0].weight.dtype == np.float32


def test_a_computed_weight_cannot_be_assigned_and_only_modules_have_weights():
    layer = nn.weight_norm(a_linear())
    with pytest.raises(TypeError, match=r"^Linear\.weight is computed before each forward: change what"):
        layer.weight = Value(np.ones((3, 4)))
    for function in (nn.weight_norm, nn.remove_weight_norm):
        with pytest.raises(TypeError, match=f"^{function.__name__} takes a module; got 3"):
            function(3)

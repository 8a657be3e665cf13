"""Layers over lines and images: how they are written, how their weights are drawn, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, nn
from tinygrad_opt.functional import conv2d


def features(*layers: nn.Module) -> nn.Module:
    """The layers within a model, so that they have a place to be named by."""
    return nn.Sequential({"features": nn.Sequential(*layers)})


def zeros(*shape: int) -> Any:
    return np.zeros(shape)


MADE: dict[str, tuple[nn.Module, str]] = {
    "filters": (nn.Conv2d(3, 8, 5), "Conv2d(3, 8, kernel_size=5)"),
    "filters with settings": (
        nn.Conv2d(4, 8, (3, 2), 2, padding=1, groups=2, bias=False),
        "Conv2d(4, 8, kernel_size=(3, 2), stride=2, padding=1, groups=2, bias=False)"),
    "same": (nn.Conv1d(1, 1, 3, padding="same"), "Conv1d(1, 1, kernel_size=3, padding='same')"),
    "transposed": (
        nn.ConvTranspose2d(3, 8, 2, stride=2, output_padding=1),
        "ConvTranspose2d(3, 8, kernel_size=2, stride=2, output_padding=1)"),
    "pooling": (nn.MaxPool2d(2, stride=1), "MaxPool2d(kernel_size=2, stride=1)"),
    "average": (nn.AvgPool1d(2, count_include_pad=False), "AvgPool1d(kernel_size=2, count_include_pad=False)"),
    "adaptive": (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d(output_size=(1, None))"),
    "flatten": (nn.Flatten(), "Flatten()"),
    "flatten some": (nn.Flatten(0, -2), "Flatten(start_dim=0, end_dim=-2)"),
    "unflatten": (nn.Unflatten(1, [3, -1]), "Unflatten(dim=1, unflattened_size=(3, -1))"),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_written_in_one_line(name):
    layer, text = MADE[name]
    assert repr(layer) == text


INPUTS: Refusals = {
    "other channels": (
        lambda: features(nn.Conv2d(3, 8, 3))(zeros(8, 1, 28, 28)), ValueError,
        "Conv2d(3, 8, kernel_size=3) at features.0 takes 3 channels on axis 1; got shape (8, 1, 28, 28)"),
    "channels last": (
        lambda: features(nn.Conv2d(3, 8, 3))(zeros(8, 28, 28, 3)), ValueError,
        "Conv2d(3, 8, kernel_size=3) at features.0 takes 3 channels on axis 1; got shape (8, 28, 28, 3): "
        "are its channels last? Then pass np.moveaxis(x, -1, 1)"),
    "one sample with channels last": (
        lambda: nn.Conv1d(3, 8, 3)(zeros(28, 3)), ValueError,
        "Conv1d(3, 8, kernel_size=3) takes 3 channels on axis 0; got shape (28, 3): "
        "are its channels last? Then pass np.moveaxis(x, -1, 0)"),
    "no axis of channels": (
        lambda: nn.Conv2d(1, 8, 3)(zeros(8, 28, 28)), ValueError,
        "Conv2d(1, 8, kernel_size=3) takes 1 channel on axis 0; got shape (8, 28, 28): "
        "are these 8 samples of one channel? Then pass x[:, None]"),
    "rows for images": (
        lambda: nn.Conv2d(1, 8, 3)(zeros(8, 784)), ValueError,
        "Conv2d(1, 8, kernel_size=3) takes (N, C, H, W), or (C, H, W) for one sample; got shape (8, 784)"),
    "channels of a transposed one": (
        lambda: nn.ConvTranspose2d(4, 8, 3)(zeros(2, 3, 5, 5)), ValueError,
        "ConvTranspose2d(4, 8, kernel_size=3) takes 4 channels on axis 1; got shape (2, 3, 5, 5)"),
    "a kernel larger than the image": (
        lambda: features(nn.Conv2d(3, 8, 5))(zeros(8, 3, 4, 28)), ValueError,
        "Conv2d(3, 8, kernel_size=5) at features.0: conv2d: the kernel spans 5 x 5 entries, more than the 4 x 28 of "
        "the padded input: pad more, or take a smaller kernel or dilation"),
    "a window larger than the image": (
        lambda: features(nn.MaxPool2d(5))(zeros(8, 3, 4, 28)), ValueError,
        "MaxPool2d(kernel_size=5) at features.0: max_pool2d: the kernel spans 5 x 5 entries, more than the 4 x 28 of "
        "the padded input: pad more, or take a smaller kernel or dilation"),
    "rows for pooling": (
        lambda: nn.AvgPool2d(2)(zeros(8, 784)), ValueError,
        "AvgPool2d(kernel_size=2) takes (N, C, H, W), or (C, H, W) for one sample; got shape (8, 784)"),
    "nothing to pool": (
        lambda: nn.AdaptiveAvgPool1d(1)(zeros(2, 3, 0)), ValueError,
        "AdaptiveAvgPool1d(output_size=1): adaptive_avg_pool1d: x (2, 3, 0) has no entries to pool"),
    "too much output padding": (
        lambda: nn.ConvTranspose2d(1, 1, 2, output_padding=1)(zeros(1, 1, 3, 3)), ValueError,
        "ConvTranspose2d(1, 1, kernel_size=2, output_padding=1): conv_transpose2d: output_padding must be smaller than "
        "stride (1 x 1); got 1"),
    "flattening one sample": (
        lambda: features(nn.Flatten())(zeros(784)), ValueError,
        "Flatten() at features.0 needs an axis 1; got shape (784,); give a single sample a batch axis with x[None]"),
    "flattening backwards": (
        lambda: nn.Flatten(2, 1)(zeros(2, 3, 4)), ValueError,
        "Flatten(start_dim=2, end_dim=1) joins axes from start_dim to a later end_dim; got shape (2, 3, 4)"),
    "an axis that does not divide": (
        lambda: nn.Unflatten(1, (2, -1))(zeros(5, 3)), ValueError,
        "Unflatten(dim=1, unflattened_size=(2, -1)) needs an axis 1 of 2 * -1 entries; got 3 in shape (5, 3)"),
    "complex numbers": (
        lambda: nn.Conv2d(1, 1, 1)(zeros(1, 2, 2) + 1j), TypeError,
        "Conv2d(1, 1, kernel_size=1): the input must be real numbers; got complex data (ndarray, dtype complex128): "
        "take np.real or np.abs first"),
}  # fmt: skip

SETTINGS: Refusals = {
    "same with a stride": (
        lambda: nn.Conv2d(1, 2, 3, stride=2, padding="same"), ValueError,
        'Conv2d: padding="same" keeps the size, so it needs stride 1; got (2, 2)'),
    "a padding without meaning": (
        lambda: nn.Conv2d(1, 2, 3, padding="full"), ValueError,
        "Conv2d: padding must be whole numbers, \"same\" or \"valid\"; got 'full'"),
    "groups and channels": (
        lambda: nn.Conv2d(4, 6, 3, groups=3), ValueError, "Conv2d: groups=3 does not divide the 4 in_channels"),
    "groups and filters": (
        lambda: nn.ConvTranspose1d(4, 6, 3, groups=4), ValueError,
        "ConvTranspose1d: groups=4 does not divide the 6 out_channels"),
    "no group": (
        lambda: nn.Conv2d(4, 6, 3, groups=0), ValueError,
        "Conv2d: groups must be a whole number, at least 1; got 0"),
    "a kernel of three axes": (
        lambda: nn.Conv2d(4, 6, (3, 3, 3)), ValueError,
        "Conv2d: kernel_size must be a whole number, or 2 of them, at least 1; got (3, 3, 3)"),
    "channels that are no number": (
        lambda: nn.Conv2d(4.0, 6, 3), ValueError, "Conv2d: in_channels must be a whole number, at least 1; got 4.0"),
    "a negative output_padding": (
        lambda: nn.ConvTranspose2d(1, 1, 3, output_padding=-1), ValueError,
        "ConvTranspose2d: output_padding must be a whole number, or 2 of them, at least 0; got -1"),
    "no stride": (
        lambda: nn.MaxPool2d(2, 0), ValueError,
        "MaxPool2d: stride must be a whole number, or 2 of them, at least 1; got 0"),
    "no window": (
        lambda: nn.AdaptiveAvgPool2d(0), ValueError,
        "AdaptiveAvgPool2d: output_size must be a whole number, or 2 of them, at least 1; got (0, 0)"),
    "windows of one axis for two": (
        lambda: nn.AdaptiveMaxPool2d((3,)), ValueError,
        "AdaptiveMaxPool2d: output_size must be a whole number, or 2 of them, at least 1; got (3,)"),
    "an axis by name": (
        lambda: nn.Flatten("first"), ValueError, "Flatten: start_dim must be a whole number; got 'first'"),
    "two sizes left open": (
        lambda: nn.Unflatten(1, (-1, 2, -1)), ValueError,
        "Unflatten: one size of unflattened_size may be -1; got (-1, 2, -1)"),
    "whole numbers for weights": (
        lambda: nn.Conv2d(1, 2, 3, dtype=int), TypeError,
        "Conv2d gives arrays of dtype float32 or float64; got <class 'int'>"),
    "a bias of another shape": (
        lambda: nn.Conv2d(1, 2, 3, bias_init=lambda shape, **_: np.zeros(7)), ValueError,
        "bias_init of Conv2d must give an array of shape (2,); got (7,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_that_do_not_fit_are_refused_in_the_name_of_the_layer(name):
    call, error, words = INPUTS[name]
    assert refused(call, error) == words


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_do_not_fit_are_refused_when_the_layer_is_made(name):
    call, error, words = SETTINGS[name]
    assert refused(call, error) == words


def test_one_sample_is_a_batch_of_one():
    x = np.random.default_rng(0).normal(size=(2, 7, 6))
    for layer in (nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(2, 3, 2), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d((3, 2))):
        np.testing.assert_array_equal(np.asarray(data(layer(x))), data(layer(x[None]))[0])


def data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def test_the_weight_is_in_pytorchs_layout():
    assert nn.Conv2d(4, 6, (3, 2), groups=2).weight.shape == (6, 2, 3, 2)
    assert nn.ConvTranspose2d(4, 6, (3, 2), groups=2).weight.shape == (4, 3, 3, 2)
    assert nn.ConvTranspose2d(4, 6, 3, groups=2).bias.shape == (6,)


def test_pytorchs_draw_takes_the_fan_that_pytorch_reads_from_the_shape():
    """Within 1 / sqrt(fan_in), and close to it: 1/sqrt(12 * 9) for the filters, 1/sqrt(64 * 9) for the transposed."""
    for kind, fan_in in ((nn.Conv2d, 12 * 9), (nn.ConvTranspose2d, 64 * 9)):
        layer = kind(12, 64, 3, init="torch", rng=np.random.default_rng(0))
        bound = fan_in**-0.5
        assert 0.99 * bound < np.abs(layer.weight.data).max() <= bound
        assert 0.9 * bound < np.abs(layer.bias.data).max() <= bound


def test_the_same_seed_draws_the_same_weights():
    one, other = (nn.Conv2d(2, 3, 3, rng=np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.weight.data, other.weight.data)
    np.testing.assert_array_equal(one.bias.data, 0)


def test_the_layer_computes_what_the_function_does():
    x = np.random.default_rng(0).normal(size=(2, 4, 7, 6))
    layer = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias_init="ones")
    expected = conv2d(x, layer.weight.data, layer.bias.data, stride=2, padding=1, groups=2)
    np.testing.assert_array_equal(layer(x).data, expected)


def test_data_come_in_the_dtype_of_the_weights():
    layer = nn.Conv2d(1, 2, 3, dtype=np.float32)
    assert layer(np.zeros((1, 1, 5, 5), np.uint8)).dtype == np.float32


def test_global_average_is_the_mean():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d(1)(x)[..., 0, 0], x.mean((2, 3)), rtol=1e-14)


@pytest.mark.parametrize("equal", [[(0, 1), (1, 0)], [(0, 2), (0, 3), (2, 0)], [(1, 3), (2, 0), (2, 1)]])
def test_of_equals_in_an_adaptive_window_the_first_gets_the_gradient(equal):
    """Row by row, as in pooling by windows."""
    x = Value(np.zeros((1, 1, 5, 4)))
    for place in equal:
        x.data[0, 0][place] = 1
    nn.AdaptiveMaxPool2d(1)(x).sum().backward()
    assert np.argwhere(x.grad[0, 0]).tolist() == [list(equal[0])]


def test_unflatten_undoes_flatten():
    x = np.arange(48.0).reshape(2, 4, 3, 2)
    np.testing.assert_array_equal(nn.Unflatten(1, (4, 3, -1))(nn.Flatten()(x)), x)
    assert nn.Flatten()(np.zeros((0, 4, 3))).shape == (0, 12)

"""Convolution and sums over windows against loops over every entry, their gradients, and what is refused."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt import Value, grad, gradcheck
from tinygrad_opt.functional import conv1d, conv2d, conv_transpose1d, conv_transpose2d, fold, max_pool2d, unfold
from tinygrad_opt.ops import convolution

rng = np.random.default_rng(7)


def entries(*shape: int) -> Any:
    return rng.uniform(-1, 1, shape)


# -- the same, entry by entry ------------------------------------------------------------------
def slow_conv2d(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The definition, one product at a time."""
    (n, channels, *_), (filters, members, high, wide) = x.shape, weight.shape
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]])
    spans = [d * (k - 1) for d, k in zip(dilation, (high, wide), strict=True)]
    out = np.zeros((n, filters, *[(m - s - 1) // t + 1 for m, s, t in zip(x.shape[2:], spans, stride, strict=True)]))
    for image, o, p, q in np.ndindex(out.shape):
        first = o // (filters // groups) * (channels // groups)
        for c, i, j in np.ndindex(members, high, wide):
            entry = x[image, first + c, p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]]
            out[image, o, p, q] += entry * weight[o, c, i, j]
    return out


def slow_conv_transpose2d(
    x: Any, weight: Any, stride: Any, padding: Any, extra: Any, dilation: Any, groups: int
) -> Any:
    """The definition: every entry adds a multiple of the kernel to an output that is then cut."""
    (n, channels, *size), (_, members, *kernel) = x.shape, weight.shape
    whole = [
        (m - 1) * s + d * (k - 1) + 1 + e
        for m, s, d, k, e in zip(size, stride, dilation, kernel, extra, strict=True)
    ]  # fmt: skip
    out = np.zeros((n, members * groups, *whole))
    for image, c, p, q in np.ndindex(x.shape):
        first = c // (channels // groups) * members
        for o, i, j in np.ndindex(members, *kernel):
            place = p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]
            out[image, first + o, *place] += x[image, c, p, q] * weight[c, o, i, j]
    return out[:, :, padding[0] : whole[0] - padding[0], padding[1] : whole[1] - padding[1]]


SETTINGS = [
    {},
    {"stride": (2, 1)},
    {"padding": (1, 2)},
    {"dilation": (2, 1)},
    {"stride": (2, 3), "padding": (2, 1), "dilation": (1, 2)},
]


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("how", SETTINGS)
def test_conv2d_is_its_definition(how: dict[str, Any], groups: int) -> None:
    x, weight, bias = entries(2, 4, 6, 7), entries(4, 4 // groups, 3, 2), entries(4)
    full = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)} | how
    expected = slow_conv2d(x, weight, groups=groups, **full)
    np.testing.assert_allclose(conv2d(x, weight, groups=groups, **how), expected, rtol=1e-12, atol=1e-14)
    with_bias = conv2d(x, weight, bias, groups=groups, **how)
    np.testing.assert_allclose(with_bias, expected + bias[:, None, None], rtol=1e-12, atol=1e-14)
    assert gradcheck(lambda *leaves: conv2d(*leaves, groups=groups, **how), x, weight, bias)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("extra", [(0, 0), (1, 0)])
@pytest.mark.parametrize("how", SETTINGS[1:])
def test_conv_transpose2d_is_its_definition(how: dict[str, Any], extra: Any, groups: int) -> None:
    x, weight, bias = entries(2, 4, 4, 5), entries(4, 3, 3, 2), entries(3 * groups)
    full = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)} | how
    if full["stride"][0] == 1:
        extra = (0, 0)
    expected = slow_conv_transpose2d(x, weight, groups=groups, extra=extra, **full)
    out = conv_transpose2d(x, weight, bias, groups=groups, output_padding=extra, **how)
    np.testing.assert_allclose(out, expected + bias[:, None, None], rtol=1e-12, atol=1e-14)
    assert gradcheck(
        lambda *leaves: conv_transpose2d(*leaves, groups=groups, output_padding=extra, **how), x, weight, bias
    )


def test_a_line_is_an_image_of_one_row() -> None:
    x, weight, bias = entries(2, 4, 9), entries(4, 2, 3), entries(4)
    how: dict[str, Any] = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    image = conv2d(x[:, :, None], weight[:, :, None], bias, (1, 2), (0, 1), (1, 2), 2)
    np.testing.assert_array_equal(conv1d(x, weight, bias, **how), image[:, :, 0])
    assert gradcheck(lambda *leaves: conv1d(*leaves, **how), x, weight, bias)
    back = conv_transpose2d(x[:, :, None], weight[:, :, None], bias, (1, 2), (0, 1), (0, 1), 2, (1, 2))
    how = {"stride": 2, "padding": 1, "output_padding": 1, "dilation": 2, "groups": 2}
    np.testing.assert_array_equal(conv_transpose1d(x, weight, bias, **how), back[:, :, 0])
    assert gradcheck(lambda *leaves: conv_transpose1d(*leaves, **how), x, weight, bias)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_same_padding_keeps_the_size_and_puts_the_odd_zero_last(kernel: int) -> None:
    x, weight = entries(1, 1, 5), entries(1, 1, kernel)
    out = conv1d(x, weight, padding="same", dilation=2)
    missing = 2 * (kernel - 1)
    padded = np.pad(x, [(0, 0), (0, 0), (missing // 2, missing - missing // 2)])
    assert out.shape == x.shape
    np.testing.assert_array_equal(out, conv1d(padded, weight, dilation=2))
    np.testing.assert_array_equal(conv1d(padded, weight, padding="valid", dilation=2), out)


def test_float32_stays_float32() -> None:
    x, weight, bias = (Value(entries(*shape).astype(np.float32)) for shape in [(2, 2, 4, 4), (2, 2, 3, 3), (2,)])
    out = conv2d(x, weight, bias, stride=2, padding=1)
    assert out.dtype == np.float32
    out.sum().backward()
    assert {v.grad.dtype for v in (x, weight, bias)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("batch", [0, 1, 5])
def test_images_added_up_in_pieces_are_the_same_numbers(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    g, weight = entries(batch, 4, 3, 3), entries(4, 3, 2, 2)
    whole = conv_transpose2d(g, weight, groups=2, padding=1)
    for room in (1, 2 * 4 * 3 * 2 * 3 * 2):  # one image at a time, and two
        monkeypatch.setattr(convolution, "IN_CACHE", room)
        np.testing.assert_allclose(conv_transpose2d(g, weight, groups=2, padding=1), whole, rtol=1e-14)


def assert_second_order(f: Any, *points: Any) -> None:
    """gradcheck of the gradient of a sum of cubes, for every operand alone."""
    for i in range(len(points)):
        slope = grad(lambda v, i=i: np.sum(f(*points[:i], v, *points[i + 1 :]) ** 3))
        assert gradcheck(slope, points[i])


def test_second_derivatives_are_slopes_of_the_first() -> None:
    assert_second_order(
        lambda x, w: conv2d(x, w, stride=2, padding=1, groups=2), entries(1, 2, 5, 4), entries(2, 1, 3, 2)
    )
    assert_second_order(lambda x, w: conv_transpose1d(x, w, stride=2), entries(1, 2, 3), entries(2, 1, 3))


# -- np.convolve and np.correlate --------------------------------------------------------------
@pytest.mark.parametrize("fn", [np.convolve, np.correlate])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_lines_are_convolved_as_numpy_does(fn: Any, mode: str) -> None:
    for n, m in itertools.product([1, 2, 3, 4, 5], repeat=2):
        a, v = entries(n), entries(m)
        out = fn(Value(a), v, mode)
        np.testing.assert_allclose(out.data, fn(a, v, mode), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(fn(a, Value(v), mode=mode).data, fn(a, v, mode), rtol=1e-12, atol=1e-14)
        assert gradcheck(lambda a, v: fn(a, v, mode), a, v)
    assert_second_order(lambda a, v: fn(a, v, mode), entries(4), entries(2))


def test_modes_that_are_left_out_are_numpys() -> None:
    a, v = entries(5), entries(3)
    np.testing.assert_allclose(np.convolve(Value(a), v).data, np.convolve(a, v), rtol=1e-12)
    np.testing.assert_allclose(np.correlate(Value(a), v).data, np.correlate(a, v), rtol=1e-12)


# -- how it is computed ------------------------------------------------------------------------
@pytest.mark.parametrize("how", SETTINGS)
def test_blocks_of_places_together_are_the_whole(how: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = entries(2, 4, 6, 7), entries(6, 2, 3, 2), entries(6)

    def value_and_gradients() -> list[Any]:
        leaves = [Value(a) for a in (x, weight, bias)]
        out = conv2d(*leaves, groups=2, **how)
        (out**2).sum().backward()
        return [out.data, *(leaf.grad for leaf in leaves)]

    whole = value_and_gradients()
    assert len(list(convolution.blocks(6, 14, 24))) == 1
    monkeypatch.setattr(convolution, "IN_CACHE", 1)
    assert len(list(convolution.blocks(6, 14, 24))) == 6
    for found, expected in zip(value_and_gradients(), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_windows_are_never_all_in_memory() -> None:
    x, weight = (entries(*shape).astype(np.float32) for shape in [(16, 8, 32, 32), (4, 8, 5, 5)])
    all_windows = 25 * 8 * 28 * 28 * 16 * 4
    tracemalloc.start()
    out = conv2d(Value(x), Value(weight))
    out.backward(np.ones(out.shape), keep="leaves")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < all_windows / 2


def test_the_gradient_of_plain_images_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*operands: Any, **how: Any) -> Any:
        raise AssertionError("nobody asked for the gradient of the images")

    monkeypatch.setattr(convolution, "conv_input", refuse)
    weight, bias = Value(entries(2, 1, 3, 3)), Value(entries(2))
    conv2d(entries(3, 1, 5, 5), weight, bias).sum().backward()
    np.testing.assert_allclose(bias.grad, 3 * 3 * 3)
    assert weight.grad.shape == weight.shape


def test_results_lie_with_the_batch_last_and_are_read_so() -> None:
    x = Value(entries(3, 2, 8, 8))
    out = conv2d(x, Value(entries(4, 2, 3, 3)), Value(entries(4)))
    pooled = max_pool2d(out.relu(), 2)
    pooled.sum().backward()
    for array in (out.data, pooled.data, out.grad):
        assert np.shares_memory(convolution.batch_last(array), array)


def test_a_layer_is_one_operation() -> None:
    x = entries(1, 1, 3, 3)
    assert conv2d(x, Value(entries(1, 1, 2, 2))).op.name == "conv2d"
    assert conv2d(x, Value(entries(1, 1, 2, 2)), Value(entries(1))).op.name == "conv2d"
    wide = conv2d(x.astype(np.float32), Value(entries(1, 1, 2, 2).astype(np.float32)), Value(entries(1)))
    assert wide.dtype == np.float64


# -- windows -----------------------------------------------------------------------------------
def test_windows_of_a_value_are_windows_of_its_data() -> None:
    x = Value(np.arange(4.0))
    w = np.lib.stride_tricks.sliding_window_view(x, 2)
    np.testing.assert_array_equal(w.data, [[0, 1], [1, 2], [2, 3]])
    w.sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 2, 2, 1])


@pytest.mark.parametrize("how", SETTINGS)
def test_unfold_makes_columns_and_fold_adds_them_up(how: dict[str, Any]) -> None:
    x, kernel = entries(2, 3, 6, 5), (3, 2)
    columns = unfold(x, kernel, **how)
    weight = entries(4, 3, *kernel)
    out = conv2d(x, weight, **how)
    np.testing.assert_allclose(weight.reshape(4, -1) @ columns, out.reshape(2, 4, -1), rtol=1e-12, atol=1e-14)
    g = entries(*columns.shape)
    images = fold(g, (6, 5), kernel, **how)
    assert np.sum(images * x) == pytest.approx(np.sum(g * columns), rel=1e-12)
    assert gradcheck(lambda v: unfold(v, kernel, **how), x)
    assert gradcheck(lambda v: fold(v, (6, 5), kernel, **how), g)


# -- what is refused ---------------------------------------------------------------------------
def z(*shape: int) -> Any:
    return np.zeros(shape)


REFUSED: dict[str, tuple[Any, str]] = {
    "one image": (
        lambda: conv2d(z(3, 8, 8), z(4, 3, 3, 3)),
        "conv2d: x has the axes (N, C, H, W); got shape (3, 8, 8); give a single example a batch axis with x[None]"),
    "a flat kernel": (
        lambda: conv2d(z(1, 3, 8, 8), z(4, 27)),
        "conv2d: weight has the axes (O, C/groups, kH, kW); got shape (4, 27)"),
    "a line to conv2d's sister": (
        lambda: conv1d(z(1, 3, 8, 8), z(4, 3, 3)), "conv1d: x has the axes (N, C, L); got shape (1, 3, 8, 8)"),
    "channels": (
        lambda: conv2d(Value(z(1, 3, 8, 8)), z(8, 4, 3, 3)),
        "conv2d: weight (8, 4, 3, 3) with groups=1 takes 4 channels, axis 1 of weight times groups; "
        "x (1, 3, 8, 8) has 3"),
    "channels in groups": (
        lambda: conv2d(z(1, 4, 8, 8), z(8, 4, 3, 3), groups=2),
        "conv2d: weight (8, 4, 3, 3) with groups=2 takes 8 channels, axis 1 of weight times groups; "
        "x (1, 4, 8, 8) has 4"),
    "groups of channels": (
        lambda: conv2d(z(1, 3, 8, 8), z(8, 1, 3, 3), groups=2),
        "conv2d: groups=2 does not divide the 3 channels of x"),
    "groups of filters": (
        lambda: conv2d(z(1, 4, 8, 8), z(7, 2, 3, 3), groups=2),
        "conv2d: groups=2 does not divide the 7 filters of weight"),
    "no groups": (
        lambda: conv2d(z(1, 4, 8, 8), z(7, 2, 3, 3), groups=0),
        "conv2d: groups must be a whole number, at least 1; got 0"),
    "a large kernel": (
        lambda: conv2d(z(1, 1, 2, 8), z(1, 1, 5, 5), padding=1),
        "conv2d: the kernel spans 5 x 5 entries, more than the 4 x 10 of the padded input: "
        "pad more, or take a smaller kernel or dilation"),
    "a wide kernel": (
        lambda: conv1d(z(1, 1, 4), z(1, 1, 3), dilation=2),
        "conv1d: the kernel spans 5 entries, more than the 4 of the padded input: "
        "pad more, or take a smaller kernel or dilation"),
    "a kernel of nothing": (
        lambda: conv1d(z(1, 1, 4), z(1, 1, 0)),
        "conv1d: weight (1, 1, 0) has no entries: a kernel has one at least on each axis"),
    "stride 0": (
        lambda: conv2d(z(1, 1, 4, 4), z(1, 1, 2, 2), stride=0),
        "conv2d: stride must be a whole number, or 2 of them, at least 1; got 0"),
    "half a stride": (
        lambda: conv1d(z(1, 1, 4), z(1, 1, 2), stride=0.5),
        "conv1d: stride must be a whole number, at least 1; got 0.5"),
    "three strides": (
        lambda: conv2d(z(1, 1, 4, 4), z(1, 1, 2, 2), stride=(1, 1, 1)),
        "conv2d: stride must be a whole number, or 2 of them, at least 1; got (1, 1, 1)"),
    "negative padding": (
        lambda: conv2d(z(1, 1, 4, 4), z(1, 1, 2, 2), padding=(0, -1)),
        "conv2d: padding must be a whole number, or 2 of them, at least 0; got (0, -1)"),
    "another padding": (
        lambda: conv2d(z(1, 1, 4, 4), z(1, 1, 2, 2), padding="full"),
        'conv2d: padding must be whole numbers, "same" or "valid"; got \'full\''),
    "same with a stride": (
        lambda: conv2d(z(1, 1, 4, 4), z(1, 1, 2, 2), stride=2, padding="same"),
        'conv2d: padding="same" keeps the size, so it needs stride 1; got (2, 2)'),
    "a bias": (
        lambda: conv2d(z(1, 1, 4, 4), z(3, 1, 2, 2), z(2)),
        "conv2d: bias must have shape (3,), one number a filter; got (2,)"),
    "channels of the transpose": (
        lambda: conv_transpose2d(z(1, 3, 4, 4), z(2, 3, 2, 2)),
        "conv_transpose2d: weight (2, 3, 2, 2) takes 2 channels, its axis 0; x (1, 3, 4, 4) has 3"),
    "groups of the transpose": (
        lambda: conv_transpose2d(z(1, 3, 4, 4), z(3, 3, 2, 2), groups=2),
        "conv_transpose2d: groups=2 does not divide the 3 channels of x"),
    "output padding": (
        lambda: conv_transpose1d(z(1, 1, 4), z(1, 1, 2), output_padding=1),
        "conv_transpose1d: output_padding must be smaller than stride (1); got 1"),
    "nothing left": (
        lambda: conv_transpose1d(z(1, 1, 1), z(1, 1, 2), padding=1),
        "conv_transpose1d: the output would have 0 entries: take less padding"),
    "columns": (
        lambda: fold(z(1, 8, 5), (3, 3), 2),
        "fold: images of 3 x 3 have 2 x 2 places for a window of 2 x 2, so x needs a multiple of 4 rows "
        "and 4 columns; got shape (1, 8, 5)"),
    "a large window": (
        lambda: unfold(z(1, 1, 3, 3), 4),
        "unfold: the kernel spans 4 x 4 entries, more than the 3 x 3 of the padded input: "
        "pad more, or take a smaller kernel or dilation"),
    "a matrix to convolve": (
        lambda: np.convolve(Value(z(2, 2)), z(2)),
        "np.convolve takes two lines of at least one entry; got shapes (2, 2) and (2,)"),
    "nothing to correlate": (
        lambda: np.correlate(Value(z(2)), z(0)),
        "np.correlate takes two lines of at least one entry; got shapes (2,) and (0,)"),
    "another mode": (
        lambda: np.convolve(Value(z(2)), z(2), "circular"),
        "np.convolve: mode must be \"full\", \"same\" or \"valid\"; got 'circular'"),
    "a window of a Value": (
        lambda: np.lib.stride_tricks.sliding_window_view(Value(z(3)), 4),
        "sliding_window_view of shape (3,), window_shape=4: "
        "window shape cannot be larger than input array shape"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_numbers(name: str) -> None:
    call, message = REFUSED[name]
    assert refused(call, ValueError) == message

"""Pooling against loops over every window, its gradients, its special points, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt import Value, explain, grad, gradcheck
from tinygrad_opt.functional import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d

inf, nan = np.inf, np.nan
rng = np.random.default_rng(11)


def entries(*shape: int) -> Any:
    return rng.uniform(-1, 1, shape)


# -- the same, window by window ----------------------------------------------------------------
def starts(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> range:
    last = size + padding - dilation * (kernel - 1) - 1
    if ceil_mode:
        last = min(last + stride - 1, size - 1)
    return range(-padding, last + 1, stride)


def windows(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    """The entries of every window, without those outside x."""
    places = [starts(x.shape[2 + k], kernel[k], stride[k], padding[k], dilation[k], ceil_mode) for k in (0, 1)]
    for n, c in np.ndindex(x.shape[:2]):
        for p, top in enumerate(places[0]):
            for q, left in enumerate(places[1]):
                rows = [i for i in range(top, top + kernel[0] * dilation[0], dilation[0]) if 0 <= i < x.shape[2]]
                columns = [j for j in range(left, left + kernel[1] * dilation[1], dilation[1]) if 0 <= j < x.shape[3]]
                yield (n, c, p, q), (top, left), x[n, c][np.ix_(rows, columns)]


SETTINGS: list[dict[str, Any]] = [
    {"kernel": (2, 2), "stride": (2, 2)},
    {"kernel": (3, 2), "stride": (1, 2)},
    {"kernel": (2, 3), "stride": (3, 1), "padding": (1, 1)},
    {"kernel": (3, 3), "stride": (2, 2), "padding": (1, 1), "ceil_mode": True},
    {"kernel": (2, 2), "stride": (3, 4), "ceil_mode": True},
]
DEFAULTS = {"padding": (0, 0), "dilation": (1, 1), "ceil_mode": False}


@pytest.mark.parametrize("how", [*SETTINGS, {"kernel": (2, 3), "stride": (1, 2), "dilation": (3, 2)}])
def test_max_pool2d_is_the_largest_of_every_window(how: dict[str, Any]) -> None:
    x = entries(2, 2, 6, 7)
    arguments = how | {"kernel_size": how["kernel"]}
    del arguments["kernel"]
    out = max_pool2d(x, **arguments)
    found = list(windows(x, **DEFAULTS | how))
    assert out.size == len(found)
    for index, _, window in found:
        assert out[index] == window.max()
    assert gradcheck(lambda v: max_pool2d(v, **arguments), x)
    slope = grad(lambda v: np.sum(max_pool2d(v, **arguments) ** 3))
    assert gradcheck(slope, x)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("how", SETTINGS)
def test_avg_pool2d_is_the_average_of_every_window(how: dict[str, Any], count_include_pad: bool) -> None:
    x = entries(2, 2, 6, 7)
    arguments = how | {"kernel_size": how["kernel"], "count_include_pad": count_include_pad}
    del arguments["kernel"]
    out = avg_pool2d(x, **arguments)
    full = DEFAULTS | how
    found = list(windows(x, **full))
    assert out.size == len(found)
    for index, corner, window in found:
        sides = [
            min(first + k, n + p) - first
            for first, k, n, p in zip(corner, full["kernel"], x.shape[2:], full["padding"], strict=True)
        ]
        size = sides[0] * sides[1] if count_include_pad else window.size
        assert out[index] == pytest.approx(window.sum() / size, rel=1e-13)
    assert gradcheck(lambda v: avg_pool2d(v, **arguments), x)


def test_a_line_is_an_image_of_one_row() -> None:
    x = entries(2, 3, 9)
    row = x[:, :, None]
    np.testing.assert_array_equal(max_pool1d(x, 2), max_pool2d(row, (1, 2))[:, :, 0])
    np.testing.assert_array_equal(max_pool1d(x, 3, 2, 1, 2), max_pool2d(row, (1, 3), (1, 2), (0, 1), (1, 2))[:, :, 0])
    np.testing.assert_array_equal(avg_pool1d(x, 2), avg_pool2d(row, (1, 2))[:, :, 0])
    np.testing.assert_array_equal(avg_pool1d(x, 3, 2, 1), avg_pool2d(row, (1, 3), (1, 2), (0, 1))[:, :, 0])
    assert gradcheck(lambda v: max_pool1d(v, 3, 2, 1, ceil_mode=True), x)
    assert gradcheck(lambda v: avg_pool1d(v, 3, 2, 1, ceil_mode=True, count_include_pad=False), x)


def test_float32_stays_float32() -> None:
    for pool in (max_pool2d, lambda v: avg_pool2d(v, 3, 2, 1, count_include_pad=False)):
        x = Value(entries(1, 2, 6, 6).astype(np.float32))
        out = pool(x, 2) if pool is max_pool2d else pool(x)
        assert out.dtype == np.float32
        out.sum().backward()
        assert x.grad.dtype == np.float32


# -- special points ----------------------------------------------------------------------------
def gradient(x: Any, *settings: Any, **how: Any) -> Any:
    v = Value(np.array(x, float)[None, None])
    y = max_pool2d(v, *settings, **how)
    y.backward(1.0 + np.arange(y.size).reshape(y.shape))
    return v.grad[0, 0]


def test_the_first_of_equals_gets_the_gradient() -> None:
    np.testing.assert_array_equal(gradient([[1, 1, 0, 2], [1, 1, 2, 2]], 2), [[1, 0, 0, 2], [0, 0, 0, 0]])
    np.testing.assert_array_equal(gradient([[0, 1, 1], [1, 1, 0]], 2, 1), [[0, 3, 0], [0, 0, 0]])
    np.testing.assert_array_equal(gradient([[0, 0], [0, 0]], (2, 1)), [[1, 2], [0, 0]])


def test_overlapping_windows_add_up_in_their_common_winner() -> None:
    np.testing.assert_array_equal(gradient([[0, 5, 0, 1]], (1, 2), 1), [[0, 3, 0, 3]])


def test_padding_never_wins() -> None:
    np.testing.assert_array_equal(gradient([[-1, -2], [-3, -4]], 2, 2, 1), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(gradient(np.full((2, 2), -inf), 3, 1, 1), [[10, 0], [0, 0]])


def test_nan_spreads_and_the_first_nan_gets_the_gradient() -> None:
    x = np.array([[1.0, nan, 3.0, 1.0], [nan, 2.0, 4.0, 0.0]])
    np.testing.assert_array_equal(max_pool2d(x[None, None], 2)[0, 0], [[nan, 4]])
    np.testing.assert_array_equal(gradient(x, 2), [[0, 1, 0, 0], [0, 0, 2, 0]])


def test_a_kernel_may_have_more_entries_than_a_byte_counts() -> None:
    x = np.zeros((20, 20))
    x[19, 18] = 1
    np.testing.assert_array_equal(gradient(x, 20), x)
    np.testing.assert_array_equal(np.argwhere(gradient(np.zeros((20, 20)), 20)), [[0, 0]])


def test_an_explanation_names_the_winners() -> None:
    x = Value(np.array([[[1.0, 4.0, 3.0, 2.0]]]), name="x")
    told = str(explain(max_pool1d(x, 2).sum()))
    assert "max_pool(v1, kernel=(1, 2), stride=(1, 2))" in told
    assert "to_winners(v2.grad, winners=[[[[1, 0]]]], size=(1, 4), kernel=(1, 2), stride=(1, 2))" in told


# -- what is refused ---------------------------------------------------------------------------
REFUSED: dict[str, tuple[Any, str]] = {
    "one image": (
        lambda: max_pool2d(np.zeros((2, 4, 4)), 2),
        "max_pool2d: x has the axes (N, C, H, W); got shape (2, 4, 4); "
        "give a single example a batch axis with x[None]"),
    "a matrix": (
        lambda: avg_pool1d(Value(np.zeros(4)), 2), "avg_pool1d: x has the axes (N, C, L); got shape (4,)"),
    "a large kernel": (
        lambda: avg_pool2d(np.zeros((1, 1, 2, 3)), 3),
        "avg_pool2d: the kernel spans 3 x 3 entries, more than the 2 x 3 of the padded input: "
        "pad more, or take a smaller kernel or dilation"),
    "a kernel larger by a stride, with ceil_mode": (
        lambda: max_pool1d(np.zeros((1, 1, 1)), 3, 2, ceil_mode=True),
        "max_pool1d: the kernel spans 3 entries, more than the 1 of the padded input: "
        "pad more, or take a smaller kernel or dilation"),
    "stride 0": (
        lambda: max_pool1d(np.zeros((1, 1, 4)), 2, stride=0),
        "max_pool1d: stride must be a whole number, at least 1; got 0"),
    "no kernel": (
        lambda: max_pool2d(np.zeros((1, 1, 4, 4)), (2, 0)),
        "max_pool2d: kernel_size must be a whole number, or 2 of them, at least 1; got (2, 0)"),
    "padding only": (
        lambda: max_pool1d(np.zeros((1, 1, 4)), 2, padding=2),
        "max_pool1d: with padding 2, window 0 of an axis of 4 entries meets padding only: "
        "take less padding than the 2 entries that the kernel spans"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_numbers(name: str) -> None:
    call, message = REFUSED[name]
    assert refused(call, ValueError) == message

"""Embeddings: the row of padding, and indices that name no row."""

from __future__ import annotations

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, nn

REFUSED: Refusals = {
    "floats": (
        lambda: nn.Embedding(10, 3)([1.0, 2.0]), TypeError,
        "Embedding(10, 3): embedding needs integer indices; got float64: convert them with .astype(int)"),
    "an index too large": (
        lambda: nn.Sequential(nn.Embedding(10, 3))([1, 12]), IndexError,
        "Embedding(10, 3) at 0: indices must be from 0 to 9; got 1 to 12"),
    "a negative index": (
        lambda: nn.Embedding(10, 3, padding_idx=0)([-1, 2]), IndexError,
        "Embedding(10, 3, padding_idx=0): indices must be from 0 to 9; got -1 to 2"),
    "a Value": (
        lambda: nn.Embedding(10, 3)(Value([1, 2])), TypeError,
        "Embedding(10, 3): an index must be plain: integers, slices, masks or integer arrays; got a Value. "
        "Indices carry no gradient: use .data, or a comparison for a mask"),
    "a padding beyond the rows": (
        lambda: nn.Embedding(10, 3, padding_idx=10), ValueError,
        "Embedding: padding_idx must be a row from -10 to 9; got 10"),
    "a padding that is no row": (
        lambda: nn.Embedding(10, 3, padding_idx=1.0), ValueError,
        "Embedding: padding_idx must be a whole number; got 1.0"),
    "no rows": (
        lambda: nn.Embedding(0, 3), ValueError, "Embedding: num_embeddings must be a whole number, at least 1; got 0"),
    "no generator": (
        lambda: nn.Embedding(10, 3, rng=3), TypeError,
        "normal needs a NumPy Generator: rng=np.random.default_rng(seed); got 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words


def test_drawn_from_the_standard_normal():
    weight = nn.Embedding(1000, 50, rng=np.random.default_rng(0)).weight.data
    assert abs(weight.mean()) < 0.02
    assert abs(weight.std() - 1) < 0.02
    drawn_as_pytorch = nn.Embedding(1000, 50, init="torch", rng=np.random.default_rng(0)).weight.data
    np.testing.assert_array_equal(weight, drawn_as_pytorch)


@pytest.mark.parametrize("padding_idx", [1, -3])
def test_the_row_of_padding_is_zeros_and_gets_no_gradient(padding_idx):
    layer = nn.Embedding(4, 2, padding_idx=padding_idx)
    assert layer.padding_idx == 1
    np.testing.assert_array_equal(layer.weight.data[1], 0)
    layer(np.array([[0, 1], [1, 3]])).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, [[1, 1], [0, 0], [0, 0], [1, 1]])


def test_a_row_of_padding_that_was_loaded_counts():
    """As in PyTorch: trained networks come with such rows, and mean them."""
    layer = nn.Embedding(3, 2, padding_idx=0)
    layer.load_state_dict({"weight": np.arange(6.0).reshape(3, 2) + 1})
    out = layer([0, 2])
    np.testing.assert_array_equal(out.data, [[1, 2], [5, 6]])
    out.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, [[0, 0], [0, 0], [1, 1]])


def test_float32_stays_float32():
    layer = nn.Embedding(4, 2, padding_idx=1, dtype=np.float32)
    out = layer([1, 2])
    out.sum().backward()
    assert (out.dtype, layer.weight.grad.dtype) == (np.float32, np.float32)


def test_one_index_gives_one_row():
    layer = nn.Embedding(4, 2, padding_idx=1)
    np.testing.assert_array_equal(layer(3).data, layer.weight.data[3])

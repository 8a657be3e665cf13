"""one_hot, normalize and clip_by_norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, grad, gradcheck
from tinygrad_opt.check.report import PASSING
from tinygrad_opt.functional import clip_by_norm, normalize, one_hot

AXES = [((3,), -1), ((2, 3), -1), ((2, 3), 0), ((2, 3), None), ((2, 2, 3), (0, 2)), ((0, 3), -1), ((), None)]


def test_one_hot_rows_are_rows_of_the_identity() -> None:
    labels = np.array([[2, 0], [1, 1]])
    np.testing.assert_array_equal(one_hot(labels, 3), np.eye(3)[labels])
    np.testing.assert_array_equal(one_hot(labels), np.eye(3)[labels])
    np.testing.assert_array_equal(one_hot(1, 2), [0, 1])
    assert one_hot(labels, 4, dtype=np.float32).dtype == np.float32
    assert one_hot(np.array([], int), 4).shape == (0, 4)
    assert one_hot(np.array([], int)).shape == (0, 0)
    np.testing.assert_array_equal(one_hot(labels.astype(np.uint8)), np.eye(3)[labels])


@pytest.mark.parametrize(("shape", "axis"), AXES)
def test_normalize_makes_length_one(shape: Any, axis: Any) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    norm = np.sqrt(np.sum(x * x, axis=axis, keepdims=True))
    np.testing.assert_allclose(normalize(Value(x), axis=axis).data, x / norm, rtol=1e-15)
    assert gradcheck(lambda v: normalize(v, axis=axis), x).status in PASSING
    assert gradcheck(grad(lambda v: np.sum(np.cos(x) * normalize(v, axis=axis))), x).status in PASSING


def test_a_zero_vector_stays_zero_and_gets_no_gradient() -> None:
    v = Value([[0.0, 0.0], [3.0, 4.0]])
    u = normalize(v)
    u.backward(np.array([[1.0, 2.0], [1.0, 0.0]]))
    np.testing.assert_allclose(u.data, [[0, 0], [0.6, 0.8]])
    np.testing.assert_allclose(v.grad, [[0, 0], [0.128, -0.096]])


def test_a_vector_shorter_than_eps_is_divided_by_eps() -> None:
    v = Value([3e-3, 4e-3])
    u = normalize(v, eps=0.5)
    np.testing.assert_allclose(u.data, [6e-3, 8e-3])
    np.sum(u).backward()
    np.testing.assert_allclose(v.grad, [2, 2])


@pytest.mark.parametrize(("shape", "axis"), AXES)
@pytest.mark.parametrize("max_norm", [0.1, 100.0])
def test_clip_by_norm_shortens_what_is_longer(shape: Any, axis: Any, max_norm: float) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    norm = np.sqrt(np.sum(x * x, axis=axis, keepdims=True))
    clipped = clip_by_norm(Value(x), max_norm, axis=axis)
    np.testing.assert_allclose(clipped.data, x * np.minimum(1, max_norm / norm), rtol=1e-15)
    assert gradcheck(lambda v: clip_by_norm(v, max_norm, axis=axis), x).status in PASSING
    assert gradcheck(grad(lambda v: np.sum(np.cos(x) * clip_by_norm(v, max_norm, axis=axis))), x).status in PASSING


def test_a_zero_vector_within_the_ball_keeps_its_gradient() -> None:
    v = Value(np.zeros(2))
    clip_by_norm(v, 1.0).backward([1.0, -2.0])
    np.testing.assert_array_equal(v.grad, [1, -2])


REFUSED: Refusals = {
    "labels with a history": (
        lambda: one_hot(Value([1.0])), TypeError,
        "labels carry no gradient and must be plain integers; got a Value"),
    "labels that are no integers": (lambda: one_hot([0.5]), TypeError, "labels must be integers; got float64"),
    "a label out of range": (lambda: one_hot([0, 3], 3), ValueError, "labels must be from 0 to 2; got 0 to 3"),
    "a negative label": (lambda: one_hot([-1, 1]), ValueError, "labels must be from 0 to 1; got -1 to 1"),
    "a norm of 0": (
        lambda: clip_by_norm(Value([1.0]), 0), ValueError, "clip_by_norm needs a positive max_norm; got 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_explained(name: str) -> None:
    call, error, message = REFUSED[name]
    assert refused(call, error) == message

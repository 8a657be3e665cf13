"""Whole numbers and masks are numbers: every public function takes them as float64, with or without a Value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, nn
from tinygrad_opt import functional as F

X = np.array([[1, 3, 200, 0], [7, 100, 250, 2]])
LABELS = np.array([1, 0])
NO_NUMBERS = {"one_hot", "stop_gradient"}  # labels; whatever it is given, as it is


def each(names: str, call: Callable[[Any, Any], Any]) -> dict[str, Callable[[Any], Any]]:
    """One way to call several functions."""
    return {name: functools.partial(call, getattr(F, name)) for name in names.split()}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def images(x: Any) -> Any:
    """Two of 2 x 4 with one channel."""
    return np.stack([x, x[::-1]])[:, None]


def signs(x: Any) -> Any:
    return np.where(np.arange(x.size).reshape(x.shape) % 2, 1, -1)


def mask(x: Any) -> Any:
    return (x > 0).astype(x.dtype)


# Every operand is of the kind of x, except labels and signs.
CALLS: dict[str, Callable[[Any], Any]] = {
    **each(
        "celu clip_by_norm elu erf erfc exponential gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu "
        "log_softmax logsigmoid logsumexp mish normalize relu relu6 rsqrt selu sigmoid silu softmax softmin softplus "
        "softshrink softsign sparse_plus sparse_sigmoid sparsemax squareplus tanhshrink",
        lambda fn, x: fn(x, 1.0) if fn is F.clip_by_norm else fn(x),
    ),
    **each(
        "cosine_similarity half_mse_loss huber_loss l1_loss log_cosh_loss mean_absolute_percentage_error "
        "mean_squared_logarithmic_error mse_loss poisson_nll_loss prelu smooth_l1_loss kl_div",
        lambda fn, x: fn(x, x[:, ::-1]),
    ),
    **each("hinge_embedding_loss hinge_loss soft_margin_loss squared_hinge_loss", lambda fn, x: fn(x, signs(x))),
    **each("cross_entropy multi_margin_loss categorical_hinge_loss", lambda fn, x: fn(x, LABELS)),
    **each("alpha_dropout dropout dropout1d gaussian_dropout", lambda fn, x: fn(x, rng=rng())),
    **each("adaptive_avg_pool2d adaptive_max_pool2d avg_pool2d max_pool2d unfold", lambda fn, x: fn(images(x), 2)),
    **each("adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d max_pool1d", lambda fn, x: fn(x[None], 2)),
    **each("conv1d conv_transpose1d", lambda fn, x: fn(x[:, None], x[:1, None, :2], x[1, :1])),
    **each("conv2d conv_transpose2d", lambda fn, x: fn(images(x), images(x)[:1, :, :, :2], x[1, :1])),
    "batch_norm": lambda x: F.batch_norm(x, None, None, x[0], x[1], training=True),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(mask(x), mask(x), weight=x),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, mask(x), x, pos_weight=x),
    "cosine_embedding_loss": lambda x: F.cosine_embedding_loss(x, x[:, ::-1], [1, -1]),
    "dropout2d": lambda x: F.dropout2d(images(x), rng=rng()),
    "embedding": lambda x: F.embedding(LABELS, x),
    "expm": lambda x: F.expm(x[:, :2]),
    "fold": lambda x: F.fold(x.reshape(2, 4, 1), 2, 2),
    "gaussian_nll_loss": lambda x: F.gaussian_nll_loss(x, x[:, ::-1], x),
    "gaussian_noise": lambda x: F.gaussian_noise(x, 1.0, rng=rng()),
    "group_norm": lambda x: F.group_norm(x, 2, x[0], x[1]),
    "index_put": lambda x: F.index_put(x, 0, x[1], accumulate=True),
    "instance_norm": lambda x: F.instance_norm(images(x), weight=x[0, :1]),
    "layer_norm": lambda x: F.layer_norm(x, 4, x[0], x[1]),
    "linear": lambda x: F.linear(x, weight=x, bias=x[1, :2]),
    "logit": lambda x: F.logit(mask(x)),
    "margin_ranking_loss": lambda x: F.margin_ranking_loss(x, x[:, ::-1], signs(x)),
    "nll_loss": lambda x: F.nll_loss(x - x, LABELS) if x.dtype != bool else F.nll_loss(x & ~x, LABELS),
    "rms_norm": lambda x: F.rms_norm(x, 4, x[0]),
    "rrelu": lambda x: F.rrelu(x, training=True, rng=rng()),
    "solve_triangular": lambda x: F.solve_triangular(x[:, :2], x[:, 0]),
    "threshold": lambda x: F.threshold(x, 2, 1),
    "topk": lambda x: F.topk(x, 2)[0],
    "triplet_margin_loss": lambda x: F.triplet_margin_loss(x, x[:, ::-1], x[::-1]),
}


def test_every_public_function_is_here() -> None:
    assert set(CALLS) == set(F.__all__) - NO_NUMBERS


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool])
@pytest.mark.parametrize("name", CALLS)
def test_whole_numbers_and_masks_count_as_float64(name: str, kind: Any) -> None:
    x = X.astype(kind)
    with np.errstate(all="ignore"):  # the logarithm of 0, say, warns for either
        ours, of_floats = CALLS[name](x), CALLS[name](x.astype(np.float64))
    assert ours.dtype == np.float64
    np.testing.assert_array_equal(ours, of_floats)


def test_scalars_of_small_integer_types_count_as_float64() -> None:
    assert F.sigmoid(np.uint8(2)) == F.sigmoid(np.float64(2.0))
    assert F.sigmoid(np.uint8(2)).dtype == np.float64


def test_modules_take_pixels() -> None:
    x = X.astype(np.uint8)
    np.testing.assert_array_equal(nn.Softmax()(x), F.softmax(x.astype(float)))


def test_pixels_beside_a_value_are_numbers_too() -> None:
    x, y = X.astype(np.uint8), Value(X[:, ::-1] + 0.5)
    assert F.mse_loss(x, y).data == F.mse_loss(x.astype(float), y).data
    assert F.cosine_similarity(x, y).data.tolist() == F.cosine_similarity(x.astype(float), y).data.tolist()


def test_a_function_of_ones_own_gets_floats_where_a_gradient_flows_and_labels_where_none_does() -> None:
    seen = []

    def picked(x: Any, labels: Any) -> Any:
        seen.append((x.dtype, labels.dtype))
        return x[np.arange(len(labels)), labels]

    picked = differentiable(picked, lambda g, out, x, labels: 0 * x, None)
    picked(X, LABELS)
    picked(x=X, labels=LABELS)
    assert seen == [(np.float64, LABELS.dtype)] * 2

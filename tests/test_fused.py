"""The fused functions: the same as their readable twins and as PyTorch, with every option, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value, draw, explain, gradcheck, readable
from tinygrad_opt import functional as F

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 3))
LABELS = np.array([2, 0, 1, 2])
P = rng.dirichlet(np.ones(3), 4)
T = rng.uniform(0, 1, (4, 3))
W, B = rng.uniform(0.5, 1.5, 3), rng.normal(size=3)
CUBES = rng.normal(size=(4, 3))


def orders(f: Callable[..., Any], *points: Any) -> list[Any]:
    """The value of f, its gradients, and the gradients of a cubic function of them."""
    leaves = [Value(x) for x in points]
    y = f(*leaves)
    total = y if y.ndim == 0 else np.sum(y * CUBES[: len(y)] if y.shape == CUBES.shape else y**2)
    total.backward(create_graph=True)
    gradients = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    sum((np.sum(g**3) for g in gradients), Value(0.0)).backward()
    seconds = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad for leaf in leaves]
    return [y.data, *(g.data for g in gradients), *seconds]


TWINS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS), lambda x: readable.cross_entropy(x, LABELS), (X,)),
    "cross_entropy of probabilities": (F.cross_entropy, readable.cross_entropy_of_probabilities, (X, P)),
    "squareplus": (F.squareplus, readable.squareplus, (X,)),
    "binary_cross_entropy": (F.binary_cross_entropy, readable.binary_cross_entropy, (T, P)),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits, readable.binary_cross_entropy_with_logits, (X, T)),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, 3, w, b), lambda x, w, b: readable.layer_norm(x, 3, w, b), (X, W, B)),
    "rms_norm": (
        lambda x, w: F.rms_norm(x, 3, w, eps=1e-5), lambda x, w: readable.rms_norm(x, 3, w, eps=1e-5), (X, W)),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), readable.batch_norm, (X, W, B)),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b), lambda x, w, b: readable.group_norm(x, 2, w, b),
        (rng.normal(size=(3, 4)), rng.uniform(0.5, 1.5, 4), rng.normal(size=4))),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_a_fused_function_and_its_readable_twin_agree_to_second_order(name):
    fused, twin, points = TWINS[name]
    for found, expected in zip(orders(fused, *points), orders(twin, *points), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", TWINS)
def test_a_loss_is_one_node_and_a_normalization_one_and_its_weight_and_bias(name):
    fused, _, points = TWINS[name]
    operations = [entry.op for entry in explain(fused(*map(Value, points)), gradient_of(fused, points)).forward]
    reshaped = 2 * (name == "group_norm")  # into groups and back
    assert len(operations) == (1 if "entropy" in name else len(points) + reshaped)


def gradient_of(fused: Callable[..., Any], points: tuple[Any, ...]) -> Any:
    return np.ones(np.shape(fused(*points)))


# -- cross_entropy -----------------------------------------------------------------------------
OPTIONS: list[dict[str, Any]] = [
    {}, {"reduction": "sum"}, {"reduction": "none"}, {"weight": W}, {"weight": W.tolist(), "reduction": "sum"},
    {"label_smoothing": 0.1}, {"label_smoothing": 0.3, "weight": W}, {"label_smoothing": 1.0, "reduction": "none"},
    {"ignore_index": 2}, {"ignore_index": 2, "weight": W, "label_smoothing": 0.2},
    {"ignore_index": 1, "reduction": "none", "weight": W},
]  # fmt: skip


def written_out(
    x: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """The definition, row by row."""
    w = np.ones(3) if weight is None else np.asarray(weight)
    losses, counts = [], []
    for row, wanted in zip(F.log_softmax(x), target, strict=True):
        p = np.eye(3)[wanted] if np.ndim(wanted) == 0 else wanted
        alive = np.ndim(wanted) or wanted != ignore_index
        losses.append(np.sum(-row * ((1 - label_smoothing) * p + label_smoothing / 3) * w) * alive)
        counts.append((w[wanted] if np.ndim(wanted) == 0 else 1.0) * alive)
    stacked = np.stack(losses)
    return {"none": stacked, "sum": np.sum(stacked), "mean": np.sum(stacked) / sum(counts)}[reduction]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("target", [LABELS, LABELS.astype(np.uint8), P], ids=["int64", "uint8", "probabilities"])
def test_every_option_means_what_its_definition_says(options, target):
    def fused(x: Any) -> Any:
        return F.cross_entropy(x, target, **options)

    for found, expected in zip(orders(fused, X), orders(lambda x: written_out(x, target, **options), X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(fused(X), fused(Value(X)).data)
    assert gradcheck(lambda x: np.sum(fused(x)), Value(X))


def test_labels_may_be_a_list_and_more_than_sixty_four_classes():
    wide = Value(rng.normal(size=(5, 70)))
    labels = [0, 69, 3, 3, 8]
    loss = F.cross_entropy(wide, labels)
    loss.backward()
    expected = F.softmax(wide.data) - np.eye(70)[labels]
    np.testing.assert_allclose(wide.grad, expected / 5, rtol=1e-13, atol=1e-16)


def test_target_probabilities_get_their_gradient_too():
    p = Value(P)
    F.cross_entropy(X, p, weight=W, label_smoothing=0.1).backward()
    np.testing.assert_allclose(p.grad, -F.log_softmax(X) * W * 0.9 / 4, rtol=1e-14)


def test_float32_scores_give_a_float32_loss():
    x = Value(X.astype(np.float32))
    for options in OPTIONS:
        assert F.cross_entropy(x, LABELS, **options).dtype == np.float32


def test_what_is_kept_for_the_rules_is_not_shown():
    x = Value(X, name="x")
    loss = F.cross_entropy(x, LABELS)
    step = explain(loss).steps[0]
    assert step.formula == "cross_entropy(x, c1)"
    assert step.contributions[0].formula == "v1.grad / 4 * (softmax(x) - (c1[:, None] == [0, 1, 2]))"
    assert "kept" not in str(explain(loss)) + draw(loss).source
    loss.backward()
    np.testing.assert_array_equal(step.contributions[0].expr.value, x.grad)


# -- binary cross-entropy ----------------------------------------------------------------------
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [{}, {"weight": W}, {"pos_weight": W}, {"weight": T, "pos_weight": 2.0}], ids=str)
def test_weights_of_binary_cross_entropy(weights, reduction):
    def expected(x: Any, t: Any) -> Any:
        p = F.sigmoid(x)
        losses = -weights.get("weight", 1.0) * (
            weights.get("pos_weight", 1.0) * t * np.log(p) + (1 - t) * np.log(1 - p)
        )
        return {"none": losses, "sum": np.sum(losses), "mean": np.mean(losses)}[reduction]

    def fused(x: Any, t: Any) -> Any:
        return F.binary_cross_entropy_with_logits(x, t, reduction=reduction, **weights)

    for found, wanted in zip(orders(fused, X, T), orders(expected, X, T), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


# -- normalization -----------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 2, 2)])
def test_batch_norm_standardizes_every_channel_and_follows_its_statistics(shape):
    x = Value(rng.normal(2, 3, shape))
    mean, var = np.zeros(3), np.ones(3)
    y = F.batch_norm(x, mean, var, Value(W), Value(B), training=True, momentum=0.2)
    axes = (0, *range(2, len(shape)))
    np.testing.assert_allclose(np.mean(y.data, axis=axes), B, atol=1e-13)
    np.testing.assert_allclose(np.std(y.data, axis=axes), W, rtol=1e-4)
    np.testing.assert_allclose(mean, 0.2 * np.mean(x.data, axis=axes))
    np.testing.assert_allclose(var, 0.8 + 0.2 * np.var(x.data, axis=axes, ddof=1))
    before = mean.copy()
    z = F.batch_norm(x, mean, var, W, B)
    column = (3, *(1,) * (len(shape) - 2))
    expected = (x.data - mean.reshape(column)) / np.sqrt(var.reshape(column) + 1e-5)
    np.testing.assert_allclose(z.data, expected * W.reshape(column) + B.reshape(column))
    np.testing.assert_array_equal(mean, before)
    assert gradcheck(lambda x: np.sum(F.batch_norm(x, None, None, training=True) ** 3), x)
    assert gradcheck(lambda x: np.sum(F.batch_norm(x, mean, var) ** 3), x)


def test_layer_norm_and_rms_norm_over_several_axes():
    x = Value(rng.normal(size=(2, 3, 4)))
    w = rng.normal(size=(3, 4))
    np.testing.assert_allclose(np.mean(F.layer_norm(x, (3, 4)).data, axis=(1, 2)), 0, atol=1e-15)
    np.testing.assert_allclose(np.mean(F.rms_norm(x, [3, 4]).data ** 2, axis=(1, 2)), 1, rtol=1e-13)
    assert gradcheck(lambda x: np.sum(F.layer_norm(x, (3, 4), w, w) ** 3), x)
    assert gradcheck(lambda x: np.sum(F.rms_norm(x, (3, 4), w) ** 3), x)


def test_the_default_eps_of_rms_norm_is_that_of_the_dtype():
    tiny = np.full(2, 1e-4)
    for dtype in (np.float32, np.float64):
        y = F.rms_norm(Value(tiny.astype(dtype)), 2)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.data, 1e-4 / np.sqrt(1e-8 + np.finfo(dtype).eps), rtol=1e-5)


# -- what is refused ---------------------------------------------------------------------------
REFUSALS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a reduction": (
        lambda: F.cross_entropy(Value(X), LABELS, reduction="avg"), ValueError,
        'reduction must be "mean", "sum" or "none"; got \'avg\''),
    "a reduction of a binary loss": (
        lambda: F.binary_cross_entropy(Value(T), T, reduction=None), ValueError,
        'reduction must be "mean", "sum" or "none"; got None'),
    "a label out of range, beside ignored ones": (
        lambda: F.cross_entropy(Value(X), np.array([-100, 0, 3, 1])), ValueError,
        "labels must be from 0 to 2; got -100 to 3"),
    "a label that is ignored nowhere": (
        lambda: F.cross_entropy(Value(X), np.array([-1, 0, 2, 1])), ValueError,
        "labels must be from 0 to 2; got -1 to 2"),
    "a single class": (
        lambda: F.cross_entropy(Value(X[:, :1]), np.zeros(4, int)), ValueError,
        "cross_entropy of one class is 0 whatever its score is; got scores (4, 1): give the model an output for each "
        "class, or for yes and no in one output take binary_cross_entropy_with_logits"),
    "float labels": (
        lambda: F.cross_entropy(Value(X), np.ones(4)), TypeError, "labels must be integers; got float64"),
    "probabilities of another shape": (
        lambda: F.cross_entropy(Value(X), np.ones((4, 2))), ValueError,
        "scores (N, C) need probabilities of the same shape, or labels (N,); got (4, 3) and (4, 2)"),
    "too few class weights": (
        lambda: F.cross_entropy(Value(X), LABELS, weight=[1.0, 2.0]), ValueError,
        "weight needs one number for each of 3 classes; got shape (2,)"),
    "a Value as class weights": (
        lambda: F.cross_entropy(Value(X), LABELS, weight=Value([1.0, 2.0, 3.0])), TypeError,
        "cross_entropy takes a plain weight, which gets no gradient; got Value(data=[1., 2., 3.], grad=None)"),
    "a smoothing above 1": (
        lambda: F.cross_entropy(Value(X), LABELS, label_smoothing=1.5), ValueError,
        "label_smoothing is a share from 0 to 1; got 1.5"),
    "targets that would broadcast": (
        lambda: F.binary_cross_entropy_with_logits(Value(X), T[:, :1]), ValueError,
        "binary_cross_entropy_with_logits: prediction (4, 3) and target (4, 1) would broadcast to (4, 3); "
        "if that is meant, use np.broadcast_to(target, (4, 3))"),
    "a weight that would enlarge the loss": (
        lambda: F.binary_cross_entropy(Value(P[0]), T[0], weight=np.ones((2, 3))), ValueError,
        "weight of shape (2, 3) does not broadcast to (3,), that of the entries"),
    "a weight that does not fit": (
        lambda: F.binary_cross_entropy(Value(P[0]), T[0], weight=np.ones(2)), ValueError,
        "weight of shape (2,) does not broadcast to (3,), that of the entries"),
    "logits for probabilities": (
        lambda: F.binary_cross_entropy(Value([-1.5, 2.0]), [0.0, 1.0]), ValueError,
        "binary_cross_entropy needs probabilities from 0 to 1; got -1.5 to 2: "
        "for any real numbers take binary_cross_entropy_with_logits"),
    "another normalized shape": (
        lambda: F.layer_norm(Value(X), 4), ValueError,
        "layer_norm over (4,) needs entries whose last axes are (4,); got shape (4, 3)"),
    "no normalized shape": (
        lambda: F.rms_norm(Value(X), ()), ValueError,
        "rms_norm over () needs entries whose last axes are (); got shape (4, 3)"),
    "a weight of another shape": (
        lambda: F.layer_norm(Value(X), 3, np.ones(4)), ValueError, "layer_norm needs a weight of shape (3,); got (4,)"),
    "a negative eps": (
        lambda: F.layer_norm(Value(X), 3, eps=-1.0), ValueError,
        "layer_norm: eps must be a finite number, at least 0; got -1.0"),
    "no batch": (
        lambda: F.batch_norm(Value(B), None, None, training=True), ValueError,
        "batch_norm needs a batch of channels (N, C, ...); got shape (3,)"),
    "a batch of one": (
        lambda: F.batch_norm(Value(X[:1]), None, None, training=True), ValueError,
        "batch_norm in training needs more than one value a channel; got 1 in shape (1, 3): a single x equals its "
        "mean, so x - mean = 0, the output is the bias for every input, and the gradient with respect to x is 0"),
    "a batch norm's bias of another shape": (
        lambda: F.batch_norm(Value(X), None, None, bias=np.ones(4), training=True), ValueError,
        "batch_norm needs a bias of shape (3,); got (4,)"),
    "no statistics to evaluate with": (
        lambda: F.batch_norm(Value(X), None, None), TypeError,
        "batch_norm needs running_mean as a plain array; got NoneType"),
    "a Value as a statistic": (
        lambda: F.batch_norm(Value(X), Value(B), None, training=True), TypeError,
        "batch_norm needs running_mean as a plain array or None; got Value"),
    "statistics of another shape": (
        lambda: F.batch_norm(Value(X), np.zeros(3), np.ones(4)), ValueError,
        "batch_norm needs running_var of floats and shape (3,); got float64 of shape (4,)"),
    "whole numbers for statistics": (
        lambda: F.batch_norm(Value(X), np.zeros(3, int), None, training=True), ValueError,
        "batch_norm needs running_mean of floats and shape (3,); got int64 of shape (3,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_misuse_is_refused_in_words_that_help(name):
    call, error, message = REFUSALS[name]
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert message in str(caught.value)

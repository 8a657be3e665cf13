"""Losses: the same as PyTorch's and Keras', true slopes, what they are at kinks, and what they refuse."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from losses import CASES
from losses.case import furthest, put, run
from refusals import Refusals, refused

from tinygrad_opt import Value, grad, gradcheck, hessian, nn
from tinygrad_opt import functional as F

inf = math.inf
GOLDENS = json.loads((Path(__file__).parent / "goldens" / "losses.json").read_text(encoding="utf-8"))["runs"]
ALL = [pytest.param(case, r, id=f"{case.name}, {r}") for case in CASES for r in case.reductions]
EACH = [pytest.param(case, id=case.name) for case in CASES]
SMOOTH = [pytest.param(case, id=case.name) for case in CASES if "small variances" not in case.name]


@pytest.mark.parametrize(("case", "reduction"), ALL)
def test_the_same_as_recorded(case, reduction):
    assert furthest(run(case, reduction), GOLDENS[f"{case.name}, {reduction}"]) < 1e-12


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", SMOOTH)
def test_gradients_are_slopes(case, order):
    def loss(*values):
        return case.ours(*put(case.operands, case.live, values), reduction="mean")

    report = gradcheck(loss, *(Value(case.operands[i]) for i in case.live), order=order)
    assert report, report


@pytest.mark.parametrize("case", EACH)
def test_float32_stays_float32_beside_plain_targets_of_float64(case):
    leaves = [Value(case.operands[i].astype(np.float32)) for i in case.live]
    loss = case.ours(*put(case.operands, case.live, leaves), reduction=case.reductions[-1])
    assert loss.dtype == np.float32
    loss.backward(np.ones(loss.shape, np.float32))
    assert {leaf.grad.dtype.name for leaf in leaves} == {"float32"}


@pytest.mark.parametrize("case", EACH)
def test_plain_arrays_give_plain_numbers(case):
    loss = case.ours(*case.operands, reduction="mean")
    assert not isinstance(loss, Value)
    assert loss == pytest.approx(run(case, "mean")[0], rel=1e-14)


# -- laws --------------------------------------------------------------------------------------
errors = st.floats(-1e6, 1e6)


@given(errors, st.floats(0.01, 100))
def test_huber_is_the_smaller_of_parabola_and_line(error, delta):
    loss = F.huber_loss([error], [0.0], delta=delta)
    assert loss == pytest.approx(error**2 / 2 if abs(error) <= delta else delta * (abs(error) - delta / 2))
    assert loss <= min(F.half_mse_loss([error], [0.0]), delta * abs(error)) * (1 + 1e-12) + 1e-300
    assert F.smooth_l1_loss([error], [0.0], beta=delta) == pytest.approx(loss / delta)


@given(st.floats(1e-150, 1e6))
def test_log_cosh_is_exact_for_small_and_large_errors(error):
    loss, other = F.log_cosh_loss([error, -error], [0.0, 0.0], reduction="none")
    assert loss == other
    expected = error**2 / 2 - error**4 / 12 if error < 1e-3 else error - math.log(2) + math.log1p(math.exp(-2 * error))
    assert loss == pytest.approx(expected, rel=1e-9, abs=0)
    slope = grad(lambda x: F.log_cosh_loss(x, [0.0]))(np.array([error]))
    assert slope == pytest.approx(math.tanh(error), rel=1e-14, abs=0)


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=5), st.booleans())
def test_soft_margin_is_binary_cross_entropy_for_other_targets(scores, first):
    target = np.where(np.arange(len(scores)) % 2 == first, 1.0, -1.0)
    expected = F.binary_cross_entropy_with_logits(scores, (target + 1) / 2, reduction="none")
    np.testing.assert_allclose(F.soft_margin_loss(scores, target, reduction="none"), expected, rtol=1e-13)


@given(st.integers(0, 1000), st.sampled_from(["mean", "sum", "none"]), st.booleans(), st.sampled_from([-100, 1]))
def test_nll_of_log_softmax_is_cross_entropy(seed, reduction, weighted, ignore_index):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(0, 3, (4, 3)), np.array([0, 2, 2, ignore_index])
    options = {"reduction": reduction, "ignore_index": ignore_index, "weight": [0.5, 1.0, 3.0] if weighted else None}
    expected = F.cross_entropy(x, labels, **options)
    np.testing.assert_allclose(F.nll_loss(F.log_softmax(x), labels, **options), expected, rtol=1e-12)


@given(st.integers(0, 1000))
def test_a_divergence_is_positive_and_the_cross_entropy_less_the_entropy(seed):
    p, q = np.random.default_rng(seed).dirichlet(np.ones(4), (2, 3))
    divergence = F.kl_div(np.log(q), p, reduction="batchmean")
    assert divergence >= 0
    assert divergence == pytest.approx(F.cross_entropy(np.log(q), p) + np.mean(np.sum(p * np.log(p), axis=1)))


@pytest.mark.parametrize(
    "name", ["mse_loss", "l1_loss", "huber_loss", "hinge_loss", "binary_cross_entropy_with_logits"]
)
def test_whole_numbers_masks_and_lists_are_targets(name):
    loss = getattr(F, name)
    expected = loss([0.5, -2.0], np.array([1.0, 1.0]))
    for target in ([1, 1], np.array([1, 1], np.uint8), np.array([True, True])):
        assert loss(Value([0.5, -2.0]), target).data == expected


def test_half_the_error_has_a_gradient_without_2():
    x, y = np.array([3.0, -1.0]), np.array([1.0, 1.0])
    assert F.half_mse_loss(x, y) == F.mse_loss(x, y) / 2 == 2
    np.testing.assert_array_equal(grad(lambda x: F.half_mse_loss(x, y))(x), (x - y) / 2)


def test_categorical_hinge_takes_labels_and_one_hot_rows():
    x = np.array([[3.0, 2.5, -1.0], [0.2, -0.3, -0.5]])
    found = F.categorical_hinge_loss(x, np.array([0, 1]), reduction="none")
    np.testing.assert_allclose(found, [0.5, 1.5])
    np.testing.assert_array_equal(F.categorical_hinge_loss(x, np.eye(3)[[0, 1]], reduction="none"), found)
    assert F.categorical_hinge_loss([[0.5, -3.0]], [0]) == 0.5  # the best of the others is never below 0, as in Keras


def test_similarities_of_every_pair():
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4))
    found = F.cosine_similarity(x[:, None], y[None])
    expected = x @ y.T / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert gradcheck(lambda x, y: np.sum(F.cosine_similarity(x, y, axis=0) ** 3), Value(x), Value(y), order=2)


# -- where calculus leaves a choice ------------------------------------------------------------
def gradient(loss, x):
    return grad(lambda x: np.sum(loss(x)))(np.array(x))


def test_no_slope_where_the_prediction_is_right():
    for loss in (F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.log_cosh_loss):
        np.testing.assert_array_equal(gradient(lambda x, loss=loss: loss(x, [1.0, 2.0]), [1.0, 2.0]), [0, 0])
    for loss in (F.huber_loss, F.log_cosh_loss, F.half_mse_loss):
        np.testing.assert_allclose(hessian(lambda x, loss=loss: loss(x, [1.0]))(np.array([1.0])), [[1.0]])


def test_the_slope_of_huber_at_delta_is_delta():
    np.testing.assert_array_equal(
        gradient(lambda x: F.huber_loss(x, [0.0, 0.0], delta=2.0, reduction="sum"), [2.0, -2.0]), [2, -2]
    )


def test_at_the_margin_an_example_still_pushes():
    one, two = np.array([1.0]), np.array([2.0])
    assert gradient(lambda x: F.hinge_loss(x, [1]), one) == -1
    assert gradient(lambda x: F.categorical_hinge_loss(x, [0]), [[2.0, 1.0]]).tolist() == [[-1, 1]]
    assert gradient(lambda x: F.hinge_embedding_loss(x, [-1]), one) == -1
    assert gradient(lambda x: F.margin_ranking_loss(x, two, [1]), two) == -1  # two scores that start equal
    assert gradient(lambda x: F.multi_margin_loss(x, [0]), [[2.0, 1.0]]).tolist() == [[0, 0]]
    assert gradient(lambda x: F.squared_hinge_loss(x, [1]), one) == 0


def test_identical_vectors_and_zero_vectors_have_finite_gradients():
    a, far = np.ones((1, 3)), np.full((1, 3), 9.0)
    found = gradient(lambda x: F.triplet_margin_loss(x, a, far, margin=100.0), a)
    assert np.isfinite(found).all()
    zero = np.zeros((1, 3))
    assert F.cosine_similarity(zero, a).tolist() == [0]
    np.testing.assert_array_equal(gradient(lambda x: F.cosine_similarity(x, a), zero), zero)


def test_a_class_that_is_not_wanted_adds_nothing_to_a_divergence():
    log_q, p = np.array([[-inf, 0.0]]), np.array([[0.0, 1.0]])
    assert F.kl_div(log_q, p, reduction="sum") == 0
    np.testing.assert_array_equal(gradient(lambda q: F.kl_div(q, p, reduction="sum"), log_q), [[0, -1]])
    with np.errstate(divide="ignore"):
        assert F.kl_div(log_q, np.log(p), log_target=True, reduction="sum") == 0


def test_probabilities_of_0_cost_inf_or_what_the_logarithm_is_cut_to():
    p, t = np.array([0.0, 1.0, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 1.0])
    with np.errstate(divide="ignore"):
        assert F.binary_cross_entropy(p, t, reduction="none")[:3].tolist() == [inf, inf, 0]
    found = F.binary_cross_entropy(p, t, reduction="none", min_log=-100)
    np.testing.assert_allclose(found, [100, 100, 0, -math.log(0.3)])  # PyTorch's numbers
    np.testing.assert_allclose(
        gradient(lambda p: F.binary_cross_entropy(p, t, reduction="sum", min_log=-100), p), [0, 0, 1, -1 / 0.3]
    )
    x = np.array([-1000.0, 1000.0])  # a sigmoid that has saturated on the wrong side leaves the weights finite
    cut = gradient(lambda x: F.binary_cross_entropy(F.sigmoid(x), [1.0, 0.0], min_log=-100), x)
    np.testing.assert_array_equal(cut, [0, 0])
    clipped = F.binary_cross_entropy(np.clip(p, 1e-7, 1 - 1e-7), t, reduction="none")
    assert clipped[0] == pytest.approx(16.11809565)  # Keras' number


def test_an_impossible_class_that_is_ignored_adds_nothing():
    log_p = np.array([[-inf, 0.0], [-0.5, -1.0]])
    labels = np.array([-100, 1])
    assert F.nll_loss(log_p, labels) == 1
    np.testing.assert_array_equal(gradient(lambda x: F.nll_loss(x, labels), log_p), [[0, 0], [0, -1]])


def test_a_variance_below_eps_is_told_to_grow():
    def loss(var):
        return F.gaussian_nll_loss([0.0], [2.0], var, eps=0.5)

    np.testing.assert_allclose(gradient(loss, [0.0]), gradient(loss, [0.5]))
    assert gradient(loss, [0.0]) < 0


@pytest.mark.parametrize("kind", [">i2", ">i4", ">i8", ">u2", "<i4", "i1", "u1"])
def test_labels_of_any_byte_order(kind):
    labels = np.array([0, 2, 1, 2]).astype(kind)
    assert F.cross_entropy(TABLE, labels) == F.cross_entropy(TABLE, labels.astype(int))


# -- probabilities where logits are meant ------------------------------------------------------
P = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
LABELS = np.array([0, 1, 1])


@given(st.integers(0, 1000), st.sampled_from([(2, 2), (5, 3), (1, 4)]))
def test_logits_are_not_taken_for_probabilities(seed, shape):
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape[0], int)
    for logits in (rng.normal(size=shape), rng.uniform(0, 1, shape), np.zeros(shape), np.full(shape, np.nan)):
        F.cross_entropy(logits, labels)


def test_one_row_may_sum_to_1_and_so_may_some_rows():
    assert F.cross_entropy(P[:1], [0]) > 0
    assert F.cross_entropy(np.vstack([P, [[2.0, -1.0]]]), [0, 0, 0, 0]) > 0  # they sum to 1, but one is negative
    assert F.cross_entropy(np.vstack([P, [[0.5, 0.6]]]), [0, 0, 0, 0]) > 0


def test_no_loss_below_the_one_that_is_named_can_be_reached_from_probabilities():
    with pytest.raises(ValueError, match=r"log\(1 \+ 1/e\) = 0\.3133 can"):
        F.cross_entropy(P, LABELS)
    best = F.cross_entropy(np.array([[1.0, 0.0]]), [0])
    assert best == pytest.approx(0.3133, abs=5e-5)


# -- what is refused ---------------------------------------------------------------------------
COLUMN, LINE = Value(np.zeros((100, 1))), np.zeros(100)
TABLE = np.zeros((4, 3))
PAIRWISE = [
    "mse_loss", "half_mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss",
    "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "hinge_loss", "squared_hinge_loss",
    "soft_margin_loss", "hinge_embedding_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div",
    "poisson_nll_loss",
]  # fmt: skip


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_column_beside_a_line_is_refused(name):
    loss = getattr(F, name)
    crossed = f"{name}: prediction {{}} and target {{}} would broadcast to (100, 100), every prediction compared "
    assert refused(lambda: loss(COLUMN, LINE), ValueError) == (
        crossed.format((100, 1), (100,)) + "with every target; use target.reshape(-1, 1)"
    )
    assert refused(lambda: loss(LINE, COLUMN), ValueError) == (
        crossed.format((100,), (100, 1)) + "with every target; use target.reshape(-1)"
    )


@pytest.mark.parametrize(
    "name", [*PAIRWISE, "cross_entropy", "nll_loss", "multi_margin_loss", "categorical_hinge_loss"]
)
def test_an_unknown_reduction_is_refused(name):
    message = refused(lambda: getattr(F, name)(TABLE, TABLE, reduction="avg"), ValueError)
    assert message == 'reduction must be "mean", "sum" or "none"; got \'avg\''


REFUSED: Refusals = {
    "a number for many": (
        lambda: F.mse_loss(np.zeros(3), 0.0), ValueError,
        "mse_loss: prediction (3,) and target () would broadcast to (3,); "
        "if that is meant, use np.broadcast_to(target, (3,))"),
    "many for a number": (
        lambda: F.mse_loss(0.0, np.zeros(3)), ValueError,
        "mse_loss: prediction () and target (3,) would broadcast to (3,); "
        "if that is meant, use np.broadcast_to(prediction, (3,))"),
    "a target that is missing": (
        lambda: F.mse_loss([1.0, 2.0], [1.0, None]), TypeError, "targets and weights are real numbers; got object"),
    "other lengths": (
        lambda: F.l1_loss(np.zeros(3), np.zeros(4)), ValueError,
        "l1_loss: prediction (3,) and target (4,) must have the same shape"),
    "a row beside a line": (
        lambda: F.mse_loss(np.zeros((1, 3)), np.zeros(3)), ValueError,
        "mse_loss: prediction (1, 3) and target (3,) would broadcast to (1, 3); use target.reshape(-1, 3)"),
    "one number in a list": (
        lambda: F.mse_loss(1.0, [1.0]), ValueError,
        "mse_loss: prediction () and target (1,) would broadcast to (1,); use target.reshape(())"),
    "a negative sample of another shape": (
        lambda: F.triplet_margin_loss(TABLE, TABLE, TABLE[:1]), ValueError,
        "triplet_margin_loss: anchor (4, 3) and negative (1, 3) would broadcast to (4, 3); "
        "if that is meant, use np.broadcast_to(negative, (4, 3))"),
    "ranks in a line": (
        lambda: F.margin_ranking_loss(COLUMN, COLUMN, LINE), ValueError,
        "margin_ranking_loss: input1 (100, 1) and target (100,) would broadcast to (100, 100), "
        "every input1 compared with every target; use target.reshape(-1, 1)"),
    "a target for each entry": (
        lambda: F.cosine_embedding_loss(TABLE, TABLE, np.ones((4, 1))), ValueError,
        "cosine_embedding_loss: similarity (4,) and target (4, 1) would broadcast to (4, 4), "
        "every similarity compared with every target; use target.reshape(-1)"),
    "a line of variances, one a column": (
        lambda: F.gaussian_nll_loss(TABLE, TABLE, np.ones(3)), ValueError,
        "gaussian_nll_loss: prediction (4, 3) and var (3,) would broadcast to (4, 3); "
        "if that is meant, use np.broadcast_to(var, (4, 3))"),
    "variances that do not fit": (
        lambda: F.gaussian_nll_loss(TABLE, TABLE, np.ones((4, 2))), ValueError,
        "gaussian_nll_loss: prediction (4, 3) and var (4, 2) must have the same shape"),
    "a negative variance": (
        lambda: F.gaussian_nll_loss([1.0], [1.0], [-0.5]), ValueError,
        "gaussian_nll_loss needs a variance of 0 or more; got -0.5"),
    "a least variance of 0": (
        lambda: F.gaussian_nll_loss([1.0], [1.0], [0.5], eps=0), ValueError,
        "gaussian_nll_loss: eps must be a finite number above 0; got 0"),
    "labels of yes and no for signs": (
        lambda: F.hinge_loss([0.5, 2.0], [0, 1]), ValueError,
        "hinge_loss takes targets -1 and 1; got [0.0, 1.0]: use 2 * target - 1"),
    "numbers for signs": (
        lambda: F.soft_margin_loss(np.zeros(6), np.arange(6)), ValueError,
        "soft_margin_loss takes targets -1 and 1; got 0 to 5"),
    "a delta of 0": (
        lambda: F.huber_loss([1.0], [1.0], delta=0), ValueError,
        "huber_loss: delta must be a finite number above 0; got 0"),
    "a negative beta": (
        lambda: F.smooth_l1_loss([1.0], [1.0], beta=-1.0), ValueError,
        "smooth_l1_loss: beta must be a finite number, at least 0; got -1.0"),
    "percent of nothing": (
        lambda: F.mean_absolute_percentage_error([1.0], [1.0], eps=0), ValueError,
        "mean_absolute_percentage_error: eps must be a finite number above 0; got 0"),
    "a third power": (
        lambda: F.multi_margin_loss(TABLE, LABELS, p=3), ValueError, "multi_margin_loss takes p=1 or p=2; got 3"),
    "a negative margin": (
        lambda: F.triplet_margin_loss(TABLE, TABLE, TABLE, margin=-1), ValueError,
        "triplet_margin_loss: margin must be a finite number above 0; got -1"),
    "logarithms for probabilities": (
        lambda: F.nll_loss(P, LABELS), ValueError,
        "nll_loss takes log-probabilities; got probabilities, as all 3 rows are 0 or more and sum to 1: "
        "use log_softmax(logits), or np.log(p)"),
    "logarithms for probabilities in a divergence": (
        lambda: F.kl_div(P, P), ValueError,
        "kl_div takes log-probabilities; got probabilities, as all 3 rows are 0 or more and sum to 1: "
        "use log_softmax(logits), or np.log(p)"),
    "probabilities for logits": (
        lambda: F.cross_entropy(Value(P.astype(np.float32)), LABELS), ValueError,
        "cross_entropy takes logits and applies softmax itself; got probabilities, as all 3 rows are 0 or more and "
        "sum to 1. From them no loss below log(1 + 1/e) = 0.3133 can be reached: pass the logits, or use "
        "nll_loss(np.log(p), labels)"),
    "labels in a column": (
        lambda: F.cross_entropy(TABLE, np.zeros((4, 1), int)), ValueError,
        "scores (N, C) need labels (N,), one a row; got (4, 3) and (4, 1): use labels.reshape(-1)"),
    "float labels": (
        lambda: F.cross_entropy(TABLE, np.ones(4)), TypeError,
        "labels must be integers; got float64: use labels.astype(int)"),
    "numbers for labels": (
        lambda: F.multi_margin_loss(TABLE, np.full(4, 0.5)), TypeError, "labels must be integers; got float64"),
    "one-hot rows of whole numbers": (
        lambda: F.cross_entropy(TABLE, np.ones((4, 3), int)), ValueError,
        "scores (N, C) need labels (N,), one a row; got (4, 3) and (4, 3): "
        "targets of every class are floats, use target.astype(float)"),
    "labels of images of another size": (
        lambda: F.cross_entropy(np.zeros((2, 3, 4, 4)), np.zeros((2, 4, 5), int)), ValueError,
        "scores (2, 3, 4, 4) need labels (2, 4, 4) or the scores' own shape; got (2, 4, 5)"),
    "a single score": (
        lambda: F.nll_loss(0.5, 0), ValueError,
        "scores have shape (C,), (N, C) or (N, C, d1, ...); got a single number"),
    "a label out of range": (
        lambda: F.nll_loss(TABLE, [0, 1, 2, 3]), ValueError, "labels must be from 0 to 2; got 0 to 3"),
    "labels that are a mask": (
        lambda: F.cross_entropy(TABLE, np.ones(4, bool)), TypeError,
        "labels must be integers; got bool: use labels.astype(int)"),
    "labels in a Value": (
        lambda: F.cross_entropy(TABLE, Value([0, 1, 2, 0])), TypeError,
        "labels must be integers; got float64: use labels.data.astype(int)"),
    "labels in a Value for log-probabilities": (
        lambda: F.nll_loss(TABLE, Value([0, 1, 2, 0])), TypeError,
        "labels must be integers; got float64: use labels.data.astype(int)"),
    "scores for log-probabilities": (
        lambda: F.nll_loss([[2.5, -1.0]], [0]), ValueError,
        "nll_loss takes log-probabilities, which are 0 or less; got 2.5: "
        "use log_softmax(logits), or cross_entropy(logits, target)"),
    "signs for yes and no": (
        lambda: F.binary_cross_entropy_with_logits([0.5, 2.0], [-1, 1]), ValueError,
        "binary_cross_entropy_with_logits takes targets from 0 to 1; got -1 to 1: for -1 and 1 use (target + 1) / 2"),
    "a target of 2": (
        lambda: F.binary_cross_entropy([0.5, 0.2], [0, 2]), ValueError,
        "binary_cross_entropy takes targets from 0 to 1; got 0 to 2"),
    "a negative class weight": (
        lambda: F.cross_entropy(TABLE, [0, 1, 2, 0], weight=[1, -2, 1]), ValueError,
        "cross_entropy: the weight of a class is 0 or more; got -2"),
    "a negative probability as target": (
        lambda: F.cross_entropy(TABLE, np.full((4, 3), -0.5)), ValueError,
        "cross_entropy takes labels or probabilities as targets; got -0.5, which is neither"),
    "no prediction": (
        lambda: F.mse_loss(None, TABLE), TypeError,
        "mse_loss: the prediction is None: does forward return its result?"),
    "no target": (lambda: F.mse_loss(TABLE, None), TypeError, "mse_loss: the target is None"),
    "a model for its prediction": (
        lambda: F.cross_entropy(nn.Sequential(nn.Linear(3, 3)), [0]), TypeError,
        "cross_entropy: the prediction is a Sequential: call it, model(x)"),
    "a model for an anchor": (
        lambda: F.triplet_margin_loss(nn.ReLU(), TABLE, TABLE), TypeError,
        "triplet_margin_loss: the anchor is a ReLU: call it, model(x)"),
    "a model for an operand": (
        lambda: F.softmax(nn.ReLU()), TypeError, "softmax takes numbers; got a ReLU: call it, model(x)"),
    "None for an operand": (
        lambda: F.normalize(None), TypeError, "numbers are needed; got None: does forward return its result?"),
    "too few weights": (
        lambda: F.multi_margin_loss(TABLE, [0, 1, 2, 0], weight=[1.0]), ValueError,
        "weight needs one number for each of 3 classes; got shape (1,)"),
    "a Value as weights": (
        lambda: F.nll_loss(TABLE, [0, 1, 2, 0], weight=Value([1.0, 2.0, 3.0])), TypeError,
        "nll_loss takes a plain weight, which gets no gradient; got Value(data=[1., 2., 3.], grad=None)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_in_words_that_help(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words


# -- as modules --------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", nn.losses.KINDS.values(), ids=nn.losses.KINDS)
def test_every_module_is_its_function_with_settings_kept(kind):
    operands = next(case.operands for case in CASES if case.name.partition("(")[0] == kind.function.__name__)
    np.testing.assert_array_equal(kind(reduction="sum")(*operands), kind.function(*operands, reduction="sum"))
    assert kind()(*operands) == kind.function(*operands)
    assert kind().parameters() == []
    assert repr(kind(reduction="sum")) == f"{kind.__name__}(reduction='sum')"
    assert kind.__doc__.startswith(f"`functional.{kind.function.__name__}`: ")


def test_every_loss_has_a_module():
    names = {name for name in F.__all__ if name.endswith(("_loss", "_error", "_div")) or "cross_entropy" in name}
    assert names == {kind.function.__name__ for kind in nn.losses.KINDS.values()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("mse", nn.MSELoss), ("MSELoss", nn.MSELoss), ("mean_squared_error", nn.MSELoss), ("mae", nn.L1Loss),
     ("smooth-l1", nn.SmoothL1Loss), ("binary_crossentropy", nn.BCELoss), ("Huber Loss", nn.HuberLoss),
     ("BCE with logits", nn.BCEWithLogitsLoss), ("kl_divergence", nn.KLDivLoss), ("mape", nn.MAPELoss),
     ("ce", nn.CrossEntropyLoss)],
)  # fmt: skip
def test_a_loss_by_name(name, kind):
    assert type(nn.loss(name)) is kind


def test_a_loss_of_ones_own():
    class QuarticLoss(nn.losses.Loss):
        def function(prediction, target, *, scale=1.0):
            return scale * np.mean((prediction - target) ** 4)

    assert QuarticLoss(scale=2.0)(Value([3.0, 1.0]), np.ones(2)).data == 16


@pytest.mark.parametrize("loss", [
    lambda x, setting: F.huber_loss(x, x[::-1], delta=setting),
    lambda x, setting: F.smooth_l1_loss(x, x[::-1], beta=setting),
    lambda x, setting: F.mean_absolute_percentage_error(x, x[::-1], eps=setting),
    lambda x, setting: F.gaussian_nll_loss(x, x[::-1], x, eps=setting),
    lambda x, setting: F.triplet_margin_loss(x, x[::-1], x, margin=setting),
])  # fmt: skip
def test_a_setting_of_float64_leaves_float32(loss):
    assert loss(np.array([1.0, 2.0], np.float32), np.float64(0.5)).dtype == np.float32


def test_settings_are_shown():
    assert repr(nn.loss("cross_entropy", weight=np.ones(3), label_smoothing=0.1)) == (
        "CrossEntropyLoss(weight=array of shape (3,), label_smoothing=0.1)"
    )
    assert repr(nn.HuberLoss(delta=1.0, reduction="sum")) == "HuberLoss(reduction='sum')"


def test_settings_are_attributes():
    criterion = nn.HuberLoss(delta=2.0)
    assert (criterion.delta, criterion.reduction) == (2.0, "mean")
    criterion.reduction = "none"
    np.testing.assert_array_equal(criterion([1.0, 4.0], [0.0, 0.0]), [0.5, 6.0])


def test_settings_at_the_ends_of_their_ranges_are_taken():
    assert nn.KLDivLoss(reduction="batchmean").reduction == "batchmean"
    assert nn.CrossEntropyLoss(label_smoothing=1).label_smoothing == 1
    assert nn.SmoothL1Loss(beta=0).beta == 0
    assert nn.PoissonNLLLoss(full=np.True_).full is True


MODULES: Refusals = {
    "a reduction that is none": (
        lambda: nn.CrossEntropyLoss(reduction="avg"), ValueError,
        "CrossEntropyLoss: reduction must be one of mean, sum, none; got 'avg'"),
    "kl_div's reduction": (
        lambda: nn.MSELoss(reduction="batchmean"), ValueError,
        "MSELoss: reduction must be one of mean, sum, none; got 'batchmean'; did you mean 'mean'?"),
    "no reduction": (
        lambda: nn.loss("mse", reduction=None), ValueError,
        "MSELoss: reduction must be one of mean, sum, none; got None; did you mean 'none'?"),
    "more than all": (
        lambda: nn.CrossEntropyLoss(label_smoothing=2), ValueError,
        "CrossEntropyLoss: label_smoothing must be a number from 0 to 1; got 2"),
    "no width": (
        lambda: nn.HuberLoss(delta=0), ValueError, "HuberLoss: delta must be a finite number above 0; got 0"),
    "no margin": (
        lambda: nn.TripletMarginLoss(margin=-1.0), ValueError,
        "TripletMarginLoss: margin must be a finite number above 0; got -1.0"),
    "a number for a truth": (
        lambda: nn.KLDivLoss(log_target=1), ValueError, "KLDivLoss: log_target must be True or False; got 1"),
    "a Value for a weight": (
        lambda: nn.CrossEntropyLoss(weight=Value(np.ones(3))), TypeError,
        "CrossEntropyLoss: weight is an array, which gets no gradient; got a Value: pass its .data"),
    "a name with a slip": (
        lambda: nn.loss("crosentropy"), ValueError,
        "there is no loss 'crosentropy': did you mean 'CrossEntropyLoss'?"),
    "a name of nothing": (
        lambda: nn.loss("xyz"), ValueError,
        f"there is no loss 'xyz': there are {', '.join(sorted(nn.losses.NAMED))}"),
    "no name": (lambda: nn.loss(3), TypeError, "loss takes the name of a loss, such as 'mse'; got 3"),
    "Keras' loss of probabilities": (
        lambda: nn.loss("categorical_crossentropy"), ValueError,
        "'categorical_crossentropy' takes probabilities in Keras; 'cross_entropy' takes logits: leave the softmax out"),
    "the perceptron's": (
        lambda: nn.loss("perceptron_loss"), ValueError, "'perceptron_loss' is optim.perceptron_loss(z, target)"),
    "a loss of nothing": (
        lambda: type("Mine", (nn.losses.Loss,), {}), TypeError,
        "Mine is a Loss without its function: write function = functional.mse_loss"),
    "data for settings": (
        lambda: nn.MSELoss(np.ones(2), np.zeros(2)), TypeError,
        "MSELoss is made first, then called with data: "
        "write nn.MSELoss()(prediction, target) or functional.mse_loss(prediction, target)"),
    "data in lists": (
        lambda: nn.CrossEntropyLoss([[1.0, 2.0]], [0], reduction="sum"), TypeError,
        "CrossEntropyLoss is made first, then called with data: "
        "write nn.CrossEntropyLoss()(logits, target) or functional.cross_entropy(logits, target)"),
    "a setting that is none": (
        lambda: nn.HuberLoss(beta=1.0), TypeError,
        "HuberLoss takes delta, reduction: got an unexpected keyword argument 'beta'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_misuse_of_modules_is_refused(name):
    call, error, words = MODULES[name]
    assert refused(call, error) == words

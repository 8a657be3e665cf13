"""Metrics: means over samples, by name, as functions and in a dict, and refused where they say nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, functional, nn
from tinygrad_opt.train import DataLoader, Dataset, LambdaCallback, accuracy, evaluate, fit, metric
from tinygrad_opt.train.metrics import METRICS, Means, as_metrics, binary_accuracy, named, reported, top_5_accuracy

rng = np.random.default_rng(0)
SCORES, CLASSES = rng.normal(size=(50, 7)), rng.integers(0, 7, 50)


def net(outputs):
    return nn.MLP(2, 4, outputs, rng=np.random.default_rng(0))


X = rng.normal(size=(30, 2))


# -- accuracy ----------------------------------------------------------------------------------
def test_accuracy_counts_the_largest_score():
    expected = sum(int(np.argmax(row) == label) for row, label in zip(SCORES, CLASSES, strict=True)) / 50
    assert accuracy(SCORES, CLASSES) == expected
    assert accuracy(SCORES, np.eye(7)[CLASSES]) == expected
    assert accuracy(functional.softmax(SCORES), CLASSES.astype(np.uint8)) == expected


def test_accuracy_of_pixels():
    scores = rng.normal(size=(2, 3, 4, 4))
    assert accuracy(scores, scores.argmax(axis=1)) == 1.0
    assert accuracy(scores, (scores.argmax(axis=1) + 1) % 3) == 0.0


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_accuracy_of_one_score_a_sample(shape):
    logits = np.array([-1.0, 2.0, 0.5, -0.5]).reshape(shape)
    for targets in (np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 0.0, 1.0]), np.array([False, True, False, True])):
        assert accuracy(logits, targets.reshape(shape)) == 0.5
    assert accuracy(logits, np.array([0, 1, 0, 1]).reshape(shape), threshold=0.75) == 0.75


def test_binary_accuracy_counts_entries():
    probabilities = np.array([[0.9, 0.2, 0.6], [0.4, 0.7, 0.1]])
    assert binary_accuracy(probabilities, np.array([[1, 0, 1], [1, 1, 0]])) == 5 / 6
    assert binary_accuracy(probabilities, np.array([[0.8, 0.1, 0.4], [0.4, 0.7, 0.1]])) == 5 / 6


def test_top_5_accuracy():
    order = np.argsort(-SCORES, axis=1)
    expected = np.mean([label in row[:5] for row, label in zip(order, CLASSES, strict=True)])
    assert top_5_accuracy(SCORES, CLASSES) == expected == top_5_accuracy(SCORES, np.eye(7)[CLASSES])
    assert top_5_accuracy(SCORES[:, :4], CLASSES % 4) == 1.0


def test_errors_of_numbers():
    prediction, target = np.array([[1.0], [4.0]]), np.array([[2.0], [2.0]])
    assert (metric("mae")(prediction, target), metric("MSE")(prediction, target)) == (1.5, 2.5)


# -- the one that goes with the loss -----------------------------------------------------------
YES = (X[:, :1] > 0).astype(float)
GOING_WITH = {
    "classes": ("cross_entropy", 3, rng.integers(0, 3, 30), accuracy),
    "yes or no, logits": ("binary_cross_entropy_with_logits", 1, YES, accuracy),
    "several labels": (
        functional.binary_cross_entropy_with_logits,
        3,
        rng.integers(0, 2, (30, 3)).astype(float),
        lambda z, y: np.mean((z > 0) == (y == 1)),
    ),
    "pixels": ("binary_cross_entropy_with_logits", 3, rng.random((30, 3)), lambda z, y: np.mean((z > 0) == (y > 0.5))),
}


@pytest.mark.parametrize("name", GOING_WITH)
def test_accuracy_goes_with_the_loss(name):
    loss, outputs, y, expected = GOING_WITH[name]
    model = net(outputs)
    for metrics in (None, ["accuracy"]):
        found = evaluate(model, (X, y), loss=loss, metrics=metrics)
        assert found["accuracy"] == pytest.approx(expected(model(X).data, y), abs=1e-15)
    assert set(evaluate(model, (X, y), loss=loss, metrics=())) == {"loss"}


UNDER_ANY_NAME = {
    "left out": None,
    "accuracy": ("accuracy",),
    "acc": ("acc",),
    "binary_accuracy": ("binary_accuracy",),
    "the function": [accuracy],
    "named otherwise": {"right": "accuracy"},
    "named by two": {"hits": "acc", "accuracy": binary_accuracy},
}


@pytest.mark.parametrize("name", UNDER_ANY_NAME)
@pytest.mark.parametrize(("loss", "threshold"), [("bce", 0.5), ("bce_with_logits", 0.0)])
def test_accuracy_has_the_threshold_of_the_loss_under_any_name(name, loss, threshold):
    model = nn.Sequential(net(1), nn.Sigmoid()) if threshold else net(1)
    found = evaluate(model, (X, YES), loss=loss, metrics=UNDER_ANY_NAME[name])
    by_threshold = [np.mean((model(X).data > limit) == YES) for limit in (threshold, 0.5 - threshold)]
    assert by_threshold[0] != by_threshold[1]
    assert len(found) > 1
    assert {value for name, value in found.items() if name != "loss"} == {by_threshold[0]}


def test_binary_accuracy_stays_what_it_is_under_losses_that_have_no_threshold():
    assert as_metrics(["binary_accuracy"], nn.CrossEntropyLoss()) == {"binary_accuracy": binary_accuracy}
    assert as_metrics(["acc"], functional.mse_loss) == {"acc": accuracy}


# -- as they are given -------------------------------------------------------------------------
def spread(prediction, target):
    return np.ptp(prediction)


def test_by_name_as_functions_and_in_a_dict():
    y = X[:, :1]
    as_list = evaluate(net(1), (X, y), loss="mse", metrics=["mae", spread])
    as_dict = evaluate(net(1), (X, y), loss="mse", metrics={"error": "mae", "range": spread})
    assert list(as_list) == ["loss", "mae", "spread"]
    assert list(as_dict) == ["loss", "error", "range"]
    assert list(as_list.values()) == list(as_dict.values())
    assert as_list["mae"] == pytest.approx(functional.l1_loss(net(1)(X), y).item())


def test_a_loss_of_functional_is_a_metric_too():
    found = evaluate(net(1), (X, X[:, :1]), loss="mse", metrics=[functional.mse_loss])
    assert found["mse_loss"] == pytest.approx(found["loss"], rel=1e-12)


def test_metrics_weigh_each_batch_by_its_samples():
    whole = evaluate(net(1), (X, X[:, :1]), loss="mse", metrics=["mae", "mse"])
    for batch_size in (1, 7, 29):
        found = evaluate(net(1), (X, X[:, :1]), loss="mse", metrics=["mae", "mse"], batch_size=batch_size)
        assert found == pytest.approx(whole, rel=1e-12)


def test_means_go_on_from_their_state():
    means, again = Means(), Means()
    means.add({"loss": 1.0, "norm": 7.0}, 3)
    again.load_state_dict(means.state_dict())
    for m in (means, again):
        m.add({"loss": 2.0}, 1)
    assert means.result() == again.result() == {"loss": 1.25, "norm": 7.0}
    state = means.state_dict() | {"samples": {"loss": 4}}
    words = "means have samples for each total; got ['loss'] for ['loss', 'norm']"
    assert refused(lambda: again.load_state_dict(state), ValueError) == words
    assert again.result() == means.result()


def logging(*values):
    """A callback that logs one of these values after another as norm, and nothing for None."""
    values = itertools.cycle(values)

    def log(batch, logs):
        logs.update({} if (value := next(values)) is None else {"norm": value})

    return LambdaCallback(on_gradients=log)


@pytest.mark.parametrize("number", [2.0, np.float32(2), np.array(2), 2, Value(2.0)], ids=repr)
def test_a_number_that_only_some_batches_have_is_the_mean_over_those(number):
    callback = logging(number, None)
    history = fit(net(1), (X, X[:, :1]), loss="mse", batch_size=5, callbacks=[callback], epochs=2)
    assert history["norm"] == [2.0, 2.0]


# -- what is refused ---------------------------------------------------------------------------
WRONG: Refusals = {
    "numbers": (
        lambda: accuracy(X[:, :1], X[:, 1:]),
        TypeError,
        "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)",
    ),
    "labels that are floats": (
        lambda: accuracy(SCORES, CLASSES.astype(float)),
        TypeError,
        "accuracy counts right labels; these targets are float64: for numbers take metrics=('mae',) or metrics=()",
    ),
    "labels for one score": (
        lambda: top_5_accuracy(X[:, :1], X[:, :1]),
        ValueError,
        "top_5_accuracy needs labels (N,) or class weights (N, C) for predictions (N, C); "
        "got predictions (30, 1) and targets (30, 1)",
    ),
    "a column of labels": (
        lambda: accuracy(SCORES, CLASSES[:, None]),
        ValueError,
        "accuracy needs labels (N,) or class weights (N, C) for predictions (N, C); "
        "got predictions (50, 7) and targets (50, 1)",
    ),
    "what would broadcast": (
        lambda: METRICS["mae"](X[:, :1], X[:, 0]),
        ValueError,
        "mean_absolute_error: prediction (30, 1) and target (30,) must have one shape",
    ),
    "an unknown name": (
        lambda: metric("acuracy"),
        ValueError,
        "there is no metric 'acuracy': did you mean 'accuracy'?",
    ),
    "a name far from all": (
        lambda: metric("xyz"),
        ValueError,
        f"there is no metric 'xyz': there are {', '.join(sorted(METRICS))}",
    ),
    "a name alone": (
        lambda: named("accuracy"),
        TypeError,
        "metrics is a list of names or functions: write metrics=('accuracy',)",
    ),
    "a number": (lambda: named(3), TypeError, "metrics is a list of names or functions; got 3"),
    "numbers in a list": (
        lambda: named([3]),
        TypeError,
        "a metric is a name or a function of predictions and targets; got 3",
    ),
    "the same name twice": (
        lambda: named([lambda z, y: 0.0, lambda z, y: 1.0]),
        ValueError,
        "'<lambda>' is reported already: give metrics as a dict, with names of their own",
    ),
    "the name of the loss": (
        lambda: named({"loss": "mae"}),
        ValueError,
        "'loss' is reported already: give metrics as a dict, with names of their own",
    ),
    "the name of a validation": (
        lambda: named({"val_mae": "mae"}),
        ValueError,
        "a metric's name cannot begin with val_, as those of validation do; got 'val_mae'",
    ),
    "a word that a callback logs": (
        lambda: fit(net(1), (X, X[:, :1]), loss="mse", callbacks=[logging("large")]),
        TypeError,
        "what is reported as norm must be one number for a batch; got a str",
    ),
    "a metric of many numbers": (
        lambda: fit(net(1), (X, X[:, :1]), loss="mse", metrics={"residual": lambda z, y: z - y}),
        TypeError,
        "what is reported as residual must be one number for a batch; got shape (30, 1)",
    ),
    "a metric of nothing": (
        lambda: fit(net(1), (X, X[:, :1]), loss="mse", metrics={"printed": lambda z, y: None}),
        TypeError,
        "what is reported as printed must be one number for a batch; got a NoneType",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name):
    call, error, words = WRONG[name]
    assert refused(call, error) == words


@pytest.mark.parametrize("found", [0.5, np.float32(0.5), np.array(0.5), Value(0.5)], ids=str)
def test_numbers_of_every_kind_are_reported_as_floats(found):
    assert type(reported("m", found)) is float
    assert reported("m", found) == 0.5


# -- labels that the loss ignores --------------------------------------------------------------
IGNORING = {"by default": ("cross_entropy", -100), "a class": (nn.CrossEntropyLoss(ignore_index=1), 1)}
IGNORING["the function"] = (functional.cross_entropy, -100)


@pytest.mark.parametrize("name", IGNORING)
def test_labels_that_the_loss_ignores_count_nowhere(name):
    loss, ignored = IGNORING[name]
    model, y = net(3), np.resize([0, 2], 30)
    y[[0, 1, 2, 5, 6, 7, 8, 9, 29]] = ignored  # a batch of them alone, and batches of some
    kept = y != ignored
    expected = evaluate(model, (X[kept], y[kept]), loss=loss, metrics=("accuracy", "top_5_accuracy"))
    found = evaluate(model, (X, y), loss=loss, metrics=("accuracy", "top_5_accuracy"), batch_size=5)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_batch_of_ignored_labels_is_no_step():
    y = np.array([0, -100, 2, 1])
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    model, without = net(3), net(3)
    loader = DataLoader(Dataset(X[:4], y), 1)
    history = fit(model, loader, loss="cross_entropy", callbacks=[watch])
    fit(without, DataLoader(Dataset(X[[0, 2, 3]], y[[0, 2, 3]]), 1), loss="cross_entropy")
    assert seen[1] == {"loss": 0.0, "accuracy": 0.0}
    assert history["loss"][0] == pytest.approx(np.mean([seen[i]["loss"] for i in (0, 2, 3)]))
    for p, q in zip(model.parameters(), without.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
    nothing = fit(model, (X[:4], np.full(4, -100)), loss="cross_entropy")
    assert np.isnan(nothing["loss"]).all()


def test_pixels_weigh_by_their_labels():
    model, x, y = nn.Conv2d(3, 3, 1), np.random.default_rng(1).normal(size=(4, 3, 2, 2)), np.zeros((4, 2, 2), int)
    scores = model(x).data
    y[0] = -100
    y[1, 0] = -100
    found = evaluate(model, (x, y), loss="cross_entropy", batch_size=2)
    assert found["accuracy"] == np.mean((scores.argmax(axis=1) == 0)[y == 0])
    assert found["loss"] == pytest.approx(float(functional.cross_entropy(scores, y)), rel=1e-12)


# -- called by hand ----------------------------------------------------------------------------
@pytest.mark.parametrize("shapes", [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (4, 1)), ((4,), (4,))])
def test_accuracy_of_one_score_in_a_column(shapes):
    scores, targets = np.array([2.0, 3.0, -1.0, -1.0]), np.array([1, 1, 0, 1])
    assert accuracy(scores.reshape(shapes[0]), targets.reshape(shapes[1])) == 0.75


def test_one_score_for_each_pixel():
    scores = rng.normal(size=(2, 1, 3, 3))
    assert accuracy(scores, (scores[:, 0] > 0).astype(int)) == 1.0


@pytest.mark.parametrize("kind", [np.uint8, np.float16])
def test_small_types_have_room_for_errors(kind):
    low, high = np.array([0, 200], kind), np.array([250, 199], kind) * kind(1)
    wide = np.abs(low.astype(float) - high.astype(float))
    assert metric("mae")(low, high) == pytest.approx(wide.mean())
    assert metric("mse")(low * kind(1), high) == pytest.approx(np.square(wide).mean())


def test_float16_squares():
    assert metric("mse")(np.array([300.0], np.float16), np.array([0.0], np.float16)) == 90000.0


def test_top_5_has_no_nan():
    scores = np.array([[np.nan, 9.0, 8.0, 7.0, 6.0, 5.0, 0.0]] * 2)
    assert top_5_accuracy(scores, np.array([0, 5])) == 0.5
    assert top_5_accuracy(np.full((2, 3), np.nan), np.array([0, 1])) == 0.0


NONE_LEFT: Refusals = {
    "accuracy of nothing": (
        lambda: accuracy(np.zeros((0, 3)), np.zeros(0, int)),
        ValueError,
        "an accuracy needs samples whose label counts; there are none",
    ),
    "the mean of nothing": (
        lambda: metric("mae")(np.zeros((0, 1)), np.zeros((0, 1))),
        ValueError,
        "mean_absolute_error needs samples; got none, of shape (0, 1)",
    ),
}


@pytest.mark.parametrize("name", NONE_LEFT)
def test_metrics_of_nothing(name):
    call, kind, message = NONE_LEFT[name]
    assert refused(call, kind) == message

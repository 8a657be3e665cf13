"""The training recipe: each check finds what it is for, in words, on a copy, and is content with what is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt import Value, functional, nn, optim
from tinygrad_opt.ops.random import default_rng
from tinygrad_opt.train import (
    DataLoader,
    Dataset,
    Finding,
    check_initial_loss,
    fit,
    input_independent_baseline,
    learning_rate_range_test,
    overfit_one_batch,
)

CLASSES = "cross_entropy"
X = np.random.default_rng(0).normal(size=(200, 4))
LABELS = np.argmax(X[:, :3], axis=1)
NUMBERS = X[:, :1] - X[:, 1:2]


def net(outputs=3, **settings):
    return nn.MLP(4, 16, outputs, rng=np.random.default_rng(0), **settings)


def random_net():
    rng = np.random.default_rng(0)
    hidden = nn.Linear(4, 16, rng=rng), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5, rng=rng), nn.Dropout(0.5)
    return nn.Sequential(*hidden, nn.Linear(16, 3, rng=rng))


CHECKS = {
    "check_initial_loss": check_initial_loss,
    "overfit_one_batch": lambda *args: overfit_one_batch(*args, steps=5),
    "input_independent_baseline": lambda *args: input_independent_baseline(*args, epochs=1),
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_model_and_the_generators_are_left_alone(name):
    model = random_net().eval()
    before, drawn = model.state_dict(), default_rng().bit_generator.state
    rng = model[3].rng.bit_generator.state
    CHECKS[name](model, (X, LABELS), CLASSES)
    assert all(np.array_equal(array, before[key]) for key, array in model.state_dict().items())
    assert (default_rng().bit_generator.state, model[3].rng.bit_generator.state) == (drawn, rng)
    assert not model.training
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("name", CHECKS)
def test_two_looks_see_the_same(name):
    assert CHECKS[name](random_net(), (X, LABELS), CLASSES) == CHECKS[name](random_net(), (X, LABELS), CLASSES)


@pytest.mark.parametrize("name", CHECKS)
def test_data_of_every_kind(name):
    found = CHECKS[name](net(), (X, LABELS), CLASSES)
    assert CHECKS[name](net(), Dataset(X, LABELS), nn.CrossEntropyLoss()) == found
    assert CHECKS[name](net(), DataLoader(Dataset(X, LABELS), 32), functional.cross_entropy).words


# -- the loss before training ------------------------------------------------------------------
KNOWS_NOTHING = {
    "labels": (CLASSES, 3, LABELS, math.log(3)),
    "log-probabilities": (lambda z, y: functional.nll_loss(functional.log_softmax(z), y), 3, LABELS, math.log(3)),
    "yes or no": ("binary_cross_entropy_with_logits", 1, (NUMBERS > 0) * 1.0, math.log(2)),
    "numbers": ("mse", 1, NUMBERS, np.var(NUMBERS)),
    "absolute": ("l1", 1, NUMBERS, np.mean(np.abs(NUMBERS - NUMBERS.mean()))),
}


@pytest.mark.parametrize("name", KNOWS_NOTHING)
def test_what_a_model_that_knows_nothing_loses(name):
    loss, outputs, y, expected = KNOWS_NOTHING[name]
    given = expected if name == "log-probabilities" else None
    found = check_initial_loss(net(outputs), (X, y), loss, expected=given)
    assert found
    assert found.numbers["expected"] == pytest.approx(expected, rel=1e-12)


def test_logarithms_of_probabilities_and_probabilities():
    model = nn.Sequential(net(), nn.LogSoftmax(dim=1))
    assert check_initial_loss(model, (X, LABELS), "nll").numbers["expected"] == pytest.approx(math.log(3))
    yes = (NUMBERS > 0) * 1.0
    model = nn.Sequential(net(1), nn.Sigmoid())
    assert check_initial_loss(model, (X, yes), "binary_cross_entropy").numbers["expected"] == pytest.approx(math.log(2))


def test_inputs_that_are_too_large():
    found = check_initial_loss(net(), (1000 * X, LABELS), CLASSES)
    assert not found
    assert "a model that knows nothing has ln 3 = 1.1: the outputs have mean" in str(found)
    assert str(found).endswith("standardize x, or start with smaller weights in the last layer")


def test_targets_far_away():
    found = check_initial_loss(net(1), (X, NUMBERS + 50), "mse")
    assert not found
    assert "y has mean 50 and deviation 1.35: standardize x and y" in str(found)


def test_a_loss_that_is_too_low():
    found = check_initial_loss(Knowing(), (X, NUMBERS), "mse")
    assert not found
    assert str(found).endswith("has it been trained, or are the targets among its inputs?")


class Knowing(nn.Module):
    def __init__(self):
        self.scale = Value(1.0, name="scale")

    def forward(self, x):
        return self.scale * (x[:, :1] - x[:, 1:2])


def test_a_loss_that_is_not_finite():
    with np.errstate(all="ignore"):
        found = check_initial_loss(net(1), (1e200 * X, NUMBERS), "mse")
    assert not found
    assert "the loss before training is inf" in str(found)


def test_a_loss_of_ones_own_needs_what_is_expected():
    words = refused(lambda: check_initial_loss(net(1), (X, np.sign(NUMBERS)), nn.HingeLoss()), ValueError)
    assert words == "what a model that knows nothing loses under HingeLoss() is not known: give expected="


SHARE = "a number of 0 or more and less than 1"
SETTINGS = {
    "check_initial_loss": (check_initial_loss, {"factor": "a finite number, at least 1"}, ["a", -1, 0.5, math.nan]),
    "expected": (check_initial_loss, {"expected": "a finite number above 0"}, ["a", -1, 0, math.inf, True]),
    "overfit_one_batch": (overfit_one_batch, {"near_zero": SHARE}, ["a", -0.1, 1, math.nan]),
    "input_independent_baseline": (input_independent_baseline, {"margin": SHARE}, ["a", -0.1, 1, None]),
    "epochs": (input_independent_baseline, {"epochs": "a whole number, at least 1"}, [0, 2.5, "a"]),
}


@pytest.mark.parametrize(("check", "expected", "wrong"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_make_no_verdict(check, expected, wrong):
    (name, words) = next(iter(expected.items()))
    for given in wrong:
        told = refused(lambda given=given: check(net(), (X, LABELS), CLASSES, **{name: given}), ValueError)
        assert told == f"{check.__name__}: {name} must be {words}; got {given!r}"


# -- one batch ---------------------------------------------------------------------------------
def test_a_batch_is_learned_by_heart_in_spite_of_dropout():
    found = overfit_one_batch(random_net(), (X, LABELS), CLASSES)
    assert found
    assert str(found).endswith("near zero: the model can learn by heart")
    assert found.numbers["best"] < 0.05 * found.numbers["first"]


class Dead(nn.Module):
    """A part whose gradient is zero."""

    def __init__(self):
        self.line, self.last = nn.Linear(4, 3), Value(np.zeros(3), name="last")

    def forward(self, x):
        return self.line(x) * 0.0 + self.last * 0.0


CANNOT = {
    "nothing is learned": lambda: overfit_one_batch(Dead(), (X, LABELS), CLASSES, steps=20),
    "too small a rate": lambda: overfit_one_batch(
        net(), (X, LABELS), CLASSES, steps=20, optimizer=optim.get("sgd", lr=1e-7)
    ),
    "too large a rate": lambda: overfit_one_batch(
        net(), (100 * X, LABELS), CLASSES, steps=5, optimizer=optim.get("sgd", lr=1e3)
    ),
    "too few steps": lambda: overfit_one_batch(net(), (X, LABELS), CLASSES, steps=20),
    "two answers for one x": lambda: overfit_one_batch(
        net(), (np.zeros((32, 4)), np.arange(32) % 3), CLASSES, steps=100
    ),
}
WHY = {
    "nothing is learned": "nothing is learned: is the learning rate too small, does every layer have a gradient?",
    "too small a rate": "nothing is learned: is the learning rate too small, does every layer have a gradient?",
    "too large a rate": "lower the learning rate",
    "too few steps": "it is still falling: give more steps, or a higher learning rate",
    "two answers for one x": "nothing is learned: is the learning rate too small, does every layer have a gradient?",
}


@pytest.mark.parametrize("name", CANNOT)
def test_a_batch_that_cannot_be_learned(name):
    found = CANNOT[name]()
    assert not found
    assert str(found).endswith(WHY[name])


def test_a_model_that_is_too_small():
    narrow = nn.Sequential(nn.Linear(4, 1, rng=np.random.default_rng(0)), nn.Linear(1, 3, rng=np.random.default_rng(1)))
    found = overfit_one_batch(narrow, (X, np.random.default_rng(0).permutation(LABELS)), CLASSES)
    assert not found
    assert "it stays there: the model is too small" in str(found)


def test_noise_is_off_and_a_run_that_ends_in_nan_is_none_that_learned():
    noisy = nn.Sequential(nn.GaussianNoise(50.0), net())
    assert overfit_one_batch(noisy, (X, LABELS), CLASSES)
    falls = iter([*np.linspace(1, 0.01, 9), np.nan])
    found = overfit_one_batch(net(), (X, LABELS), lambda z, y: 0.0 * np.sum(z) + next(falls), steps=10)
    assert not found
    assert str(found).endswith("it is not finite at the end: lower the learning rate")


def test_losses_of_which_none_is_finite():
    found = overfit_one_batch(net(), (X, LABELS), lambda z, y: np.sum(z) * np.nan, steps=5)
    assert not found
    assert math.isnan(found.numbers["best"])
    assert "the loss went from nan to nan: it is not finite from the start: smaller x or weights" in str(found)


# -- without inputs ----------------------------------------------------------------------------
def test_a_model_that_sees_beats_one_that_does_not():
    found = input_independent_baseline(net(), (X, LABELS), CLASSES)
    assert found
    assert found.numbers["loss"] < 0.9 * found.numbers["baseline"]
    assert str(found).endswith("for a model that is given zeros: the inputs are used")


def test_labels_in_another_order_are_found():
    mixed = np.random.default_rng(1).permutation(LABELS)
    found = input_independent_baseline(net(), (X, mixed), CLASSES, epochs=3)
    assert not found
    assert str(found).endswith("do the inputs get through, do x and y still belong together?")


def test_an_optimizer_of_the_model_is_not_one_of_its_copy():
    model = net()
    opt = optim.SGD(model.parameters(), lr=0.1)
    for check in (overfit_one_batch, input_independent_baseline, learning_rate_range_test):
        words = refused(lambda check=check: check(model, (X, LABELS), CLASSES, optimizer=opt), TypeError)
        assert words.startswith("a check trains a copy of the model: give a name or a function of parameters, not <SGD")


# -- learning rates ----------------------------------------------------------------------------
def test_the_range_test_finds_a_rate_that_learns_and_leaves_the_model_alone():
    model = net()
    before = {name: p.data.copy() for name, p in model.named_parameters()}
    found = learning_rate_range_test(model, (X, LABELS), CLASSES, batch_size=16, end_lr=100.0)
    rate = found.suggestion()
    assert found.rates[0] < rate < found.rates[-1]
    assert all(np.array_equal(p.data, before[name]) for name, p in model.named_parameters())
    again = learning_rate_range_test(model, (X, LABELS), CLASSES, batch_size=16, end_lr=100.0)
    assert again.losses == found.losses
    history = fit(model, (X, LABELS), loss=CLASSES, optimizer=optim.get("sgd", lr=rate), epochs=20, seed=0)
    assert history["loss"][-1] < 0.7 * history["loss"][0]


def test_the_range_test_takes_a_batch_an_epoch():
    found = learning_rate_range_test(net(), (X, LABELS), CLASSES, batch_size=len(X), steps=20)
    assert len(found.rates) == 20


def test_findings_are_true_or_false_and_print_in_words():
    assert Finding(True, "well")
    assert not Finding(False, "badly")
    assert str(Finding(False, "badly", {"loss": 3.0})) == "badly"

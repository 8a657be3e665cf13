"""Readings of loss curves: each where it belongs, at its threshold, and silence where all is well."""

from __future__ import annotations

import math

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt.train import History, advise

EPOCHS = np.arange(20)


def falling(to=0.05, rate=0.4, start=2.3):
    """Exponentially, to a level."""
    return (to + (start - to) * np.exp(-rate * EPOCHS)).tolist()


def bumpy(curve, size):
    return [x + size * (i % 2) for i, x in enumerate(curve)]


GOOD = {
    "the slides' first network": {
        "loss": [0.2589, 0.1043, 0.0683, 0.0505, 0.0387],
        "accuracy": [0.9251, 0.9686, 0.9796, 0.9845, 0.9879],
    },
    "falls and stays": {"loss": falling()},
    "with validation": {"loss": falling(0.05), "val_loss": falling(0.09)},
    "with a small gap": {
        "loss": falling(),
        "val_loss": falling(0.2),
        "accuracy": [*np.linspace(0.1, 0.97, 20)],
        "val_accuracy": [*np.linspace(0.1, 0.92, 20)],
    },
    "with a little noise": {"loss": bumpy(falling(), 0.03)},
    "long, with a little noise": {"loss": bumpy(falling() + 80 * [0.05], 0.1), "accuracy": 100 * [0.9]},
    "a val_loss that rises by 5 %": {"loss": falling(), "val_loss": [*falling(0.2)[:-1], 0.212]},
}

READINGS = {
    "nan": {"loss": [2.3, 1.0, math.nan, math.nan]},
    "nan of inf": {"loss": [2.3, 1.0, 0.5], "val_loss": [2.0, math.inf, 1.0]},
    "divergence": {"loss": [2.3, 1.9, 2.5, 4.0]},
    "no learning": {"loss": [2.31, 2.30, 2.30, 2.30, 2.30]},
    "overfitting by accuracy": {
        "loss": falling(),
        "accuracy": [*np.linspace(0.1, 0.99, 20)],
        "val_accuracy": [*np.linspace(0.1, 0.8, 20)],
    },
    "overfitting by loss": {"loss": falling(), "val_loss": [*falling(0.3)[:10], *np.linspace(0.4, 0.9, 10)]},
    "capacity": {"loss": falling(1.2), "accuracy": 20 * [0.55], "val_accuracy": 20 * [0.54]},
    "plateau": {"loss": falling(1.5)},
    "slow": {"loss": np.linspace(28786, 26303, 20).tolist()},
    "noise": {"loss": bumpy(falling(0.5), 0.4)},
    "still falling": {"loss": np.linspace(2.3, 0.5, 20).tolist()},
}


@pytest.mark.parametrize("name", GOOD)
def test_good_curves_are_met_with_silence(name):
    advice = advise(GOOD[name])
    assert advice
    assert list(advice) == []
    assert str(advice) == "nothing stands out"


@pytest.mark.parametrize("name", READINGS)
def test_each_reading_where_it_belongs(name):
    advice = advise(READINGS[name])
    assert not advice
    reading = name.partition(" of ")[0].partition(" by ")[0]
    assert list(advice) == [reading]
    assert reading in advice
    assert str(advice).startswith(f"{reading}: ")


WORDS = {
    "nan": "nan: loss is nan from epoch 3 on: lower the learning rate, clip the gradients, and look for logarithms, "
    "roots and divisions at 0",
    "divergence": "divergence: loss ends at 4, and began at 2.3: lower the learning rate, ten times at first",
    "overfitting by accuracy": "overfitting: accuracy is 0.99 on what was trained on and 0.8 on what was not: "
    "regularize (dropout, weight decay, augmentation), or take more data",
    "capacity": "capacity: accuracy ends at 0.55, no better on what was trained on: a larger model, better features, "
    "less regularization, or another learning rate",
    "plateau": "plateau: loss stays near 1.5, which is 65% of its first value: lower the learning rate where it has "
    "stopped to help, else a larger model",
    "slow": "slow: loss fell from 2.88e+04 to 2.63e+04, by less than a tenth in all: a larger learning rate; and where "
    "y is numbers, standardize it, as steps of usual size take long to far targets",
    "noise": "noise: loss rose in 9 of 19 epochs: lower the learning rate, or take larger batches",
    "still falling": "still falling: loss fell from 0.879 to 0.5 at the end: train longer",
}


@pytest.mark.parametrize("name", WORDS)
def test_in_words(name):
    assert str(advise(READINGS[name])) == WORDS[name]


def test_the_gap_is_a_tenth():
    def of(gap):
        return advise({"loss": falling(), "accuracy": 20 * [0.9], "val_accuracy": 20 * [0.9 - gap]})

    assert of(0.09)
    assert "overfitting" in of(0.11)


def test_what_is_a_low_accuracy_is_said_by_who_asks():
    logs = {"loss": falling(0.8), "accuracy": 20 * [0.85], "val_accuracy": 20 * [0.84]}
    assert advise(logs)
    assert "capacity" in advise(logs, low_accuracy=0.9)


def test_who_is_right_nearly_always_is_not_slow():
    logs = {"loss": np.linspace(0.06, 0.0555, 20).tolist()}
    assert list(advise(logs)) == ["slow"]
    assert advise(logs | {"accuracy": 20 * [0.98]})


def test_several_at_once():
    logs = {"loss": [2.0, 1.7, 1.4, 1.1, 0.8], "accuracy": [0.5, 0.6, 0.7, 0.8, 0.9], "val_accuracy": 5 * [0.5]}
    advice = advise(logs)
    assert list(advice) == ["overfitting", "still falling"]
    assert len(str(advice).splitlines()) == 2


def test_epochs_keep_their_numbers_where_one_was_not_reported():
    found = advise({"loss": [2.3, None, 1.0, math.nan, math.nan]})
    assert str(found).startswith("nan: loss is nan from epoch 4 on: ")
    held_back = [None, 0.9, None, 0.3, None, 0.5, None, 0.9]
    found = advise({"loss": falling()[:8], "val_loss": held_back})
    assert "overfitting: val_loss was lowest, 0.3, after epoch 4, and ends at 0.9" in str(found)


def test_one_bad_epoch_is_not_all_that_follow():
    found = advise({"loss": [2.3, 1.0, 0.5], "val_loss": [2.0, math.inf, 1.0]})
    assert str(found).startswith("nan: val_loss is inf in epoch 2: ")


def test_who_did_not_look_at_other_samples_is_not_told_of_capacity():
    low = {"loss": falling(1.5), "accuracy": 20 * [0.55]}
    assert list(advise(low)) == ["plateau"]
    assert list(advise(low | {"val_accuracy": 20 * [0.55]})) == ["capacity"]
    assert advise(low | {"accuracy": 20 * [0.95]})


def test_a_val_loss_of_some_epochs_is_read_at_its_own_end():
    held_back = [x if epoch % 5 == 4 else None for epoch, x in enumerate(np.linspace(2.3, 0.5, 20))]
    assert "still falling: val_loss fell from 0.974 to 0.5" in str(advise({"loss": falling(), "val_loss": held_back}))
    assert advise({"loss": falling(), "val_loss": [*[None] * 18, 2.0, 1.0]})


@pytest.mark.parametrize("low", ["high", -0.1, 80, math.nan, True])
def test_an_accuracy_is_from_0_to_1(low):
    words = refused(lambda: advise({"loss": falling()}, low_accuracy=low), ValueError)
    assert words == f"advise: low_accuracy must be a number from 0 to 1; got {low!r}"


def test_a_history_with_gaps():
    history = History()
    for epoch, loss in enumerate(falling()):
        history.append(epoch, {"loss": loss} | ({"val_loss": loss} if epoch % 2 else {}))
    assert advise(history)


def test_too_few_epochs():
    words = refused(lambda: advise({"loss": [1.0, 0.5]}), ValueError)
    assert words == "a curve to read has 3 epochs or more; got 2 of loss"


@pytest.mark.parametrize("fall", [0.0, 0.005, 0.02, 0.04, 0.2])
@pytest.mark.parametrize("gap", [None, 0.0, 0.07, 0.2])
@pytest.mark.parametrize("end", [0.3, 0.6, 0.85])
def test_a_low_accuracy_is_never_met_with_silence(fall, gap, end):
    loss = [1.0, *[end + fall] * 7, end, end]
    history = {"loss": loss, "accuracy": [0.5] * 10}
    if gap is not None:
        history |= {"val_loss": loss, "val_accuracy": [0.5 - gap] * 10}
    assert not advise(history)

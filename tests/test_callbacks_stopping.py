"""EarlyStopping and TerminateOnNaN, epoch by epoch."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from callback_runs import Raise, Script, make, resumed, weights
from keras_callbacks import by_us

from tinygrad_opt import nn
from tinygrad_opt.train import Callback, EarlyStopping, LearningRateFinder, ReduceLROnPlateau, TerminateOnNaN
from tinygrad_opt.train.callbacks.monitor import Monitor

nan, inf = math.nan, math.inf

# settings, what is monitored epoch by epoch, the epoch that the run stops in (or None), the best epoch
TABLE = {
    "flat, patience 0": ({}, [1, 1, 1, 1, 1], 1, 0),
    "flat, patience 1": ({"patience": 1}, [1, 1, 1, 1, 1], 1, 0),
    "flat, patience 2": ({"patience": 2}, [1, 1, 1, 1, 1], 2, 0),
    "always better, without patience": ({}, [3, 2, 1], None, 2),
    "the first epoch alone does not stop": ({"patience": 1}, [nan, 2, 1], None, 2),
    "always better": ({"patience": 1}, [5, 4, 3, 2, 1], None, 4),
    "an equal value is none": ({"patience": 2}, [3, 2, 2, 2, 1], 3, 1),
    "an improvement starts the count anew": ({"patience": 2}, [3, 4, 2, 4, 1, 5, 5, 5], 6, 4),
    "min_delta": ({"patience": 2, "min_delta": 0.5}, [3, 2.9, 2.6, 1, 1], 2, 0),
    "min_delta, summed up, counts": ({"patience": 3, "min_delta": 0.5}, [3, 2.8, 2.6, 2.4, 2.2, 2.2, 2.2], 6, 3),
    "exactly min_delta is none": ({"patience": 1, "min_delta": 0.5}, [3, 2.5, 1], 1, 0),
    "negative min_delta is its size": ({"patience": 1, "min_delta": -0.5}, [3, 2.75, 1], 1, 0),
    "max": ({"patience": 1, "mode": "max"}, [1, 2, 3, 2.5, 4], 3, 2),
    "start_from_epoch": ({"patience": 1, "start_from_epoch": 3}, [0, 1, 2, 9, 9, 9], 4, 3),
    "baseline beaten": ({"patience": 2, "baseline": 2.5}, [3, 2, 2.2, 2.2, 1], 3, 1),
    "baseline never beaten, though better and better": ({"patience": 3, "baseline": 0.5}, [1, 0.9, 0.8, 0.7], 2, 2),
    "baseline beaten in time": ({"patience": 3, "baseline": 0.5}, [1, 0.9, 0.4, 0.3, 0.2], None, 4),
    "first value nan": ({"patience": 3}, [nan, 2, 1, 0.5, 0.2], None, 4),
    "first value inf": ({"patience": 3}, [inf, 2, 1, 0.5, 0.2], None, 4),
    "minus infinity is no best": ({"patience": 3}, [2, -inf, 1, 1, 1, 1], 5, 2),
    "nan counts as no improvement": ({"patience": 2}, [2, nan, nan, 1], 2, 0),
    "all nan": ({"patience": 2}, [nan, nan, nan, nan], 1, None),
    "an epoch without the number does not count": ({"patience": 2}, [2, 2, None, 2, 2], 3, 0),
}


@pytest.mark.parametrize(("settings", "values", "stop", "best"), TABLE.values(), ids=TABLE)
def test_stops_when_it_should(settings, values, stop, best):
    stopping = EarlyStopping("val_loss", **settings)
    history = make(Script(val_loss=values), stopping, epochs=len(values)).train()
    assert history.epochs == (len(values) if stop is None else stop + 1)
    assert (stopping.stopped_epoch, stopping.best_epoch) == (stop, best)
    assert stopping.best == (None if best is None else values[best])


KERAS = json.loads((Path(__file__).parent / "goldens" / "keras_callbacks.json").read_text(encoding="utf-8"))["runs"]


@pytest.mark.parametrize("kind", ["EarlyStopping", "ReduceLROnPlateau"])
def test_every_epoch_is_as_in_keras(kind):
    runs = [(case, decided) for case, decided in KERAS if case[0] == kind]
    assert len(runs) == 40
    for case, decided in runs:
        assert by_us(*case) == decided, case


class Keep(Callback):
    """The weights after each epoch."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, epoch, logs):
        self.seen.append(weights(self.run))


class CtrlC(Callback):
    """Ctrl-C in a hook of an epoch."""

    def __init__(self, hook, epoch):
        setattr(self, hook, lambda *given: self.press(epoch))

    def press(self, epoch):
        if self.run.epoch == epoch:
            raise KeyboardInterrupt


class StopIn(Callback):
    """Asks the run to end in an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs):
        if self.run.epoch == self.epoch:
            self.run.stop("enough")


VALUES = [3, 1, 2, 2, 2, 2]
ENDS = {  # what is monitored, what ends it, how many epochs there are then
    "its own stop": (VALUES, [], 5),
    "the last epoch": (VALUES[:3], [], 3),
    "another callback's stop": (VALUES, [StopIn(2)], 3),
    "a loss that is nan": (VALUES, [lambda: (Poison(math.nan, 2, 1), TerminateOnNaN())], 3),
    "Ctrl-C in a batch": (VALUES, [Raise(KeyboardInterrupt(), epoch=3, batch=1)], 3),
    "Ctrl-C before a batch": (VALUES, [CtrlC("on_train_batch_begin", 3)], 3),
    "Ctrl-C in validation": (VALUES, [CtrlC("on_test_batch_end", 3)], 3),
    "Ctrl-C between epochs": (VALUES, [CtrlC("on_epoch_begin", 3)], 3),
    "Ctrl-C while it saves": (VALUES, [CtrlC("on_save", 3)], 3),
}


@pytest.mark.parametrize(("values", "others", "epochs"), ENDS.values(), ids=ENDS)
def test_the_best_weights_are_there_however_training_ends(values, others, epochs):
    keep, stopping = Keep(), EarlyStopping(patience=3)
    others = [callback for other in others for callback in (other() if callable(other) else [other])]
    run = make(Script(val_loss=values), *others, stopping, keep, epochs=len(values), validation=True)
    with np.errstate(all="ignore"):
        history = run.train()
    assert history.epochs == epochs
    assert history.interrupted == any(isinstance(other, CtrlC | Raise) for other in others)
    assert weights(run) == keep.seen[1] != keep.seen[-1]
    assert (stopping.best, stopping.best_epoch) == (1, 1)


def test_buffers_are_restored_with_the_parameters():
    model = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    keep = Keep()
    run = make(keep, Script(val_loss=[1, 2, 3]), EarlyStopping(patience=2), epochs=3, model=model)
    run.train()
    assert weights(run) == keep.seen[0]
    assert keep.seen[0]["1.running_mean"] != keep.seen[2]["1.running_mean"]


def test_restored_is_what_was_evaluated():
    stopping = EarlyStopping(patience=2)
    run = make(stopping, epochs=30, validation=True, optimizer=lambda p: sgd(p, 0.9))
    history = run.train()
    assert run.evaluate(run.validation)["loss"] == min(history["val_loss"]) == stopping.best


def sgd(parameters, lr):
    from tinygrad_opt import optim

    return optim.SGD(parameters, lr=lr)


def test_without_restoring_the_last_weights_stay():
    keep = Keep()
    run = make(keep, Script(val_loss=[1, 2]), EarlyStopping(restore_best_weights=False), epochs=2)
    run.train()
    assert weights(run) == keep.seen[1]


def test_the_history_says_why():
    history = make(Script(val_loss=[2, 3, 3]), EarlyStopping(patience=2), epochs=9).train()
    assert history.stopped == "val_loss has not improved for 2 epochs: best 2 in epoch 1"
    history = make(Script(val_loss=[2, 1]), EarlyStopping(patience=2, baseline=0.5), epochs=9).train()
    assert history.stopped == (
        "val_loss has not improved, nor beaten the baseline 0.5, for 2 epochs: best 1 in epoch 2"
    )


def test_without_any_number_it_says_so():
    history = make(Script(val_loss=[nan, nan]), EarlyStopping(patience=2), epochs=9).train()
    assert history.stopped == "val_loss has not improved for 2 epochs: it was no number"


def test_the_first_reason_is_kept():
    with np.errstate(all="ignore"):
        history = make(Poison(nan, 1, 1), TerminateOnNaN(), EarlyStopping("loss"), epochs=9).train()
    assert history.stopped == "the loss is nan in batch 2 of epoch 2"


def test_verbose_prints(capsys):
    make(Script(val_loss=[2, 3]), EarlyStopping(verbose=1), epochs=9).train()
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping: val_loss has not improved for 1 epoch: best 2 in epoch 1\n"
        "The model has the weights of epoch 1.\n"
    )


def test_it_begins_anew_with_another_run():
    stopping = EarlyStopping(patience=2)
    for values in ([1, 2, 3], [9, 8, 7]):
        make(Script(val_loss=values), stopping, epochs=3).train()
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (7, 2, None)


def test_a_resumed_run_stops_in_the_same_epoch_with_the_same_weights(tmp_path):
    values = [5, 4, 4.5, 4.4, 4.3, 4.2, 4.1]

    def fresh(*more):
        return make(Script(val_loss=values), EarlyStopping(patience=4), *more, epochs=9)

    whole = fresh()
    history = whole.train()
    assert history.epochs == 6
    for place in ((1, 0), (3, 0), (4, 2), (5, 3)):
        second = resumed(fresh, tmp_path / "run.npz", *place)
        assert second.history.history == history.history
        assert second.stopped == history.stopped
        assert weights(second) == weights(whole)


def test_a_run_saved_when_it_had_stopped_does_not_go_on(tmp_path):
    first = make(Script(val_loss=[1, 2, 3]), EarlyStopping(patience=1), epochs=3)
    first.train()
    first.save(tmp_path / "run.npz")
    stopping = EarlyStopping(patience=1)
    second = make(Script(val_loss=[1, 2, 3]), stopping, epochs=3)
    second.load(tmp_path / "run.npz")
    history = second.train()
    assert history.epochs == 2
    assert history.stopped == first.stopped
    assert stopping.stopped_epoch == 1


# -- what is monitored -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("loss", "min"), ("val_loss", "min"), ("val_mae", "min"), ("mean_squared_error", "min"), ("error_rate", "min"),
        ("accuracy", "max"), ("val_acc", "max"), ("val_top_5_accuracy", "max"), ("auc", "max"), ("val_f1", "max"),
    ],
)  # fmt: skip
def test_the_direction_follows_from_the_name(name, mode):
    assert Monitor("EarlyStopping", name).mode == mode


def test_an_unknown_direction_is_asked_for():
    with pytest.raises(ValueError, match="'val_wobble' does not say whether less or more of it is better: give mode="):
        EarlyStopping("val_wobble")
    assert EarlyStopping("val_wobble", mode="max").monitor.mode == "max"
    with pytest.raises(ValueError, match="mode must be one of auto, min, max; got 'up'"):
        EarlyStopping(mode="up")


def test_a_slip_in_a_name_is_asked_about():
    for name, question in (
        ("val_acuracy", "give mode='min' or 'max'; did you mean 'val_accuracy'?"),
        ("acuracy", "give mode='min' or 'max'; did you mean 'accuracy'?"),
        ("val_wobble", "give mode='min' or 'max'"),
    ):
        with pytest.raises(ValueError, match=re.escape(question) + "$"):
            EarlyStopping(name)
    run = make(Script(accuracy=[1], val_accuracy=[1]), EarlyStopping("val_acc"), validation=True)
    there = "there are loss, val_loss, accuracy, val_accuracy; did you mean 'val_accuracy'?"
    with pytest.raises(ValueError, match=re.escape(there) + "$"):
        run.train()


def test_a_name_that_is_not_logged_is_an_error_after_the_first_epoch():
    run = make(EarlyStopping(), epochs=5)
    with pytest.raises(
        ValueError, match=r"watches 'val_loss', which is not logged; there are loss; give validation_da"
    ):
        run.train()
    assert run.history.epochs == 0
    with pytest.raises(ValueError, match=r"watches 'acc', which is not logged; there are loss$"):
        make(EarlyStopping("acc", start_from_epoch=3), epochs=5).train()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"monitor": 5}, "EarlyStopping: monitor must be the name of a number in the logs; got 5"),
        ({"patience": -1}, "patience must be a whole number, at least 0; got -1"),
        ({"patience": 1.5}, "patience must be a whole number"),
        ({"min_delta": nan}, "min_delta must be a finite number; got nan"),
        ({"baseline": "low"}, "baseline must be a finite number; got 'low'"),
        ({"restore_best_weights": 1}, "restore_best_weights must be True or False"),
        ({"start_from_epoch": -2}, "start_from_epoch must be a whole number"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**settings)


@pytest.mark.parametrize(
    ("kind", "settings", "plain"),
    [
        (EarlyStopping, {"patience": np.int64(3), "restore_best_weights": np.True_}, (3, True)),
        (EarlyStopping, {"baseline": np.float32(0.5), "start_from_epoch": np.uint8(2)}, (0.5, 2)),
        (ReduceLROnPlateau, {"factor": np.float32(0.5), "cooldown": np.int32(1)}, (0.5, 1)),
        (TerminateOnNaN, {"raise_error": np.False_}, (False,)),
        (LearningRateFinder, {"steps": np.int64(20), "smoothing": np.float32(0.5)}, (20, 0.5)),
    ],
)
def test_settings_of_numpy_are_taken_as_pythons_own(kind, settings, plain):
    callback = kind(**settings)
    kept = [getattr(callback, name) for name in settings]
    assert [(type(x), x) for x in kept] == [(type(x), x) for x in plain]


# -- nan ---------------------------------------------------------------------------------------
class Poison(Callback):
    """Makes a weight nan or inf before a batch."""

    def __init__(self, value, epoch, batch):
        self.value, self.place = value, (epoch, batch)

    def on_train_batch_begin(self, batch, logs):
        if (self.run.epoch, batch) == self.place:
            self.model.weight.data[...] = self.value


@pytest.mark.parametrize("value", [nan, inf])
def test_a_loss_that_is_no_number_ends_the_run(value):
    batches = []
    run = make(Poison(value, 1, 1), TerminateOnNaN(), Count(batches), epochs=5)
    with np.errstate(all="ignore"):
        history = run.train()
    assert history.stopped in (f"the loss is {seen} in batch 2 of epoch 2" for seen in (nan, inf))
    assert batches == [0, 1, 2, 0, 1]
    assert history.epochs == 2


class Count(Callback):
    def __init__(self, batches):
        self.batches = batches

    def on_train_batch_end(self, batch, logs):
        self.batches.append(batch)


def test_raise_error_raises():
    with pytest.raises(RuntimeError, match="the loss is nan in batch 1 of epoch 1"):
        make(Poison(nan, 0, 0), TerminateOnNaN(raise_error=True)).train()
    run = make(Poison(nan, 2, 0), TerminateOnNaN(raise_error=True), EarlyStopping("loss", patience=9), epochs=5)
    with pytest.raises(RuntimeError, match="epoch 3"):
        run.train()
    assert np.isnan(run.model.weight.data).all()  # it stays as it is, to be looked at


def test_with_early_stopping_a_broken_model_is_whole_again():
    run = make(Poison(nan, 2, 0), TerminateOnNaN(), EarlyStopping("loss", patience=9), epochs=5)
    history = run.train()
    assert math.isnan(history["loss"][-1])
    assert np.isfinite(run.model.weight.data).all()

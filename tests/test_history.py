"""History: one list a name, one entry an epoch, None where there was none; what callbacks add is in it."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt import nn
from tinygrad_opt.train import Callback, History, fit

X = np.random.default_rng(0).normal(size=(20, 2))
Y = X[:, :1] + X[:, 1:]


def trained(**settings):
    return fit(nn.MLP(2, 4, 1, rng=np.random.default_rng(0)), (X, Y), loss="mse", seed=0, **settings)


def test_one_number_an_epoch_for_every_name():
    history = trained(epochs=3, metrics=["mae"], validation_split=0.25)
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert history.epoch == [0, 1, 2]
    assert [len(history[name]) for name in history] == [3, 3, 3, 3] == 4 * [history.epochs]
    assert history["loss"] is history.history["loss"]
    assert all(type(number) is float for number in history["loss"])
    assert (history.interrupted, history.stopped) == (False, None)


def test_what_callbacks_add_is_logged_where_they_did():
    class Rate(Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 1:
                logs["lr"] = self.run.optimizer.lr

    assert trained(epochs=3, callbacks=[Rate()])["lr"] == [None, 0.001, None]


def test_it_is_a_dict_of_names():
    history = trained(epochs=3, metrics=["mae"])
    assert len(history) == 2
    assert dict(history) == {"loss": history["loss"], "mae": history["mae"]} == history
    assert history.get("lr") is None
    assert json.loads(json.dumps(history)) == history
    again = copy.deepcopy(history)
    assert (again, again.epoch, again.stopped) == (history, [0, 1, 2], None)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(history)
    assert (list(frame), frame.shape) == (["loss", "mae"], (3, 2))


def test_callbacks_save_after_the_history():
    lengths = {}

    class Saving(Callback):
        def on_epoch_end(self, epoch, logs):
            lengths["on_epoch_end"] = self.run.history.epochs

        def on_save(self):
            lengths["on_save"] = self.run.history.epochs

    trained(callbacks=[Saving()])
    assert lengths == {"on_epoch_end": 0, "on_save": 1}


def test_in_words():
    history = History()
    assert repr(history) == "<History of 0 epochs>"
    history.append(0, {"loss": 0.123456, "val_loss": 2.0})
    assert repr(history) == "<History of 1 epoch: loss 0.1235, val_loss 2>"
    assert "loss" in history
    assert "accuracy" not in history
    assert refused(lambda: history["accuracy"], KeyError) == "'accuracy was not logged; there are loss, val_loss'"
    assert refused(lambda: History()["loss"], KeyError) == "'loss was not logged; there are no logs'"


def test_it_goes_on_from_its_state():
    history, again = History(), History()
    history.append(0, {"loss": 0.5})
    again.load_state_dict(history.state_dict())
    again.append(1, {"loss": 0.25, "lr": 0.1})
    assert again.history == {"loss": [0.5, 0.25], "lr": [None, 0.1]}
    assert history.history == {"loss": [0.5]}


def test_an_interrupted_run_shows():
    history = History()
    history.interrupted = True
    assert repr(history) == "<History of 0 epochs, interrupted>"
    history.append(0, {"loss": 0.25})
    assert repr(history) == "<History of 1 epoch, interrupted: loss 0.25>"

"""EarlyStopping and ReduceLROnPlateau decide as Keras' do, on logs that are made up."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from callback_runs import Script, make

from tinygrad_opt.train import EarlyStopping, ReduceLROnPlateau

CASES = 120
EPOCHS = 14

KERAS = """
import json, sys, types
import keras

class Optimizer:
    learning_rate = 0.5

def decisions(kind, settings, values):
    callback = getattr(keras.callbacks, kind)("val_loss", **settings)
    model = types.SimpleNamespace(optimizer=Optimizer(), stop_training=False, get_weights=list, set_weights=id)
    callback._model = model
    type(callback).model = property(lambda self: self._model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        logs = {"val_loss": value}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs.get("learning_rate"))
        if model.stop_training:
            break
    return [len(rates), rates, callback.best, getattr(callback, "best_epoch", None)]

cases = json.load(sys.stdin)
print(json.dumps([decisions(*case) for case in cases], default=float))
"""


def cases():
    """Numbers on a coarse grid, so that ties and improvements of exactly min_delta come up."""
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        values = (rng.integers(0, 9, EPOCHS) / 4).tolist()
        common = {"patience": int(rng.integers(0, 4)), "mode": ["min", "max"][rng.integers(2)]}
        common["min_delta"] = float(rng.choice([0, 0.25, 0.5]))
        yield "EarlyStopping", {**common, "start_from_epoch": int(rng.integers(0, 4))}, values
        cooldown, floor = int(rng.integers(0, 3)), float(rng.choice([0, 0.125]))
        yield "ReduceLROnPlateau", {**common, "factor": 0.5, "cooldown": cooldown, "min_lr": floor}, values


def ours(kind, settings, values):
    callback = {"EarlyStopping": EarlyStopping, "ReduceLROnPlateau": ReduceLROnPlateau}[kind]("val_loss", **settings)
    run = make(Script(val_loss=values), callback, epochs=EPOCHS)
    run.optimizer.lr = 0.5
    history = run.train()
    rates = history["learning_rate"] if "learning_rate" in history else [None] * history.epochs
    return [history.epochs, rates, callback.best, getattr(callback, "best_epoch", None)]


@pytest.mark.skipif(not all(map(find_spec, ("keras", "jax"))), reason="needs Keras and JAX")
def test_decisions_are_those_of_keras():
    """In a process of its own: Keras takes one backend for a whole process."""
    made = list(cases())
    done = subprocess.run(
        [sys.executable, "-c", KERAS],
        input=json.dumps(made),
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(done.stdout.splitlines()[-1])
    for case, decided in zip(made, theirs, strict=True):
        found = ours(*case)
        if case[0] == "EarlyStopping" and decided[2] is None:
            decided[3] = None  # before start_from_epoch Keras counts 0 as the best epoch
        assert found == decided, case
    stops = [length for (kind, *_), (length, *_) in zip(made, theirs, strict=True) if kind == "EarlyStopping"]
    assert len(set(stops)) > 6

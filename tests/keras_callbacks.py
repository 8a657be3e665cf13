"""EarlyStopping and ReduceLROnPlateau on logs that are made up: our decisions, and those of Keras."""

import json
import os
import subprocess
import sys

import numpy as np
from callback_runs import Script, make

from tinygrad_opt.train import EarlyStopping, ReduceLROnPlateau

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
    best_epoch = getattr(callback, "best_epoch", None)
    # before start_from_epoch Keras counts 0 as the best epoch
    return [len(rates), rates, callback.best, None if callback.best is None else best_epoch]

cases = json.load(sys.stdin)
print(json.dumps([decisions(*case) for case in cases], default=float))
"""


def cases(n):
    """Numbers on a coarse grid, so that ties and improvements of exactly min_delta come up."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        values = (rng.integers(0, 9, EPOCHS) / 4).tolist()
        common = {"patience": int(rng.integers(0, 4)), "mode": ["min", "max"][rng.integers(2)]}
        common["min_delta"] = float(rng.choice([0, 0.25, 0.5]))
        yield "EarlyStopping", {**common, "start_from_epoch": int(rng.integers(0, 4))}, values
        cooldown, floor = int(rng.integers(0, 3)), float(rng.choice([0, 0.125]))
        yield "ReduceLROnPlateau", {**common, "factor": 0.5, "cooldown": cooldown, "min_lr": floor}, values


def by_us(kind, settings, values):
    """How many epochs there are, the rate in each, and the best value with its epoch."""
    callback = {"EarlyStopping": EarlyStopping, "ReduceLROnPlateau": ReduceLROnPlateau}[kind]("val_loss", **settings)
    run = make(Script(val_loss=values), callback, epochs=EPOCHS)
    run.optimizer.lr = 0.5
    history = run.train()
    rates = history["learning_rate"] if "learning_rate" in history else [None] * history.epochs
    return [history.epochs, rates, callback.best, getattr(callback, "best_epoch", None)]


def by_keras(made):
    """In a process of its own: Keras takes one backend for a whole process."""
    done = subprocess.run(
        [sys.executable, "-c", KERAS],
        input=json.dumps(made),
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])

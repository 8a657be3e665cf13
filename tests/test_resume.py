"""A run that was saved goes on bit for bit: from every batch, with all that has a state, and after kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fresh_processes import python_path
from refusals import refused

from tinygrad_opt import nn, optim
from tinygrad_opt.train import Callback, DataLoader, Dataset, Run, StreamLoader, fit

ROOT = Path(__file__).parent.parent
EPOCHS, BATCHES = 3, 4
X = np.random.default_rng(0).normal(size=(30, 3))
LABELS = np.random.default_rng(1).integers(0, 3, 30)


class SaveAlways(Callback):
    """Writes a file after every batch and every epoch."""

    def __init__(self, folder):
        self.folder = folder

    def on_save(self):
        what = "batch" if self.run.batch else "epoch"
        self.run.save(self.folder / f"{self.run.epoch}-{self.run.batch}-{what}.npz")


class Slower(Callback):
    """Halves the rate after every fifth batch, whatever the epoch: a state that matters."""

    def __init__(self):
        self.seen = 0

    def on_train_batch_end(self, batch, logs):
        self.seen += 1
        if self.seen % 5 == 0 and not callable(self.run.optimizer.lr):
            self.run.optimizer.lr *= 0.5

    def on_epoch_end(self, epoch, logs):
        logs["seen"] = self.seen

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = state["seen"]


def network(seed):
    """Batch normalization, dropout from a generator of its own and from the run's."""
    rng = np.random.default_rng(seed)
    hidden = nn.Linear(3, 8, rng=rng), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3, rng=rng), nn.Dropout(0.2)
    return nn.Sequential(*hidden, nn.Linear(8, 3, rng=rng))


OPTIMIZERS = {
    "adam": optim.get("adam", lr=0.01),
    "rmsprop": optim.get("rmsprop", momentum=0.9),
    "momentum": optim.get("sgd", lr=0.05, momentum=0.9),
    "schedule": optim.get("adamw", lr=optim.schedules.warmup(optim.schedules.cosine(0.05, steps=12), steps=3)),
    "sam": lambda ps: optim.EMA(optim.SAM(optim.SGD(ps, lr=0.05))),
    "accumulate": lambda ps: optim.Accumulate(optim.Adam(ps, lr=0.01), 3),
}
DATA = {
    "arrays": lambda: (X, LABELS),
    "stream": lambda: StreamLoader(lambda: zip(X, LABELS, strict=True), 8, shuffle_buffer=16, seed=3),
}


def trained(optimizer="adam", data="arrays", model_seed=0, callbacks=(), epochs=EPOCHS, **settings):
    model, slower = network(model_seed), Slower()
    batch_size = 8 if data == "arrays" else None
    history = fit(
        model,
        DATA[data](),
        loss="cross_entropy",
        optimizer=OPTIMIZERS[optimizer],
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(X[:10], LABELS[:10]),
        metrics=["accuracy"],
        callbacks=[slower, *callbacks],
        seed=7,
        **settings,
    )
    return model, history


def same(one, other):
    there = other.state_dict()
    return all(np.array_equal(array, there[name]) for name, array in one.state_dict().items())


@pytest.mark.parametrize(("optimizer", "data"), [*((name, "arrays") for name in OPTIMIZERS), ("adam", "stream")])
def test_from_every_batch_and_epoch(optimizer, data, tmp_path):
    model, history = trained(optimizer, data, callbacks=[SaveAlways(tmp_path)])
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == EPOCHS * (BATCHES + 1)
    for file in files:
        again, its = trained(optimizer, data, model_seed=1, resume=file)  # other weights: all come from the file
        assert same(model, again), file.name
        assert its.history == history.history, file.name
        assert its.epoch == history.epoch == [*range(EPOCHS)]
    assert history["seen"] == [4, 8, 12]


def test_more_epochs_than_before(tmp_path):
    trained(callbacks=[SaveAlways(tmp_path)], epochs=1)
    model, history = trained(resume=tmp_path / "1-0-epoch.npz")
    whole, its = trained()
    assert same(model, whole)
    assert history.history == its.history


def test_a_run_that_is_over_stays_so(tmp_path):
    model, history = trained(callbacks=[SaveAlways(tmp_path)])
    again, its = trained(model_seed=1, resume=tmp_path / f"{EPOCHS}-0-epoch.npz")
    assert same(model, again)
    assert its.history == history.history


@pytest.mark.parametrize("name", ["2-0-epoch", "2-1-batch", "1-1-batch"])
def test_fewer_epochs_than_before_are_refused(tmp_path, name):
    trained(callbacks=[SaveAlways(tmp_path)])
    epoch, batch, _ = name.split("-")
    message = refused(lambda: trained(resume=tmp_path / f"{name}.npz", epochs=1), ValueError)
    seen = f"{tmp_path / name}.npz has {epoch} epochs and {batch} batches behind it"
    assert message == f"{seen}; epochs=1 counts those too: give epochs={int(epoch) + 1} or more"


class StopAt(Callback):
    """Ends the run in its second epoch."""

    def on_train_batch_end(self, batch, logs):
        if (self.run.epoch, batch) == (1, 2):
            self.run.stop("enough")


def test_a_run_that_was_stopped_is_not_trained_on(tmp_path):
    """Whether it was killed before the validation of its last epoch, or after."""
    model, history = trained(callbacks=[StopAt(), SaveAlways(tmp_path)])
    for name in ("1-3-batch", "2-0-epoch"):
        again, its = trained(model_seed=1, resume=tmp_path / f"{name}.npz")
        assert same(model, again)
        assert (its.history, its.stopped) == (history.history, "enough")


@pytest.mark.parametrize("verbose", [True, False])
def test_what_only_looks_may_differ(verbose, tmp_path, capsys):
    """Callbacks without a state come and go; the bar of an epoch that is under way is there."""
    model, _ = trained(callbacks=[SaveAlways(tmp_path)])
    again, _ = trained(model_seed=1, resume=tmp_path / "1-2-batch.npz", verbose=verbose)
    assert same(model, again)
    assert ("epoch 2/3" in capsys.readouterr().out) == verbose


def test_an_interrupted_run_goes_on(tmp_path):
    class Interrupt(Callback):
        def on_train_batch_end(self, batch, logs):
            if (self.run.epoch, batch) == (1, 1):
                raise KeyboardInterrupt

    whole, its = trained()
    _, history = trained(callbacks=[SaveAlways(tmp_path), Interrupt()])
    assert (history.epochs, history.interrupted) == (1, True)
    again, longer = trained(model_seed=1, resume=tmp_path / "1-1-batch.npz")
    assert same(whole, again)
    assert (longer.history, longer.interrupted) == (its.history, False)


def test_runs_without_fit(tmp_path):
    def run(seed):
        model = nn.MLP(3, 4, 3, rng=np.random.default_rng(seed))
        data = DataLoader(Dataset(X, LABELS), 8, shuffle=True, seed=seed)
        return Run(model, optim.Adam(model.parameters()), nn.CrossEntropyLoss(), data, epochs=2)

    one, other = run(0), run(1)
    one.train()
    one.save(tmp_path / "run.npz")
    other.load(tmp_path / "run.npz")
    assert (other.epoch, other.batch, other.loader.seed) == (2, 0, 0)
    one.epochs = other.epochs = 4
    assert one.train().history == other.train().history
    assert same(one.model, other.model)


def test_another_batch_size_is_refused(tmp_path):
    trained(callbacks=[SaveAlways(tmp_path)], epochs=1)
    file = tmp_path / "1-0-epoch.npz"
    words = refused(
        lambda: fit(network(0), (X, LABELS), loss="cross_entropy", callbacks=[Slower()], resume=file), ValueError
    )
    assert "DataLoader: the saved run had batch_size 8; this loader has 32" in words
    assert "nothing was changed" in words


# -- kill -9 -----------------------------------------------------------------------------------
KILLED = """
import os
import signal
import time
import traceback

import numpy as np

from tinygrad_opt import nn, optim
from tinygrad_opt.train import Callback, fit

SAVED, DONE = "run.npz", "done.npz"
x = np.random.default_rng(0).normal(size=(90, 3))
y = np.random.default_rng(1).integers(0, 3, 90)


class Save(Callback):
    # After every third batch; and it tells of each batch that is over.
    def __init__(self, telling):
        self.telling = telling

    def on_train_batch_end(self, batch, logs):
        os.write(self.telling, b".")

    def on_save(self):
        if self.run.batch % 3 == 0:
            self.run.save(SAVED)


def trained(callbacks, resume=None):
    rng = np.random.default_rng(0)
    hidden = nn.Linear(3, 8, rng=rng), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3, rng=rng), nn.Dropout(0.1)
    model = nn.Sequential(*hidden, nn.Linear(8, 3, rng=rng))
    settings = {"optimizer": optim.get("adam", lr=0.01), "epochs": 12, "batch_size": 10, "seed": 5, "verbose": False}
    fit(model, (x, y), loss="cross_entropy", callbacks=callbacks, resume=resume, **settings)
    return model.state_dict()


def life(telling):
    state = trained([Save(telling)], SAVED if os.path.exists(SAVED) else None)
    np.savez(DONE, **state)


def live(batches, seconds=0):
    # A life in a process of its own, killed so long after so many batches: whether it came to its end.
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            life(telling)
            failed = 0
        except Exception:
            traceback.print_exc()
        finally:  # it never goes on as its parent
            os._exit(failed)
    os.close(telling)
    while batches and (seen := os.read(told, batches)):
        batches -= len(seen)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(told)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def compare(expected):
    with np.load(DONE) as found:
        assert set(found.files) == set(expected)
        assert all(np.array_equal(found[name], array) for name, array in expected.items())
    os.remove(DONE)
    os.remove(SAVED)


expected = trained([])
moments = np.random.default_rng(2)
kills = resumed = 0
while kills < 50:
    resumed += os.path.exists(SAVED)
    if live(int(moments.integers(16)), moments.uniform(0, 0.003)):
        compare(expected)
    else:
        kills += 1
resumed += os.path.exists(SAVED)
assert live(10**6)
compare(expected)
print(kills, resumed >= 25, os.listdir())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked, which spares fifty starts of Python")
def test_killed_at_fifty_random_moments(tmp_path):
    environment = os.environ | {"PYTHONPATH": python_path(), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "50 True []\n"

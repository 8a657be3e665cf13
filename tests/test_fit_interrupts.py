"""Ctrl-C: a run ends at the border of a batch, a second one at once, and the handler of before is back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from small_fits import CLASSES, LABELS, X, net

from tinygrad_opt.train import LambdaCallback, fit

ROOT = Path(__file__).parent.parent
PROGRAM = """
import os
import signal
import sys
import numpy as np
from tinygrad_opt import nn, optim
from tinygrad_opt.train import Callback, fit

class Slow(optim.SGD):
    # In its fifth step it waits for a line, while signals come, and sends itself as many as that says.
    def step(self, loss=None):
        if self.t == 4:
            print("in step 4", flush=True)
            for _ in range(int(sys.stdin.readline())):
                os.kill(os.getpid(), signal.SIGINT)
            print("step 4 goes on", flush=True)
        return super().step(loss)

class Tell(Callback):
    def on_save(self):
        if self.run.history.interrupted:
            print("saved at", self.run.epoch, self.run.batch, self.run.optimizer.t, flush=True)

    def on_train_end(self, logs):
        print("end", *logs, flush=True)

    def on_close(self):
        print("closed", flush=True)

x = np.ones((12, 2))
settings = {"loss": "mse", "epochs": 9, "batch_size": 4, "callbacks": [Tell()]}
try:
    history = fit(nn.MLP(2, 4, 1), (x, x[:, :1]), optimizer=lambda ps: Slow(ps, lr=0.1), **settings)
    print(history.interrupted, history.stopped, history.epoch, flush=True)
finally:
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
"""


def interrupted(more):
    """What the program prints, its status and its last error, after Ctrl-C in its fifth step, and so many more."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], text=True, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == "in step 4\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(f"{more}\n", timeout=60)
    return out.splitlines(), process.returncode, err.splitlines()[-1:]


on_posix = pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent to a process of its own on POSIX only")


@on_posix
def test_the_first_ends_the_run_when_its_batch_is_over():
    out = ["step 4 goes on", "saved at 1 2 5", "end loss", "closed", "True None [0]", "True"]
    assert interrupted(0) == (out, 0, [])


@on_posix
def test_a_second_one_is_raised_where_it_lands():
    assert interrupted(1) == (["closed", "True"], -signal.SIGINT, ["KeyboardInterrupt"])


def trained(epochs=3, validation_data=None, **hooks):
    """The history of a run with these hooks."""
    callbacks = [LambdaCallback(**hooks)]
    return fit(net(), (X, LABELS), loss=CLASSES, epochs=epochs, validation_data=validation_data, callbacks=callbacks)


def test_one_in_the_validation_ends_the_run_after_its_epoch():
    history = trained(on_test_begin=lambda logs: signal.raise_signal(signal.SIGINT), validation_data=(X, LABELS))
    assert (history.epoch, len(history["val_loss"]), history.interrupted) == ([0], 1, True)


def test_one_after_the_last_epoch_is_not_lost():
    ended = []

    def interrupt():
        if ended:
            signal.raise_signal(signal.SIGINT)

    history = trained(epochs=1, on_epoch_end=lambda *all: ended.append(all), on_save=interrupt)
    assert (history.epoch, history.interrupted) == ([0], True)


def test_one_that_is_raised_by_other_means_ends_the_run_with_the_history_so_far():
    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    history = trained(on_epoch_begin=interrupt)
    assert (history.epoch, history.interrupted) == ([0], True)


def failing(epoch, logs):
    raise OSError("full")


HANDLERS = {"default": signal.default_int_handler, "ignored": signal.SIG_IGN, "of one's own": lambda *all: None}


@pytest.mark.parametrize("name", HANDLERS)
def test_the_handler_of_before_is_back_however_it_ends(name):
    own, during = HANDLERS[name], []
    before = signal.signal(signal.SIGINT, own)
    try:
        trained(epochs=1, on_epoch_end=lambda *all: during.append(signal.getsignal(signal.SIGINT)))
        assert signal.getsignal(signal.SIGINT) is own
        with pytest.raises(OSError, match="full"):
            trained(on_epoch_end=failing)
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
    assert (during == [own]) == (name != "default")


def test_in_another_thread_nothing_is_handled():
    found = [signal.getsignal(signal.SIGINT)]

    def run():
        trained(epochs=1, on_epoch_end=lambda *all: found.append(signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == 2 * found[:1]

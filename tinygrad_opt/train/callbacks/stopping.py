"""Callbacks that end a run: when it becomes no better, and when its loss is no number."""

from __future__ import annotations

import math
from typing import Any

from ...settings import flag, number, whole_number
from .base import Callback
from .known import Known
from .monitor import Monitor


class EarlyStopping(Known):
    """Ends the run when a monitored number has not become better for so many epochs, and restores the best weights.

    monitor               its name in the logs
    min_delta             by how much more than this it must be better to count
    patience              after how many epochs in a row without improvement to end; 0 is like 1
    mode                  "min", "max", or "auto", by the name: see `Monitor`
    baseline              what it must be better than, too: epochs that are not count as without improvement
    restore_best_weights  whether the model has the weights of the best epoch when training ends, in whatever way:
                          after this callback's stop or another's, after the last epoch, or by Ctrl-C
    start_from_epoch      the first epoch that is looked at, from 0

    After the run, best, best_epoch and stopped_epoch (None without a stop) say what happened.  Epochs count from 0.
    In Keras restore_best_weights is False if left out, a first value of nan is never beaten, and a run that improves
    does not stop although it stays behind the baseline.

    >>> stopping = EarlyStopping(monitor="val_accuracy", patience=5)
    """

    kept = ("wait", "best", "best_epoch", "best_weights", "stopped_epoch")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ):
        self.monitor = Monitor("EarlyStopping", monitor, mode, min_delta)
        self.patience = whole_number("EarlyStopping", "patience", patience, 0)
        self.verbose = verbose
        self.baseline = None if baseline is None else number("EarlyStopping", "baseline", baseline)
        self.restore_best_weights = flag("EarlyStopping", "restore_best_weights", restore_best_weights)
        self.start_from_epoch = whole_number("EarlyStopping", "start_from_epoch", start_from_epoch, 0)
        self.reset()

    def settings(self) -> dict[str, Any]:
        own = ("baseline", "restore_best_weights", "start_from_epoch")
        return {**self.monitor.settings(), **{name: getattr(self, name) for name in own}}

    def reset(self) -> None:
        self.wait = 0
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.best_weights: dict[str, Any] | None = None
        self.stopped_epoch: int | None = None

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        if self.run.fresh:
            self.reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        current = self.monitor.value(logs, self.run)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.monitor.better(current, self.best):
            self.take_in(epoch, current)
        if self.wait and self.wait >= self.patience and epoch > 0:
            self.stop(epoch)

    def take_in(self, epoch: int, current: float) -> None:
        self.best, self.best_epoch = current, epoch
        if self.restore_best_weights:
            self.best_weights = self.model.state_dict()
        if self.baseline is None or self.monitor.better(current, self.baseline):
            self.wait = 0

    def stop(self, epoch: int) -> None:
        self.stopped_epoch = epoch
        best = "it was no number" if self.best_epoch is None else f"best {self.best:.4g} in epoch {self.best_epoch + 1}"
        beaten = "" if self.baseline is None else f", nor beaten the baseline {self.baseline:g},"
        epochs = f"{self.wait} epoch{'s' * (self.wait != 1)}"
        why = f"{self.monitor.name} has not improved{beaten} for {epochs}: {best}"
        self.run.stop(why)
        if self.verbose:
            print(f"Epoch {epoch + 1}: early stopping: {why}")

    def on_train_end(self, logs: dict[str, Any]) -> None:
        if self.best_weights is not None and self.best_epoch is not None:
            self.model.load_state_dict(self.best_weights)
            if self.verbose:
                print(f"The model has the weights of epoch {self.best_epoch + 1}.")


class TerminateOnNaN(Callback):
    """Ends the run when the loss of a batch is nan or infinite; with raise_error, by a RuntimeError.

    The step has been made by then, and weights may be nan.  EarlyStopping beside it restores those of the best epoch,
    but not after the RuntimeError, which leaves the model as it is, to be looked at.

    >>> guard = TerminateOnNaN(raise_error=True)
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = flag("TerminateOnNaN", "raise_error", raise_error)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if math.isfinite(logs["loss"]):
            return
        why = f"the loss is {logs['loss']} in batch {batch + 1} of epoch {self.run.epoch + 1}"
        if self.raise_error:
            raise RuntimeError(why)
        self.run.stop(why)

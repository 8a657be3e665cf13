"""Curves and histograms for TensorBoard."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ...settings import count, flag, whole_number
from ..files import FilePath
from .base import Callback
from .folders import refuse_unwritable

Array = np.ndarray[Any, np.dtype[Any]]
EVERY = {"epoch": 0, "batch": 1}
"""Every how many batches their numbers are written; 0 is never."""


class TensorBoard(Callback):
    """Writes event files that ``tensorboard --logdir logs`` shows.

    log_dir                 the folder; it gets the folders train and validation, whose curves lie over each other
    histogram_freq          every how many epochs to write histograms of all parameters and buffers; 0 is never
    write_steps_per_second  whether to write how many batches a second an epoch had
    update_freq             "epoch"; or "batch", or a number of batches, to write the batches' numbers too

    Curves are epoch_loss and so on over the epochs; batch_loss and so on over the optimizer's steps; and in validation
    evaluation_loss_vs_iterations and so on.  Needs tensorboardX: the ImportError says how to install it.
    """

    def __init__(
        self,
        log_dir: FilePath = "logs",
        histogram_freq: int = 0,
        *,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
    ):
        tensorboardx()
        kind = type(self).__name__
        self.log_dir = Path(log_dir)
        self.histogram_freq = whole_number(kind, "histogram_freq", histogram_freq, 0)
        self.write_steps_per_second = flag(kind, "write_steps_per_second", write_steps_per_second)
        if isinstance(update_freq, str) and update_freq not in EVERY:
            words = " or ".join(map(repr, EVERY))
            raise ValueError(f"{kind}: update_freq must be {words} or a number of batches; got {update_freq!r}")
        self.every = EVERY[update_freq] if isinstance(update_freq, str) else count(kind, "update_freq", update_freq)
        self.writers: dict[str, Any] = {}
        self.batches = 0
        self.step = 0  # of the optimizer, which `evaluate` has not: it writes at the last one

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        refuse_unwritable("TensorBoard", self.log_dir / "train")

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any]) -> None:
        if not self.batches:
            self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        self.batches += 1
        self.step = self.run.optimizer.t
        if self.every and self.step % self.every == 0:
            for name, value in logs.items():
                self.writer("train").add_scalar(f"batch_{name}", value, self.step)

    def on_test_end(self, logs: dict[str, Any]) -> None:
        for name, value in logs.items():
            self.writer("validation").add_scalar(f"evaluation_{name}_vs_iterations", value, self.step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            self.writer(part).add_scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.write_steps_per_second and self.batches:
            rate = self.batches / (time.perf_counter() - self.began)
            self.writer("train").add_scalar("epoch_steps_per_second", rate, epoch)
        self.batches = 0
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for name, array in self.model.state_dict().items():
                self.add_histogram(f"{name.replace('.', '/')}/histogram", array, epoch)
        for writer in self.writers.values():
            writer.flush()

    def add_histogram(self, tag: str, array: Array, epoch: int) -> None:
        """That of the finite numbers, if there are any: nan and inf are in no interval."""
        finite = array[np.isfinite(array)]
        if finite.size:
            self.writer("train").add_histogram(tag, finite, epoch)

    def writer(self, part: str) -> Any:
        """That of train or validation, made when it is needed."""
        if part not in self.writers:
            later = f".{time.time_ns()}"  # files are named by the second: one that begins in it needs another name
            self.writers[part] = tensorboardx().SummaryWriter(str(self.log_dir / part), filename_suffix=later)
        return self.writers[part]

    def on_close(self) -> None:
        for writer in self.writers.values():
            writer.close()
        self.writers = {}


def tensorboardx() -> ModuleType:
    """The library that writes event files; ImportError says how to install it."""
    try:
        return importlib.import_module("tensorboardX")
    except ModuleNotFoundError as error:
        if error.name != "tensorboardX":  # it is there, and what it needs is not
            raise ImportError(f"TensorBoard needs tensorboardX, which cannot be imported here: {error}") from error
        raise ImportError("TensorBoard needs tensorboardX: pip install 'tinygrad_opt[tensorboard]'") from None

"""Callbacks that save: the model or the run while it goes on, and what is needed to go on after a crash."""

from __future__ import annotations

import contextlib
import os
import string
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...settings import count, flag, number, one_of
from .. import files
from ..checkpoint import saved_run
from ..files import FilePath
from ..weights import save_weights
from .folders import refuse_unwritable
from .known import Known
from .monitor import MODES, Monitor


class Saver(Known):
    """Saves after every epoch, save_freq="epoch", or after every so many batches, counted across epochs.

    A whole run is saved when all other hooks are over, so that all in it belongs to one moment.
    """

    def __init__(self, save_freq: str | int):
        kind = type(self).__name__
        if isinstance(save_freq, str) and save_freq != "epoch":
            raise ValueError(f"{kind}: save_freq must be 'epoch' or a number of batches; got {save_freq!r}")
        self.every = 0 if isinstance(save_freq, str) else count(kind, "save_freq", save_freq)
        self.batches = 0

    def settings(self) -> dict[str, Any]:
        return {}

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        if self.run.fresh:
            self.batches = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if self.every:
            self.batches += 1
            if self.batches >= self.every:
                self.batches = 0
                self.ask(self.run.epoch, self.run.means.result())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if not self.every:
            self.ask(epoch, logs)

    def ask(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Decide whether to save, with the logs so far."""
        raise NotImplementedError


class ModelCheckpoint(Saver):
    """Saves the run, or the weights alone, as it goes on: all, or only the best so far.

    filepath                 ends in .npz or .safetensors; ``{epoch:02d}``, from 1, and logs such as ``{val_loss:.2f}``
                             are filled in, and with a number as save_freq ``{batch}``, from 1; folders are made
    monitor, mode            what is best: see `Monitor`
    save_best_only           whether to save only what is better than all before
    save_weights_only        weights alone, for `load_weights`; or the run, which ``fit(resume=...)`` goes on with
    save_freq                "epoch", or a number of batches; the logs are then the means of the epoch so far, and
                             those of validation not among them
    initial_value_threshold  what the first one must be better than

    Raises ValueError for another ending, for names that are not logged, and for the best by a number of validation
    within an epoch.

    >>> best = ModelCheckpoint("best-{epoch:02d}.npz", save_best_only=True, save_weights_only=True)
    """

    kept = ("batches", "best", "due")

    def __init__(
        self,
        filepath: FilePath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(save_freq)
        kind = type(self).__name__
        self.filepath = os.fspath(filepath)
        self.refuse_names()
        self.verbose = verbose
        one_of(kind, "mode", mode, MODES)
        self.monitor = Monitor(kind, monitor, mode) if flag(kind, "save_best_only", save_best_only) else None
        if self.monitor is not None and self.every and monitor.startswith("val_"):
            raise ValueError(
                f"{kind}: save_freq={self.every} looks at numbers within an epoch, and {monitor!r} comes at its end: "
                f"give monitor={monitor.removeprefix('val_')!r}, or save_freq='epoch'"
            )
        self.save_weights_only = flag(kind, "save_weights_only", save_weights_only)
        limit = initial_value_threshold
        self.threshold = None if limit is None else number(kind, "initial_value_threshold", limit)
        self.best, self.due = self.threshold, ""
        self.folder = fixed_folder(self.filepath)

    def settings(self) -> dict[str, Any]:
        """The name without its folder, as runs are moved, and what is best."""
        watched = dict.fromkeys(("monitor", "mode", "min_delta")) if self.monitor is None else self.monitor.settings()
        return {"filepath": Path(self.filepath).name, **watched}

    def refuse_names(self) -> None:
        """Raise ValueError for a path that is no name of a file in every epoch."""
        files.format_of(self.filepath)
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(self.filepath)]
        except ValueError as error:
            raise ValueError(f"ModelCheckpoint: {self.filepath!r} cannot be filled in: {error}") from None
        if "batch" in names and not self.every:
            raise ValueError(
                f"ModelCheckpoint: {self.filepath!r} has a {{batch}}, and each epoch is saved when its batches are "
                "over: leave it out, or give a number of batches as save_freq="
            )

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        super().on_train_begin(logs)
        refuse_unwritable("ModelCheckpoint", self.filepath)
        if self.run.fresh:
            self.best, self.due = self.threshold, ""
        self.on_save()  # it was due when another callback saved this run, which ended before it was written

    def ask(self, epoch: int, logs: Mapping[str, Any]) -> None:
        if self.monitor is not None:
            current = self.monitor.value(logs, self.run)
            if current is None or not self.monitor.better(current, self.best):
                return
            self.best = current
        path = self.filled_in(epoch, logs)
        if self.save_weights_only:
            self.write(path)
        else:
            self.due = os.path.relpath(path, self.folder or os.curdir)  # as runs are moved

    def filled_in(self, epoch: int, logs: Mapping[str, Any]) -> str:
        """The path with its numbers."""
        values = {**logs, "epoch": epoch + 1, "batch": self.run.batch}
        try:
            return self.filepath.format_map(values)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint: {self.filepath!r} cannot be filled in ({error!r}); there are {', '.join(values)}"
            ) from None

    def on_save(self) -> None:
        if self.due:
            path, self.due = os.path.join(self.folder, self.due), ""
            self.write(path)

    def write(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            save_weights(path, self.model)
        else:
            self.run.save(path)
        if self.verbose:
            print(f"Saved {path}.")


def fixed_folder(template: str) -> str:
    """The folder of a path, as far as it is the same whatever is filled in."""
    fixed = ""
    for text, field, _, _ in string.Formatter().parse(template):
        fixed += text
        if field is not None:
            break
    return os.path.dirname(fixed)


class BackupAndRestore(Saver):
    """Saves the run to a folder; the same program, started again after a crash, goes on from there, bit for bit.

    backup_dir         the folder, for this run alone; it has the file run.npz
    save_freq          "epoch", or a number of batches: a run goes on in the middle of an epoch, too
    double_checkpoint  whether to keep the one before, too, for the case that the last is found damaged
    delete_checkpoint  whether to remove it after a run that came to its end: not after an error or Ctrl-C

    Where Ctrl-C ends a run it saves once more, so that nothing is lost.  A run that begins with ``fit(resume=...)``
    does not look into the folder.  Raises ValueError for a file that is damaged, or of another model: then remove it to
    begin anew.

    >>> backup = BackupAndRestore("backup", save_freq=100)
    """

    kept = ("batches",)

    def __init__(
        self,
        backup_dir: FilePath,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__(save_freq)
        self.path, self.before = Path(backup_dir) / "run.npz", Path(backup_dir) / "run-before.npz"
        self.double_checkpoint = flag("BackupAndRestore", "double_checkpoint", double_checkpoint)
        self.delete_checkpoint = flag("BackupAndRestore", "delete_checkpoint", delete_checkpoint)
        self.due = self.is_whole = False

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        super().on_train_begin(logs)
        refuse_unwritable("BackupAndRestore", self.path)
        self.due = self.is_whole = False
        found = [path for path in (self.path, self.before) if path.exists()]
        if found and self.run.fresh:
            try:
                self.run.load(self.newest(found))
            except ValueError as error:
                error.add_note(f"To begin anew, remove {self.path.parent}.")
                raise

    def newest(self, found: list[Path]) -> Path:
        """The last file, or the one before if that is damaged."""
        try:
            saved_run(found[0])
        except ValueError as error:
            if len(found) == 1:
                raise
            warnings.warn(f"{error}; the run goes on from {found[1]}", stacklevel=2)
            return found[1]
        self.is_whole = found[0] == self.path
        return found[0]

    def ask(self, epoch: int, logs: Mapping[str, Any]) -> None:
        self.due = True

    def on_save(self) -> None:
        if self.due or self.run.history.interrupted:
            self.due = False
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.double_checkpoint and self.is_whole and self.path.exists():
                os.replace(self.path, self.before)  # a damaged one must not take the place of a good one
            self.run.save(self.path)
            self.is_whole = True

    def on_train_end(self, logs: dict[str, Any]) -> None:
        if self.delete_checkpoint and not self.run.history.interrupted:
            self.path.unlink(missing_ok=True)
            self.before.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # never made, or not ours alone
                self.path.parent.rmdir()

"""The files of a run of `tinygrad-opt train`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..train import Callback, CSVLogger

CHECKPOINT, WEIGHTS, HISTORY, CURVES = "checkpoint.npz", "weights.npz", "history.csv", "curves.svg"
WRITTEN = (CHECKPOINT, WEIGHTS, HISTORY, CURVES)


class Files(Callback):
    """Writes the table of the history and a checkpoint into a folder after every epoch, the latter also on Ctrl-C.

    folder    where; None to write nothing
    settings  what must be the same for a run to go on: options by name, as they are written
    resume    the file from which it goes on
    """

    def __init__(self, folder: Path | None, settings: Mapping[str, str], resume: Path | None = None):
        self.folder, self.settings, self.resume = folder, settings, resume

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        over = self.run.epoch
        if self.resume and over >= self.run.epochs:
            raise ValueError(f"{self.resume} is at the end of epoch {over}: give more --epochs than {over} to go on")
        if self.folder:
            self.begin_table(self.folder / HISTORY)

    def begin_table(self, path: Path) -> None:
        """Write the epochs that are over, which also belong to a run that goes on in another folder."""
        self.table = CSVLogger(path)
        history = self.run.history
        for place, epoch in enumerate(history.epoch):
            self.table.on_epoch_end(epoch, {name: history[name][place] for name in history})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.folder:
            self.table.on_epoch_end(epoch, logs)

    def on_save(self) -> None:
        if self.folder and (self.run.history.interrupted or self.run.batch == 0):
            self.run.save(self.folder / CHECKPOINT)

    def state_dict(self) -> dict[str, Any]:
        return dict(self.settings)

    def load_state_dict(self, state: Any) -> None:
        differing = [f"--{name} {state.get(name)}" for name, own in self.settings.items() if state.get(name) != own]
        if differing:
            raise ValueError(f"the saved run had {', '.join(differing)}: give the same to go on")


def prepared(folder: Path, resume: Path | None) -> None:
    """Make a folder for a run; refuse one where nothing can be written, or where another run would be lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"--out {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise OSError(f"--out {folder} cannot be written to: Permission denied")
    held = folder / CHECKPOINT
    if held.exists() and not (resume and resume.exists() and resume.samefile(held)):
        raise ValueError(f"{held} is there from another run: give another --out, or go on with --resume {held}")

"""A progress bar for each epoch, with the numbers so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .base import Callback

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

INTERVAL = 0.1  # seconds between two looks at the bar: more often than eyes follow costs training time


class ProgbarLogger(Callback):
    """Shows each epoch as a line with a bar, the time, and the means so far; silent where nobody looks.

    That is in terminals and notebooks; force=True writes to any output.  console is a rich Console.
    """

    def __init__(self, *, force: bool = False, console: Console | None = None):
        self.force, self.console = force, console
        self.progress: Progress | None = None

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        from rich.console import Console

        console = self.console or Console()
        if self.force or console.is_terminal or console.is_jupyter:
            self.open(console)

    def open(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
        numbers = TextColumn("{task.fields[numbers]}", markup=False)
        self.progress = Progress(*columns, numbers, console=console, auto_refresh=False)
        self.progress.start()
        if self.run.batch:  # the run goes on within an epoch, which does not begin again
            self.begin(self.progress, self.run.epoch)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.progress is not None:
            self.begin(self.progress, epoch)

    def begin(self, progress: Progress, epoch: int) -> None:
        total = self.run.loader.steps_per_epoch
        self.task = progress.add_task(f"epoch {epoch + 1}/{self.run.epochs}", total=total, numbers="")
        self.shown = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if self.progress is not None and time.monotonic() - self.shown > INTERVAL:
            self.shown = time.monotonic()
            self.show(self.progress, batch + 1, self.run.means.result())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.progress is not None:
            self.show(self.progress, self.run.loader.steps_per_epoch, logs)

    def show(self, progress: Progress, batches: int | None, logs: dict[str, Any]) -> None:
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in logs.items() if isinstance(value, float))
        progress.update(self.task, completed=batches, numbers=numbers, refresh=True)

    def on_train_end(self, logs: dict[str, Any]) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None

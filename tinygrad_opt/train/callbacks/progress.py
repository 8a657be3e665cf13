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

    That is in terminals and notebooks; force=True writes to any output.  console is a rich Console.  Logs with a slash
    in their names, such as gradient_norm/0, are for tables and plots and not shown.
    """

    def __init__(self, *, force: bool = False, console: Console | None = None):
        self.force, self.console = force, console
        self.shown_on: Console | None = None
        self.progress: Progress | None = None

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        from rich.console import Console

        console = self.console or Console()
        seen = self.force or console.is_terminal or console.is_jupyter
        self.shown_on = console if seen else None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any]) -> None:
        if self.shown_on is not None and self.progress is None:
            self.open(self.shown_on)

    def open(self, console: Console) -> None:
        """A bar of its own for each epoch: those that are over stay as lines, however many there are."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # a long line loses numbers, not how far it is
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(max(5, min(24, console.width - 70)), complete_style="cyan", finished_style="green"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[numbers]}", markup=False, table_column=rest),
            console=console,
            auto_refresh=False,
            expand=True,
        )
        title = f"epoch {self.run.epoch + 1}/{self.run.epochs}"
        total, done = self.run.loader.steps_per_epoch, self.run.batch
        self.batches = done
        self.task = self.progress.add_task(title, total=total, completed=done, numbers="")
        self.progress.start()
        self.shown = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if self.progress is not None:
            self.batches = batch + 1
            if time.monotonic() - self.shown > INTERVAL:
                self.shown = time.monotonic()
                self.show(self.progress, self.run.means.result())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.progress is not None:
            self.progress.update(self.task, total=self.batches)  # which a stream without a length did not know
            self.show(self.progress, logs)
            self.end(self.progress)

    def show(self, progress: Progress, logs: dict[str, Any]) -> None:
        shown = {name: value for name, value in logs.items() if isinstance(value, float) and "/" not in name}
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in shown.items())
        progress.update(self.task, completed=self.batches, numbers=numbers, refresh=True)

    def on_close(self) -> None:
        """Leave the epoch under way as far as it came."""
        if self.progress is not None:
            self.show(self.progress, self.run.means.result() if self.batches else {})
            self.end(self.progress)

    def end(self, progress: Progress) -> None:
        progress.stop()
        self.progress = None

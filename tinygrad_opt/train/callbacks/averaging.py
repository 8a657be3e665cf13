"""Averages of the weights in the model's place, while it is evaluated and saved, and at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...optim.around.averaging import Averaged
from ...optim.around.wrapper import values_of, within, write
from ...settings import flag
from .base import Callback

Array = np.ndarray[Any, np.dtype[Any]]


class SwapEMAWeights(Callback):
    """Lets the model have the optimizer's averages in validation, and until the epoch is over, and at the end for good.

    For optimizers within `optim.EMA` and `optim.SWA`, and schedule-free ones.  What EarlyStopping keeps and
    ModelCheckpoint(save_weights_only=True) saves are then the averages too, which is what was evaluated.

    swap_on_epoch  False for validation alone, as in Keras if it is left out

    Whole runs are saved with the model's own weights, and training goes on with them.  Buffers, such as the statistics
    of batch normalization, are the model's own.  After the run a schedule-free optimizer cannot go on: its parameters
    have moved.
    Raises ValueError for an optimizer without averages.
    """

    first = True

    def __init__(self, swap_on_epoch: bool = True):
        self.swap_on_epoch = flag("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self.averaged: Any = None
        self.own: list[Array] | None = None  # the model's weights, while it has the averages

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        found = [layer for layer in within(self.run.optimizer) if isinstance(layer, Averaged)]
        if not found:
            kind = type(self.run.optimizer).__name__
            raise ValueError(f"SwapEMAWeights: {kind} has no averages; wrap it: optim.EMA(optimizer, decay=0.999)")
        self.averaged = found[0]

    def put_in(self) -> None:
        """The averages into the model, if it is trained and there are any yet."""
        if self.own is None and self.has_averages():
            self.averaged.refuse_away()
            averages, own = self.averaged.average(), values_of(self.averaged.members)
            self.own = own  # from now on, whatever comes, take_out undoes it
            self.averaged.away = True
            write(self.averaged.members, averages)

    def has_averages(self) -> bool:
        return self.averaged is not None and bool(getattr(self.averaged, "averaged", True))

    def take_out(self) -> None:
        """The model's own weights back, bit for bit; one that Ctrl-C breaks off may be repeated."""
        if self.own is not None:
            write(self.averaged.members, self.own)
            self.averaged.away = False
            self.own = None

    def on_test_begin(self, logs: dict[str, Any]) -> None:
        self.put_in()

    def on_test_end(self, logs: dict[str, Any]) -> None:
        if not self.swap_on_epoch:
            self.take_out()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.swap_on_epoch:
            self.put_in()

    def on_save(self) -> None:
        self.take_out()

    def on_train_end(self, logs: dict[str, Any]) -> None:
        self.take_out()
        if self.has_averages():
            self.averaged.apply()

    def on_close(self) -> None:
        try:
            self.take_out()
        finally:
            self.take_out()  # again, if Ctrl-C broke that off: nobody else does
        self.averaged = None

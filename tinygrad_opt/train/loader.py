"""What all loaders share: epochs that are counted, a seed, where a run stands, and a look at every batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..ops.random import default_rng
from ..settings import count, flag, whole_number

Array = np.ndarray[Any, np.dtype[Any]]
Batch = Array | tuple[Array, Array]
Numbered = tuple[Array, tuple[Array, ...]]
"""The numbers that the samples of a batch have in the data, and the batch: x, or x and y."""


class Loader:
    """Batches by epoch: ``for x, y in loader`` is the next epoch, ``loader.batches(epoch, start)`` any part of any.

    seed             a whole number; what is random is a function of the seed and the epoch, and of nothing else
    epoch            how many epochs ``for`` has begun: the number of the next one
    steps_per_epoch  how many batches an epoch has, or None where nobody knows; len(loader) if it is known
    shuffle          whether the samples come in another order than that of the data
    drop_last        whether samples of a last batch that is not full are left out

    A subclass has steps_per_epoch and `numbered_batches`; `checked` lets pass what is fit for training.
    """

    shuffle: bool = False

    def __init__(self, batch_size: int, drop_last: bool, seed: int | None, check_finite: bool) -> None:
        self.batch_size = count(self.kind, "batch_size", batch_size)
        self.drop_last = flag(self.kind, "drop_last", drop_last)
        self.check_finite = flag(self.kind, "check_finite", check_finite)
        self.seed = int(default_rng().integers(2**32)) if seed is None else self.counted("seed", seed)
        self.epoch = 0

    @property
    def kind(self) -> str:
        return type(self).__name__

    @property
    def steps_per_epoch(self) -> int | None:
        raise NotImplementedError

    def numbered_batches(self, epoch: int, start: int) -> Iterator[Numbered]:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """What must be the same for a saved run to go on: the batches depend on it."""
        return {"batch_size": self.batch_size, "drop_last": self.drop_last}

    def counted(self, name: str, given: Any) -> int:
        """A whole number of 0 or more."""
        return whole_number(self.kind, name, given, 0)

    def __len__(self) -> int:
        if self.steps_per_epoch is None:
            raise TypeError(f"this {self.kind} has no length: nobody said how many samples an epoch has; give length=")
        return self.steps_per_epoch

    def __bool__(self) -> bool:  # not by the length, which may be unknown
        return True

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next epoch.  It counts as begun at once: a loop that is left early does not repeat it."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self.batches(epoch)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of that epoch, (x, y) or x alone, from batch number start on; `epoch` is left as it is.

        Raises ValueError for an epoch below 0, or a start that the epoch does not have; while it runs, for a batch
        with nan or inf.
        """
        epoch, start = self.counted("epoch", epoch), self.counted("start", start)
        steps = self.steps_per_epoch
        if steps is not None and start > steps:
            raise ValueError(f"{self.kind}: start must be from 0 to {steps}, the batches of an epoch; got {start}")
        return self.checked(epoch, start)

    def checked(self, epoch: int, start: int) -> Iterator[Batch]:
        for number, (samples, batch) in enumerate(self.numbered_batches(epoch, start), start):
            if self.check_finite:
                for name, entries in zip("xy", batch, strict=False):
                    if entries.dtype.kind == "f" and not np.isfinite(entries).all():
                        where = f"batch {number} of epoch {epoch}"
                        raise ValueError(f"{self.kind}: {first_not_finite(name, entries, samples)}, in {where}")
            yield batch if len(batch) == 2 else batch[0]

    # -- where a run stands --------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """Seed and epoch as plain data, and the settings on which the batches depend."""
        return {"seed": self.seed, "epoch": self.epoch, **self.settings()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over seed and epoch.

        Raises ValueError for a state of other settings, whose batches would be others; then nothing has changed.
        """
        settings = self.settings()
        expected = ["seed", "epoch", *settings]
        if not isinstance(state, Mapping) or set(state) != set(expected):
            seen = f"one of {', '.join(map(str, state))}" if isinstance(state, Mapping) else repr(state)
            raise ValueError(f"the state of a {self.kind} is a dict of {', '.join(expected)}; got {seen}")
        for name, own in settings.items():
            if state[name] != own:
                raise ValueError(f"{self.kind}: the saved run had {name} {state[name]}; this loader has {own}")
        seed, epoch = self.counted("seed", state["seed"]), self.counted("epoch", state["epoch"])
        self.seed, self.epoch = seed, epoch


def first_not_finite(name: str, batch: Array, samples: Array) -> str:
    """Which sample it is, by its number in the data, and which of its entries."""
    row, *inner = map(int, np.argwhere(~np.isfinite(batch))[0])
    entry = f" at {tuple(inner)}" if inner else ""
    return f"{name} of sample {samples[row]} is {batch[(row, *inner)]}{entry}"

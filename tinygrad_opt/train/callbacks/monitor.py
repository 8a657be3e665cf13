"""What several callbacks watch: one number of each epoch, and whether it became better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...settings import number, one_of
from ...spelling import closest, meant

if TYPE_CHECKING:
    from ..run import Run

MODES = ("auto", "min", "max")
DOWN = {"loss", "error", "mae", "mse", "rmse", "mape", "msle", "nll", "entropy", "perplexity", "hinge", "divergence"}
UP = {"accuracy", "acc", "precision", "recall", "auc", "f1", "r2", "iou", "dice"}


class Monitor:
    """A number that callbacks watch, by its name in the logs, and the direction that is better.

    mode       "min", "max", or "auto": losses and errors are to fall, accuracy and its relatives to rise
    min_delta  by how much more than this a number must be better to count

    Raises ValueError for another mode, for what is no name, and for "auto" with a name that does not say the direction.

    >>> accuracy = Monitor("EarlyStopping", "val_accuracy", min_delta=0.01)
    >>> accuracy.mode, accuracy.better(0.92, than=0.90), accuracy.better(0.91, than=0.90)
    ('max', True, False)
    """

    def __init__(self, asker: str, name: str, mode: str = "auto", min_delta: float = 0.0):
        if not isinstance(name, str):
            raise ValueError(f"{asker}: monitor must be the name of a number in the logs; got {name!r}")
        self.asker, self.name = asker, name
        self.mode = direction(asker, name) if one_of(asker, "mode", mode, MODES) == "auto" else mode
        self.min_delta = abs(number(asker, "min_delta", min_delta))

    def settings(self) -> dict[str, Any]:
        """What the best number so far depends on, as plain data."""
        return {"monitor": self.name, "mode": self.mode, "min_delta": self.min_delta}

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is an improvement; the first one is, and what is not finite never."""
        if not math.isfinite(value):
            return False
        if than is None:
            return True
        return value + self.min_delta < than if self.mode == "min" else value - self.min_delta > than

    def value(self, logs: Mapping[str, Any], run: Run) -> float | None:
        """The number in the logs; None in an epoch without it, if others had it; ValueError if there never was one."""
        if self.name in logs:
            return float(logs[self.name])
        if self.name in run.history:
            return None
        advice = meant(self.name, logs)
        if self.name.startswith("val_") and run.validation is None:
            advice = "; give validation_data= for those of validation"
        raise ValueError(
            f"{self.asker} watches {self.name!r}, which is not logged; there are {', '.join(logs) or 'no logs'}{advice}"
        )


def direction(asker: str, name: str) -> str:
    """Whether what has that name is to fall, "min", or to rise, "max"."""
    words = name.lower().split("_")
    falls, rises = not DOWN.isdisjoint(words), not UP.isdisjoint(words)
    if falls == rises:
        raise ValueError(
            f"{asker}: {name!r} does not say whether less or more of it is better: give mode='min' or 'max'"
            + slip(words)
        )
    return "min" if falls else "max"


def slip(words: list[str]) -> str:
    """The question whether a name is another one, where a word of it is like one that is known."""
    known = sorted(DOWN | UP)
    spelled = [word if word == "val" else closest(word, known) or word for word in words]
    return f"; did you mean {'_'.join(spelled)!r}?" if spelled != words else ""

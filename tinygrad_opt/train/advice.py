"""What a loss curve says, in words: each reading with the threshold at which it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .history import History

REPORTED = ("loss", "val_loss", "accuracy", "val_accuracy")
FEWEST = 3  # epochs in which there is a curve to read
LATE = 0.2  # the share of the epochs that counts as the end of a run


@dataclass(frozen=True)
class Advice:
    """What a curve shows, by name, and what to do about it; true if there is nothing to say."""

    readings: dict[str, str]

    def __bool__(self) -> bool:
        return not self.readings

    def __contains__(self, name: object) -> bool:
        return name in self.readings

    def __iter__(self) -> Iterator[str]:
        return iter(self.readings)

    def __str__(self) -> str:
        return "\n".join(self.readings.values()) or "nothing stands out"


@dataclass(frozen=True)
class Curves:
    """The numbers of a run, epoch by epoch; empty lists for what it did not report.  low is an accuracy that is."""

    loss: Sequence[float]
    val_loss: Sequence[float]
    accuracy: Sequence[float]
    val_accuracy: Sequence[float]
    low: float = 0.8

    @property
    def late(self) -> int:
        """How many epochs the end of the run has."""
        return max(1, round(LATE * len(self.loss)))

    @property
    def gap(self) -> float:
        """How much better the samples of the training are known; 0 where nobody looked."""
        return self.accuracy[-1] - self.val_accuracy[-1] if self.accuracy and self.val_accuracy else 0.0

    def late_fall(self, curve: Sequence[float]) -> float:
        """By which share of its first value a curve fell in the end of the run."""
        return (curve[-1 - self.late] - curve[-1]) / curve[0] if curve[0] > 0 else 0.0


def advise(history: History | Mapping[str, Sequence[Any]], *, low_accuracy: float = 0.8) -> Advice:
    """Read loss, val_loss, accuracy and val_accuracy of a run; what was not reported is not read.

    nan           a loss is nan or infinite
    divergence    the loss ends above 1.2 times its first value
    no learning   it never was below 0.95 times its first value
    overfitting   the accuracy ends more than 0.1 above val_accuracy; or val_loss ends 10 % above its lowest value,
                  while the loss went on to fall
    capacity      the accuracy ends below low_accuracy, less than 0.05 above val_accuracy, and no longer falling
    plateau       there is no accuracy, and the loss ends above half its first value, no longer falling
    noise         the loss rose in three epochs or more, on average by a tenth of what it fell in all
    still falling in the last fifth of the epochs the loss (val_loss, if there is one) fell by 5 % of its first value

    "No longer falling" is less than 1 % of the first value in the last fifth.  The first three readings stand alone.
    Raises ValueError for fewer than three epochs.

    >>> print(advise({"loss": [0.7, 0.69, 0.5, 0.3, 0.2, 0.1]}))
    still falling: loss fell from 0.2 to 0.1 at the end: train longer
    """
    logs = history.history if isinstance(history, History) else history
    known = {name: [float(x) for x in logs.get(name, ()) if x is not None] for name in REPORTED}
    curves = Curves(**known, low=low_accuracy)
    if len(curves.loss) < FEWEST:
        raise ValueError(f"a curve to read has {FEWEST} epochs or more; got {len(curves.loss)} of loss")
    for name, read in ALONE.items():
        if words := read(curves):
            return Advice({name: f"{name}: {words}"})
    found = {name: words for name, read in TOGETHER.items() if (words := read(curves))}
    return Advice({name: f"{name}: {words}" for name, words in found.items()})


# -- readings: words, or nothing ---------------------------------------------------------------
def nan(c: Curves) -> str:
    for name, curve in (("loss", c.loss), ("val_loss", c.val_loss)):
        wrong = [epoch for epoch, loss in enumerate(curve, 1) if not math.isfinite(loss)]
        if wrong:
            return (
                f"{name} is {curve[wrong[0] - 1]} from epoch {wrong[0]} on: lower the learning rate, clip the "
                "gradients, and look for logarithms, roots and divisions at 0"
            )
    return ""


def divergence(c: Curves) -> str:
    if c.loss[-1] <= 1.2 * c.loss[0]:
        return ""
    return f"loss ends at {c.loss[-1]:.3g}, and began at {c.loss[0]:.3g}: lower the learning rate, ten times at first"


def no_learning(c: Curves) -> str:
    if min(c.loss) < 0.95 * c.loss[0]:
        return ""
    return (
        f"loss began at {c.loss[0]:.3g} and was never below {min(c.loss):.3g}: can the model overfit one batch? "
        "Look at the learning rate, at the scale of x, and whether every layer has a gradient"
    )


def overfitting(c: Curves) -> str:
    if c.gap > 0.1:
        return (
            f"accuracy is {c.accuracy[-1]:.3g} on what was trained on and {c.val_accuracy[-1]:.3g} on what was not: "
            "regularize (dropout, weight decay, augmentation), or take more data"
        )
    if not c.val_loss:
        return ""
    best = min(range(len(c.val_loss)), key=c.val_loss.__getitem__)
    aligned = len(c.val_loss) == len(c.loss)
    if c.val_loss[-1] <= 1.1 * c.val_loss[best] or not aligned or c.loss[-1] >= c.loss[best]:
        return ""
    return (
        f"val_loss was lowest, {c.val_loss[best]:.3g}, after epoch {best + 1}, and ends at {c.val_loss[-1]:.3g} while "
        f"loss fell to {c.loss[-1]:.3g}: regularize (dropout, weight decay, augmentation), "
        "stop there, or take more data"
    )


def capacity(c: Curves) -> str:
    if not c.accuracy or c.accuracy[-1] >= c.low or c.gap >= 0.05 or c.late_fall(c.loss) >= 0.01:
        return ""
    return (
        f"accuracy ends at {c.accuracy[-1]:.3g}, no better on what was trained on: a larger model, better features, "
        "less regularization, or another learning rate"
    )


def plateau(c: Curves) -> str:
    if c.accuracy or c.loss[-1] <= 0.5 * c.loss[0] or c.late_fall(c.loss) >= 0.01:
        return ""
    return (
        f"loss stays near {c.loss[-1]:.3g}, which is {c.loss[-1] / c.loss[0]:.0%} of its first value: lower the "
        "learning rate where it has stopped to help, else a larger model"
    )


def noise(c: Curves) -> str:
    changes = [after - before for before, after in zip(c.loss, c.loss[1:], strict=False)]
    rises = [change for change in changes if change > 0]
    if len(rises) < 3 or sum(rises) < 0.1 * len(rises) * (c.loss[0] - min(c.loss)):
        return ""
    return f"loss rose in {len(rises)} of {len(changes)} epochs: lower the learning rate, or take larger batches"


def still_falling(c: Curves) -> str:
    name, curve = ("val_loss", c.val_loss) if len(c.val_loss) == len(c.loss) else ("loss", c.loss)
    if c.late_fall(curve) < 0.05:
        return ""
    return f"{name} fell from {curve[-1 - c.late]:.3g} to {curve[-1]:.3g} at the end: train longer"


Reading = Callable[[Curves], str]
ALONE: dict[str, Reading] = {"nan": nan, "divergence": divergence, "no learning": no_learning}
TOGETHER: dict[str, Reading] = {
    "overfitting": overfitting,
    "capacity": capacity,
    "plateau": plateau,
    "noise": noise,
    "still falling": still_falling,
}

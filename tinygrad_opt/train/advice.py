"""What a loss curve says, in words: each reading with the threshold at which it is given."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..settings import FROM_0_TO_1, number

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


class Curve:
    """One number of a run in the epochs, counted from 1, that reported it; false if none did."""

    def __init__(self, reported: Iterable[float | None]):
        known = [(epoch, float(value)) for epoch, value in enumerate(reported, 1) if value is not None]
        self.epochs = [epoch for epoch, _ in known]
        self.values = [value for _, value in known]

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def first(self) -> float:
        return self.values[0]

    @property
    def last(self) -> float:
        return self.values[-1]

    @property
    def late(self) -> float:
        """The value from which the end of the run began."""
        return self.values[-1 - max(1, round(LATE * len(self.values)))]

    @property
    def late_fall(self) -> float:
        """By which share of its first value it fell in the end of the run."""
        return (self.late - self.last) / self.first if self.first > 0 else 0.0

    def at(self, epoch: int) -> float | None:
        """The value in that epoch, if it was reported."""
        return dict(zip(self.epochs, self.values, strict=True)).get(epoch)


@dataclass(frozen=True)
class Curves:
    """What was reported of a run; low is an accuracy that is."""

    loss: Curve
    val_loss: Curve
    accuracy: Curve
    val_accuracy: Curve
    low: float = 0.8

    @property
    def gap(self) -> float:
        """How much better the samples of the training are known; 0 where nobody looked."""
        return self.accuracy.last - self.val_accuracy.last if self.accuracy and self.val_accuracy else 0.0

    @property
    def is_low(self) -> bool:
        """Whether an accuracy was reported, and is low: then it is not met with silence."""
        return bool(self.accuracy) and self.accuracy.last < self.low


def advise(history: Mapping[str, Sequence[Any]], *, low_accuracy: float = 0.8) -> Advice:
    """Read loss, val_loss, accuracy and val_accuracy of a run; what was not reported is not read.

    nan           a loss is nan or infinite
    divergence    the loss ends above 1.2 times its first value
    no learning   it never was below 0.95 times its first value
    overfitting   the accuracy ends more than 0.1 above val_accuracy; or val_loss ends 10 % above its lowest value,
                  while the loss went on to fall
    capacity      the accuracy ends below low_accuracy, at most 0.1 above val_accuracy, and the loss no longer falls
    plateau       the loss no longer falls, and there is a low accuracy and no val_accuracy; or no accuracy, and the
                  loss ends above half its first value
    slow          the loss ends above 0.9 times its first value and still falls; there is no accuracy, or a low one
    noise         the loss rose in three epochs or more, on average by a tenth of what it fell in all
    still falling in the last fifth the loss (val_loss, where three are known) fell by 5 % of its first value; where
                  the accuracy is low, 1 % of the loss is enough

    "No longer falls" is by less than 1 % of the first value in the last fifth.  The first three readings stand alone.
    Raises ValueError for fewer than three epochs, or a low_accuracy that is none.

    >>> print(advise({"loss": [0.7, 0.69, 0.5, 0.3, 0.2, 0.1]}))
    still falling: loss fell from 0.2 to 0.1 at the end: train longer
    """
    low = number("advise", "low_accuracy", low_accuracy, FROM_0_TO_1)
    curves = Curves(**{name: Curve(history.get(name, ())) for name in REPORTED}, low=low)
    if len(curves.loss.values) < FEWEST:
        raise ValueError(f"a curve to read has {FEWEST} epochs or more; got {len(curves.loss.values)} of loss")
    for name, read in ALONE.items():
        if words := read(curves):
            return Advice({name: f"{name}: {words}"})
    found = {name: words for name, read in TOGETHER.items() if (words := read(curves))}
    return Advice({name: f"{name}: {words}" for name, words in found.items()})


# -- readings: words, or nothing ---------------------------------------------------------------
def nan(c: Curves) -> str:
    for name, curve in (("loss", c.loss), ("val_loss", c.val_loss)):
        wrong = [epoch for epoch, loss in zip(curve.epochs, curve.values, strict=True) if not math.isfinite(loss)]
        if wrong:
            lasting = len(wrong) == len(curve.epochs[curve.epochs.index(wrong[0]) :])
            when = f"from epoch {wrong[0]} on" if lasting else f"in epoch {wrong[0]}"
            return (
                f"{name} is {curve.at(wrong[0])} {when}: lower the learning rate, clip the gradients, and look for "
                "logarithms, roots and divisions at 0"
            )
    return ""


def divergence(c: Curves) -> str:
    if c.loss.last <= 1.2 * c.loss.first:
        return ""
    return (
        f"loss ends at {c.loss.last:.3g}, and began at {c.loss.first:.3g}: lower the learning rate, ten times at first"
    )


def no_learning(c: Curves) -> str:
    lowest = min(c.loss.values)
    if lowest < 0.95 * c.loss.first:
        return ""
    return (
        f"loss began at {c.loss.first:.3g} and was never below {lowest:.3g}: can the model overfit one batch? "
        "Look at the learning rate, at the scale of x, and whether every layer has a gradient"
    )


def overfitting(c: Curves) -> str:
    if c.gap > 0.1:
        return (
            f"accuracy is {c.accuracy.last:.3g} on what was trained on and {c.val_accuracy.last:.3g} on what was not: "
            "regularize (dropout, weight decay, augmentation), or take more data"
        )
    if not c.val_loss:
        return ""
    best, epoch = min(zip(c.val_loss.values, c.val_loss.epochs, strict=True))
    loss = c.loss.at(epoch)
    if c.val_loss.last <= 1.1 * best or loss is None or c.loss.last >= loss:
        return ""
    return (
        f"val_loss was lowest, {best:.3g}, after epoch {epoch}, and ends at {c.val_loss.last:.3g} while "
        f"loss fell to {c.loss.last:.3g}: regularize (dropout, weight decay, augmentation), "
        "stop there, or take more data"
    )


def capacity(c: Curves) -> str:
    if not c.val_accuracy or not c.is_low or c.gap > 0.1 or c.loss.late_fall >= 0.01:
        return ""
    return (
        f"accuracy ends at {c.accuracy.last:.3g}, no better on what was trained on: a larger model, better features, "
        "less regularization, or another learning rate"
    )


def plateau(c: Curves) -> str:
    if c.loss.late_fall >= 0.01 or (c.accuracy and (c.val_accuracy or not c.is_low)):
        return ""
    if c.loss.last <= 0.5 * c.loss.first and not c.is_low:
        return ""
    return (
        f"loss stays near {c.loss.last:.3g}, which is {c.loss.last / c.loss.first:.0%} of its first value: lower the "
        "learning rate where it has stopped to help, else a larger model"
    )


def slow(c: Curves) -> str:
    if c.loss.last <= 0.9 * c.loss.first or c.loss.late_fall < 0.01 or (c.accuracy and not c.is_low):
        return ""
    return (
        f"loss fell from {c.loss.first:.3g} to {c.loss.last:.3g}, by less than a tenth in all: a larger learning rate; "
        "and where y is numbers, standardize it, as steps of usual size take long to far targets"
    )


def noise(c: Curves) -> str:
    changes = [after - before for before, after in itertools.pairwise(c.loss.values)]
    rises = [change for change in changes if change > 0]
    if len(rises) < 3 or sum(rises) < 0.1 * len(rises) * (c.loss.first - min(c.loss.values)):
        return ""
    return f"loss rose in {len(rises)} of {len(changes)} epochs: lower the learning rate, or take larger batches"


def still_falling(c: Curves) -> str:
    name, curve = ("val_loss", c.val_loss) if len(c.val_loss.values) >= FEWEST else ("loss", c.loss)
    if curve.late_fall < 0.05 and c.is_low:
        name, curve = "loss", c.loss
    if curve.late_fall < (0.01 if c.is_low else 0.05):
        return ""
    return f"{name} fell from {curve.late:.3g} to {curve.last:.3g} at the end: train longer"


Reading = Callable[[Curves], str]
ALONE: dict[str, Reading] = {"nan": nan, "divergence": divergence, "no learning": no_learning}
TOGETHER: dict[str, Reading] = {
    "overfitting": overfitting,
    "capacity": capacity,
    "plateau": plateau,
    "slow": slow,
    "noise": noise,
    "still falling": still_falling,
}

"""Callbacks that set the learning rate, epoch by epoch."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from ...optim.around.wrapper import within
from ...optim.core.hyper import Settings
from ...settings import AT_LEAST_0, Numbers, number, whole_number
from .base import Callback
from .known import Known
from .monitor import Monitor

FACTOR = Numbers("a number above 0 and below 1", lambda x: 0 < x < 1)


class LearningRates:
    """The learning rates of an optimizer's groups, also within wrappers.

    Raises ValueError, in the name of who asks, for an optimizer without one.
    """

    def __init__(self, asker: str, optimizer: Any):
        *_, inmost = within(optimizer)
        self.optimizer: Any = inmost
        self.groups: list[Settings] = [group.hyper for group in self.optimizer.groups]
        if any(not callable(h.get("lr")) and not isinstance(h.get("lr"), int | float) for h in self.groups):
            kind, settings = type(self.optimizer).__name__, dict(self.groups[0])
            raise ValueError(f"{asker}: {kind} has no learning rate to set: {settings}")

    def now(self) -> list[float]:
        """Those of the coming step."""
        return [hyper["lr"] for hyper in self.optimizer.hyperparameters()]

    def set(self, rates: list[Any]) -> None:
        for hyper, rate in zip(self.groups, rates, strict=True):
            hyper["lr"] = rate


class Scaled:
    """A schedule times a number that changes, but not by it below a least value.

    over  whether the run is over in which the number changes
    """

    def __init__(self, schedule: Callable[[int], float], scale: float, least: float):
        self.schedule, self.scale, self.least = schedule, scale, least
        self.over = False

    def __call__(self, step: int) -> float:
        rate = self.schedule(step)
        return max(rate * self.scale, min(rate, self.least))

    def __repr__(self) -> str:
        return f"{self.scale:g} * {self.schedule!r}"


def bare(schedule: Any) -> tuple[Any, float]:
    """A learning rate as it was before the runs that are over, and by how much they multiplied it."""
    scale = 1.0
    while isinstance(schedule, Scaled) and schedule.over:
        scale *= schedule.scale
        schedule = schedule.schedule
    return schedule, scale


class ReduceLROnPlateau(Known):
    """Multiplies the learning rate by a factor when a monitored number has not become better for so many epochs.

    monitor, mode  what is watched: see `Monitor`
    factor         above 0 and below 1
    patience       after how many epochs in a row without improvement
    min_delta      by how much more than this it must be better to count
    cooldown       for how many epochs after that nothing is counted
    min_lr         it goes no further down than to this

    Rates of all groups are multiplied; a schedule goes on, multiplied.  The rate of the first group, as it was in the
    epoch, is logged as learning_rate.  Raises ValueError for an optimizer without a learning rate.

    >>> plateau = ReduceLROnPlateau(factor=0.5, patience=3)
    """

    kept = ("wait", "best", "cooldown_counter", "scale")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        kind = "ReduceLROnPlateau"
        self.monitor = Monitor(kind, monitor, mode, min_delta)
        self.factor = number(kind, "factor", factor, FACTOR)
        self.min_lr = number(kind, "min_lr", min_lr, AT_LEAST_0)
        self.patience = whole_number(kind, "patience", patience, 0)
        self.cooldown = whole_number(kind, "cooldown", cooldown, 0)
        self.verbose = verbose
        self.scaled: list[Scaled] = []
        self.reset()

    def settings(self) -> dict[str, Any]:
        return {**self.monitor.settings(), "factor": self.factor}

    def reset(self) -> None:
        self.wait = self.cooldown_counter = 0
        self.best: float | None = None
        self.scale = 1.0

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        self.rates = LearningRates("ReduceLROnPlateau", self.run.optimizer)
        found = [bare(h["lr"]) for h in self.rates.groups]
        if self.run.fresh:
            self.reset()
            self.scale = min(scale for _, scale in found)  # an optimizer of another run goes on as it was left
        self.rates.set([Scaled(lr, self.scale, self.min_lr) if callable(lr) else lr for lr, _ in found])
        self.scaled = [h["lr"] for h in self.rates.groups if callable(h["lr"])]

    def load_state_dict(self, state: Any) -> None:
        super().load_state_dict(state)
        self.rescale(self.scale)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        logs["learning_rate"] = self.rates.now()[0]
        current = self.monitor.value(logs, self.run)
        if current is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
        if self.monitor.better(current, self.best):
            self.best, self.wait = current, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience and any(rate > self.min_lr for rate in self.rates.now()):
                self.reduce(epoch)

    def reduce(self, epoch: int) -> None:
        self.wait, self.cooldown_counter = 0, self.cooldown
        fixed = [(h, h["lr"]) for h in self.rates.groups if not callable(h["lr"])]
        for hyper, rate in fixed:
            hyper["lr"] = max(rate * self.factor, min(rate, self.min_lr))
        self.rescale(self.scale * self.factor)
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate goes down to {self.rates.now()[0]:g}.")

    def rescale(self, scale: float) -> None:
        self.scale = scale
        for schedule in self.scaled:
            schedule.scale = scale

    def on_close(self) -> None:
        for schedule in self.scaled:  # they stay with the optimizer as they are; another run has its own
            schedule.over = True
        self.scaled = []


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch to ``schedule(epoch, lr)``, or ``schedule(epoch)``.

    epoch counts from 0; lr is the rate so far; each group is asked for.  The rate of the first one is logged as
    learning_rate.  For schedules of the step there is ``lr=`` of the optimizers: see `optim.schedules`.

    Raises ValueError for an optimizer whose rate is such a schedule, or that has none, and for what is no rate.

    >>> halving = LearningRateScheduler(lambda epoch, lr: lr / 2 if epoch and epoch % 10 == 0 else lr)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler takes a function schedule(epoch, lr); got {schedule!r}")
        self.schedule, self.verbose = schedule, verbose
        self.arguments = 2 if takes_two(schedule) else 1

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        self.rates = LearningRates("LearningRateScheduler", self.run.optimizer)
        if any(callable(hyper["lr"]) for hyper in self.rates.groups):
            kind = type(self.rates.optimizer).__name__
            raise ValueError(
                f"LearningRateScheduler: the lr of {kind} is a schedule of the step already: use one of both"
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        self.rates.set([self.rate(epoch, rate) for rate in self.rates.now()])
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {self.rates.now()[0]:g}.")

    def rate(self, epoch: int, rate: float) -> float:
        given = self.schedule(*(epoch, rate)[: self.arguments])
        try:
            found = float(given)
        except (TypeError, ValueError):
            found = math.nan
        if not (math.isfinite(found) and found >= 0):
            raise ValueError(
                f"LearningRateScheduler: the schedule gives a rate, 0 or more; for epoch {epoch}: {given!r}"
            )
        return found

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        logs["learning_rate"] = self.rates.now()[0]


def takes_two(schedule: Callable[..., Any]) -> bool:
    """Whether a function takes two arguments, as far as Python knows."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # built in: it does not say
        return True
    return True

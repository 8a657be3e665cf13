"""The recipe for training a network, step by step: each check works on a copy of the model, and answers in words.

Karpathy, "A recipe for training neural networks", 2019: look at the loss before training, overfit one batch, compare
with a model that does not see its inputs; then regularize and tune, as `advise` reads the curves.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import functional, nn, optim
from ..nn.dropout import DropoutLayer
from ..nn.losses import function_of
from ..nn.module import Module
from ..ops.random import drawing_from
from ..recording import no_grad
from ..settings import ABOVE_0, FROM_0_BELOW_1, Numbers, count, number
from ..value import Value
from .arguments import Data, as_data, as_loader, as_loss, as_model
from .callbacks.learning_rate_finder import LearningRateFinder
from .evaluation import one_number, pair
from .fit import evaluate, fit
from .loader import Array
from .run import Stepping

AT_LEAST_1 = Numbers("a finite number, at least 1", lambda x: x >= 1)
Criterion = str | Callable[[Any, Any], Any]
"""A loss by name, or a function of predictions and targets."""
OptimizerOf = str | Callable[[Any], Stepping]
"""An optimizer by name, or a function of named parameters."""
RANDOM = (DropoutLayer, nn.GaussianNoise)
OF_CLASSES = (functional.cross_entropy, functional.nll_loss)
OF_SQUARES = (functional.mse_loss, functional.half_mse_loss)
OF_NUMBERS = (
    *OF_SQUARES,
    functional.l1_loss,
    functional.huber_loss,
    functional.smooth_l1_loss,
    functional.log_cosh_loss,
)


@dataclass(frozen=True)
class Finding:
    """What was found: true if all is well, printed in words, with the numbers that were looked at.

    >>> found = Finding(False, "the loss is 27.4 where 2.3 was expected", {"loss": 27.4, "expected": 2.3})
    >>> bool(found), found.numbers["loss"]
    (False, 27.4)
    >>> print(found)
    the loss is 27.4 where 2.3 was expected
    """

    good: bool
    words: str
    numbers: dict[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.good

    def __str__(self) -> str:
        return self.words


def check_initial_loss(
    model: Module, data: Data, loss: Criterion, *, expected: float | None = None, factor: float = 2.0
) -> Finding:
    """Whether a model that is not trained loses as much as one that knows nothing: ln C for C classes.

    For numbers that is the loss of their mean, for "mse" the variance.  expected replaces it, and is needed for other
    losses.  factor is how many times as large or small the loss may be; of squares, its square.  It is looked at in one
    batch of up to 1,024 samples, in training mode.

    >>> x = np.random.default_rng(0).normal(size=(64, 2))
    >>> y = np.arange(64) % 4
    >>> model = nn.MLP(2, 8, 4, rng=np.random.default_rng(0))
    >>> print(check_initial_loss(model, (x, y), "cross_entropy"))
    the loss before training is 1.6, near ln 4 = 1.39, that of a model that knows nothing
    >>> bool(check_initial_loss(model, (100 * x, y), "cross_entropy"))
    False
    """
    factor = number("check_initial_loss", "factor", factor, AT_LEAST_1)
    if expected is not None:
        expected = number("check_initial_loss", "expected", expected, ABOVE_0)
    criterion, (x, y) = as_loss(loss), first_batch(data, 1024)
    function = function_of(criterion)
    with drawing_from(0), no_grad(), np.errstate(all="ignore"):
        prediction = copied(model)(x)
        found = float(one_number(criterion(prediction, y)).data)
        nothing = knowing_nothing(criterion, prediction, y) if expected is None else expected
    numbers = {"loss": found, "expected": nothing}
    classes = f"ln {prediction.shape[1]} = " if function in OF_CLASSES and expected is None else ""
    seen = f"the loss before training is {found:.3g}"
    apart = factor**2 if function in OF_SQUARES else factor
    if nothing / apart <= found <= nothing * apart:
        return Finding(True, f"{seen}, near {classes}{nothing:.3g}, that of a model that knows nothing", numbers)
    seen += f"; a model that knows nothing has {classes}{nothing:.3g}"
    if found < nothing:
        return Finding(False, f"{seen}: has it been trained, or are the targets among its inputs?", numbers)
    seen += f": the outputs have {described(prediction.data)}, x has {described(x)}"
    if function in OF_NUMBERS:
        return Finding(False, f"{seen}, y has {described(y)}: standardize x and y", numbers)
    return Finding(False, f"{seen}: standardize x, or start with smaller weights in the last layer", numbers)


def described(numbers: Array) -> str:
    return f"mean {np.mean(numbers):.3g} and deviation {np.std(numbers):.3g}"


def knowing_nothing(criterion: Callable[[Any, Any], Any], prediction: Value, y: Array) -> float:
    """The loss of the same answer for every sample, which favours nothing."""
    function, answer = function_of(criterion), np.zeros_like(prediction.data)
    if function in OF_NUMBERS:
        answer += np.mean(y, axis=0)
    elif function is functional.binary_cross_entropy:
        answer += 0.5
    elif function is functional.nll_loss:
        answer -= math.log(answer.shape[1])
    elif function not in (functional.cross_entropy, functional.binary_cross_entropy_with_logits):  # of zeros
        raise ValueError(f"what a model that knows nothing loses under {criterion!r} is not known: give expected=")
    return float(criterion(Value(answer), y).data)


def overfit_one_batch(
    model: Module,
    data: Data,
    loss: Criterion,
    *,
    steps: int = 300,
    batch_size: int = 32,
    optimizer: OptimizerOf | None = None,
    near_zero: float = 0.05,
) -> Finding:
    """Whether a copy of the model learns one batch by heart: its loss must come to near_zero times the first.

    A model that cannot do that has a mistake in it, or in the loss.  Dropout and noise are off.  optimizer is as in
    `fit`, a name or a function of parameters; left out, Adam with lr=0.01.
    """
    near_zero = number("overfit_one_batch", "near_zero", near_zero, FROM_0_BELOW_1)
    batch = first_batch(data, batch_size)
    losses = trained(copied(model, random=False), batch, loss, count("overfit_one_batch", "steps", steps), optimizer)
    first, best = losses[0], min(filter(math.isfinite, losses), default=math.nan)
    numbers = {"first": first, "best": best, "steps": float(len(losses))}
    seen = f"{len(batch[0])} samples, {len(losses)} steps: the loss went from {first:.3g} to {best:.3g}"
    if best <= near_zero * first and math.isfinite(losses[-1]):
        return Finding(True, f"{seen}, near zero: the model can learn by heart", numbers)
    return Finding(False, f"{seen}: {why_not(losses)}", numbers)


def why_not(losses: list[float]) -> str:
    """What keeps a model from learning a batch by heart, as far as its losses tell."""
    if not math.isfinite(losses[0]):
        return "it is not finite from the start: smaller x or weights; look for logarithms, roots and divisions at 0"
    if not math.isfinite(losses[-1]):
        return "it is not finite at the end: lower the learning rate"
    if losses[-1] > 1.2 * losses[0]:
        return f"it ends at {losses[-1]:.3g}: lower the learning rate"
    if min(losses) > 0.95 * losses[0]:
        return "nothing is learned: is the learning rate too small, does every layer have a gradient?"
    if losses[-1] < 0.98 * losses[-1 - len(losses) // 5]:
        return "it is still falling: give more steps, or a higher learning rate"
    return "it stays there: the model is too small, two equal x have different y, or the loss does not fit the output"


def input_independent_baseline(
    model: Module,
    data: Data,
    loss: Criterion,
    *,
    epochs: int = 10,
    batch_size: int | None = None,
    optimizer: OptimizerOf | None = None,
    seed: int = 0,
    margin: float = 0.1,
) -> Finding:
    """Whether a copy of the model that sees its inputs comes out better than one that is given zeros for them.

    Better is a loss lower by margin, a share.  If it is not, the inputs do not get through, or say nothing about y.
    """
    margin = number("input_independent_baseline", "margin", margin, FROM_0_BELOW_1)
    epochs = count("input_independent_baseline", "epochs", epochs)
    settings: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "verbose": False}
    found = []
    for own in (copied(model), Blind(copied(model))):
        fit(own, data, loss=loss, optimizer=choice(optimizer), metrics=(), **settings)
        found.append(evaluate(own, data, loss=loss, metrics=())["loss"])
    numbers = {"loss": found[0], "baseline": found[1]}
    seen = f"after {epochs} epochs the loss is {found[0]:.3g}, and {found[1]:.3g} for a model that is given zeros"
    if found[0] <= (1 - margin) * found[1]:
        return Finding(True, f"{seen}: the inputs are used", numbers)
    return Finding(False, f"{seen}: do the inputs get through, do x and y still belong together?", numbers)


class Blind(Module):
    """A model that is given zeros, whatever it is asked."""

    def __init__(self, model: Module):
        self.model = model

    def forward(self, x: Any) -> Any:
        return self.model(np.zeros_like(x))


def learning_rate_range_test(
    model: Module,
    data: Data,
    loss: Criterion,
    *,
    optimizer: OptimizerOf = "sgd",
    batch_size: int | None = None,
    start_lr: float = 1e-6,
    end_lr: float = 10.0,
    steps: int = 100,
    seed: int = 0,
) -> LearningRateFinder:
    """Train a copy of the model while the learning rate grows, and return the curve: `suggestion()` is where to begin.

    Arguments as for `LearningRateFinder`, which does the same within a run of `fit`; batches as `fit` makes them.
    The suggestion is for the optimizer that was tried, and for this batch size.

    >>> x = np.random.default_rng(0).normal(size=(256, 2))
    >>> found = learning_rate_range_test(nn.MLP(2, 8, 1, rng=np.random.default_rng(0)), (x, x[:, :1] * x[:, 1:]), "mse")
    >>> 0.01 < found.suggestion() < 1
    True
    """
    finder = LearningRateFinder(start_lr, end_lr, steps)
    settings: dict[str, Any] = {"epochs": steps, "batch_size": batch_size, "seed": seed, "verbose": False}
    fit(copied(model), data, loss=loss, optimizer=choice(optimizer), metrics=(), callbacks=[finder], **settings)
    return finder


# -- what they share ---------------------------------------------------------------------------
def copied(model: Any, random: bool = True) -> Module:
    """A copy in training mode, with dropout and noise or without."""
    own: Module = copy.deepcopy(as_model(model)).train()
    for part in own.modules():
        if isinstance(part, RANDOM) and not random:
            part.eval()
    return own


def first_batch(data: Data, size: int) -> tuple[Array, Array]:
    """The first samples of data, or the first batch of a loader."""
    return pair("training", next(as_loader(as_data(data), default=size).batches(0)))


def trained(
    model: Module, batch: tuple[Array, Array], loss: Criterion, steps: int, optimizer: OptimizerOf | None
) -> list[float]:
    """The losses of training on one batch."""
    settings: dict[str, Any] = {"optimizer": choice(optimizer), "epochs": steps, "batch_size": len(batch[0])}
    return fit(model, batch, loss=loss, metrics=(), seed=0, verbose=False, **settings)["loss"]


def choice(optimizer: OptimizerOf | None) -> OptimizerOf:
    """The optimizer of a check: one that was made belongs to the model, and not to its copy."""
    if hasattr(optimizer, "step") and not isinstance(optimizer, type):
        raise TypeError(
            f"a check trains a copy of the model: give a name or a function of parameters, not {optimizer!r}"
        )
    return optim.get("adam", lr=0.01) if optimizer is None else optimizer

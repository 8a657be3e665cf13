"""Metrics: numbers that say how good predictions are, each a mean over samples, by name or as functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .. import functional, spelling
from ..nn.losses import function_of
from ..value import Value

Array = np.ndarray[Any, np.dtype[Any]]
Metric = Callable[[Array, Array], float]
Metrics = Iterable[str | Metric] | Mapping[str, str | Metric]
"""Names and functions, or both by the names under which they are reported."""


def accuracy(prediction: Array, target: Array, threshold: float = 0.0, ignore_index: int | None = None) -> float:
    """The share of samples whose class is right.

    prediction (N, C, ...) with labels (N, ...), or with weights of all classes (N, C, ...): the largest score decides.
    prediction (N,) or (N, 1) and targets of 0 and 1, (N,) or (N, 1): 1 where it is above the threshold.
    That is 0 for logits; for probabilities it is 0.5, as `binary_accuracy` has it.
    Labels equal to ignore_index are left out; `fit` and `evaluate` take the one of the loss.

    Raises TypeError for targets that are no classes, ValueError for shapes that do not fit, and if nothing is left.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """
    scores, sides = without_column(prediction), without_column(target)
    if scores.shape == sides.shape and (scores.ndim < 2 or scores is not prediction):
        if not ((sides == 0) | (sides == 1)).all():
            raise TypeError(
                "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)"
            )
        return share((scores > threshold) == sides)
    right = labels("accuracy", prediction, target)
    return share(prediction.argmax(axis=1) == right, right, ignore_index)


def without_column(array: Array) -> Array:
    """(N, 1, ...) as (N, ...), and all else as it is."""
    return array[:, 0] if array.ndim > 1 and array.shape[1] == 1 else array


def binary_accuracy(prediction: Array, target: Array, threshold: float = 0.5) -> float:
    """The share of entries on the right side of the threshold, where targets have sides too: above 0.5, or not.

    0.5 is the threshold of probabilities.  Each entry counts by itself, as where a sample has several labels.
    """
    return share((same_shape("binary_accuracy", prediction, target) > threshold) == (target > 0.5))


def binary_accuracy_of_logits(prediction: Array, target: Array) -> float:
    """`binary_accuracy` of scores, whose threshold is 0."""
    return binary_accuracy(prediction, target, threshold=0.0)


def top_5_accuracy(prediction: Array, target: Array, ignore_index: int | None = None) -> float:
    """The share of samples (N, C) whose label is among the five largest scores, of which nan is none."""
    right, many = labels("top_5_accuracy", prediction, target), min(5, prediction.shape[1])
    scores = np.where(np.isnan(prediction), -np.inf, prediction)
    best = np.argpartition(scores, -many, axis=1)[:, -many:]
    known = ~np.isnan(np.take_along_axis(prediction, best, axis=1))
    return share(((best == right[:, None]) & known).any(axis=1), right, ignore_index)


def labels(name: str, prediction: Array, target: Array) -> Array:
    """Targets of predictions (N, C, ...) as labels (N, ...)."""
    several = prediction.ndim > 1 and prediction.shape[1] > 1
    if several and target.shape == (*prediction.shape[:1], *prediction.shape[2:]):
        if target.dtype.kind not in "iub":
            raise TypeError(
                f"{name} counts right labels; these targets are {target.dtype}: for numbers take metrics=('mae',) "
                "or metrics=()"
            )
        return target
    if not several or prediction.shape != target.shape:
        raise ValueError(
            f"{name} needs labels (N,) or class weights (N, C) for predictions (N, C); "
            f"got predictions {prediction.shape} and targets {target.shape}"
        )
    return np.asarray(target.argmax(axis=1))


def share(right: Any, found: Any = None, ignore_index: int | None = None) -> float:
    """The share that is right, of those whose label counts."""
    if ignore_index is not None and np.count_nonzero(ignored := found == ignore_index):  # .any() takes 2 µs more
        right = right[~ignored]
    if not right.size:
        raise ValueError("an accuracy needs samples whose label counts; there are none")
    return int(np.count_nonzero(right)) / int(right.size)


def mean_absolute_error(prediction: Array, target: Array) -> float:
    """mean(|prediction - target|)."""
    return float(np.mean(np.abs(difference("mean_absolute_error", prediction, target))))


def mean_squared_error(prediction: Array, target: Array) -> float:
    """mean((prediction - target)**2)."""
    return float(np.mean(np.square(difference("mean_squared_error", prediction, target))))


def difference(name: str, prediction: Array, target: Array) -> Array:
    """prediction - target, in float32 or more: a byte has no sign, and the square of a float16 soon no room."""
    if not same_shape(name, prediction, target).size:
        raise ValueError(f"{name} needs samples; got none, of shape {prediction.shape}")
    kind = np.result_type(prediction, target, np.float32)
    return np.subtract(prediction, target, dtype=kind)


def same_shape(name: str, prediction: Array, target: Array) -> Array:
    """prediction, if no broadcasting would mix up the samples."""
    if prediction.shape != target.shape:
        raise ValueError(f"{name}: prediction {prediction.shape} and target {target.shape} must have one shape")
    return prediction


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "acc": accuracy,
    "binary_accuracy": binary_accuracy,
    "top_5_accuracy": top_5_accuracy,
    "mae": mean_absolute_error,
    "mean_absolute_error": mean_absolute_error,
    "mse": mean_squared_error,
    "mean_squared_error": mean_squared_error,
}


def metric(name: str) -> Metric:
    """The metric of that name, in any spelling; ValueError, with the closest one, if there is none."""
    return spelling.named("metric", name, METRICS)


def named(metrics: Metrics) -> dict[str, Metric]:
    """Metrics by the names under which they are reported."""
    if isinstance(metrics, str):
        raise TypeError(f"metrics is a list of names or functions: write metrics=({metrics!r},)")
    if not isinstance(metrics, Iterable):
        raise TypeError(f"metrics is a list of names or functions; got {metrics!r}")
    pairs = metrics.items() if isinstance(metrics, Mapping) else [(own_name(m), m) for m in metrics]
    found: dict[str, Metric] = {}
    for name, m in pairs:
        if not (isinstance(m, str) or callable(m)):
            raise TypeError(f"a metric is a name or a function of predictions and targets; got {m!r}")
        if name in found or name == "loss":
            raise ValueError(f"{name!r} is reported already: give metrics as a dict, with names of their own")
        if name.startswith("val_"):
            raise ValueError(f"a metric's name cannot begin with val_, as those of validation do; got {name!r}")
        found[name] = metric(m) if isinstance(m, str) else m
    return found


ACCURACIES: list[tuple[Any, Metric]] = [
    (functional.cross_entropy, accuracy),
    (functional.nll_loss, accuracy),
    (functional.binary_cross_entropy, binary_accuracy),
    (functional.binary_cross_entropy_with_logits, binary_accuracy_of_logits),
]
"""What accuracy is under the losses of classes."""


def as_metrics(metrics: Metrics | None, criterion: Any) -> dict[str, Metric]:
    """Metrics by name, "accuracy" if none were given; accuracy is the one that goes with the loss, under any name."""
    function = function_of(criterion)
    fitting = next((fitting for of_classes, fitting in ACCURACIES if of_classes is function), None)
    if fitting is None:
        return named(() if metrics is None else metrics)
    found = named(("accuracy",) if metrics is None else metrics)
    return {name: fits(m, fitting, ignored_label(criterion)) for name, m in found.items()}


def fits(m: Metric, fitting: Metric, ignored: int | None) -> Metric:
    """A metric, or what an accuracy is under this loss."""
    if m is accuracy or (m is binary_accuracy and fitting is not accuracy):
        m = fitting
    of_labels = next((known for known in OF_LABELS if known is m), None)
    return m if ignored is None or of_labels is None else functools.partial(of_labels, ignore_index=ignored)


OF_LABELS: tuple[Callable[..., float], ...] = (accuracy, top_5_accuracy)


def ignored_label(criterion: Any) -> int | None:
    """The label that counts for nothing under a loss, or None if it has none."""
    if function_of(criterion) not in (functional.cross_entropy, functional.nll_loss):
        return None
    return getattr(criterion, "ignore_index", -100)  # what the functions themselves have


def counted(x: Any, y: Any, ignored: int | None) -> int:
    """How many samples of a batch count; those of integer labels by their labels, of which a pixel may have one."""
    if ignored is None or y.dtype.kind not in "iu":
        return len(x)
    return int(np.count_nonzero(y != ignored))


def own_name(m: Any) -> str:
    return m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__)


def reported(name: str, found: Any) -> float:
    """What a metric found, or a callback logs for a batch, if it is one number."""
    if type(found) is float:  # as most are, and np.asarray takes longer than all else here
        return found
    found = np.asarray(found.data if isinstance(found, Value) else found)
    if found.shape or found.dtype.kind not in "biuf":
        seen = f"shape {found.shape}" if found.shape else f"a {type(found.item()).__name__}"
        raise TypeError(f"what is reported as {name} must be one number for a batch; got {seen}")
    return float(found)


class Means:
    """Running means of several numbers, each batch weighing as much as it has samples that count.

    A number that only some batches have is the mean over those; of a number without samples it is nan.

    >>> means = Means()
    >>> means.add({"loss": 1.0, "norm": 4.0}, 2)
    >>> means.add({"loss": 4.0}, 1)
    >>> means.result()
    {'loss': 2.0, 'norm': 4.0}
    """

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}
        self.samples: dict[str, int] = {}

    def clear(self) -> None:
        self.totals, self.samples = {}, {}

    def add(self, values: Mapping[str, Any], samples: int) -> None:
        """Take in the numbers of a batch; TypeError for what is none."""
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + reported(name, value) * samples
            self.samples[name] = self.samples.get(name, 0) + samples

    def result(self) -> dict[str, float]:
        return {name: total / n if (n := self.samples[name]) else math.nan for name, total in self.totals.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"totals": dict(self.totals), "samples": dict(self.samples)}

    def load_state_dict(self, state: Any) -> None:
        totals, samples = dict(state["totals"]), dict(state["samples"])
        if totals.keys() != samples.keys():
            raise ValueError(f"means have samples for each total; got {list(samples)} for {list(totals)}")
        self.totals, self.samples = totals, samples

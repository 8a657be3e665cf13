"""Metrics: numbers that say how good predictions are, each a mean over samples, by name or as functions."""

from __future__ import annotations

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


def accuracy(prediction: Array, target: Array, threshold: float = 0.0) -> float:
    """The share of samples whose class is right.

    prediction (N, C, ...) with labels (N, ...), or with weights of all classes (N, C, ...): the largest score decides.
    prediction of the target's shape, (N,) or (N, 1), and targets of 0 and 1: 1 where it is above the threshold.
    That is 0 for logits; for probabilities it is 0.5, as `binary_accuracy` has it.

    Raises TypeError for targets that are no classes, ValueError for shapes that do not fit.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """
    if prediction.shape == target.shape and (prediction.ndim < 2 or prediction.shape[1] == 1):
        if not ((target == 0) | (target == 1)).all():
            raise TypeError(
                "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)"
            )
        return share((prediction > threshold) == target)
    return share(prediction.argmax(axis=1) == labels("accuracy", prediction, target))


def binary_accuracy(prediction: Array, target: Array, threshold: float = 0.5) -> float:
    """The share of entries on the right side of the threshold, where targets have sides too: above 0.5, or not.

    0.5 is the threshold of probabilities.  Each entry counts by itself, as where a sample has several labels.
    """
    return share((same_shape("binary_accuracy", prediction, target) > threshold) == (target > 0.5))


def binary_accuracy_of_logits(prediction: Array, target: Array) -> float:
    """`binary_accuracy` of scores, whose threshold is 0."""
    return binary_accuracy(prediction, target, threshold=0.0)


def top_5_accuracy(prediction: Array, target: Array) -> float:
    """The share of samples (N, C) whose label is among the five largest scores."""
    right = labels("top_5_accuracy", prediction, target)
    if prediction.shape[1] <= 5:
        return 1.0
    best = np.argpartition(prediction, -5, axis=1)[:, -5:]
    return share((best == right[:, None]).any(axis=1))


def labels(name: str, prediction: Array, target: Array) -> Array:
    """Targets of predictions (N, C, ...) as labels (N, ...)."""
    if prediction.ndim > 1 and target.shape == (*prediction.shape[:1], *prediction.shape[2:]):
        if target.dtype.kind not in "iub":
            raise TypeError(
                f"{name} counts right labels; these targets are {target.dtype}: for numbers take metrics=('mae',) "
                "or metrics=()"
            )
        return target
    if prediction.ndim < 2 or prediction.shape[1] < 2 or prediction.shape != target.shape:
        raise ValueError(
            f"{name} needs labels (N,) or class weights (N, C) for predictions (N, C); "
            f"got predictions {prediction.shape} and targets {target.shape}"
        )
    return np.asarray(target.argmax(axis=1))


def share(right: Any) -> float:
    return int(np.count_nonzero(right)) / int(right.size)


def mean_absolute_error(prediction: Array, target: Array) -> float:
    """mean(|prediction - target|)."""
    return float(np.mean(np.abs(same_shape("mean_absolute_error", prediction, target) - target)))


def mean_squared_error(prediction: Array, target: Array) -> float:
    """mean((prediction - target)**2)."""
    return float(np.mean(np.square(same_shape("mean_squared_error", prediction, target) - target)))


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
    return {name: fits(m, fitting) for name, m in found.items()}


def fits(m: Metric, fitting: Metric) -> Metric:
    """A metric, or what an accuracy is under this loss."""
    if m is accuracy or (m is binary_accuracy and fitting is not accuracy):
        return fitting
    return m


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
    """Running means of several numbers, each batch weighing as much as it has samples.

    A number that only some batches have is the mean over those.

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
        return {name: total / self.samples[name] for name, total in self.totals.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"totals": dict(self.totals), "samples": dict(self.samples)}

    def load_state_dict(self, state: Any) -> None:
        totals, samples = dict(state["totals"]), dict(state["samples"])
        if totals.keys() != samples.keys():
            raise ValueError(f"means have samples for each total; got {list(samples)} for {list(totals)}")
        self.totals, self.samples = totals, samples

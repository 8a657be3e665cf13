"""Metrics: numbers that say how good predictions are, each a mean over samples, by name or as functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Metric = Callable[[Array, Array], float]


def accuracy(prediction: Array, target: Array, threshold: float = 0.0) -> float:
    """The share of samples whose class is right.

    prediction (N, C, ...) with labels (N, ...), or with weights of all classes (N, C, ...): the largest score decides.
    prediction of the target's shape, (N,) or (N, 1), and targets of 0 and 1: 1 where it is above the threshold.
    That is 0 for logits; for probabilities it is 0.5, which `fit` takes for the loss "binary_cross_entropy".

    Raises TypeError for targets that are no classes, ValueError for shapes that do not fit.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """
    if prediction.ndim > 1 and target.shape == (*prediction.shape[:1], *prediction.shape[2:]):
        if target.dtype.kind not in "iub":
            raise TypeError(
                f"accuracy counts right labels; these targets are {target.dtype}: for numbers take metrics=('mae',) "
                "or metrics=()"
            )
        right = prediction.argmax(axis=1) == target
    elif prediction.shape != target.shape:
        raise ValueError(
            f"accuracy needs labels (N,) or class weights (N, C) for predictions (N, C), or one shape for both; "
            f"got predictions {prediction.shape} and targets {target.shape}"
        )
    elif prediction.ndim > 1 and prediction.shape[1] > 1:
        right = prediction.argmax(axis=1) == target.argmax(axis=1)
    else:
        if not ((target == 0) | (target == 1)).all():
            raise TypeError(
                "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)"
            )
        right = (prediction > threshold) == target
    return int(np.count_nonzero(right)) / int(right.size)


def binary_accuracy(prediction: Array, target: Array) -> float:
    """The share of probabilities on the right side of 0.5."""
    return accuracy(prediction, target, threshold=0.5)


def top_5_accuracy(prediction: Array, target: Array) -> float:
    """The share of samples (N, C) whose label is among the five largest scores."""
    best = np.argpartition(prediction, -5, axis=1)[:, -5:] if prediction.shape[1] > 5 else None
    return 1.0 if best is None else float(np.mean(np.any(best == target[:, None], axis=1)))


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
    """The metric of that name; ValueError, with the closest one, if there is none."""
    if name in METRICS:
        return METRICS[name]
    close = difflib.get_close_matches(name, METRICS, 1)
    advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(METRICS)}"
    raise ValueError(f"there is no metric {name!r}: {advice}")


def named(metrics: Iterable[str | Metric] | Mapping[str, Metric]) -> dict[str, Metric]:
    """Metrics by the names under which they are reported."""
    if isinstance(metrics, str):
        raise TypeError(f"metrics is a list of names or functions: write metrics=({metrics!r},)")
    if isinstance(metrics, Mapping):
        return dict(metrics)
    found: dict[str, Metric] = {}
    for m in metrics:
        if not (isinstance(m, str) or callable(m)):
            raise TypeError(f"a metric is a name or a function of predictions and targets; got {m!r}")
        name = m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__)
        found[name] = metric(m) if isinstance(m, str) else m
    return found


class Means:
    """Running means of several numbers, each batch weighing as much as it has samples."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}
        self.samples = 0

    def clear(self) -> None:
        self.totals, self.samples = {}, 0

    def add(self, values: Mapping[str, float], samples: int) -> None:
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * samples
        self.samples += samples

    def result(self) -> dict[str, float]:
        return {name: total / self.samples for name, total in self.totals.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"totals": dict(self.totals), "samples": self.samples}

    def load_state_dict(self, state: Any) -> None:
        self.totals, self.samples = dict(state["totals"]), int(state["samples"])

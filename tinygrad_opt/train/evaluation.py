"""Passes over data without training: what a model predicts, and how good that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..nn.module import Module
from ..recording import no_grad
from ..value import Value
from .callbacks.base import Callback, Callbacks
from .loader import Loader
from .metrics import Means, Metric, counted, ignored_label, reported

Array = np.ndarray[Any, np.dtype[Any]]


class Prediction:
    """A model that is asked, and the callbacks that see it."""

    def __init__(self, model: Module, callbacks: Iterable[Callback] = ()):
        self.model = model
        self.callbacks = Callbacks(callbacks, self)

    def predict(self, loader: Loader) -> list[Array]:
        """What the model gives for each batch, in evaluation mode; ValueError for a loader of another order."""
        if loader.shuffle:
            raise ValueError(
                f"predict keeps the order of the samples; this {loader.kind} shuffles: give one that does not"
            )
        refuse_drop_last("predict", loader)
        found = []
        self.callbacks("on_predict_begin", {})
        with self.model.eval():
            for number, batch in enumerate(loader.batches(0)):
                self.callbacks("on_predict_batch_begin", number, {})
                outputs = self.outputs(batch[0] if isinstance(batch, tuple) else batch)
                found.append(outputs)
                self.callbacks("on_predict_batch_end", number, {"outputs": outputs})
        self.callbacks("on_predict_end", {})
        return found

    def outputs(self, x: Any) -> Any:
        """What the model gives for a batch, a row for each of its samples."""
        with no_grad():
            prediction = self.model(x)
        if not isinstance(prediction, Value):
            raise TypeError(f"predict needs a model that gives one Value; got a {type(prediction).__name__}")
        if prediction.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"predict needs a row for each sample; the model gave {prediction.shape} for {x.shape}, "
                f"{len(x)} samples: if x is one sample, give x[None]"
            )
        return prediction.data


class Evaluation(Prediction):
    """A model that is judged, by a loss and by metrics."""

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Any],
        *,
        metrics: Mapping[str, Metric] | None = None,
        callbacks: Iterable[Callback] = (),
    ):
        self.loss, self.metrics = loss, dict(metrics or {})
        self.ignored = ignored_label(loss)
        super().__init__(model, callbacks)

    def evaluate(self, loader: Loader) -> dict[str, float]:
        """The means of loss and metrics over all data, in evaluation mode."""
        refuse_drop_last("evaluate", loader)
        means = Means()
        self.callbacks("on_test_begin", {})
        with self.model.eval():
            for number, batch in enumerate(loader.batches(0)):
                self.callbacks("on_test_batch_begin", number, {})
                x, y = pair("evaluation", batch)
                samples = counted(x, y, self.ignored)
                logs = self.judged(x, y) if samples else self.nothing()
                means.add(logs, samples)
                self.callbacks("on_test_batch_end", number, logs)
        self.callbacks("on_test_end", means.result())
        return means.result()

    def judged(self, x: Any, y: Any) -> dict[str, float]:
        """The loss and the metrics of a batch."""
        with no_grad():
            prediction = self.model(x)
            loss = float(one_number(self.loss(prediction, y)).data)
            return {"loss": loss, **self.measured(numbers_of(prediction), y)}

    def nothing(self) -> dict[str, float]:
        """What is logged for a batch in which no sample counts: the mean of its loss would be nan."""
        return dict.fromkeys(("loss", *self.metrics), 0.0)

    def measured(self, prediction: Any, y: Any) -> dict[str, float]:
        """What the metrics find in a batch."""
        return {name: reported(name, metric(prediction, y)) for name, metric in self.metrics.items()}


def refuse_drop_last(asker: str, loader: Loader) -> None:
    """Raise ValueError for a loader that leaves samples out."""
    if loader.drop_last:
        raise ValueError(f"{asker} takes all samples; this {loader.kind} has drop_last=True: give one without it")


def pair(what: str, batch: Any) -> tuple[Any, Any]:
    """x and y of a batch, which what is done needs."""
    if not isinstance(batch, tuple):
        raise ValueError(f"{what} needs a target for each sample: data of x and y; got x alone")
    return batch[0], batch[1]


def one_number(loss: Any) -> Value:
    """A loss, if it is one number made of the predictions."""
    if not isinstance(loss, Value):
        raise ValueError(
            f"a loss is one number made of the predictions; got a {type(loss).__name__}, which has left the graph: "
            "compute it without .data, .item() and float(), in the model too"
        )
    if loss.shape != ():
        raise ValueError(
            f"a loss is one number made of the predictions; got shape {loss.shape}: "
            'take reduction="mean", or np.mean of it'
        )
    return loss


def numbers_of(prediction: Any) -> Any:
    """Predictions without their graph; what a model gives beside a Value is left as it is."""
    return prediction.data if isinstance(prediction, Value) else prediction

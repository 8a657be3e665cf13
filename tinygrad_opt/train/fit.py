"""fit, evaluate, predict: a model and data, and everything else by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import nn, optim
from ..nn.module import Module
from ..ops.random import drawing_from
from .callbacks.base import Callback
from .callbacks.progress import ProgbarLogger
from .data import DataLoader, Dataset
from .history import History
from .loader import Loader
from .metrics import Metric, accuracy, named
from .run import Run

Array = np.ndarray[Any, np.dtype[Any]]


def fit(
    model: Module,
    data: Any,
    *,
    loss: str | Callable[[Any, Any], Any],
    optimizer: Any = "adam",
    epochs: int = 1,
    batch_size: int | None = None,
    validation_data: Any = None,
    validation_split: float = 0.0,
    metrics: Iterable[str | Metric] | None = None,
    callbacks: Iterable[Callback] = (),
    seed: int | None = None,
    verbose: bool | None = None,
    resume: Any = None,
) -> History:
    """Train a model on data, and return what was reported epoch by epoch.

    data              (x, y), a Dataset, or a loader, which has its own batch size and order
    loss              a name such as "cross_entropy" or "mse", or a function of (predictions, targets)
    optimizer         a name such as "adam", a function of named parameters, ``optim.get("sgd", lr=0.1)``, or an
                      optimizer of the model's parameters
    batch_size        32 if left out; every epoch takes the samples in a new order, the last batch as large as it is
    validation_data   data of the same kinds, evaluated after every epoch; or
    validation_split  the share of the samples, the last ones, that is kept for that
    metrics           names or functions (`metrics`); left out, "accuracy" where targets are classes
    callbacks         what watches, steers and saves the run, called in this order: `train.Callback`
    seed              of the order of samples and of what draws without a generator of its own, such as Dropout()
    verbose           True and False for a progress bar or none; left out, one in terminals and notebooks
    resume            a file of `Run.save` or a callback that saves: go on there, bit for bit

    Raises ValueError for data, names and numbers that do not fit, and TypeError for things of other kinds.

    >>> from tinygrad_opt import datasets, nn
    >>> x, y = datasets.make_moons(200, noise=0.1, rng=np.random.default_rng(0))
    >>> model = nn.MLP(2, 16, 16, 2, rng=np.random.default_rng(0))
    >>> history = fit(model, (x, y), loss="cross_entropy", optimizer=optim.get("adam", lr=0.02), epochs=30, seed=0)
    >>> history["accuracy"][-1] > 0.95
    True
    """
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 0:
        raise ValueError(f"epochs is a whole number, 0 or more; got {epochs!r}")
    training, validation = parted(data, validation_data, validation_split)
    with drawing_from(seed):
        loader = as_loader(training, batch_size, shuffle=True, seed=seed)
        criterion = nn.loss(loss) if isinstance(loss, str) else loss
        run = Run(
            model,
            as_optimizer(optimizer, model),
            criterion,
            loader,
            epochs=epochs,
            validation=None if validation is None else as_loader(validation, batch_size or 256, shuffle=False),
            metrics=as_metrics(metrics, criterion),
            callbacks=[*callbacks, *([] if verbose is False else [ProgbarLogger(force=verbose is True)])],
        )
        if resume is not None:
            run.load(resume)
        return run.train()


def evaluate(
    model: Module,
    data: Any,
    *,
    loss: str | Callable[[Any, Any], Any],
    metrics: Iterable[str | Metric] | None = None,
    batch_size: int | None = None,
    callbacks: Iterable[Callback] = (),
) -> dict[str, float]:
    """The means of the loss and of metrics over data, in evaluation mode; arguments as for `fit`.

    Of callbacks, the hooks on_test_* are called.
    """
    criterion = nn.loss(loss) if isinstance(loss, str) else loss
    loader = as_loader(as_data(data), batch_size or 256, shuffle=False)
    run = Run(model, None, criterion, loader, epochs=0, metrics=as_metrics(metrics, criterion), callbacks=callbacks)
    return run.evaluate(loader)


def predict(model: Module, x: Any, *, batch_size: int = 256, callbacks: Iterable[Callback] = ()) -> Array:
    """What the model gives for x, in evaluation mode, batch by batch, as one array.

    Of callbacks, the hooks on_predict_* are called; the logs at the end of a batch have its outputs.
    """
    loader = as_loader(as_data(x), batch_size)
    run = Run(model, None, loss=None, loader=loader, epochs=0, callbacks=callbacks)
    return np.concatenate(run.predict(loader))


# -- what the arguments stand for --------------------------------------------------------------
def parted(data: Any, validation_data: Any, share: float) -> tuple[Any, Any]:
    """Data to train on and to validate with."""
    if not 0 <= share < 1:
        raise ValueError(f"validation_split is a share of the samples from 0 to less than 1; got {share}")
    training = as_data(data)
    if validation_data is not None:
        if share:
            raise ValueError("give validation_data or validation_split, not both")
        return training, as_data(validation_data)
    if not share:
        return training, None
    if not isinstance(training, Dataset):
        raise ValueError("validation_split needs data in arrays, (x, y) or a Dataset; give a loader validation_data=")
    kept = len(training) - round(len(training) * share)
    if kept in (0, len(training)):
        raise ValueError(f"validation_split={share} of {len(training)} samples leaves a side without any")
    return training.part(np.arange(kept)), training.part(np.arange(kept, len(training)))


def as_data(data: Any) -> Dataset | Loader:
    """(x, y), or x alone, as a Dataset."""
    if isinstance(data, Dataset | Loader):
        return data
    if isinstance(data, tuple):
        if len(data) != 2:
            raise ValueError(f"data is (x, y), a Dataset or a loader; got a tuple of {len(data)}")
        return Dataset(*data)
    return Dataset(data)


def as_loader(data: Dataset | Loader, batch_size: int | None, shuffle: bool = False, seed: int | None = None) -> Loader:
    """The batches of data; a loader has its own."""
    if isinstance(data, Loader):
        return data
    return DataLoader(data, 32 if batch_size is None else batch_size, shuffle=shuffle, seed=seed)


def as_optimizer(optimizer: Any, model: Module) -> Any:
    """An optimizer of what the model learns."""
    learned: list[Any] = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not learned:
        raise ValueError(f"{type(model).__name__} has no parameter that learns: nothing to train")
    if isinstance(optimizer, str):
        return optim.get(optimizer)(learned)
    if not hasattr(optimizer, "step"):
        if not callable(optimizer):
            raise TypeError(f"optimizer is a name, a function of parameters, or an optimizer; got {optimizer!r}")
        return optimizer(learned)
    held = {id(member.parameter) for member in getattr(optimizer, "members", ())}
    if held and held.isdisjoint(id(p) for _, p in learned):
        raise ValueError(
            f"{type(optimizer).__name__} holds none of the model's parameters: make it of model.named_parameters()"
        )
    return optimizer


def as_metrics(metrics: Any, criterion: Any) -> dict[str, Metric]:
    """Metrics by name; accuracy with the threshold that goes with the loss."""
    if metrics is None:
        metrics = ("accuracy",) if tells_classes(criterion) else ()
    found = named(metrics)
    if isinstance(criterion, nn.BCELoss) and found.get("accuracy") is accuracy:
        found["accuracy"] = functools.partial(accuracy, threshold=0.5)
    return found


def tells_classes(criterion: Any) -> bool:
    """Whether a loss is one of classes: then accuracy says something."""
    return isinstance(criterion, nn.CrossEntropyLoss | nn.NLLLoss | nn.BCELoss | nn.BCEWithLogitsLoss)

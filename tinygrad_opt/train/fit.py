"""fit, evaluate, predict: a model and data, and everything else by name."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import functional, nn, optim
from ..nn.losses import function_of
from ..nn.module import Module
from ..ops.random import drawing_from
from ..settings import FROM_0_BELOW_1, number
from .callbacks.base import Callback
from .callbacks.progress import ProgbarLogger
from .data import DataLoader, Dataset
from .history import History
from .loader import Loader
from .metrics import Metric, accuracy, binary_accuracy, binary_accuracy_of_logits, named
from .run import Run

Array = np.ndarray[Any, np.dtype[Any]]

ACCURACIES: list[tuple[Any, Metric]] = [
    (functional.cross_entropy, accuracy),
    (functional.nll_loss, accuracy),
    (functional.binary_cross_entropy, binary_accuracy),
    (functional.binary_cross_entropy_with_logits, binary_accuracy_of_logits),
]
"""What accuracy is under the losses of classes."""


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
    metrics: Iterable[str | Metric] | Mapping[str, str | Metric] | None = None,
    callbacks: Iterable[Callback] = (),
    seed: int | None = None,
    verbose: bool | None = None,
    resume: Any = None,
) -> History:
    """Train a model on data, and return what was reported epoch by epoch.

    data              (x, y), a Dataset, or a loader, which has its own batch size and order
    loss              a name such as "cross_entropy" or "mse", or a function of (predictions, targets)
    optimizer         a name such as "adam", a function of named parameters or a class, ``optim.get("sgd", lr=0.1)``,
                      or an optimizer of the model's parameters
    batch_size        32 if left out; every epoch takes the samples in a new order, the last batch as large as it is
    validation_data   data of the same kinds, evaluated after every epoch; or
    validation_split  the share of the samples, the last ones, that is kept for that
    metrics           names or functions of (predictions, targets), or both by the name under which they are reported;
                      left out, "accuracy" under losses of classes
    callbacks         what watches, steers and saves the run, called in this order: `train.Callback`
    seed              of the order of samples and of what draws without a generator of its own, such as Dropout()
    verbose           True and False for a progress bar or none; left out, one in terminals and notebooks
    resume            a file of `Run.save` or a callback that saves: go on there, bit for bit

    The model is put in training mode; in one that is already, a part that was told eval() stays so.
    Raises ValueError for data, names and numbers that do not fit, and TypeError for things of other kinds.

    >>> from tinygrad_opt import datasets, nn
    >>> x, y = datasets.make_moons(200, noise=0.1, rng=np.random.default_rng(0))
    >>> model = nn.MLP(2, 16, 16, 2, rng=np.random.default_rng(0))
    >>> history = fit(model, (x, y), loss="cross_entropy", optimizer=optim.get("adam", lr=0.02), epochs=30, seed=0)
    >>> history["accuracy"][-1] > 0.95
    True
    """
    epochs, seed = whole("epochs", epochs), None if seed is None else whole("seed", seed)
    training, validation = parted(data, validation_data, validation_split)
    if batch_size is not None and isinstance(training, Loader):
        raise ValueError(f"a {training.kind} has a batch size of its own, {training.batch_size}: leave out batch_size")
    with drawing_from(seed):
        loader = as_loader(training, batch_size, shuffle=True, seed=seed)
        criterion = as_loss(loss)
        run = Run(
            as_model(model),
            as_optimizer(optimizer, model),
            criterion,
            loader,
            epochs=epochs,
            validation=None if validation is None else as_loader(validation, batch_size or 256),
            metrics=as_metrics(metrics, criterion),
            callbacks=[*as_callbacks(callbacks), *progress(verbose)],
        )
        if resume is not None:
            run.load(resume)
        return run.train()


def evaluate(
    model: Module,
    data: Any,
    *,
    loss: str | Callable[[Any, Any], Any],
    metrics: Iterable[str | Metric] | Mapping[str, str | Metric] | None = None,
    batch_size: int | None = None,
    callbacks: Iterable[Callback] = (),
) -> dict[str, float]:
    """The means of the loss and of metrics over data, in evaluation mode; arguments as for `fit`.

    Of callbacks, the hooks on_test_* are called.
    """
    criterion = as_loss(loss)
    loader = as_loader(as_data(data), 256 if batch_size is None else batch_size)
    metrics = as_metrics(metrics, criterion)
    return Run(as_model(model), None, criterion, loader, epochs=0, metrics=metrics, callbacks=callbacks).evaluate(
        loader
    )


def predict(model: Module, x: Any, *, batch_size: int = 256, callbacks: Iterable[Callback] = ()) -> Array:
    """What the model gives for x, in evaluation mode, batch by batch, as one array.

    Of callbacks, the hooks on_predict_* are called; the logs at the end of a batch have its outputs.
    """
    loader = as_loader(as_data(x), batch_size)
    run = Run(as_model(model), None, loss=None, loader=loader, epochs=0, callbacks=callbacks)
    return np.concatenate(run.predict(loader))


# -- what the arguments stand for --------------------------------------------------------------
def parted(data: Any, validation_data: Any, share: float) -> tuple[Any, Any]:
    """Data to train on and to validate with."""
    share = number("fit", "validation_split", share, FROM_0_BELOW_1)
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
        return Dataset(*map(refuse_others, data))
    return Dataset(refuse_others(data))


def refuse_others(data: Any) -> Any:
    """What holds samples in another way than arrays and lists does needs more advice than that it is none."""
    if isinstance(data, Mapping):
        raise TypeError(
            f"data is (x, y), each one array; got a dict of {', '.join(map(str, data))}: "
            "join what belongs to a sample in one array, or write the training loop yourself"
        )
    if isinstance(data, Iterator):
        raise TypeError(f"a {type(data).__name__} is empty after one epoch: give a StreamLoader of what makes it anew")
    if isinstance(data, list) and [np.ndarray] * 2 == [*map(type, data)] and data[0].shape != data[1].shape:
        raise TypeError("data is a tuple, (x, y); got a list of two arrays")
    return data


def as_loader(data: Dataset | Loader, batch_size: int | None, shuffle: bool = False, seed: int | None = None) -> Loader:
    """The batches of data; a loader has its own."""
    if isinstance(data, Loader):
        return data
    seed = seed if shuffle else 0  # where nothing is drawn, none is to be drawn for it
    return DataLoader(data, 32 if batch_size is None else batch_size, shuffle=shuffle, seed=seed)


def as_model(model: Any) -> Module:
    if not isinstance(model, Module):
        advice = f": write {model.__name__}(...)" if isinstance(model, type) else ""
        raise TypeError(f"the model is a Module of nn; got {model!r}{advice}")
    return model


def as_loss(loss: Any) -> Callable[[Any, Any], Any]:
    """A loss by name, or a function of predictions and targets."""
    if isinstance(loss, str):
        return nn.loss(loss)
    if not callable(loss) or isinstance(loss, type):
        advice = f": write {loss.__name__}()" if isinstance(loss, type) else ""
        raise TypeError(f"loss is a name or a function of predictions and targets; got {loss!r}{advice}")
    return loss  # type: ignore[no-any-return]


def as_optimizer(optimizer: Any, model: Module) -> Any:
    """An optimizer of what the model learns."""
    learned: list[Any] = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not learned:
        raise ValueError(f"{type(model).__name__} has no parameter that learns: nothing to train")
    if isinstance(optimizer, str):
        return optim.get(optimizer)(learned)
    if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
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
    """Metrics by name; accuracy is the one that goes with the loss."""
    function = function_of(criterion)
    fitting = next((fitting for of_classes, fitting in ACCURACIES if of_classes is function), None)
    found = named([] if metrics is None else metrics)
    if fitting is not None and (metrics is None or found.get("accuracy") is accuracy):
        found["accuracy"] = fitting
    return found


def as_callbacks(callbacks: Any) -> list[Callback]:
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks is a list: write callbacks=[{type(callbacks).__name__}(...)]")
    return list(callbacks)


def progress(verbose: Any) -> list[Callback]:
    """The progress bar that verbose asks for."""
    if verbose not in (None, False, True):  # 0 and 1 as well
        raise ValueError(f"verbose is True, False, or None for a bar where somebody looks; got {verbose!r}")
    return [] if verbose is not None and not verbose else [ProgbarLogger(force=bool(verbose))]


def whole(name: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, numbers.Integral) or given < 0:
        raise ValueError(f"{name} is a whole number, 0 or more; got {given!r}")
    return int(given)

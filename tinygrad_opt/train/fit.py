"""fit, evaluate, predict: a model and data, and everything else by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ..nn.module import Module
from ..ops.random import drawing_from
from ..settings import flag, whole_number
from .arguments import (
    Data,
    as_callbacks,
    as_data,
    as_loader,
    as_loss,
    as_model,
    as_optimizer,
    parted,
    progress,
    refuse_doubled,
)
from .callbacks.base import Callback
from .evaluation import Evaluation, Prediction
from .files import FilePath
from .history import History
from .metrics import Metrics, as_metrics
from .run import Run, Stepping

Array = np.ndarray[Any, np.dtype[Any]]
P = ParamSpec("P")
R = TypeVar("R")


def data_in_one(function: Callable[P, R]) -> Callable[P, R]:
    """Say how data are given where targets come after them, as other libraries have it; the signature stays."""

    @functools.wraps(function)
    def called(*args: P.args, **named: P.kwargs) -> R:
        if len(args) > 2 or "y" in named:
            call = f"{function.__name__}(model, (x, y), loss=...)"
            raise TypeError(f"give data as a tuple, and what comes after it by name: {call}")
        return function(*args, **named)

    return called


@data_in_one
def fit(
    model: Module,
    data: Data,
    *,
    loss: str | Callable[[Any, Any], Any],
    optimizer: str | Callable[[Any], Stepping] | Stepping = "adam",
    epochs: int = 1,
    batch_size: int | None = None,
    validation_data: Data | None = None,
    validation_split: float = 0.0,
    metrics: Metrics | None = None,
    callbacks: Iterable[Callback] = (),
    seed: int | None = None,
    verbose: bool | None = None,
    resume: FilePath | None = None,
    compile: bool = False,
) -> History:
    """Train a model on data, and return what was reported epoch by epoch.

    data              (x, y), each an array, a list or what NumPy reads as one; a Dataset; or a loader, which has its
                      own batch size and order
    loss              a name such as "cross_entropy" or "mse", or a function of (predictions, targets)
    optimizer         a name such as "adam", a function of named parameters or a class, ``optim.get("sgd", lr=0.1)``,
                      or an optimizer of the model's parameters
    batch_size        32 if left out; every epoch takes the samples in a new order, the last batch as large as it is
    validation_data   data of the same kinds, evaluated after every epoch; or
    validation_split  the share of the samples, the last ones, that is kept for that
    metrics           names or functions of (predictions, targets), or both by the name under which they are reported;
                      left out, "accuracy" under losses of classes, which is the one that goes with the loss
    callbacks         what watches, steers and saves the run, called in this order, after those with
                      first = True: `train.Callback`
    seed              of the order of samples and of what draws without a generator of its own, such as Dropout();
                      a loader has its own seed, which this one does not reach, and each fit begins at its epoch 0
    verbose           True and False for a progress bar or none; left out, one in terminals and notebooks
    resume            a file of `Run.save` or a callback that saves: go on there, bit for bit, to epochs in all; a
                      program started again after its run was over gets the history of that
    compile           True to run forward and backward as a `program`: the same bits, sooner where arrays are small, for
                      a model and a loss that compute from their arguments and from what they find around them

    The numbers of an epoch, and of `evaluate`, are means over its batches, each weighing as much as it has samples.
    That is the mean over all samples where loss and metrics are means themselves; of a loss with reduction="sum" it is
    the mean of the batches' sums, and with the weight= of classes batches weigh the same whatever theirs are.
    Labels equal to the loss's ignore_index count neither there nor in accuracies; a batch of them alone is no step.
    The model is put in training mode; in one that is already, a part that was told eval() stays so.
    Ctrl-C ends the run when the batch under way is over, with the history so far and ``history.interrupted`` True; what
    a callback saves then goes on bit for bit.  A second one raises KeyboardInterrupt at once, maybe within a step.
    That is in the main thread; a program with a handler of SIGINT of its own keeps it.
    Raises ValueError for data, names and numbers that do not fit, TypeError for things of other kinds, and
    program.NotStatic with compile=True for a model or a loss that cannot be a program.

    >>> from tinygrad_opt import datasets, nn, optim
    >>> x, y = datasets.make_moons(200, noise=0.1, rng=np.random.default_rng(0))
    >>> model = nn.MLP(2, 16, 16, 2, rng=np.random.default_rng(0))
    >>> history = fit(model, (x, y), loss="cross_entropy", optimizer=optim.get("adam", lr=0.02), epochs=30, seed=0)
    >>> history["accuracy"][-1] > 0.95
    True
    """
    epochs = whole_number("fit", "epochs", epochs, 0)
    seed = None if seed is None else whole_number("fit", "seed", seed, 0)
    training, validation = parted(data, validation_data, validation_split)
    with drawing_from(seed):
        loader = as_loader(training, batch_size, shuffle=True, seed=seed)
        criterion = as_loss(loss)
        refuse_doubled(as_model(model), criterion)
        run = Run(
            model,
            as_optimizer(optimizer, model),
            criterion,
            loader,
            epochs=epochs,
            validation=None if validation is None else as_loader(validation, default=batch_size or 256),
            metrics=as_metrics(metrics, criterion),
            callbacks=[*as_callbacks(callbacks), *progress(verbose)],
            compile=flag("fit", "compile", compile),
        )
        if resume is not None:
            run.load(resume)
            refuse_fewer(run, resume)
        return run.train()


def refuse_fewer(run: Run, resume: FilePath) -> None:
    """Raise ValueError for a file that is beyond the last epoch; one that is at its end is a run that is over."""
    if (run.epoch, run.batch) > (run.epochs, 0):
        seen = f"{resume} has {run.epoch} epochs and {run.batch} batches behind it"
        raise ValueError(f"{seen}; epochs={run.epochs} counts those too: give epochs={run.epoch + 1} or more")


@data_in_one
def evaluate(
    model: Module,
    data: Data,
    *,
    loss: str | Callable[[Any, Any], Any],
    metrics: Metrics | None = None,
    batch_size: int | None = None,
    callbacks: Iterable[Callback] = (),
) -> dict[str, float]:
    """The means of the loss and of metrics over data, in evaluation mode; arguments as for `fit`.

    batch_size is 256 if left out; a loader has its own.  Of callbacks, the hooks on_test_* and on_close are called.
    Raises ValueError for data without targets, a loader with drop_last or beside a batch_size, and names that are not
    known; TypeError for things of other kinds.

    >>> from tinygrad_opt import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> model.weight.data[...] = 2.0
    >>> evaluate(model, ([[1.0], [2.0]], [[2.0], [5.0]]), loss="mse", metrics=("mae",))
    {'loss': 0.5, 'mae': 0.5}
    """
    criterion = as_loss(loss)
    loader = as_loader(as_data(data), batch_size, default=256)
    judged = Evaluation(
        as_model(model), criterion, metrics=as_metrics(metrics, criterion), callbacks=as_callbacks(callbacks)
    )
    with judged.callbacks.closed_after():
        return judged.evaluate(loader)


def predict(model: Module, x: Data, *, batch_size: int | None = None, callbacks: Iterable[Callback] = ()) -> Array:
    """What the model gives for x, in evaluation mode, batch by batch, as one array with a row for each sample.

    x is an array or what NumPy reads as one; of data with targets, (x, y), a Dataset or a loader, x alone is used.
    batch_size is 256 if left out; a loader has its own.  Of callbacks, the hooks on_predict_* and on_close are called;
    the logs at the end of a batch have its outputs.
    Raises ValueError for a loader that shuffles, leaves samples out or stands beside a batch_size, and for predictions
    that are not one for each sample; TypeError for a model that gives no Value.

    >>> from tinygrad_opt import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> model.weight.data[...] = 2.0
    >>> predict(model, [[1.0], [2.0], [4.0]])
    array([[2.],
           [4.],
           [8.]])
    """
    loader = as_loader(as_data(x), batch_size, default=256)
    asked = Prediction(as_model(model), as_callbacks(callbacks))
    with asked.callbacks.closed_after():
        return np.concatenate(asked.predict(loader))

"""What the arguments of fit, evaluate and predict stand for: each in the forms that a user gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import functional, nn, optim
from ..nn.losses import function_of
from ..nn.module import Module
from ..settings import FROM_0_BELOW_1, number
from .callbacks.base import Callback
from .callbacks.progress import ProgbarLogger
from .data import DataLoader, Dataset
from .loader import Loader
from .run import Stepping

Data = Dataset | Loader | tuple[ArrayLike, ArrayLike] | ArrayLike
"""Samples: x and y, or x alone, in arrays or what NumPy reads as them; or by number; or in batches."""


def parted(data: Data, validation_data: Data | None, share: float) -> tuple[Dataset | Loader, Dataset | Loader | None]:
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
    kept = len(training) - training.size_of(share, f"validation_split={share}")
    refuse_sorted(training, kept)
    return training.part(np.arange(kept)), training.part(np.arange(kept, len(training)))


def refuse_sorted(data: Dataset, kept: int) -> None:
    """Raise ValueError for samples that come class by class, if two or more at their end are one class alone."""
    labels = data.labels()
    if labels is None or len(labels) - kept < 2 or not (labels[kept:] == labels[-1]).all():
        return
    if 0 < np.count_nonzero(labels[1:] != labels[:-1]) == len(np.unique(labels)) - 1:
        raise ValueError(
            f"validation_split takes the last samples, {len(labels) - kept} here, and all are of class {labels[-1]}, "
            "as the data are sorted by class: give them in another order, (x[order], y[order]) with "
            f"order = np.random.default_rng(0).permutation({len(labels)}); or draw those of the validation, "
            f"training, validation = train.Dataset(x, y).split({kept / len(labels):.2g})"
        )


def as_data(data: Data) -> Dataset | Loader:
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
    if isinstance(data, list) and data and holds_two(data[0]):
        raise TypeError(
            f"data is (x, y), each one array; got a list of {len(data)} pairs: x, y = map(np.stack, zip(*data)) "
            "if each is a sample, x, y = map(np.concatenate, zip(*data)) if each is a batch"
        )
    if not is_array_like(data):
        raise TypeError(f"data is (x, y), a Dataset or a loader of train; got {in_words(data)}")
    return data


def holds_two(entry: Any) -> bool:
    """Whether an entry of a list is x and y, rather than a row of numbers: two arrays of different shapes."""
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        return False
    x, y = (getattr(part, "shape", ()) for part in entry)
    return bool(x != y)


def is_array_like(data: Any) -> bool:
    """Whether NumPy may read it as an array; what it then is, Dataset sees."""
    if isinstance(data, Sequence) or any(hasattr(data, name) for name in ("__array__", "shape", "to_numpy")):
        return True
    return not (callable(data) or isinstance(data, Iterable) or is_by_number(data))


def is_by_number(data: Any) -> bool:
    """Whether it has samples by number, as the data sets of other libraries do."""
    return hasattr(data, "__getitem__") and hasattr(data, "__len__")


def in_words(data: Any) -> str:
    """What holds samples in a way of its own, and what to give for it."""
    if callable(data):
        name = getattr(data, "__name__", "function")
        return f"a function: if it returns a new iterator of samples (x, y), give train.StreamLoader({name})"
    kind = type(data).__name__
    if is_by_number(data):
        each = "lambda: (data[i] for i in range(len(data)))"
        return f"a {kind}, whose samples come by number: give train.StreamLoader({each}, length=len(data))"
    return (
        f"a {kind}, which gives batches or samples of its own: give arrays, (x, y), or train.StreamLoader of a "
        "function that returns a new iterator of samples (x, y), one at a time"
    )


def as_loader(
    data: Dataset | Loader,
    batch_size: int | None = None,
    *,
    default: int = 32,
    shuffle: bool = False,
    seed: int | None = None,
) -> Loader:
    """The batches of data; a loader has its own, for which no batch_size may be given."""
    if isinstance(data, Loader):
        if batch_size is not None:
            raise ValueError(f"a {data.kind} has a batch size of its own, {data.batch_size}: leave out batch_size")
        return data
    seed = seed if shuffle else 0  # where nothing is drawn, none is to be drawn for it
    return DataLoader(data, default if batch_size is None else batch_size, shuffle=shuffle, seed=seed)


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
    function: Callable[[Any, Any], Any] = loss
    return function


def refuse_doubled(model: Module, criterion: Callable[[Any, Any], Any]) -> None:
    """Raise ValueError for a sigmoid before a loss that applies it itself: twice it learns next to nothing."""
    last = model
    while isinstance(last, nn.Sequential) and len(last):
        last = last[-1]
    if isinstance(last, nn.Sigmoid) and function_of(criterion) is functional.binary_cross_entropy_with_logits:
        raise ValueError(
            "the model ends in Sigmoid, and binary_cross_entropy_with_logits applies one itself: leave it out of the "
            'model, or take loss="binary_cross_entropy"'
        )


def as_optimizer(optimizer: str | Callable[[Any], Stepping] | Stepping, model: Module) -> Stepping:
    """An optimizer of what the model learns."""
    learned: list[Any] = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not learned:
        raise ValueError(f"{type(model).__name__} has no parameter that learns: nothing to train")
    if isinstance(optimizer, str):
        return complete(optim.get(optimizer)(learned))
    if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
        if not callable(optimizer):
            raise TypeError(f"optimizer is a name, a function of parameters, or an optimizer; got {optimizer!r}")
        return complete(optimizer(learned))
    made = complete(optimizer)
    held = {id(p) for p in made.params}
    if held.isdisjoint(id(p) for _, p in learned):
        raise ValueError(
            f"{type(made).__name__} holds none of the model's parameters: make it of model.named_parameters()"
        )
    return made


def complete(optimizer: Any) -> Stepping:
    """An optimizer that has all that a run asks of it."""
    lacking = [name for name in vars(Stepping) if not name.startswith("_") and not hasattr(optimizer, name)]
    if lacking:
        raise TypeError(f"{optimizer!r} is no optimizer: it has no {', '.join(lacking)}; subclass optim.Optimizer")
    made: Stepping = optimizer
    return made


def as_callbacks(callbacks: Any) -> list[Callback]:
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks is a list: write callbacks=[{type(callbacks).__name__}(...)]")
    return list(callbacks)


def progress(verbose: Any) -> list[Callback]:
    """The progress bar that verbose asks for."""
    if verbose not in (None, False, True):  # 0 and 1 as well
        raise ValueError(f"verbose is True, False, or None for a bar where somebody looks; got {verbose!r}")
    return [] if verbose is not None and not verbose else [ProgbarLogger(force=bool(verbose))]

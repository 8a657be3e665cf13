"""All that a run of training consists of, in one file, and back, so that it goes on as if it had never stopped.

Not to be mixed up with `tinygrad_opt.checkpoint`, which recomputes instead of storing within one backward pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..nn.module import Module
from ..optim.around.averaging import Averaged
from ..optim.around.wrapper import within
from ..settings import whole_number
from . import files
from .files import FilePath
from .generators import Generators

Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 1
ENTRIES: dict[str, Any] = {
    "epoch": int,
    "batch": int,
    "model": dict,
    "optimizer": dict | None,
    "callbacks": list,
    "parts": dict,
    "generators": dict,
    "extra": dict,
}


class Stateful(Protocol):
    """What a run consists of: its state is plain data.  load_state_dict checks it before it changes anything."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Any) -> Any: ...


class Part(NamedTuple):
    """One part of a run, what messages call it, and its state in the file."""

    name: str
    thing: Stateful
    state: Any


class Position(NamedTuple):
    """Where a run stands, and what its loop had saved beside it.

    epoch  epochs that are over
    batch  batches of the epoch under way that are over
    extra  the loop's own plain data
    """

    epoch: int
    batch: int
    extra: dict[str, Any]


def save_checkpoint(
    path: FilePath,
    *,
    model: Module,
    optimizer: Any = None,
    callbacks: Iterable[Stateful] = (),
    parts: Mapping[str, Stateful] | None = None,
    epoch: int = 0,
    batch: int = 0,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write a run to a file, .npz or .safetensors: model, optimizer, callbacks and random generators.

    optimizer  any of `optim`, wrappers too
    callbacks  whatever has state_dict and load_state_dict; they are known again by their order and class, and those of
               `train` by the settings that their state depends on
    parts      what else has these two, by name: data, history
    epoch      how many epochs are over, and batch, how many batches of the next one
    extra      plain data of the loop: history, running metrics, the seed of the data's order

    Schedules are functions and are not saved: who loads makes the optimizer with the same ones.
    A file that stood there before is replaced at once, or stands unchanged if this fails: see `files.save`, which also
    says what is raised.  ValueError, too, within ``with optimizer.applied()``, where the model holds averages.

    >>> import tempfile, os
    >>> from tinygrad_opt import nn, optim
    >>> path = os.path.join(tempfile.mkdtemp(), "run.npz")
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    >>> optimizer = optim.Adam(model.parameters(), lr=0.01)
    >>> save_checkpoint(path, model=model, optimizer=optimizer, epoch=3, extra={"losses": [0.5, 0.4, 0.3]})
    >>> load_checkpoint(path, model=model, optimizer=optimizer)
    Position(epoch=3, batch=0, extra={'losses': [0.5, 0.4, 0.3]})
    """
    refuse_averages(optimizer)
    if not isinstance(extra, Mapping | None):
        raise TypeError(f"extra is a dict of plain data; got a {type(extra).__name__}")
    state = {
        "checkpoint": FORMAT,
        "epoch": whole_number("save_checkpoint", "epoch", epoch, 0),
        "batch": whole_number("save_checkpoint", "batch", batch, 0),
        "model": model.state_dict(),
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "callbacks": [{"class": type(c).__name__, "state": c.state_dict()} for c in stateful(callbacks)],
        "parts": {name: part.state_dict() for name, part in (parts or {}).items()},
        "generators": Generators(model).state_dict(),
        "extra": dict(extra or {}),
    }
    files.save(path, state)


def load_checkpoint(
    path: FilePath,
    *,
    model: Module,
    optimizer: Any = None,
    callbacks: Iterable[Stateful] = (),
    parts: Mapping[str, Stateful] | None = None,
) -> Position:
    """Put a run in the state that a file of `save_checkpoint` holds, bit for bit, and return where it stood.

    All are made as they were for the run; their own arrays are written to.
    The random generators of the model, and `ops.random.default_rng()`, go on where they stood.

    Raises ValueError for a file that is damaged; for one that does not fit, with all that differs, and then nothing has
    changed; and within ``with optimizer.applied()``, the end of which would undo it.
    For the model alone, to use it, there is `load_weights`.
    """
    refuse_averages(optimizer)
    state = saved_run(path)
    matches = [
        matched_model(state, model, optimizer),
        matched_callbacks(state, callbacks),
        matched_parts(state, parts or {}),
    ]
    misfits = [misfit for _, found in matches for misfit in found]
    misfits += dtypes_that_differ(state["model"], model.state_dict())
    put_in_place(path, [part for found, _ in matches for part in found], misfits)
    return Position(state["epoch"], state["batch"], state["extra"])


def refuse_averages(optimizer: Any) -> None:
    """Raise ValueError where the model holds averages for a while: what it holds is not where the run stands."""
    for layer in within(optimizer):
        if isinstance(layer, Averaged):
            layer.refuse_away()


def saved_run(path: FilePath) -> dict[str, Any]:
    """The state in a file, if it is one of `save_checkpoint`, of this version."""
    state = files.load(path)
    entries = state if isinstance(state, dict) else {}
    if "checkpoint" not in entries:
        raise ValueError(files.refused(path, f"it holds no checkpoint; its entries are {files.listed(entries)}"))
    if entries["checkpoint"] != FORMAT:
        seen = f"it is a checkpoint of format {entries['checkpoint']}; this version reads format {FORMAT}"
        raise ValueError(files.refused(path, seen))
    wrong = [name for name, kind in ENTRIES.items() if not isinstance(entries.get(name), kind)]
    if wrong:
        raise ValueError(files.refused(path, f"the checkpoint's {', '.join(wrong)} is missing or of another kind"))
    return entries


Matched = tuple[list[Part], list[str]]
"""Parts of a run with their states in the file, and in words what has no counterpart."""


def matched_model(state: Mapping[str, Any], model: Module, optimizer: Any) -> Matched:
    parts = [Part("model", model, state["model"]), Part("generators", Generators(model), state["generators"])]
    misfits = []
    if (optimizer is None) == (state["optimizer"] is None):
        parts += [] if optimizer is None else [Part("optimizer", optimizer, state["optimizer"])]
    elif optimizer is None:
        misfits.append("optimizer: the file has the state of one, and none was given")
    else:
        misfits.append("optimizer: the file has the state of none")
    return parts, misfits


def matched_callbacks(state: Mapping[str, Any], callbacks: Iterable[Stateful]) -> Matched:
    callbacks = stateful(callbacks)
    saved, here = [own["class"] for own in state["callbacks"]], [type(c).__name__ for c in callbacks]
    if saved != here:
        seen = f"the file has {', '.join(saved) or 'none'}; given were {', '.join(here) or 'none'}"
        return [], [f"callbacks: {seen}: give those of the saved run, in their order"]
    states = [own["state"] for own in state["callbacks"]]
    return [Part(name, *pair) for name, *pair in zip(numbered(here), callbacks, states, strict=True)], []


def numbered(kinds: Sequence[str]) -> Iterator[str]:
    """The classes of callbacks, those that are there more than once with a number from 1."""
    for i, kind in enumerate(kinds):
        yield f"{kind} {kinds[: i + 1].count(kind)}" if kinds.count(kind) > 1 else kind


def matched_parts(state: Mapping[str, Any], parts: Mapping[str, Stateful]) -> Matched:
    saved = state["parts"]
    if saved.keys() != parts.keys():
        return [], [f"parts: the file has {', '.join(saved) or 'none'}; given were {', '.join(parts) or 'none'}"]
    return [Part(name, part, saved[name]) for name, part in parts.items()], []


def dtypes_that_differ(saved: Mapping[str, Any], here: Mapping[str, Array], most: int = 4) -> list[str]:
    """A model would take numbers in another precision, and then not go on bit for bit."""
    pairs = {name: (np.asarray(saved[name]).dtype, array.dtype) for name, array in here.items() if name in saved}
    wrong = [f"model: {name} is {there}, the model's is {own}" for name, (there, own) in pairs.items() if there != own]
    return [*wrong[:most], *([f"model: {len(wrong) - most} more dtypes differ"] if len(wrong) > most else [])]


def put_in_place(path: FilePath, parts: Sequence[Part], misfits: list[str]) -> None:
    """Load every part; if anything does not fit, put all back as it was and say everything that does not."""
    before = [part.thing.state_dict() for part in parts]
    try:
        for part in parts:
            try:
                part.thing.load_state_dict(part.state)
            except Exception as error:  # callbacks are the user's: they may raise anything
                misfits.append(f"{part.name}: {error if isinstance(error, ValueError) else repr(error)}")
        if misfits:
            raise ValueError("\n  ".join([files.refused(path, "it does not fit, and nothing was changed:"), *misfits]))
    except BaseException:
        for part, state in zip(parts, before, strict=True):
            part.thing.load_state_dict(state)
        raise


def stateful(callbacks: Iterable[Stateful]) -> list[Stateful]:
    """The callbacks, if they have a state to save."""
    callbacks = list(callbacks)
    for i, callback in enumerate(callbacks):
        if not (hasattr(callback, "state_dict") and hasattr(callback, "load_state_dict")):
            kind = type(callback).__name__
            raise TypeError(f"callback {i}, a {kind}, cannot be saved: it has no state_dict() and load_state_dict()")
    return callbacks

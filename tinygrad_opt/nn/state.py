"""A module's numbers, taken out and put back: arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..value import Value

Array = np.ndarray[Any, np.dtype[Any]]
MOST = 6  # names in one message


class Loaded(NamedTuple):
    """What `load_state_dict(strict=False)` passed over: entries the state lacks, and entries that it has too many."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def saved(entries: Mapping[str, Value | Array]) -> dict[str, Array]:
    """A copy of each entry's numbers."""
    return {name: np.array(numbers(x)) for name, x in entries.items()}


def numbers(x: Value | Array) -> Any:
    return x.data if isinstance(x, Value) else x


def load(entries: Mapping[str, Value | Array], state: Any, strict: bool, kind: str) -> Loaded:
    """Write a state's numbers into the entries, once everything is found to fit."""
    if not isinstance(state, Mapping):
        raise TypeError(f"load_state_dict takes a dict of arrays by name; got a {type(state).__name__}")
    missing = [name for name in entries if name not in state]
    unexpected = [name for name in state if name not in entries]
    given = {name: as_numbers(name, state[name]) for name in entries if name in state}
    wrong = [
        f"{name} is {a.shape} in it, {np.shape(numbers(entries[name]))} in the model"
        for name, a in given.items()
        if a.shape != np.shape(numbers(entries[name]))
    ]
    found = [
        *([f"it lacks {listed(missing)}"] if missing and strict else []),
        *([f"it has {listed(unexpected)}, unknown to the model"] if unexpected and strict else []),
        *wrong[:MOST],
        *([f"{len(wrong) - MOST} more shapes differ"] if len(wrong) > MOST else []),
    ]
    if found:
        raise ValueError(f"the state does not fit {kind}: {'; '.join(found)}")
    for name, a in given.items():
        write(entries[name], a)
    return Loaded(missing, unexpected)


def as_numbers(name: str, x: Any) -> Array:
    """An entry of a state as an array of real numbers; a tensor of PyTorch may be a parameter, which still records."""
    try:
        array = np.asarray(x.data if isinstance(x, Value) else x.detach() if hasattr(x, "detach") else x)
    except (RuntimeError, TypeError, ValueError) as error:
        raise TypeError(f"the state's {name} cannot be read as an array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"the state's {name} must be real numbers; got {array.dtype}")
    return array


def write(entry: Value | Array, array: Array) -> None:
    """Put numbers in an entry's own array, which others may hold."""
    if isinstance(entry, Value) and not isinstance(entry.data, np.ndarray):
        entry.data = float(array)
    else:
        numbers(entry)[...] = array


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more

"""The state of an optimizer as plain data, to be saved, and back."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .hyper import Configured, as_number

if TYPE_CHECKING:
    from .groups import Grouped
    from .members import Array, Member
    from .pipeline import Transform

FORMAT = 1


def state_of(optimizer: Grouped) -> dict[str, Any]:
    """Step counts, hyperparameters, and the state of every parameter, in order."""
    return {
        "format": FORMAT,
        "optimizer": type(optimizer).__name__,
        "step": optimizer.t,
        "groups": [without_schedules(group.hyper) for group in optimizer.groups],
        "transforms": [state_of_piece(piece) for piece in optimizer.transforms],
        "constraints": [state_of_piece(piece) for piece in optimizer.constraints],
        "parameters": [
            {
                "name": m.name,
                "shape": m.shape,
                "dtype": str(m.dtype),
                "steps": m.steps,
                "slots": {name: array.copy() for name, array in m.slots.items()},
                "scalars": dict(m.scalars),
            }
            for m in optimizer.members
        ],
    }


def state_of_piece(piece: Transform) -> dict[str, Any]:
    settings = without_schedules(piece.settings)
    return {"kind": type(piece).__name__, "settings": settings, "state": piece.state_dict()}


def without_schedules(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if not callable(value)}


class Read(NamedTuple):
    """A saved state that fits an optimizer: all that is to be put in place.

    settings   hyperparameters of the groups, then of transforms and constraints
    pieces     what transforms and constraints keep beside them
    members    for each its steps, slots and scalars
    """

    step: int
    settings: list[dict[str, Any]]
    pieces: list[Mapping[str, Any]]
    members: list[tuple[int, dict[str, Array], dict[str, float]]]

    def put(self, optimizer: Grouped) -> None:
        """Put everything in place."""
        pieces = [*optimizer.transforms, *optimizer.constraints]
        holders = [group.hyper for group in optimizer.groups] + [piece.settings for piece in pieces]
        optimizer.t = self.step
        for held, settings in zip(holders, self.settings, strict=True):
            held.update(settings)
        for piece, own in zip(pieces, self.pieces, strict=True):
            piece.load_state_dict(own)
        for m, (steps, slots, scalars) in zip(optimizer.members, self.members, strict=True):
            m.steps, m.scalars = steps, scalars
            for name, array in slots.items():
                m.slots[name][...] = array


def read(optimizer: Grouped, state: Mapping[str, Any]) -> Read:
    """What a saved state holds, checked; ValueError, naming both sides, if it is not one of an optimizer like this."""
    check_kind(optimizer, state)
    kind, pieces = type(optimizer), [*optimizer.transforms, *optimizer.constraints]
    saved = [*state["transforms"], *state["constraints"]]
    groups = [
        read_settings(kind, group.hyper, own) for group, own in zip(optimizer.groups, state["groups"], strict=True)
    ]
    settings = [read_piece(piece, own) for piece, own in zip(pieces, saved, strict=True)]
    members = [
        read_member(i, m, own) for i, (m, own) in enumerate(zip(optimizer.members, state["parameters"], strict=True))
    ]
    step = whole("the step count", state["step"])
    return Read(step, [*groups, *settings], [own["state"] for own in saved], members)


def check_kind(optimizer: Grouped, state: Mapping[str, Any]) -> None:
    """Raise unless the state is of an optimizer of this class, with as many parameters and all else."""
    kind = type(optimizer).__name__
    if isinstance(state, Mapping) and "wrapper" in state:
        raise ValueError(f"the state is one of {state['wrapper']}; this optimizer is {kind}")
    pieces = {"transforms": optimizer.transforms, "constraints": optimizer.constraints}
    counted: dict[str, Sequence[Any]] = {"groups": optimizer.groups, **pieces, "parameters": optimizer.members}
    require(state, ("format", "optimizer", "step", *counted), "this is not the state of an optimizer: it")
    if state["format"] != FORMAT:
        raise ValueError(f"the state has format {state['format']}; this version reads format {FORMAT}")
    if state["optimizer"] != kind:
        raise ValueError(f"the state is one of {state['optimizer']}; this optimizer is {kind}")
    for what, here in counted.items():
        if not isinstance(state[what], Sequence) or len(state[what]) != len(here):
            seen = len(state[what]) if isinstance(state[what], Sequence) else type(state[what]).__name__
            raise ValueError(f"the state has {seen} {what}; this optimizer has {len(here)}")


def read_settings(kind: type[Configured], here: Mapping[str, Any], saved: Any) -> dict[str, Any]:
    """Saved hyperparameters, checked; schedules stay."""
    require(saved, (), f"the hyperparameters of {kind.__name__} in the state")
    unknown = set(saved) - set(here)
    if unknown:
        raise ValueError(f"the state sets {', '.join(sorted(unknown))}, which {kind.__name__} does not have")
    fixed = {name: value for name, value in saved.items() if not callable(here[name])}
    try:
        return kind.configured({**here, **fixed})
    except (TypeError, ValueError) as error:
        raise ValueError(f"the state cannot be put in place: {error}") from None


def read_piece(piece: Transform, saved: Any) -> dict[str, Any]:
    """The settings of a transform or constraint; what it keeps beside them is first loaded into a copy."""
    kind = type(piece).__name__
    require(saved, ("kind", "settings", "state"), f"the state of {kind}")
    if saved["kind"] != kind:
        raise ValueError(f"the state is of {saved['kind']} where this optimizer has {kind}")
    require(saved["state"], piece.state_dict(), f"the state of {kind}")
    try:
        copy.deepcopy(piece).load_state_dict(saved["state"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the state of {kind} cannot be put in place: {error!r}") from None
    return read_settings(type(piece), piece.settings, saved["settings"])


def read_member(i: int, m: Member, saved: Any) -> tuple[int, dict[str, Array], dict[str, float]]:
    """The steps, slots and scalars of one parameter."""
    require(saved, ("name", "shape", "dtype", "steps", "slots", "scalars"), f"the state of parameter {i}")
    require(saved["slots"], (), f"the slots of parameter {i} in the state")
    require(saved["scalars"], (), f"the scalars of parameter {i} in the state")
    here = f"{m.name} {m.shape} {m.dtype}"
    shape = tuple(saved["shape"]) if isinstance(saved["shape"], Sequence) else saved["shape"]
    there = f"{saved['name']} {shape} {saved['dtype']}"
    if here != there:
        raise ValueError(f"parameter {i} is {here}; the state is of {there}: the order of parameters must be the same")
    slots = {name: numbers(f"{name} of {m.name}", array, m) for name, array in saved["slots"].items()}
    shapes = {name: array.shape for name, array in slots.items()}
    expected = {name: array.shape for name, array in m.slots.items()}
    if shapes != expected or set(saved["scalars"]) != set(m.scalars):
        raise ValueError(
            f"the state of {m.name} has slots {shapes} and numbers {list(saved['scalars'])}; "
            f"expected {expected} and {list(m.scalars)}"
        )
    scalars = {name: number(f"{name} of {m.name}", saved["scalars"][name]) for name in m.scalars}
    return whole(f"the step count of {m.name}", saved["steps"]), slots, scalars


# -- parts of a saved state, checked -------------------------------------------------------------
def require(saved: Any, names: Iterable[str], what: str) -> None:
    if not isinstance(saved, Mapping):
        raise ValueError(f"{what} is a {type(saved).__name__}; expected a dict")
    missing = [name for name in names if name not in saved]
    if missing:
        raise ValueError(f"{what} has no {', '.join(missing)}")


def whole(what: str, saved: Any) -> int:
    """A count, from 0."""
    count = as_number(saved, whole=True)
    if count is None or count < 0:
        raise ValueError(f"{what} in the state is {saved!r}; expected an integer, 0 or more")
    return int(count)


def number(what: str, saved: Any) -> float:
    found = as_number(saved)
    if found is None:
        raise ValueError(f"{what} in the state is {saved!r}; expected a number")
    return float(found)


def numbers(what: str, saved: Any, m: Member) -> Array:
    """A copy of a saved array in the dtype of a parameter."""
    try:
        array = np.asarray(saved)
    except ValueError:
        raise ValueError(f"{what} in the state is a ragged list; expected an array of numbers") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} in the state holds {array.dtype}; expected numbers")
    return np.array(array, m.dtype)

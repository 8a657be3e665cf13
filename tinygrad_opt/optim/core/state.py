"""The state of an optimizer as plain data, to be saved, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .groups import Grouped
    from .members import Member
    from .optimizer import Optimizer

FORMAT = 1


def state_of(optimizer: Grouped) -> dict[str, Any]:
    """Step counts, hyperparameters, and the state of every parameter, in order."""
    return {
        "format": FORMAT,
        "optimizer": type(optimizer).__name__,
        "step": optimizer.t,
        "groups": [saved_hyper(group.hyper) for group in optimizer.groups],
        "transforms": [piece.state_dict() for piece in optimizer.transforms],
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


def saved_hyper(hyper: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hyper.items() if not callable(value)}


def load_state(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Put a saved state in place; everything is checked before anything is changed."""
    check_fit(optimizer, state)
    for piece, saved in zip(optimizer.transforms, state["transforms"], strict=True):
        piece.load_state_dict(saved)
    load_settings(optimizer, state)
    for m, saved in zip(optimizer.members, state["parameters"], strict=True):
        m.steps = int(saved["steps"])
        m.scalars = {name: float(saved["scalars"][name]) for name in m.scalars}
        for name, array in m.slots.items():
            array[...] = saved["slots"][name]
    for lane in optimizer.lanes:
        lane.in_step = len({m.numbers for m in lane.members}) == 1


def load_settings(optimizer: Grouped, state: Mapping[str, Any]) -> None:
    """Put the step count and the hyperparameters in place; schedules stay."""
    optimizer.t = int(state["step"])
    for group, hyper in zip(optimizer.groups, state["groups"], strict=True):
        group.hyper.update({name: value for name, value in hyper.items() if not callable(group.hyper[name])})


def check_fit(optimizer: Grouped, state: Mapping[str, Any]) -> None:
    """Raise, naming both sides, if the state is not one of an optimizer like this."""
    kind = type(optimizer).__name__
    missing = [k for k in ("format", "optimizer", "step", "groups", "transforms", "parameters") if k not in state]
    if missing:
        raise ValueError(f"this is not the state of an optimizer: it has no {', '.join(missing)}")
    if state["format"] != FORMAT:
        raise ValueError(f"the state has format {state['format']}; this version reads format {FORMAT}")
    if state["optimizer"] != kind:
        raise ValueError(f"the state is one of {state['optimizer']}; this optimizer is {kind}")
    for what, here in (
        ("parameters", optimizer.members), ("groups", optimizer.groups), ("transforms", optimizer.transforms),
    ):  # fmt: skip
        if len(state[what]) != len(here):
            raise ValueError(f"the state has {len(state[what])} {what}; this optimizer has {len(here)}")
    for group, hyper in zip(optimizer.groups, state["groups"], strict=True):
        unknown = set(hyper) - set(group.hyper)
        if unknown:
            raise ValueError(f"the state sets {', '.join(sorted(unknown))}, which {kind} does not have")
    for i, (m, saved) in enumerate(zip(optimizer.members, state["parameters"], strict=True)):
        check_parameter(i, m, saved)


def check_parameter(i: int, m: Member, saved: Mapping[str, Any]) -> None:
    here = f"{m.name} {m.shape} {m.dtype}"
    there = f"{saved['name']} {tuple(saved['shape'])} {saved['dtype']}"
    if here != there:
        raise ValueError(f"parameter {i} is {here}; the state is of {there}: the order of parameters must be the same")
    shapes = {name: np.shape(array) for name, array in saved["slots"].items()}
    expected = {name: array.shape for name, array in m.slots.items()}
    if shapes != expected or set(saved["scalars"]) != set(m.scalars):
        raise ValueError(
            f"the state of {m.name} has slots {shapes} and numbers {list(saved['scalars'])}; "
            f"expected {expected} and {list(m.scalars)}"
        )

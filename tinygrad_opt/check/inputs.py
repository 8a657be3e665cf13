"""The inputs of a function under check: arrays in float64, each with a name, and the way back into arguments."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..data import as_data
from ..tree import filled, paths
from ..value import Value

Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(eq=False)
class Slot:
    """One array under check: its name, its numbers in float64, and the Value that holds them if there is one."""

    name: str
    data: Array
    holder: Value | None = None


def slots_of(f: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Slot]:
    """The arrays within the inputs, a parameter that several modules share once; no two have the same name."""
    slots: list[Slot] = []
    for name, x in zip(input_names(f, inputs), inputs, strict=True):
        for slot in parameters_of(name, x) if is_module(x) else arrays_of(name, x):
            if slot.holder is None or all(slot.holder is not other.holder for other in slots):
                slot.name = distinct(slot.name, [other.name for other in slots])
                slots.append(slot)
    return slots


def is_module(x: Any) -> bool:
    """Whether x brings parameters of its own."""
    return callable(getattr(x, "parameters", None))


def parameters_of(name: str, module: Any) -> Iterator[Slot]:
    """The parameters of a module that require a gradient."""
    named = module.named_parameters() if hasattr(module, "named_parameters") else enumerate(module.parameters())
    for i, (key, p) in enumerate(named):
        own = getattr(p, "name", None) or (key if isinstance(key, str) else f"parameter {i}")
        if not isinstance(p, Value):
            raise TypeError(
                f"gradcheck moves parameters that are Values; {name}.{own} is a {type(p).__name__}. For another "
                "library, pass its arrays as inputs and its gradient as gradient="
            )
        if p.requires_grad:
            yield Slot(f"{name}.{own}", np.array(p.data, np.float64), p)


def arrays_of(name: str, tree: Any) -> Iterator[Slot]:
    """The leaves of one input, each under the expression that leads to it."""
    for path, leaf in paths(tree):
        if is_module(leaf):
            raise TypeError(f"{name}{path} is a module within another input: pass it as an input of its own")
        own = leaf.name if isinstance(leaf, Value) and leaf.name else name + path
        yield Slot(own, np.array(leaf.data if isinstance(leaf, Value) else as_data(leaf), np.float64))


def distinct(name: str, taken: list[str]) -> str:
    """name, or the first of name (2), name (3), ... that is not taken."""
    candidates = itertools.chain([name], (f"{name} ({i})" for i in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def argument(x: Any, operands: Iterator[Any]) -> Any:
    """An input with the next operands in its leaves; a module holds its own already."""
    return x if is_module(x) else filled(x, operands)


def input_names(f: Callable[..., Any], inputs: tuple[Any, ...]) -> list[str]:
    """What to call each input: f's parameter, else its position."""
    try:
        parameters = [p.name for p in inspect.signature(f).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    return [parameters[i] if i < len(parameters) else f"input {i}" for i in range(len(inputs))]


def number_or_array(x: Any) -> Any:
    """A number as a number, an array as a copy."""
    return x.copy() if x.ndim else x.item()


def leaf(x: Any, name: str) -> Value:
    """A number as a number, an array as an array: each by the path that its user takes."""
    if x.dtype.kind != "c":
        return Value(number_or_array(x), name)
    value = Value(0.0, name)
    value.data = x.copy()
    return value

"""The parameters of an optimizer: who may be one, what each is called, and where it lies in the packed arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Member:
    """One parameter in the care of an optimizer.

    view       its entries in the packed array, in its own shape: what its data becomes
    is_float   whether its data is a number, as float or np.float32; number: of which type
    slots      its part of each state array; scalars: its state numbers
    gathered   where its gradient is copied to, if it is small
    gradient   the entries of its gradient in a row, for the step that is under way
    steps      how many updates it has had
    """

    __slots__ = (
        "gathered", "gradient", "is_float", "name", "number", "parameter", "scalars", "shape", "size", "slots", "start",
        "steps", "view",
    )  # fmt: skip

    def __init__(self, parameter: Any, name: str):
        self.parameter, self.name = parameter, name
        self.is_float = not isinstance(parameter.data, np.ndarray)
        self.number = type(parameter.data)
        self.shape, self.size = np.shape(parameter.data), np.size(parameter.data)
        self.steps = self.start = 0
        self.slots: dict[str, Array] = {}
        self.scalars: dict[str, float] = {}
        self.view: Array = np.asarray(parameter.data)
        self.gathered: Array | None = None
        self.gradient: Any = None

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.view.dtype

    @property
    def numbers(self) -> tuple[float, ...]:
        """What the rule is told beside arrays: the step count and the state numbers."""
        return (self.steps, *self.scalars.values())

    def adopt(self) -> None:
        """Take the values of data that the user has put in the place of ours."""
        data = self.parameter.data
        if np.shape(data) != self.shape:
            raise ValueError(
                f"{self.name} had shape {self.shape} when the optimizer was made and has {np.shape(data)} now: "
                "make a new optimizer for it"
            )
        if isinstance(data, np.ndarray) and data.dtype.kind == "f" and data.dtype != self.dtype:
            raise ValueError(
                f"{self.name} was {self.dtype} when the optimizer was made and is {data.dtype} now: "
                "make a new optimizer for it"
            )
        self.view[...] = data
        if not self.is_float:
            self.parameter.data = self.view

    def write(self, values: Any) -> None:
        """Put values in the place of the parameter's own."""
        if self.parameter.data is not self.view:
            self.adopt()
        self.view[...] = values
        if self.is_float:
            self.publish()

    def publish(self) -> None:
        """Hand a parameter that is a number its new value; arrays share the memory."""
        self.parameter.data = self.number(self.view)

    def take_gradient(self) -> bool:
        """Make the gradient ready for the step, copied only if it is small or does not lie in a row."""
        grad = self.parameter.grad
        if grad is None:
            return False
        if (grad.shape if type(grad) is np.ndarray else np.shape(grad)) != self.shape:
            self.check_gradient()
        try:
            if self.gathered is not None:
                np.copyto(self.gathered, grad)
            else:
                row = np.asarray(grad).astype(self.dtype, order="C", casting="same_kind", copy=False)
                self.gradient = row.reshape(-1)
        except TypeError:
            self.check_gradient()
            raise
        return True

    def check_gradient(self) -> None:
        """Raise for a gradient of another shape than the parameter's, or of anything but real numbers."""
        grad = self.parameter.grad
        if np.shape(grad) != self.shape:
            raise ValueError(f"the gradient of {self.name} has shape {np.shape(grad)}; the parameter has {self.shape}")
        dtype = np.asarray(grad).dtype
        if dtype.kind not in "fiub":
            raise TypeError(f"the gradient of {self.name} holds {dtype}; a gradient holds real numbers")


def grouped(params: Any) -> list[tuple[dict[str, Any], list[Member]]]:
    """The parameters in groups, each with the hyperparameters of its own; usually one group with none.

    params is an iterable of parameters, of (name, parameter) pairs, a dict by name, a single parameter, or
    a list of dicts with the key "params".
    """
    entries = listed(params)
    if not any(isinstance(entry, dict) for entry in entries):
        return [({}, [member_of(entry, i) for i, entry in enumerate(entries)])]
    groups: list[tuple[dict[str, Any], list[Member]]] = []
    for entry in entries:
        if not isinstance(entry, dict) or "params" not in entry:
            raise TypeError(f"a parameter group is a dict with the key 'params'; got {entry!r}")
        first = sum(len(members) for _, members in groups)
        members = [member_of(one, i) for i, one in enumerate(listed(entry["params"]), first)]
        groups.append(({name: value for name, value in entry.items() if name != "params"}, members))
    return groups


def listed(params: Any) -> list[Any]:
    """What the user gave, one after the other."""
    if isinstance(params, set | frozenset):
        raise TypeError("parameters in a set have no order to save their state by: give a list")
    if is_parameter(params):
        return [params]
    if isinstance(params, str | np.ndarray) or not isinstance(params, Iterable):
        raise TypeError(f"an optimizer takes an iterable of parameters; got {type(params).__name__}")
    return list(params.items() if isinstance(params, Mapping) else params)


def member_of(entry: Any, i: int) -> Member:
    name, parameter = entry if isinstance(entry, tuple) and len(entry) == 2 else (None, entry)
    if not is_parameter(parameter):
        raise TypeError(
            f"parameter {i} is a {type(parameter).__name__}; a parameter has .data and .grad, as a Value has"
        )
    name = str(name or getattr(parameter, "name", None) or f"parameter {i}")
    if getattr(parameter, "op", None) is not None:
        raise ValueError(
            f"{name} is the result of an operation ({parameter.op.name}); only leaves can be optimized: "
            "give the Values it was made of"
        )
    if not isinstance(parameter.data, float | np.number | np.ndarray):
        kind = type(parameter.data).__name__
        raise TypeError(f"{name} holds a {kind}; a parameter holds a float or an array of float32 or float64")
    dtype = np.asarray(parameter.data).dtype
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} holds {dtype}; a parameter holds float32 or float64")
    return Member(parameter, name)


def is_parameter(x: Any) -> bool:
    return hasattr(x, "data") and hasattr(x, "grad") and not isinstance(x, np.ndarray | Mapping)


def refuse_unfit(members: list[Member]) -> None:
    """Raise for no parameters, for none that can learn, for one given twice, and for two that share memory."""
    if not members:
        raise ValueError("no parameters: the iterable was empty (a generator that has been used up gives none)")
    if not any(getattr(m.parameter, "requires_grad", True) for m in members):
        raise ValueError(f"all {len(members)} parameters are constants (requires_grad=False): none gets a gradient")
    seen: dict[int, str] = {}
    for m in members:
        if id(m.parameter) in seen:
            twice = seen[id(m.parameter)]
            names = twice if twice == m.name else f"{twice} and {m.name}"
            raise ValueError(f"the same parameter was given twice ({names}): it would be updated twice a step")
        seen[id(m.parameter)] = m.name
    for one, other in overlapping(members):
        raise ValueError(f"{one.name} and {other.name} share memory: give one of them, or a copy")


def overlapping(members: list[Member]) -> Iterator[tuple[Member, Member]]:
    """Pairs that have an entry in common; two columns of one matrix have none, though they lie between each other."""
    arrays = [(m, *np.lib.array_utils.byte_bounds(m.view)) for m in members if not m.is_float and m.size]
    arrays.sort(key=lambda entry: entry[1])
    before: list[tuple[Member, int]] = []
    for m, start, end in arrays:
        before = [(other, its_end) for other, its_end in before if its_end > start]
        for other, _ in before:
            if np.shares_memory(other.view, m.view):
                yield other, m
        before.append((m, end))

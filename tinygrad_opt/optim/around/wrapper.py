"""Wrapper: something around an optimizer that is used as one."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Never

import numpy as np

from ..core.hyper import Closed
from ..core.members import Array, Member
from ..core.optimizer import Optimizer, Report
from ..core.state import numbers, require
from ..core.story import Story


class Wrapper(metaclass=Closed):
    """Has an optimizer's interface and hands on to the one inside, which may be a wrapper again.

    Its hyperparameters are those of the optimizer, to be read and set, beside settings of its own.  A subclass has
    step, the names of its settings, and in own_state and load_own_state what a continued run needs beside the state of
    the optimizer; load_own_state checks it and puts it in the place of its own, which it does not write to.
    """

    settings: tuple[str, ...] = ()

    def __init__(self, optimizer: Optimizer | Wrapper):
        if not isinstance(optimizer, Optimizer | Wrapper):
            raise TypeError(f"{type(self).__name__} wraps an optimizer; got {optimizer!r}")
        self.optimizer = optimizer

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and "optimizer" in self.__dict__ and name in self.fields:
            return getattr(self.optimizer, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """A hyperparameter is one of the optimizer inside; a name that means nothing is refused."""
        if "is_made" in self.__dict__ and name not in self.__dict__ and name in self.fields:
            setattr(self.optimizer, name, value)
        elif "is_made" in self.__dict__ and not name.startswith("_") and not hasattr(self, name):
            raise AttributeError(self.unknown(name))
        else:
            super().__setattr__(name, value)

    def unknown(self, name: str) -> str:
        return self.optimizer.unknown(name)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The hyperparameters of the optimizer inside, with their defaults."""
        return self.optimizer.fields

    @property
    def t(self) -> int:
        """How many updates the optimizer has made."""
        return self.optimizer.t

    @property
    def params(self) -> list[Any]:
        return self.optimizer.params

    @property
    def members(self) -> list[Member]:
        return self.optimizer.members

    @property
    def uses_loss(self) -> bool:
        return self.optimizer.uses_loss

    @property
    def needs_closure(self) -> bool:
        """Whether step must be given a function that computes the loss and its gradients anew."""
        return self.optimizer.needs_closure

    def evaluated(self, loss: Any) -> float | None:
        """The loss as a number; a closure is called for it."""
        return self.optimizer.evaluated(loss)

    def zero_grad(self, **other: Never) -> None:
        self.optimizer.zero_grad(**other)

    def step(self, loss: Any = None) -> Report:
        raise NotImplementedError

    def formula(self, latex: bool = False) -> str:
        """The update of the optimizer inside, and what this one does around it."""
        around = self.around(latex)
        return f"{self.optimizer.formula(latex)}\n{around}"

    def around(self, latex: bool) -> str:
        """One line on what this does, with the formula of its rule."""
        raise NotImplementedError

    def explain(self, parameter: Any = None, index: int | tuple[int, ...] = 0) -> Story:
        """The last step of the optimizer inside; what this one did around it is not in it."""
        story = self.optimizer.explain(parameter, index)
        return replace(story, title=f"inside {type(self).__name__}: {story.title}")

    def own_state(self) -> dict[str, Any]:
        """Numbers and lists of arrays, by name; not copied."""
        return {}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        """Put a saved state in place; ValueError if it is none."""

    def state_dict(self) -> dict[str, Any]:
        own = {name: copies(part) if isinstance(part, list) else part for name, part in self.own_state().items()}
        return {"wrapper": type(self).__name__, "own": own, "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another like this left off, bit for bit.

        Raises ValueError, before anything is changed, for a state of something else.
        """
        kind, found = type(self).__name__, state.get("wrapper")
        if found != kind:
            raise ValueError(f"the state is one of {found or state.get('optimizer')}; this is {kind}")
        require(state, ("own", "optimizer"), f"the state of {kind}")
        require(state["own"], self.own_state(), f"the state of {kind}")
        copy.copy(self).load_own_state(state["own"])  # raises before anything is changed
        self.optimizer.load_state_dict(state["optimizer"])
        self.load_own_state(state["own"])

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"<{type(self).__name__}({settings}) around {self.optimizer!r}>"


def within(optimizer: Optimizer | Wrapper) -> Iterator[Optimizer | Wrapper]:
    """An optimizer and what it wraps, from the outside in."""
    yield optimizer
    while isinstance(optimizer, Wrapper):
        optimizer = optimizer.optimizer
        yield optimizer


def values_of(members: Sequence[Member]) -> list[Array]:
    """Copies of the parameters' values."""
    return [np.array(m.parameter.data, m.dtype) for m in members]


def write(members: Sequence[Member], arrays: Sequence[Array]) -> None:
    for m, array in zip(members, arrays, strict=True):
        m.write(array)


def copies(arrays: Sequence[Array | None]) -> list[Array | None]:
    return [None if array is None else array.copy() for array in arrays]


def restored(name: str, members: Sequence[Member], arrays: Any, absent: bool = False) -> list[Any]:
    """Arrays of a saved state, copied, one for every parameter in its dtype and shape; or None, where absent allows."""
    if not isinstance(arrays, list | tuple) or len(arrays) != len(members):
        seen = len(arrays) if isinstance(arrays, list | tuple) else type(arrays).__name__
        raise ValueError(f"the state has {seen} arrays of {name} for {len(members)} parameters")
    return [
        None if array is None and absent else restored_one(name, m, array)
        for m, array in zip(members, arrays, strict=True)
    ]


def restored_one(name: str, m: Member, saved: Any) -> Array:
    array = numbers(f"{name} of {m.name}", saved, m)
    if array.shape != m.shape:
        raise ValueError(f"the state has {name} of shape {array.shape} for {m.name}, which has {m.shape}")
    return array


@contextmanager
def moved(members: Sequence[Member], arrays: Sequence[Array]) -> Iterator[None]:
    """The parameters at other values while the block runs, and back exactly, whatever happens in it."""
    kept = values_of(members)
    try:
        write(members, arrays)
        yield
    finally:
        write(members, kept)

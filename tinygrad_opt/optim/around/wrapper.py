"""Wrapper: something around an optimizer that is used as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.members import Array, Member
from ..core.optimizer import Optimizer, Report
from ..core.story import Story


class Wrapper:
    """Has an optimizer's interface and hands on to the one inside, which may be a wrapper again.

    A subclass has step, the names of its settings, and in own_state and load_own_state what a continued run
    needs beside the state of the optimizer.
    """

    settings: tuple[str, ...] = ()

    def __init__(self, optimizer: Optimizer | Wrapper):
        if not isinstance(optimizer, Optimizer | Wrapper):
            raise TypeError(f"{type(self).__name__} wraps an optimizer; got {optimizer!r}")
        self.optimizer = optimizer

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

    def evaluated(self, loss: Any) -> float | None:
        """The loss as a number; a closure is called for it."""
        return self.optimizer.evaluated(loss)

    def zero_grad(self) -> None:
        self.optimizer.zero_grad()

    def step(self, loss: Any = None) -> Report:
        raise NotImplementedError

    def formula(self, latex: bool = False) -> str:
        """The update of the optimizer inside."""
        return self.optimizer.formula(latex)

    def explain(self, parameter: Any = None, index: int = 0) -> Story:
        """The last step of the optimizer inside."""
        return self.optimizer.explain(parameter, index)

    def own_state(self) -> dict[str, Any]:
        return {}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {"wrapper": type(self).__name__, "own": self.own_state(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another like this left off, bit for bit.

        Raises ValueError, before anything is changed, for a state of something else.
        """
        kind, found = type(self).__name__, state.get("wrapper")
        if found != kind:
            raise ValueError(f"the state is one of {found or state.get('optimizer')}; this is {kind}")
        own = state["own"]
        missing = set(self.own_state()) - set(own)
        if missing:
            raise ValueError(f"the state of {kind} lacks {', '.join(sorted(missing))}")
        for name in self.own_state():
            if isinstance(own[name], list):
                check_fit(name, own[name], self.members)
        self.optimizer.load_state_dict(state["optimizer"])
        self.load_own_state(own)

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


def restored(members: Sequence[Member], arrays: Sequence[Any]) -> list[Any]:
    """Arrays of a saved state, copied, in the dtypes of the parameters; none if there were none."""
    return [None if array is None else np.array(array, m.dtype) for m, array in zip(members, arrays, strict=False)]


def check_fit(name: str, arrays: Sequence[Array | None], members: Sequence[Member]) -> None:
    """Raise unless there is one array, or None, of the right shape for every parameter."""
    if len(arrays) not in (0, len(members)):
        raise ValueError(f"the state has {len(arrays)} arrays of {name} for {len(members)} parameters")
    for m, array in zip(members, arrays, strict=False):
        if array is not None and np.shape(array) != m.shape:
            raise ValueError(f"the state has {name} of shape {np.shape(array)} for {m.name}, which has {m.shape}")


@contextmanager
def moved(members: Sequence[Member], arrays: Sequence[Array]) -> Iterator[None]:
    """The parameters at other values while the block runs, and back exactly, whatever happens in it."""
    kept = values_of(members)
    try:
        write(members, arrays)
        yield
    finally:
        write(members, kept)


def fraction(kind: str, name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{kind}: {name} is at least 0 and below 1; got {value!r}")
    return float(value)


def flag(kind: str, name: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{kind}: {name} is True or False; got {value!r}")
    return value


def count(kind: str, name: str, value: int, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{kind}: {name} is a whole number, at least {least}; got {value!r}")
    return value

"""What a call of f does besides computing its result: noticed, put back, and done by a program alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..check.replay import Replay, generator_setter, same
from ..nn.attributes import UNSEEN
from ..ops.random import default_rng
from .refusal import NotStatic
from .tape import Aside


class Effects(NamedTuple):
    """What the asides of each call draw from, and the arrays that they write to."""

    by_default: bool
    generators: list[np.random.Generator]
    arrays: list[Any]

    def ways_back(self) -> list[Callable[[], None]]:
        """What puts back all that, as it is now, after a call."""
        drawn = [default_rng(), *self.generators] if self.by_default else self.generators
        ways: list[Callable[[], None]] = [generator_setter(rng) for rng in drawn]
        return ways + [functools.partial(np.copyto, x, x.copy()) for x in self.arrays]


class Before:
    """Everything that f could change, as it was before f was called."""

    def __init__(self, f: Callable[..., Any]):
        self.replay = Replay(f)
        self.default = state_of(default_rng())

    def back(self) -> None:
        self.replay.restore()

    def effects(self, asides: list[Aside]) -> Effects:
        """What has changed since, by the asides; refused, if it was by anything else."""
        args = {id(x): x for call in asides for x in call.args}
        written = [x for x, was in self.replay.arrays if not same(x, was)]
        for name in self.set_attributes():
            raise NotStatic(f"f sets {name} at each call: a program computes the loss and the gradients alone")
        if not all(id(x) in args for x in written):
            raise NotStatic("f writes to an array at each call: a program computes the loss and the gradients alone")
        generators = [x for x in args.values() if isinstance(x, np.random.Generator)]
        return Effects(state_of(default_rng()) != self.default, generators, written)

    def set_attributes(self) -> Iterator[str]:
        """The names of attributes that are others than they were, or new."""
        for now, were in self.replay.attributes:
            for name in {**were, **now}:
                if name not in UNSEEN and (name not in were or now.get(name) is not were[name]):
                    yield name


def state_of(rng: np.random.Generator) -> str:
    return repr(rng.bit_generator.state)

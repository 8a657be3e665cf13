"""What a call of f does besides computing its result: noticed, put back, and done by a program alike."""

from __future__ import annotations

import functools
import random
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

    draws_by_default: bool
    generators: list[np.random.Generator]
    arrays: list[Any]

    def ways_back(self) -> list[Callable[[], None]]:
        """What puts back all that, as it is now, after a call."""
        drawn = [default_rng(), *self.generators] if self.draws_by_default else self.generators
        ways: list[Callable[[], None]] = [generator_setter(rng) for rng in drawn]
        return ways + [functools.partial(np.copyto, x, x.copy()) for x in self.arrays]


class Before:
    """Everything that f could change, as it was before f was called."""

    def __init__(self, *roots: Any):
        self.replay = Replay(*roots)
        self.arrays = list(self.replay.arrays)
        self.generators = [default_rng(), *self.replay.generators]
        self.grads = [(value, value.grad) for value, _ in self.replay.data]
        self.default = state_of(default_rng())

    def back(self) -> None:
        self.replay.restore()
        for value, grad in self.grads:
            value.grad = grad

    def now(self) -> list[Any]:
        """What the generators and arrays have become."""
        written = [was if same(x, was) else x.copy() for x, was in self.arrays]
        return [random.getstate(), bits(np.random.get_state()), *map(state_of, self.generators), *written]

    def refuse_filled(self) -> None:
        """Refuse an f that fills or clears gradients, or replaces the numbers of a Value."""
        for value, was in self.grads:
            if value.grad is not was:
                raise NotStatic("f changes .grad at each call: a program fills the gradients of its own loss alone")
        for value, data in self.replay.data:
            if value.data is not data:
                raise NotStatic("f replaces the numbers of a Value at each call: a program computes the loss alone")

    def refuse_other(self, states: list[Any]) -> None:
        """Refuse a program that leaves generators and arrays otherwise than f did."""
        for now, f_left in zip(self.now(), states, strict=True):
            if isinstance(now, np.ndarray):
                if not same(now, f_left):
                    raise NotStatic(
                        f"f writes to an array of shape {now.shape} at each call, otherwise than its layers do: "
                        "a program computes the loss and the gradients alone"
                    )
            elif now != f_left:
                raise NotStatic(
                    "f draws random numbers besides the graph: a program does not draw them. Draw before, and pass "
                    "what was drawn as an argument"
                )

    def effects(self, asides: list[Aside]) -> Effects:
        """What has changed since, by the asides; refused, if it was by anything else."""
        args = {id(x): x for call in asides for x in call.args}
        written = [x for x, was in self.replay.arrays if not same(x, was)]
        for name in self.set_attributes():
            raise NotStatic(f"f sets {name} at each call: a program computes the loss and the gradients alone")
        if not all(id(x) in args for x in written):
            raise NotStatic("f writes to an array at each call: a program computes the loss and the gradients alone")
        generators = list(dict.fromkeys(x for x in args.values() if isinstance(x, np.random.Generator)))
        return Effects(state_of(default_rng()) != self.default, generators, written)

    def set_attributes(self) -> Iterator[str]:
        """The names of attributes that are others than they were, or new."""
        for now, were in self.replay.attributes:
            for name in {**were, **now}:
                if name not in UNSEEN and (name not in were or now.get(name) is not were[name]):
                    yield name


def state_of(generator: Any) -> Any:
    """The state of a random generator, to be compared."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    if isinstance(generator, np.random.RandomState):
        return bits(generator.get_state())
    return bits((generator.bit_generator if isinstance(generator, np.random.Generator) else generator).state)


def bits(state: Any) -> Any:
    """A state of NumPy's without arrays, which have no == of their own."""
    if isinstance(state, dict):
        return {name: bits(part) for name, part in state.items()}
    if isinstance(state, tuple):
        return tuple(map(bits, state))
    return state.tobytes() if isinstance(state, np.ndarray) else state

"""The random generators that a model draws from, as plain data, so that a run goes on with the same numbers."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..nn.module import Module
from ..nn.paths import joined
from ..ops.random import default_rng

DEFAULT = "default_rng()"


class Generators:
    """All generators of a model, and `ops.random.default_rng()`, from which its other parts draw.

    One that several parts share is one here too.  Found are those that modules have as attributes, such as
    ``Dropout.rng``, in lists, dicts and partial functions too, as `nn.weight_noise` has it.  Generators within closures
    are not found.
    """

    def __init__(self, model: Module):
        self.places: dict[int, list[str]] = {id(default_rng()): [DEFAULT]}
        self.generators: dict[int, np.random.Generator] = {id(default_rng()): default_rng()}
        for place, rng in generators_of(model):
            self.places.setdefault(id(rng), []).append(place)
            self.generators[id(rng)] = rng

    def state_dict(self) -> dict[str, Any]:
        """The state of each, with all its places."""
        return {
            "generators": [
                {"places": list(self.places[key]), "state": copy.deepcopy(rng.bit_generator.state)}
                for key, rng in self.generators.items()
            ]
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put all in the state that they had; ValueError, before anything changes, if they are not the same ones."""
        saved = {tuple(own["places"]): own["state"] for own in state["generators"]}
        here = {tuple(self.places[key]): rng for key, rng in self.generators.items()}
        if saved.keys() != here.keys():
            raise ValueError(f"the generators of the state are {shown(saved)}; those of the model are {shown(here)}")
        for places, rng in here.items():
            check(places, rng, saved[places])
        for places, rng in here.items():
            rng.bit_generator.state = saved[places]


def generators_of(model: Module) -> Iterator[tuple[str, np.random.Generator]]:
    for path, module in model.named_modules():
        for name, attribute in vars(module).items():
            yield from generators_in(joined(path, name), attribute)


def generators_in(place: str, x: Any) -> Iterator[tuple[str, np.random.Generator]]:
    """The generators in an attribute, and where they are in it."""
    if isinstance(x, np.random.Generator):
        yield place, x
    elif isinstance(x, functools.partial):
        yield from generators_in(place, x.args)
        yield from generators_in(place, x.keywords)
    elif isinstance(x, dict | list | tuple):
        for key, part in x.items() if isinstance(x, dict) else enumerate(x):
            yield from generators_in(f"{place}.{key}", part)


def check(places: tuple[str, ...], rng: np.random.Generator, state: Any) -> None:
    """Raise unless the state is one that the generator can take: a copy of it tries."""
    try:
        copy.deepcopy(rng.bit_generator).state = state
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        kind, seen = type(rng.bit_generator).__name__, state.get("bit_generator") if isinstance(state, dict) else state
        raise ValueError(f"the generator at {shown([places])} is a {kind}; the state is of {seen!r}: {error}") from None


def shown(groups: Any) -> str:
    """Generators by their places: those of a shared one are equal."""
    return ", ".join(" = ".join(places) for places in groups)

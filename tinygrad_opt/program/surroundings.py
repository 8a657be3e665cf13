"""What a function finds around it: modules with their settings, numbers, other functions.  A program holds for these."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..check.replay import Replay, has_attributes, libraries, names_in, reachable
from ..check.replay import same as equal_arrays
from ..nn.module import KEPT, UNSEEN, Module, changes
from ..value import Value
from .refusal import NotStatic

BY_VALUE = (int, float, str, bool)


class Surroundings:
    """Everything that f reaches, as it was when it was recorded.

    Modules tell when an attribute of any of them is set; only then are they looked through.
    """

    def __init__(self, f: Callable[..., Any]):
        reached = list(reachable([f]))
        modules = [x for x in reached if isinstance(x, Module)]
        for m in modules:
            if m._derived:
                raise NotStatic(f"{type(m).__name__} computes {', '.join(m._derived)} anew at each call, with checks")
        functions = [x for x in reached if isinstance(x, types.FunctionType) and not is_library(x)]
        self.cells = [(cell, cell.cell_contents) for x in functions for cell in x.__closure__ or () if not is_empty(cell)]
        self.names = [found for x in functions for found in globals_of(x)]
        self.holders = [(x, contents(x)) for x in reached if is_holder(x) and contents(x) and not is_kept(x, modules)]
        self.modules = [(x, contents(x)) for x in modules]
        self.values = [(x, x.requires_grad) for x in reached if isinstance(x, Value)]
        self.changes = changes()

    def unchanged(self) -> bool:
        for cell, was in self.cells:
            if cell.cell_contents is not was and not equal(cell.cell_contents, was):
                return False
        for scope, name, was in self.names:
            if scope.get(name) is not was and not equal(scope.get(name), was):
                return False
        for x, were in self.holders:
            if not same(contents(x), were):
                return False
        for value, live in self.values:
            if value.requires_grad is not live:
                return False
        if self.changes != changes():
            if not all(same(contents(x), were) for x, were in self.modules):
                return False
            self.changes = changes()
        return True

    def others(self) -> list[str]:
        """What has changed, for a message."""
        names = [name for scope, name, was in self.names if scope.get(name) is not was]
        return names + [type(x).__name__ for x, were in self.holders + self.modules if not same(contents(x), were)]


def is_library(f: types.FunctionType) -> bool:
    return f.__code__.co_filename.startswith(libraries())


def globals_of(f: types.FunctionType) -> list[tuple[dict[str, Any], str, Any]]:
    """The global names that the code of a function uses."""
    scope = f.__globals__
    names = dict.fromkeys(name for name in names_in(f.__code__) if name in scope)
    return [(scope, name, scope[name]) for name in names if not isinstance(scope[name], types.ModuleType)]


def is_kept(x: Any, modules: list[Module]) -> bool:
    """Whether this is what a module keeps its parts in, which changes with its attributes."""
    return isinstance(x, dict) and any(x is vars(m)[name] for m in modules for name in KEPT)


def is_holder(x: Any) -> bool:
    if isinstance(x, Module | Value | np.random.Generator):
        return False
    return isinstance(x, list | tuple | dict | types.MethodType) or has_attributes(x)


def contents(x: Any) -> tuple[Any, ...]:
    """What an object holds, one level deep."""
    if isinstance(x, Module):
        return (*(v for k, v in vars(x).items() if k not in UNSEEN), *x._perturbed.values())
    if isinstance(x, dict):
        return (*x, *x.values())
    if isinstance(x, types.MethodType):
        return (x.__self__, x.__func__)
    return tuple(x) if isinstance(x, list | tuple) else tuple(vars(x).values())


def is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is ...
    except ValueError:
        return True


def same(now: tuple[Any, ...], were: tuple[Any, ...]) -> bool:
    return len(now) == len(were) and all(map(equal, now, were))


def equal(x: Any, was: Any) -> bool:
    """The same object; a number or string of the same value."""
    return x is was or (type(x) is type(was) and type(x) in BY_VALUE and x == was)


class Undone:
    """What f does besides computing its result: noticed, and put back."""

    def __init__(self, f: Callable[..., Any]):
        self.replay = Replay(f)

    def back(self) -> None:
        """Put everything back; refuse f if there was something to put back."""
        written = sum(not equal_arrays(x, was) for x, was in self.replay.arrays)
        named = [key for now, were in self.replay.attributes for key in were if now.get(key) is not were[key]]
        named += [key for now, were in self.replay.attributes for key in now if key not in were]
        self.replay.restore()
        if written or named:
            what = f"sets {named[0]}" if named else "writes to an array"
            raise NotStatic(
                f"f {what} at each call: a program computes the loss and the gradients alone"
            )

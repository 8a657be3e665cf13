"""What a function finds around it: modules with their settings, numbers, other functions."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..check.replay import has_attributes, libraries, names_in, reachable
from ..nn.attributes import KEPT, UNSEEN, Changes
from ..nn.module import Module
from ..value import Value
from .refusal import NotStatic

BY_VALUE = (int, float, str, bool, bytes)


class Surroundings:
    """Everything that f reaches, as it was when it was recorded; ran is the code that was run, with its globals.

    Modules tell when an attribute of any of them is set; only then are they looked through.
    """

    def __init__(self, f: Callable[..., Any], ran: Mapping[types.CodeType, dict[str, Any]]):
        self.changes = Changes.latest
        self.names = [found for code, scope in ran.items() for found in named(code, scope)]
        reached = list(reachable([f, *(x for _, _, x in self.names)]))
        modules = [x for x in reached if isinstance(x, Module)]
        for m in modules:
            if m._derived:
                raise NotStatic(f"{type(m).__name__} computes {', '.join(m._derived)} anew at each call, with checks")
        functions = [x for x in reached if isinstance(x, types.FunctionType) and not is_library(x)]
        cells = [cell for x in functions for cell in x.__closure__ or () if not is_empty(cell)]
        self.cells = [(cell, cell.cell_contents) for cell in cells]
        refuse_hidden(ran, functions)
        self.holders = [(x, contents(x)) for x in reached if is_holder(x) and contents(x) and not is_kept(x, modules)]
        self.arrays = [x for x in reached if isinstance(x, np.ndarray)]
        self.modules = [(x, contents(x)) for x in modules]
        self.values = [(x, x.requires_grad) for x in reached if isinstance(x, Value)]

    def found(self) -> list[Any]:
        """What the code that was run found by its global names."""
        return [x for _, _, x in self.names]

    def watch_arrays(self, read_anew: list[Any]) -> None:
        """Compare the entries of all arrays but those that a program reads anew: f may have taken a number of them."""
        known = {id(x) for x in read_anew}
        self.holders += [(x, contents(x)) for x in self.arrays if id(x) not in known]

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
        latest = Changes.latest
        if self.changes is not latest:
            if not all(same(contents(x), were) for x, were in self.modules):
                return False
            self.changes = latest
        return True

    def others(self) -> list[str]:
        """What has changed, for a message."""
        names = [name for scope, name, was in self.names if scope.get(name) is not was]
        return names + [type(x).__name__ for x, were in self.holders + self.modules if not same(contents(x), were)]


def is_library(f: types.FunctionType) -> bool:
    return f.__code__.co_filename.startswith(libraries())


def named(code: types.CodeType, scope: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """The global names that code uses, and those it may use of modules: ``settings.alpha``."""
    names = dict.fromkeys(names_in(code))
    for name in names:
        x = scope.get(name)
        if not isinstance(x, types.ModuleType):
            yield scope, name, x
        elif x.__name__ not in sys.builtin_module_names and not str(getattr(x, "__file__", "")).startswith(libraries()):
            yield from ((vars(x), of_it, vars(x)[of_it]) for of_it in names if of_it in vars(x))


def refuse_hidden(ran: Iterable[types.CodeType], functions: list[types.FunctionType]) -> None:
    """Refuse a function that was run and not found: what its closure holds could change unseen."""
    known = {f.__code__ for f in functions}
    made = {inner for code in ran for inner in code.co_consts if isinstance(inner, types.CodeType)}
    for code in ran:
        if code.co_freevars and code not in known | made:
            where = f"{code.co_name} (line {code.co_firstlineno} of {code.co_filename})"
            raise NotStatic(f"f runs {where}, whose closure is hidden from a program")


def is_kept(x: Any, modules: list[Module]) -> bool:
    """Whether this is what a module keeps its parts in, which changes with its attributes."""
    return isinstance(x, dict) and any(x is vars(m)[name] for m in modules for name in KEPT)


def is_holder(x: Any) -> bool:
    if isinstance(x, Module | Value | np.random.Generator):
        return False
    return isinstance(x, list | tuple | set | dict | types.MethodType) or has_attributes(x) or has_slots(x)


def has_slots(x: Any) -> bool:
    return any("__slots__" in vars(kind) for kind in type(x).__mro__[:-1]) and not type(x).__module__.startswith(
        "numpy"
    )


def contents(x: Any) -> tuple[Any, ...]:
    """What an object holds, one level deep."""
    if isinstance(x, Module):
        return (*(v for k, v in vars(x).items() if k not in UNSEEN), *x._perturbed.values())
    if isinstance(x, dict):
        return (*x, *x.values())
    if isinstance(x, np.ndarray):
        return (x.tobytes(),)
    if isinstance(x, types.MethodType):
        return (x.__self__, x.__func__)
    if isinstance(x, functools.partial):
        return (x.func, *x.args, *x.keywords.values())
    return tuple(x) if isinstance(x, list | tuple | set) else attributes(x)


def attributes(x: Any) -> tuple[Any, ...]:
    """What an object has of its own, in slots, and of its class."""
    kinds = type(x).__mro__[:-1]
    slots = [name for kind in kinds for name in vars(kind).get("__slots__", ()) if hasattr(x, name)]
    of_kinds = [v for kind in kinds for k, v in vars(kind).items() if not k.startswith("__")]
    return (*getattr(x, "__dict__", {}).values(), *(getattr(x, name) for name in slots), *of_kinds)


def is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is ...
    except ValueError:
        return True


def same(now: tuple[Any, ...], were: tuple[Any, ...]) -> bool:
    return len(now) == len(were) and all(map(equal, now, were))


def equal(x: Any, was: Any) -> bool:
    """The same object; a number or string of the same value."""
    return x is was or (type(x) is type(was) and type(x) in BY_VALUE and repr(x) == repr(was))

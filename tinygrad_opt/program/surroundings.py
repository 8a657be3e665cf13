"""What a function finds around it: modules with their settings, numbers, other functions."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..check.replay import SEQUENCES, has_attributes, in_slots, is_library, items, named_in, reachable
from ..nn.attributes import UNSEEN, Changes
from ..nn.module import Module
from ..value import Value
from .refusal import NotStatic

BY_VALUE = (int, str, bool, bytes)
OF_ALL_CLASSES = ("__dict__", "__weakref__", "__doc__", "__annotations__")
FURTHEST = 12  # steps from object to object
SMALL = 10_000  # entries that are looked through before each call


class Surroundings:
    """Everything that f reaches, as it was when it was recorded; ran is the code that was run, with its globals.

    Modules tell when an attribute of any of them is set; only then are they looked through.
    """

    def __init__(self, f: Callable[..., Any], ran: Mapping[types.CodeType, dict[str, Any]]):
        self.changes = Changes.latest
        self.names = [found for code, scope in ran.items() for found in named_in(code, scope)]
        roots = [f, *self.found()]
        reached = list(reachable(roots, FURTHEST))
        refuse_deeper(list(reachable(roots, FURTHEST + 1))[len(reached) :])
        modules = [x for x in reached if isinstance(x, Module)]
        for m in modules:
            if m._derived:
                raise NotStatic(f"{type(m).__name__} computes {', '.join(m._derived)} anew at each call, with checks")
        functions = [x for x in reached if is_function(x)]
        cells = [cell for x in functions for cell in x.__closure__ or () if not is_empty(cell)]
        self.cells = [(cell, cell.cell_contents) for cell in cells]
        refuse_hidden(ran, functions)
        self.holders = [(x, contents(x)) for x in reached if is_holder(x) and not is_kept(x, modules)]
        self.arrays = [x for x in reached if isinstance(x, np.ndarray)]
        self.layouts: list[tuple[Any, Any]] = []
        self.entries: list[tuple[Any, bytes]] = []
        self.modules = [(x, contents(x)) for x in modules]
        self.values = [(x, x.requires_grad) for x in reached if isinstance(x, Value)]

    def found(self) -> list[Any]:
        """What the code that was run found by its global names."""
        return [x for _, _, x in self.names]

    def watch_arrays(self, leaves: list[Any], outside: list[Any], written: list[Any]) -> None:
        """Compare the arrays that f reaches and that a program reads: f may have taken a number of one.

        The entries of a large one are not looked through if the program reads them anew, nor those of what f writes.
        """
        self.values += [(leaf, leaf.requires_grad) for leaf in leaves]
        of_leaves = {id(leaf.data) for leaf in leaves}
        anew = {id(x) for x in outside}
        for x in {id(x): x for x in (*self.arrays, *outside) if isinstance(x, np.ndarray)}.values():
            if id(x) not in of_leaves:
                is_free = (id(x) in anew and x.size > SMALL) or any(np.may_share_memory(x, y) for y in written)
                self.layouts.append((x, layout(x)))
                self.entries += [] if is_free else [(x, x.tobytes())]

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
        for x, lay in self.layouts:
            if layout(x) != lay:
                return False
        for x, entries in self.entries:
            if x.tobytes() != entries:
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
        arrays = [f"an array of shape {x.shape}" for x, were in self.entries if x.tobytes() != were]
        held = [described(x) for x, were in self.holders + self.modules if not same(contents(x), were)]
        return names + held + arrays


def refuse_hidden(ran: Iterable[types.CodeType], functions: list[types.FunctionType]) -> None:
    """Refuse a function that was run and not found: what its closure holds could change unseen."""
    known = {f.__code__ for f in functions}
    made = {inner for code in ran for inner in code.co_consts if isinstance(inner, types.CodeType)}
    for code in ran:
        if code.co_freevars and code not in known | made:
            where = f"{code.co_name} (line {code.co_firstlineno} of {code.co_filename})"
            raise NotStatic(f"f runs {where}, whose closure is hidden from a program")


def is_kept(x: Any, modules: list[Module]) -> bool:
    """Whether this is what a module keeps its own account in, which changes with its attributes."""
    return isinstance(x, dict | list) and any(x is vars(m).get(name) for m in modules for name in UNSEEN)


def is_holder(x: Any) -> bool:
    if isinstance(x, Module | np.random.Generator):
        return False
    if isinstance(x, (*SEQUENCES, dict, types.MethodType, type)):
        return True
    return is_function(x) or has_attributes(x) or bool(in_slots(x))


def is_function(x: Any) -> bool:
    """Whether this is a function of the user's."""
    return isinstance(x, types.FunctionType) and not is_library(x.__code__.co_filename)


def refuse_deeper(beyond: list[Any]) -> None:
    """Refuse an f that finds things deeper than is looked."""
    for x in beyond:
        if isinstance(x, np.ndarray | Value | Module) or (is_holder(x) and contents(x)):
            raise NotStatic(
                f"f finds {described(x)} by more than {FURTHEST} steps from object to object, further than a program "
                "looks: pass what f needs of it as an argument"
            )


def described(x: Any) -> str:
    if isinstance(x, types.FunctionType | type):
        return f"the {'class' if isinstance(x, type) else 'function'} {x.__name__}"
    return type(x).__name__


def contents(x: Any) -> tuple[Any, ...]:
    """What an object holds, one level deep, by name where it has names."""
    if isinstance(x, Module):
        return (*by_name({k: v for k, v in vars(x).items() if k not in UNSEEN}), *x._perturbed.values())
    if isinstance(x, type):
        return by_name({k: v for k, v in vars(x).items() if k not in OF_ALL_CLASSES})
    if isinstance(x, types.FunctionType):
        return (x.__code__, x.__defaults__, *by_name(x.__kwdefaults__ or {}), *by_name(x.__dict__))
    if isinstance(x, types.MethodType):
        return (x.__self__, x.__func__)
    if isinstance(x, functools.partial):
        return (x.func, *x.args, *by_name(x.keywords))
    return (*items(x), *by_name({**getattr(x, "__dict__", {}), **in_slots(x)}))


def by_name(held: Mapping[Any, Any]) -> tuple[Any, ...]:
    return (*held, *held.values())


def layout(x: Any) -> tuple[Any, ...]:
    """How an array lies in memory, but not where."""
    return (x.shape, x.strides, x.dtype) if isinstance(x, np.ndarray) else ((), None, type(x))


def is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is ...
    except ValueError:
        return True


def same(now: tuple[Any, ...], were: tuple[Any, ...]) -> bool:
    return len(now) == len(were) and all(map(equal, now, were))


def equal(x: Any, was: Any) -> bool:
    """The same object; a number or string of the same value."""
    if x is was or type(x) is not type(was):
        return x is was
    return bool(x == was) if type(x) in BY_VALUE else type(x) is float and repr(x) == repr(was)

"""The lines of a program as they are written, and every name in them."""

from __future__ import annotations

import keyword
import math
import re
from typing import Any

import numpy as np

from .refusal import NotStatic
from .terms import Term, named, term, together

BUILTINS = (float, list, slice)  # what lines name without asking


class Notebook:
    """Lines of source, and the objects that they name.

    namespace  those objects by name
    outside    the names of arrays and generators among them: they were there before f was called, or it made them
    """

    def __init__(self, **namespace: Any) -> None:
        self.namespace: dict[str, Any] = {"np": np, **namespace}
        self.outside: dict[str, Any] = {}
        self.lines: list[str] = []
        self.held: dict[int, str] = {id(x): x.__name__ for x in BUILTINS}
        self.used = {*keyword.kwlist, *self.held.values(), *self.namespace}
        self.bound: set[str] = set()
        self.wishes: dict[int, str] = {}
        self.places: dict[Any, str] = {}
        self.starts: dict[Any, str] = {}

    # -- names ---------------------------------------------------------------------------------
    def new(self, wish: str) -> str:
        """A name that is not taken yet."""
        stem = re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_") or "v"
        stem = f"layer{stem}" if stem[0].isdigit() else stem
        name, number = stem, 1
        while name in self.used:
            number += 1
            name = f"{stem}{number}"
        self.used.add(name)
        return name

    def known(self, x: Term) -> Term:
        """A name by which an array is found again."""
        self.bound.add(x.text)
        if isinstance(x.value, np.ndarray):
            self.places.setdefault(place(x.value), x.text)
            if start(x.value):
                self.starts.setdefault(start(x.value), x.text)
        return x

    def put(self, wish: str, x: Term) -> Term:
        """A line that gives the term a name, unless it has one of its own."""
        if not x.is_name or x.text in self.bound:
            x = named(self, wish, x)
        self.bound.add(x.text)
        return x

    def hold(self, x: Any, wish: str) -> str:
        """The name of an object that the program takes along."""
        if id(x) not in self.held:
            self.held[id(x)] = name = self.new(wish)
            self.namespace[name] = x
        return self.held[id(x)]

    def hold_outside(self, x: Any, wish: str) -> str:
        name = self.hold(x, wish)
        self.outside[name] = x
        return name

    # -- constants -----------------------------------------------------------------------------
    def text_of(self, x: Any, what: str) -> str:
        """A constant as it stands in the source; what says who takes it."""
        if isinstance(x, np.ndarray):
            return self.array(x, what)
        if isinstance(x, np.random.Generator):
            return self.hold_outside(x, "rng")
        if isinstance(x, tuple | list):
            parts = [self.text_of(part, what) for part in x]
            return f"[{', '.join(parts)}]" if isinstance(x, list) else together(parts)
        if isinstance(x, slice):
            return f"slice({', '.join(self.text_of(end, what) for end in (x.start, x.stop, x.step))})"
        if type(x) is float and not np.isfinite(x):
            return f'float("{x}")'
        if x is None or x is Ellipsis or type(x) in (bool, int, float, str):
            return repr(x)
        if isinstance(x, np.generic):
            return f"np.{type(x).__name__}({x.item()!r})"
        if isinstance(x, np.dtype):
            return f"np.dtype({x.name!r})"
        raise NotStatic(f"{what} takes {x!r}, of which a program does not know whether it stays the same")

    def array(self, x: Any, what: str) -> str:
        """An array by the name it has, or one that was there before."""
        if place(x) in self.places:
            return self.places[place(x)]
        if start(x) in self.starts:
            return f"{self.starts[start(x)]}.reshape({self.text_of(x.shape, what)})"
        owner = x.base
        if isinstance(owner, np.ndarray) and start(owner) and start(owner) == start(x):
            self.known(term(self.hold_outside(owner, "c"), owner))
            return self.array(x, what)
        return self.hold_outside(x, "c")

    def literal(self, x: Any) -> str:
        """What one of our functions names, and is the same in all calls, as it stands in the source."""
        if x is np:
            return "np"
        name = self.wishes.get(id(x)) or getattr(x, "__name__", "")
        if name and getattr(np, name, None) is x:
            return f"np.{name}"
        if callable(x):
            return self.hold(x, name or type(x).__name__)
        if isinstance(x, np.dtype | np.ndarray):
            return self.hold(x, x.name if isinstance(x, np.dtype) else "ones" if np.all(x == 1) else "numbers")
        return self.text_of(x, "a function")


def place(x: Any) -> tuple[Any, ...]:
    """Where and how an array lies in memory: two of one place are one array."""
    return (x.__array_interface__["data"][0], x.shape, x.strides, x.dtype)


def start(x: Any) -> tuple[Any, ...] | None:
    """What a reshape keeps of it."""
    whole = x.flags.c_contiguous and math.prod(x.shape)
    return (x.__array_interface__["data"][0], x.size, x.dtype) if whole else None

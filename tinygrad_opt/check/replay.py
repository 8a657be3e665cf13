"""Repeating a function exactly: its random generators and its buffers are put back before every call.

A checker compares values of one function.  Dropout that draws a new mask at each call, or batch
normalization that updates its running statistics, would be another function each time.
"""

from __future__ import annotations

import dis
import functools
import os
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.random import default_rng
from ..value import Value

DEEPEST = 6
SEQUENCES = (list, tuple, set, frozenset, deque)
ATOMS = (str, bytes, int, float, complex, types.ModuleType, types.BuiltinFunctionType, np.generic)


class Replay:
    """The state of everything random or writable that a function reaches, and the way back to it."""

    def __init__(self, *roots: Any):
        reached = list(reachable(roots))
        self.setters: list[Callable[[], None]] = [
            functools.partial(np.random.set_state, np.random.get_state()),
            functools.partial(random.setstate, random.getstate()),
            generator_setter(default_rng()),
        ]
        self.generators = [x for x in reached if is_generator(x)]
        self.setters += [generator_setter(x) for x in self.generators]
        self.is_settled = False
        self.arrays = [(x, x.copy()) for x in reached if isinstance(x, np.ndarray) and x.flags.writeable]
        self.data = [(x, x.data) for x in reached if isinstance(x, Value)]
        self.attributes = [(vars(x), dict(vars(x))) for x in reached if has_attributes(x)]

    def restore(self) -> None:
        """Put everything back; after the first call, keep watch only over the arrays that it wrote to."""
        if not self.is_settled:
            self.arrays = [(x, was) for x, was in self.arrays if not same(x, was)]
            self.is_settled = True
        for attributes, were in self.attributes:
            restore_dict(attributes, were)
        for value, data in self.data:
            value.data = data
        for array, was in self.arrays:
            array[...] = was
        for back in self.setters:
            back()


def same(x: Any, was: Any) -> bool:
    return np.array_equal(x, was, equal_nan=x.dtype.kind in "fc")


def is_generator(x: Any) -> bool:
    return isinstance(x, np.random.Generator | np.random.BitGenerator | np.random.RandomState | random.Random)


def generator_setter(generator: Any) -> Callable[[], None]:
    """What puts a random generator back into the state that it is in now."""
    if isinstance(generator, random.Random):
        return functools.partial(generator.setstate, generator.getstate())
    if isinstance(generator, np.random.RandomState):
        return functools.partial(generator.set_state, generator.get_state())
    bits = generator.bit_generator if isinstance(generator, np.random.Generator) else generator
    return functools.partial(setattr, bits, "state", bits.state)


def has_attributes(x: Any) -> bool:
    """Whether x is an object of the user's own, that a call may give new attributes."""
    return hasattr(x, "__dict__") and not isinstance(x, types.FunctionType | types.MethodType | np.ndarray | type)


def restore_dict(now: dict[str, Any], were: dict[str, Any]) -> None:
    """The same objects under the same keys as they were."""
    for key in now.keys() - were.keys():
        del now[key]
    for key, x in were.items():
        if key not in now or now[key] is not x:
            now[key] = x


def reachable(roots: Any, deepest: int = DEEPEST) -> Iterator[Any]:
    """What these objects hold, each once: in closures, defaults, globals, attributes, containers.

    The parts of a network, and the class of an object, are no deeper than itself.
    """
    seen: set[int] = set()
    level = list(roots)
    for _ in range(deepest):
        below: list[Any] = []
        for x in level:
            if id(x) in seen or x is None or isinstance(x, ATOMS) or (isinstance(x, type) and is_library_class(x)):
                continue
            seen.add(id(x))
            yield x
            if not (is_generator(x) or isinstance(x, np.ndarray)):
                for part in parts(x):
                    (level if is_network(part) or isinstance(part, type) else below).append(part)
        level = below


def is_network(x: Any) -> bool:
    """Whether x has parameters of its own, as modules have."""
    return callable(getattr(type(x), "parameters", None))


def parts(x: Any) -> Iterator[Any]:
    """What one object holds."""
    if isinstance(x, types.FunctionType):
        yield from function_parts(x)
    elif isinstance(x, types.MethodType):
        yield from (x.__self__, x.__func__)
    elif isinstance(x, functools.partial):
        yield from (x.func, *x.args, *x.keywords.values())
    elif isinstance(x, type):
        for part in vars(x).values():
            yield from (part.fget, part.fset) if isinstance(part, property) else (getattr(part, "__func__", part),)
        yield from (*x.__bases__, type(x))
    else:
        yield from (x.data,) if isinstance(x, Value) else items(x)
        yield from getattr(x, "__dict__", {}).values()
        yield from in_slots(x).values()
        yield type(x)


def items(x: Any) -> tuple[Any, ...]:
    """What a container contains."""
    if isinstance(x, dict):
        return (*x, *x.values())
    return tuple(x) if isinstance(x, SEQUENCES) else ()


def in_slots(x: Any) -> dict[str, Any]:
    """What an object of the user's own holds in slots."""
    kinds = [kind for kind in type(x).__mro__[:-1] if not is_library_class(kind)]
    names = [n for kind in kinds for n, it in vars(kind).items() if isinstance(it, types.MemberDescriptorType)]
    return {name: getattr(x, name) for name in names if hasattr(x, name)}


def function_parts(f: Callable[..., Any]) -> Iterator[Any]:
    """The closure, the defaults, and the globals that the code of a function names."""
    if is_library(f.__code__.co_filename):
        return
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
    yield from (x for _, _, x in named_in(f.__code__, f.__globals__))


@functools.cache
def is_library(filename: str) -> bool:
    """Whether code is Python's, NumPy's or our own: it is not read, what it keeps is its own affair."""
    python, *others = library_places()
    installed = {"site-packages", "dist-packages"}.intersection(Path(filename).parts)
    return filename.startswith(("<frozen", *others)) or (filename.startswith(python) and not installed)


@functools.cache
def library_places() -> tuple[str, ...]:
    """The folders of Python, NumPy and this package."""
    import sysconfig  # late: it takes a while to load

    places = (sysconfig.get_path("stdlib"), np.__path__[0], Path(__file__).parents[1])
    return tuple(f"{place}{os.sep}" for place in places)


def is_library_module(module: Any) -> bool:
    name = getattr(module, "__name__", "")
    return name in sys.builtin_module_names or is_library(str(getattr(module, "__file__", "")))


def is_library_class(kind: type) -> bool:
    return is_library_module(sys.modules.get(kind.__module__))


def named_in(code: types.CodeType, scope: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """The global names that code uses, each with where it is looked up, and those of modules: ``settings.alpha``."""
    names = dict.fromkeys(names_in(code))
    scopes = [scope]
    for where in scopes:
        for name in global_names(code) if where is scope else names:
            x = where.get(name)
            if not isinstance(x, types.ModuleType):
                if where is scope or name in where:
                    yield where, name, x
            elif not is_library_module(x) and not any(vars(x) is known for known in scopes):
                scopes.append(vars(x))


@functools.cache
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """The names that code looks up outside: those of attributes are others."""
    found = [line.argval for line in dis.get_instructions(code) if line.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [name for x in code.co_consts if isinstance(x, types.CodeType) for name in global_names(x)]
    return tuple(dict.fromkeys(found + inner))


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names that code uses, attributes among them, and the functions and comprehensions written within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)

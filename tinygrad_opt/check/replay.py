"""Repeating a function exactly: its random generators and its buffers are put back before every call.

A checker compares values of one function.  Dropout that draws a new mask at each call, or batch
normalization that updates its running statistics, would be another function each time.
"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.random import default_rng
from ..value import Value

DEEPEST = 6
ATOMS = (str, bytes, int, float, complex, type, types.ModuleType, types.BuiltinFunctionType, np.generic)


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
    return hasattr(x, "__dict__") and not isinstance(x, types.FunctionType | types.MethodType | np.ndarray)


def restore_dict(now: dict[str, Any], were: dict[str, Any]) -> None:
    """The same objects under the same keys as they were."""
    for key in now.keys() - were.keys():
        del now[key]
    for key, x in were.items():
        if key not in now or now[key] is not x:
            now[key] = x


def reachable(roots: Any) -> Iterator[Any]:
    """What these objects hold, each once: in closures, defaults, globals, attributes, containers.

    The parts of a network are no deeper than the network itself.
    """
    seen: set[int] = set()
    level = list(roots)
    for _ in range(DEEPEST):
        below: list[Any] = []
        for x in level:
            if id(x) in seen or x is None or isinstance(x, ATOMS):
                continue
            seen.add(id(x))
            yield x
            if not (is_generator(x) or isinstance(x, np.ndarray)):
                for part in parts(x):
                    (level if is_network(part) else below).append(part)
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
    elif isinstance(x, dict):
        yield from x.values()
    elif isinstance(x, list | tuple | set):
        yield from x
    elif isinstance(x, Value):
        yield x.data
    else:
        yield from getattr(x, "__dict__", {}).values()
        for kind in type(x).__mro__[:-1]:
            yield from (method for method in vars(kind).values() if isinstance(method, types.FunctionType))


def function_parts(f: Callable[..., Any]) -> Iterator[Any]:
    """The closure, the defaults, and the globals that the code of a function names."""
    if f.__code__.co_filename.startswith(libraries()):
        return
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
    yield from (f.__globals__[name] for name in names_in(f.__code__) if name in f.__globals__)


@functools.cache
def libraries() -> tuple[str, ...]:
    """Where installed code lies, and our own: it is not read, what it keeps is its own affair."""
    import sysconfig

    return (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), str(Path(__file__).parents[1]))


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names that code uses, and the functions and comprehensions written within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)

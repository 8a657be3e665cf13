"""Repeating a function exactly: its random generators and its buffers are put back before every call.

A checker compares values of one function.  Dropout that draws a new mask at each call, or batch
normalization that updates its running statistics, would be another function each time.
"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..ops import Operand

DEEPEST = 6
ATOMS = (str, bytes, int, float, complex, type, types.ModuleType, types.BuiltinFunctionType, np.generic, Operand)


class Replay:
    """The state of everything random or writable that a function reaches, and the way back to it."""

    def __init__(self, *roots: Any):
        reached = list(reachable(roots))
        self.generators = [(x, x.bit_generator.state) for x in reached if isinstance(x, np.random.Generator)]
        self.arrays = [(x, x.copy()) for x in reached if isinstance(x, np.ndarray) and x.flags.writeable]
        self.global_state = np.random.get_state(), random.getstate()  # it is what the user's f draws from

    def restore(self) -> None:
        for generator, state in self.generators:
            generator.bit_generator.state = state
        for array, was in self.arrays:
            array[...] = was
        np.random.set_state(self.global_state[0])
        random.setstate(self.global_state[1])

    def forget_constants(self) -> None:
        """After one call: keep watch only over the arrays that it wrote to."""
        self.arrays = [(x, was) for x, was in self.arrays if not np.array_equal(x, was, equal_nan=x.dtype.kind in "fc")]


def reachable(roots: Any) -> Iterator[Any]:
    """Generators and arrays within reach of these objects: in closures, defaults, globals, attributes, containers."""
    seen: set[int] = set()
    level = list(roots)
    for _ in range(DEEPEST):
        below: list[Any] = []
        for x in level:
            if id(x) in seen or x is None or isinstance(x, ATOMS):
                continue
            seen.add(id(x))
            if isinstance(x, np.random.Generator | np.ndarray):
                yield x
            else:
                below.extend(parts(x))
        level = below


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
    else:
        yield from getattr(x, "__dict__", {}).values()
        yield vars(type(x)).get("__call__")


def function_parts(f: Callable[..., Any]) -> Iterator[Any]:
    """The closure, the defaults, and the globals that the code of a function names."""
    code, names = f.__code__, f.__globals__
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
    if not str(f.__module__).startswith(("numpy", "tinygrad_opt")):
        yield from (names[name] for name in code.co_names if name in names)

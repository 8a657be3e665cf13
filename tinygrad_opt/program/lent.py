"""Arrays as they are lent to a function that is recorded: to be computed with in the graph, not besides it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import Operand
from ..ops.aside import listener
from .refusal import NotStatic

SEEN = frozenset({"shape", "ndim", "dtype", "size", "itemsize", "nbytes", "strides", "flags", "reshape"})
KNOWN_BY_SHAPE = frozenset({np.shape, np.ndim, np.size, np.result_type, np.reshape, np.ones_like, np.zeros_like})


class Lent(np.ndarray[Any, np.dtype[Any]]):
    """An input, or the numbers of a Value: its shape and dtype are free to see, what its entries are is not.

    An operation with a Value takes it as any array and remembers it; arithmetic beside the graph, entry by entry, is
    noted as well.  Whatever else reads it would leave no trace, and so not be in the program.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **params: Any) -> Any:
        if any(isinstance(a, Operand) for a in args):
            return NotImplemented
        tape = listener()
        if tape is None or method != "__call__" or params or all(np.ndim(a) == 0 for a in args):
            return refuse(f"np.{ufunc.__name__}")
        return tape.aside(ufunc, args)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if fn in KNOWN_BY_SHAPE:
            return super().__array_function__(fn, types, args, kwargs)
        return NotImplemented if any(issubclass(t, Operand) for t in types) else refuse(f"np.{fn.__name__}")

    def __getattribute__(self, name: str) -> Any:
        if name in SEEN or name.startswith("__"):
            return super().__getattribute__(name)
        return refuse(f".{name}")

    # fmt: off
    def __getitem__(self, index: Any) -> Any:           return refuse("an index")
    def __setitem__(self, index: Any, to: Any) -> Any:  return refuse("an assignment")
    def __iter__(self) -> Any:                          return refuse("a loop")
    def __contains__(self, x: Any) -> Any:              return refuse("in")
    def __bool__(self) -> Any:                          return refuse("a condition")
    def __float__(self) -> Any:                         return refuse("float()")
    def __int__(self) -> Any:                           return refuse("int()")
    def __index__(self) -> Any:                         return refuse("an index")
    def __complex__(self) -> Any:                       return refuse("complex()")
    def __repr__(self) -> Any:                          return refuse("repr()")
    def __str__(self) -> Any:                           return refuse("str()")
    def __copy__(self) -> Any:                          return refuse("copy()")
    def __deepcopy__(self, memo: Any) -> Any:           return refuse("deepcopy()")
    def __reduce__(self) -> Any:                        return refuse("pickle")
    # fmt: on


def lent(data: Any) -> Any:
    return np.asarray(data).view(Lent)


def returned(x: Any) -> Any:
    """A lent array as the array that it is."""
    return np.asarray(x) if isinstance(x, Lent) else x


def refuse(what: str) -> Any:
    raise NotStatic(
        f"f reads numbers besides the graph, by {what}: a program made of this call would keep what they were in it. "
        "Compute such things before and pass them as arguments, or write them in operations on Values"
    )

"""What is computed beside the graph, of plain numbers, and who listens to it.

A program that is made of a graph has no other trace of it, and has to do it at every call as f does.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class Listener(Protocol):
    """One who records a graph, and so has to know what was read beside it."""

    def aside(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Run a function, and keep the call."""

    def lend(self, data: Any) -> Any:
        """A Value's numbers, for one who reads them outside of the graph."""


listening: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("listening", default=None)
listener = listening.get


def aside(fn: Function) -> Function:
    """Mark a function of plain numbers that is run beside the graph: programs call it as well, each time.

    It checks them, tells which kind they are, makes an array of them, draws one, or writes to its arguments.
    """

    @functools.wraps(fn)
    def call(*args: Any) -> Any:
        listens = listener()
        return fn(*args) if listens is None else listens.aside(fn, args)

    return cast(Function, call)

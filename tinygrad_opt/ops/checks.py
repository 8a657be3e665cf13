"""Checks of numbers that stand beside the graph, and who listens to them.

A program that is made of a graph has no other trace of them, and has to make them at every call as f does.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Check = TypeVar("Check", bound=Callable[..., Any])


class Listener(Protocol):
    """One who records a graph, and so has to know what was read besides it."""

    def check(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Run a check, and keep it."""

    def lend(self, data: Any) -> Any:
        """A Value's numbers, for one who reads them outside of the graph."""


listening: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("listening", default=None)
listener = listening.get


def check(fn: Check) -> Check:
    """Mark a function that looks at numbers and refuses some, or tells which kind they are: programs run it too."""

    @functools.wraps(fn)
    def checked(*args: Any) -> Any:
        listens = listener()
        return fn(*args) if listens is None else listens.check(fn, args)

    return checked  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see

"""One call of a function, recorded: its graph, and what was done beside it."""

from __future__ import annotations

import contextlib
import dis
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..check.replay import is_library
from ..engine import Node, newest_first, next_age
from ..ops.aside import listening
from ..recording import enable_grad
from ..value import Value
from .lent import lent, returned
from .refusal import NotStatic

LEAVES_THE_GRAPH = frozenset({
    "data", "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "frombuffer", "from_dlpack",
    "copyto", "concrete", "memoryview", "grad", "environ", "getenv", "open",
})  # fmt: skip
HIDES = frozenset({"globals", "locals", "vars", "eval", "exec", "__import__", "import_module"})


class Aside(NamedTuple):
    """A function that was run beside the graph: when, on what, and what it told."""

    age: int
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    told: Any


class Tape:
    """What f(*inputs) did.

    inputs    copies of the arrays that f was given, which lie where nothing else does; with changed entries, if asked
    returned  the Values that it returned, the loss first
    nodes     the graph of them, oldest first
    asides    in the order they were made
    ran       the code of the user's that was run, and the names it found
    age       whatever is older was there before
    """

    def __init__(
        self, f: Callable[..., Any], inputs: tuple[Any, ...], changed: Callable[[Any], Any] = lambda entries: entries
    ):
        self.inputs = [twin(x, changed(x)) for x in inputs]
        self.noted: list[tuple[Any, ...]] = []
        self.ran: dict[Any, dict[str, Any]] = {}
        self.age = next_age()
        self.returned = self.checked(self.run(f))
        self.loss = self.returned[0]
        self.asides = [Aside(*one) for one in self.noted]
        found: dict[Node, None] = dict.fromkeys(n for x in self.returned for n in newest_first(x))
        self.nodes = sorted(found, key=lambda node: node.age)

    @property
    def events(self) -> list[Node | Aside]:
        """What was computed, in the graph and beside it, in order."""
        found: list[Any] = [*(n for n in self.nodes if n.op is not None), *self.asides]
        return sorted(found, key=lambda event: event.age)

    def run(self, f: Callable[..., Any]) -> Any:
        token, profile = listening.set(self), sys.getprofile()
        with enable_grad(), without_collections():
            sys.setprofile(self.see)
            try:
                return f(*map(lent, self.inputs))
            finally:
                profile_by(profile)
                listening.reset(token)

    def checked(self, made: Any) -> tuple[Value, ...]:
        """What f returned, if a program can give it."""
        for code in self.ran:
            refuse_reading(code)
        values = made if isinstance(made, tuple) and made else (made,)
        loss = values[0]
        if not isinstance(loss, Value) or loss.size != 1 or not loss.requires_grad or loss.age <= self.age:
            raise NotStatic(f"f must return its loss, a Value of one entry that requires a gradient; got {loss!r}")
        for x in values:
            if not isinstance(x, Value):
                raise NotStatic(f"what f returns beside its loss are Values; got a {type(x).__name__}")
        return values

    # -- what goes on meanwhile ----------------------------------------------------------------
    def see(self, frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code not in self.ran and not is_library(code.co_filename):
            self.ran[code] = frame.f_globals

    def aside(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        args = tuple(map(returned, args))
        token = listening.set(None)
        try:
            told = fn(*args)
        finally:
            listening.reset(token)
        self.noted.append((next_age(), fn, args, told))
        return lent(told) if isinstance(told, np.ndarray) else told

    def lend(self, data: Any) -> Any:
        return lent(data)


def profile_by(profile: Any) -> None:
    """Go on with what `sys.getprofile` gave: a function, or a profiler such as cProfile's, which is none."""
    if profile is None or callable(profile):
        sys.setprofile(profile)
    else:
        profile.enable()


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """No garbage collection, which runs code that has nothing to do with f: finalizers, and callbacks of tools."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def refuse_reading(code: Any) -> None:
    """Refuse a function of the user's own that names what leads out of the graph."""
    by_text = {"getattr", "attrgetter"}.intersection(code.co_names)
    said = (c for c in code.co_consts if by_text and isinstance(c, str))
    found = LEAVES_THE_GRAPH.intersection((*code.co_names, *said))
    where = f"{code.co_name} (line {code.co_firstlineno} of {code.co_filename})"
    if found:
        raise NotStatic(
            f"{where} uses {min(found)}, which leads numbers "
            "out of the graph: a program made of it would keep what they were at the first call"
        )
    hidden = HIDES.intersection(code.co_names)
    if hidden:
        raise NotStatic(f"{where} uses {min(hidden)}, and a program cannot know what is found by it: use names")
    if code.co_name != "<module>" and any(line.opname == "IMPORT_NAME" for line in dis.get_instructions(code)):
        raise NotStatic(f"{where} imports at each call: a program does not. Import at the top of the file")


def twin(x: Any, entries: Any) -> Any:
    """Entries in an array with the strides of x, which decide about the order of sums."""
    reach = [(n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)]
    before, after = -sum(r for r in reach if r < 0), sum(r for r in reach if r > 0)
    room = np.empty(before + after + x.itemsize, np.uint8)
    out: Any = np.ndarray(x.shape, x.dtype, room, before, x.strides)
    out[...] = entries
    return out

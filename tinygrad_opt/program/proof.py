"""A program, recorded and held against the engine before it is used."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..engine import sweep
from ..value import seed_gradient
from .effects import Before, Effects
from .refusal import NotStatic
from .surroundings import Surroundings
from .tape import Tape
from .writer import Written

OTHER = 1 - 2**-7


class Proven(NamedTuple):
    """A program, and what it holds for."""

    written: Written
    surroundings: Surroundings
    effects: Effects


def proven(f: Callable[..., Any], inputs: tuple[Any, ...], names: list[str]) -> Proven:
    """The program of f for such inputs, which f is called with twice, and everything as it was before.

    The second time inputs and parameters have other numbers: the program must be the same, and give what the engine
    gives both times.
    """
    before = Before(f)
    try:
        tape = Tape(f, inputs)
        surroundings = Surroundings(f, tape.ran)
        written = Written(tape, names)
        with moved(written.parameters):
            # Generators have gone on: what f draws by itself is another number now.
            between = Before(f, *surroundings.found(), *written.leaves)
            tape = other_tape(f, inputs, between)
            states = between.now()
            between.refuse_filled()
            second = Written(tape, names)
            refuse_difference(written, second)
            between.back()
            verify(written.run, second)
            between.refuse_other(states)
        if not surroundings.unchanged():
            raise NotStatic(f"f changes what it finds at each call (in {', '.join(surroundings.others())})")
        effects = before.effects(written.tape.asides)
        before.back()
        verify(written.run, written)
    finally:
        before.back()
    surroundings.watch_arrays(written.leaves, [*written.outside.values()], effects.arrays)
    return Proven(written, surroundings, effects)


def other_tape(f: Callable[..., Any], inputs: tuple[Any, ...], before: Before) -> Tape:
    """f on other inputs, as far as it takes them: targets of -1 and 1, say, are to stay so."""
    try:
        return Tape(f, inputs, turned_and_scaled)
    except NotStatic:
        raise
    except Exception:
        before.back()
        return Tape(f, inputs, turned)


def turned(x: Any) -> Any:
    """The entries in another order, which is all that may be done to labels."""
    return x[::-1] if x.ndim else x


def turned_and_scaled(x: Any) -> Any:
    return turned(x) * OTHER if x.dtype.kind == "f" else turned(x)


@contextlib.contextmanager
def moved(parameters: list[Any]) -> Iterator[None]:
    """Parameters with other numbers, and a gradient: what a program keeps of one call shows in another."""
    were = [(p.data, p.grad) for p in parameters]
    try:
        for p in parameters:
            p.data = p.data * OTHER if type(p.data) is float else np.asarray(p.data * OTHER, p.data.dtype)
            p.grad = p.data * 0
        yield
    finally:
        for p, (data, grad) in zip(parameters, were, strict=True):
            p.data, p.grad = data, grad


def verify(run: Callable[..., Any], written: Written) -> None:
    """Hold a program against the engine on what was recorded, bit by bit."""
    loss, parameters = written.tape.loss, written.parameters
    grads = sweep(loss, seed_gradient(loss, None, create_graph=False), keep_all=False)
    results, found = run(*written.tape.inputs, *(leaf.data for leaf in written.leaves))
    expected = [*((x.data, x.data) for x in written.tape.returned), *((grads[p], p.data) for p in parameters)]
    for ours, (engines, data) in zip([*results, *found], expected, strict=True):
        if type(ours) is not type(data) or not same_bits(ours, engines):
            raise NotStatic("the program does not give what the engine gives: call f itself")


def same_bits(x: Any, y: Any) -> bool:
    x, y = np.asarray(x), np.asarray(y)
    return bool(x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes())


def refuse_difference(first: Written, second: Written) -> None:
    """Refuse an f that does not do the same twice."""
    if first.source != second.source:
        pairs = zip(first.source.splitlines(), second.source.splitlines(), strict=False)
        one, other = next(((a, b) for a, b in pairs if a != b), ("less", "more"))
        raise NotStatic(f"f does not do the same twice: first {one.strip()!r}, then {other.strip()!r}")
    for name, x in first.outside.items():
        if second.outside[name] is not x:
            raise NotStatic(
                f"f makes {described(x)} at each call, {use_of(name, first.source)}: a program cannot know what it is "
                "made from. Make it once outside of f, a module in its __init__, or pass it as an argument"
            )


def described(x: Any) -> str:
    if not isinstance(x, np.ndarray):
        return "a generator of random numbers"
    return (
        f"an array of shape {x.shape}" if x.shape else f"a number of NumPy's, {x.dtype} (write it as a Python float),"
    )


def use_of(name: str, source: str) -> str:
    """The line in which a constant is used."""
    return "in " + next(line.strip() for line in source.splitlines() if re.search(rf"\b{name}\b", line))

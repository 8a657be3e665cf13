"""compile: a function of arrays as the straight line of NumPy that its graph is."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine import sweep
from ..value import Value, added, seed_gradient
from .refusal import NotStatic
from .surroundings import Surroundings, Undone
from .tape import Tape
from .writer import Writer

MOST = 8
OTHER = 1 + 2**-7


def compile(f: Callable[..., Any]) -> Program:
    """f, a loss of arrays, as a program of its own: ``program(*arrays)`` returns the loss and fills the gradients.

    It does what ``loss = f(*arrays); loss.backward()`` does, with the same bits, and without a graph: at the first
    call for some shapes and dtypes f is recorded, twice, and written down as a function of arrays.  From then on f is
    not called any more.  Gradients go to every Value that f depends on; they add to what .grad holds.

    What would make the program differ from f is refused with `NotStatic`: numbers that are drawn or read out of the
    graph, conditions on them, arrays that f makes, running statistics.  Whatever f finds around it, such as modules
    and their mode, is looked at before each call, and if it has changed f is recorded anew.

    >>> from tinygrad_opt import Value
    >>> w = Value([1.0, 2.0], name="w")
    >>> program = compile(lambda x: np.sum((x @ w) ** 2))
    >>> program(np.array([[1.0, 1.0]])), w.grad
    (9.0, array([6., 6.]))
    """
    return Program(f)


class Program:
    """What `compile` makes.

    source  of the latest recording: Python and NumPy, forward and backward
    """

    def __init__(self, f: Callable[..., Any]):
        functools.update_wrapper(self, f)
        self.f = f
        self.recorded: dict[Any, list[Recorded]] = {}
        self.latest: Recorded | None = None

    @property
    def source(self) -> str:
        if self.latest is None:
            raise RuntimeError("a program has a source once it has been called: its shapes are those of its inputs")
        return self.latest.source

    def __call__(self, *inputs: Any) -> float:
        key = tuple([(x.shape, x.dtype, x.strides) if type(x) is np.ndarray else refuse_input(x) for x in inputs])
        found = self.recorded.get(key)
        if found is None or not found[0].fits():
            if not all(x.size for x in inputs):
                return by_engine(self.f, inputs)  # arrays without entries cannot be told apart
            return self.chosen(key, inputs)(inputs)
        return found[0](inputs)

    def chosen(self, key: Any, inputs: tuple[Any, ...]) -> Recorded:
        """The recording that fits what f finds now, put first; a new one if there is none."""
        known = self.recorded.setdefault(key, [])
        for i, one in enumerate(known):
            if one.fits():
                known.insert(0, known.pop(i))
                return one
        if len(known) >= MOST:
            raise NotStatic(
                f"f has been recorded {MOST} times for the same shapes, as what it finds around it goes on changing "
                f"(in {', '.join(known[0].surroundings.others()[:3]) or 'its parameters'}): pass it as an argument"
            )
        self.latest = Recorded(self.f, inputs)
        known.insert(0, self.latest)
        return self.latest


class Recorded:
    """The program of f for inputs of certain shapes and dtypes, and for what it finds around it."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...]):
        self.f = f
        undone = Undone(f)
        try:
            tape = Tape(f, inputs)
            self.surroundings = Surroundings(f, tape.ran)
            first = Writer(tape, input_names(f, len(inputs)))
            with moved(first.parameters):
                second = Writer(Tape(f, inputs, turned=True), input_names(f, len(inputs)))
                refuse_difference(first, second)
                verify(first.function(), second)
            if not self.surroundings.unchanged():
                raise NotStatic(f"f changes what it finds at each call (in {', '.join(self.surroundings.others())})")
        finally:
            undone.back()
        self.source, self.run = first.source, first.function()
        self.parameters: list[Any] = first.parameters
        self.leaves: list[Any] = [*first.parameters, *first.constants]
        self.data = [p.data for p in self.leaves]
        self.layouts = [layout(x) for x in self.data]
        verify(self.run, first)
        self.surroundings.watch_arrays([*self.data, *(x for _, x in first.constants_held())])

    def fits(self) -> bool:
        """Whether everything is as it was recorded, but for the numbers."""
        if not self.surroundings.unchanged():
            return False
        for i, p in enumerate(self.leaves):
            if p.data is not self.data[i]:
                if layout(p.data) != self.layouts[i]:
                    return False
                self.data[i] = p.data
        return True

    def __call__(self, inputs: tuple[Any, ...]) -> float:
        try:
            loss, found = self.run(*inputs, *self.data)
        except Exception:  # whatever it is, the engine tells it better, or does what the program cannot
            return by_engine(self.f, inputs)
        grads = [g if p.grad is None else added(p, g) for p, g in zip(self.parameters, found, strict=True)]
        for p, g in zip(self.parameters, grads, strict=True):
            p.grad = g
        return float(loss)


@contextlib.contextmanager
def moved(parameters: list[Any]) -> Iterator[None]:
    """Parameters with other numbers: what a program keeps of the numbers of one call shows in another."""
    were = [p.data for p in parameters]
    try:
        for p in parameters:
            p.data = p.data * OTHER if type(p.data) is float else np.asarray(p.data * OTHER, p.data.dtype)
        yield
    finally:
        for p, was in zip(parameters, were, strict=True):
            p.data = was


def verify(run: Callable[..., Any], written: Writer) -> None:
    """Hold a program against the engine on what was recorded, bit by bit."""
    root, parameters = written.tape.loss, written.parameters
    grads = sweep(root, seed_gradient(root, None, create_graph=False), keep_all=False)
    data = [p.data for p in [*parameters, *written.constants]]
    loss, found = run(*written.tape.inputs, *data)
    engines = [root.data, *(grads[p] for p in parameters)]
    for x, ours, its in zip([root, *parameters], [loss, *found], engines, strict=True):
        if type(ours) is not type(x.data) or not same_bits(ours, its):
            raise NotStatic("the program does not give what the engine gives: f is left to the engine")


def by_engine(f: Callable[..., Any], inputs: tuple[Any, ...]) -> float:
    loss: Value = f(*inputs)
    loss.backward(keep="leaves")
    return float(loss.item())


def refuse_difference(first: Writer, second: Writer) -> None:
    """Refuse an f that does not do the same twice."""
    if first.source != second.source:
        pairs = zip(first.source.splitlines(), second.source.splitlines(), strict=False)
        one, other = next(((a, b) for a, b in pairs if a != b), ("less", "more"))
        raise NotStatic(f"f does not do the same twice: first {one.strip()!r}, then {other.strip()!r}")
    for name, x in first.constants_held():
        if second.namespace[name] is not x:
            raise NotStatic(
                f"f makes an array of shape {np.shape(x)} at each call, {use_of(name, first.source)}: a program cannot "
                "know what it is made from. Make it once outside of f, or pass it as an argument; an input of "
                "another dtype than the layer's is such an array too: convert it first"
            )


def use_of(name: str, source: str) -> str:
    """The line in which a constant is used."""
    return "in " + next(line.strip() for line in source.splitlines() if re.search(rf"\b{name}\b", line))


def refuse_input(x: Any) -> Any:
    raise TypeError(
        f"a program takes arrays; got {type(x).__name__}: pass np.asarray(x), numbers with the dtype of what they meet"
    )


def input_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names that f has for its arguments."""
    parameters = inspect.signature(f).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"x{i + 1}" for i in range(count)]


def layout(x: Any) -> tuple[Any, ...]:
    """How an array lies in memory, but not where."""
    return (x.shape, x.strides, x.dtype) if isinstance(x, np.ndarray) else ((), None, type(x))


def same_bits(x: Any, y: Any) -> bool:
    x, y = np.asarray(x), np.asarray(y)
    return bool(x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes())

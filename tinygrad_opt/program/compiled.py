"""compile: a function of arrays as the straight line of NumPy that its graph is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..recording import is_recording
from ..value import Value, added
from .proof import proven
from .refusal import NotStatic
from .surroundings import layout

MOST = 8  # recordings for the same shapes
NUMBERS = "fiub"  # the kinds of dtype that a program takes


def compile(f: Callable[..., Any]) -> Program:
    """f, a loss of arrays, as a program of its own: ``program(*arrays)`` returns the loss and fills the gradients.

    It does what ``loss = f(*arrays); loss.backward()`` does, with the same bits, and without a graph: at the first
    call for some shapes and dtypes f is recorded, twice, and written down as a function of arrays.  From then on f is
    not called any more.  Gradients go to every Value that f depends on; they add to what .grad holds.
    Where f returns a tuple, the loss and further Values such as the predictions, so does the program: of numbers.

    f must compute its result from its arguments and from what it finds around it: modules, closures, globals,
    attributes.  Those are looked at before each call, and if they have changed f is recorded anew; what comes from
    elsewhere, such as a clock, a file or an iterator, is not seen and is to be an argument.
    What would make the program differ from f is refused with `NotStatic`: numbers that are read out of the graph,
    conditions on them, arrays that f makes, whatever f changes.

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

    def __reduce__(self) -> tuple[Callable[..., Program], tuple[Callable[..., Any]]]:
        """A copy records anew."""
        return compile, (self.f,)

    def __call__(self, *inputs: Any) -> Any:
        key = tuple([(x.shape, x.dtype, x.strides) if type(x) is np.ndarray else refuse_input(x) for x in inputs])
        if not is_recording():
            return by_engine(self.f, inputs)  # it tells that there is no gradient
        known = self.recorded.get(key)
        if known and known[0].fits():
            return known[0](inputs)
        if not all(x.size and x.dtype.kind in NUMBERS for x in inputs):
            return by_engine(self.f, inputs)  # arrays without entries cannot be told apart, objects not be copied
        return self.fitting(self.recorded.setdefault(key, []), inputs)(inputs)

    def fitting(self, known: list[Recorded], inputs: tuple[Any, ...]) -> Recorded:
        """The recording that fits what f finds now, put first; a new one if there is none."""
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
        written, self.surroundings, self.effects = proven(f, inputs, input_names(f, len(inputs)))
        self.source, self.run = written.source, written.run
        self.parameters: list[Any] = written.parameters
        self.leaves: list[Any] = written.leaves
        self.data = [p.data for p in self.leaves]
        self.layouts = [layout(x) for x in self.data]

    def fits(self) -> bool:
        """Whether everything is as it was recorded, but for the numbers."""
        if not self.surroundings.unchanged():
            return False
        self.data = [p.data for p in self.leaves]
        return [layout(x) for x in self.data] == self.layouts

    def __call__(self, inputs: tuple[Any, ...]) -> Any:
        ways_back = self.effects.ways_back() if any(self.effects) else ()
        try:
            results, found = self.run(*inputs, *self.data)
        except Exception:  # whatever it is, the engine tells it better, or does what the program cannot
            for back in ways_back:
                back()
            return by_engine(self.f, inputs)
        returned = as_returned(results)
        grads = [g if p.grad is None else added(p, g) for p, g in zip(self.parameters, found, strict=True)]
        for p, g in zip(self.parameters, grads, strict=True):
            p.grad = g
        return returned


def by_engine(f: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    made: Any = f(*inputs)
    values: tuple[Value, ...] = made if isinstance(made, tuple) else (made,)
    returned = as_returned(tuple([x.data for x in values])) if values[0].size == 1 else None
    values[0].backward(keep="leaves")  # it says what is no loss
    return returned


def as_returned(results: tuple[Any, ...]) -> Any:
    """The loss alone, or with what came with it."""
    loss = float(np.asarray(results[0]).item())  # of shape (1,) as well
    return loss if len(results) == 1 else (loss, *results[1:])


def refuse_input(x: Any) -> Any:
    raise TypeError(
        f"a program takes arrays; got {type(x).__name__}: pass np.asarray(x), numbers with the dtype of what they meet"
    )


def input_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names that f has for its arguments."""
    parameters = inspect.signature(f).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"x{i + 1}" for i in range(count)]

"""The function under check: called again and again near one point, and put back as it was.

Its inputs are numbers, arrays, Values, dicts and lists of them, or anything with `.parameters()`,
whose Values are changed in place and restored.  All is computed in float64.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..data import as_data, complex_step
from ..engine import Node, concretes, newest_first, sweep
from ..recording import enable_grad
from ..tree import filled, leaves, paths
from ..value import Value
from .replay import Replay
from .slope import EPS, Line, Sample

Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass
class Slot:
    """One array under check: its name, its numbers in float64, and the Value that holds them if there is one."""

    name: str
    data: Array
    holder: Value | None = None


@dataclasses.dataclass(frozen=True)
class Backprop:
    """What one backward pass tells: the gradient for each slot, the rounding error of f, its magnitude.

    lost  the operation whose rule made the first infinity or NaN, if any did
    """

    gradients: list[Array]
    noise: float
    magnitude: float
    lost: str | None = None


class Subject:
    """f at a point.

    plain    f is given arrays and returns numbers: its gradient comes from elsewhere
    order    2 for the gradient of f, along fixed random numbers, in the place of f
    """

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], *, plain: bool, order: int, seed: int):
        self.f, self.inputs, self.plain, self.order, self.seed = f, inputs, plain, order, seed
        self.slots = [slot for name, x in zip(names(f, inputs), inputs, strict=True) for slot in slots_of(name, x)]
        self.weights: list[Any] | None = None
        self.replay = Replay(f, *inputs)
        self.evaluations = 0

    # -- one evaluation ------------------------------------------------------------------------
    @contextlib.contextmanager
    def placed(self, points: Sequence[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
        """These numbers in the slots: what stands in each, and the arguments of f; afterwards all is put back."""
        held = [(slot.holder, slot.holder.data) for slot in self.slots if slot.holder is not None]
        operands = [self.operand(slot, x) for slot, x in zip(self.slots, points, strict=True)]
        remaining = iter(operands)
        try:
            yield operands, [argument(x, remaining) for x in self.inputs]
        finally:
            for holder, data in held:
                holder.data = data
            self.replay.restore()

    def run(self, points: Sequence[Any]) -> tuple[list[Any], Any]:
        """Call f with these numbers in the slots: what stood in each slot, and the weighted sum of the results."""
        self.evaluations += 1
        with self.placed(points) as (operands, args), enable_grad():
            y = self.total(leaves(self.f(*args)))
            return operands, y if self.order == 1 else self.slope(operands, y)

    def operand(self, slot: Slot, x: Any) -> Any:
        """One slot's numbers as f takes them; a copy, so that f may write to it."""
        if slot.holder is not None:
            slot.holder.data = number_or_array(x)
            return slot.holder
        return number_or_array(x) if self.plain else leaf(x)

    def total(self, results: list[Any]) -> Any:
        """The sum of all results, each entry weighted by a fixed random number, so that no error can cancel."""
        results = [result if isinstance(result, Value) else as_number(result) for result in results]
        if self.weights is None:
            rng = np.random.default_rng(self.seed)
            single = len(results) == 1 and np.size(concrete(results[0])) == 1
            self.weights = [1.0 if single else rng.standard_normal(np.shape(concrete(r))) for r in results]
        products = [np.sum(r * w) for r, w in zip(results, self.weights, strict=True)]
        return sum(products[1:], products[0])

    @property
    def weighted(self) -> str:
        """The shapes of the results, if their entries had to be weighted; empty for a single number."""
        return " and ".join(f"shape {np.shape(w)}" for w in self.weights or () if np.ndim(w))

    def slope(self, operands: list[Any], y: Any) -> Any:
        """The gradient of y along fixed random numbers: what a check of order 2 differentiates."""
        rng = np.random.default_rng([self.seed, 2])
        along = [rng.standard_normal(slot.data.shape) for slot in self.slots]
        total = Value(0.0, requires_grad=False)
        if isinstance(y, Value) and y.requires_grad:
            found = sweep(y, Value(y.seed(), requires_grad=False), graph=True, toward=operands)
            for x, v in zip(operands, along, strict=True):
                if x in found:
                    total = total + np.sum(found[x] * v)
        return total

    def points(self) -> list[Array]:
        return [slot.data for slot in self.slots]

    def sample(self) -> Sample:
        """f at the numbers that the slots hold now."""
        return sampled(self.run(self.points())[1])

    # -- lines through the point ---------------------------------------------------------------
    def along_entry(self, slot: Slot, index: tuple[int, ...]) -> Line:
        """f as a function of one entry."""

        def line(t: float) -> Sample:
            kept = slot.data[index]
            slot.data[index] = kept + t
            try:
                return self.sample()
            finally:
                slot.data[index] = kept

        return line

    def along_direction(self, direction: Sequence[Array]) -> Line:
        """f as a function of the distance moved by all slots together."""

        def line(t: float) -> Sample:
            kept = self.points()
            for slot, d in zip(self.slots, direction, strict=True):
                slot.data = slot.data + t * d
            try:
                return self.sample()
            finally:
                for slot, was in zip(self.slots, kept, strict=True):
                    slot.data = was

        return line

    def complex_slope(self, direction: Sequence[Any]) -> float:
        """The derivative along a direction by a complex step; NaN if f refuses complex numbers."""
        tiny = 1e-30
        try:
            with complex_step(), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)  # float() of a complex number
                moved = [x + 1j * tiny * d for x, d in zip(self.points(), direction, strict=True)]
                return float(np.imag(concrete(self.run(moved)[1]))) / tiny
        except (TypeError, ValueError, np.exceptions.ComplexWarning):
            return float("nan")

    # -- its own gradient ----------------------------------------------------------------------
    def backprop(self, operands: list[Any], y: Any) -> Backprop:
        """The gradient of a run by backprop, and the rounding error of its value by the same pass.

        An operation's result is rounded by up to half a unit in the last place; its gradient says what
        that does to y, and the sum over all operations is the noise of y.
        """
        grads: dict[Any, Any] = {}
        if isinstance(y, Value) and y.requires_grad:
            grads = sweep(y, y.seed())
        noise = EPS * abs(float(concrete(y)))
        magnitude = abs(float(concrete(y)))
        for node, g in grads.items():
            swings = np.abs(np.asarray(g) * node.data)
            swing = float(np.sum(swings[np.isfinite(swings)]))
            magnitude = max(magnitude, swing)
            noise += swing * float(np.finfo(getattr(node.data, "dtype", np.float64)).eps)
        gradients = [
            np.asarray(grads.get(x, np.zeros(s.data.shape)), float) for x, s in zip(operands, self.slots, strict=True)
        ]
        return Backprop(gradients, noise, magnitude, lost_in(y, grads))


# -- inputs ------------------------------------------------------------------------------------
def is_module(x: Any) -> bool:
    """Whether x brings parameters of its own."""
    return callable(getattr(x, "parameters", None))


def slots_of(name: str, x: Any) -> Iterator[Slot]:
    """The arrays within one input, each under the expression that leads to it."""
    if is_module(x):
        named = x.named_parameters() if hasattr(x, "named_parameters") else enumerate(x.parameters())
        for i, (key, p) in enumerate(named):
            own = p.name or (key if isinstance(key, str) else f"parameter {i}")
            yield Slot(f"{name}.{own}", np.array(p.data, np.float64), p)
        return
    for path, entry in paths(x):
        own = entry.name if isinstance(entry, Value) and entry.name else name + path
        yield Slot(own, np.array(entry.data if isinstance(entry, Value) else as_data(entry), np.float64))


def argument(x: Any, remaining: Iterator[Any]) -> Any:
    """An input with the next operands in its leaves; a module holds its own already."""
    if not is_module(x):
        return filled(x, remaining)
    for _ in x.parameters():
        next(remaining)
    return x


def number_or_array(x: Any) -> Any:
    return x.copy() if x.ndim else x.item()


def leaf(x: Any) -> Value:
    """A number as a number, an array as an array: each by the path that its user takes."""
    if x.dtype.kind != "c":
        return Value(number_or_array(x))
    value = Value(0.0)
    value.data = x.copy()
    return value


def concrete(y: Any) -> Any:
    return y.data if isinstance(y, Value) else y


def as_number(y: Any) -> Any:
    """What a function of arrays returned: a number, an array, or a tensor of another library."""
    y = y.detach() if hasattr(y, "detach") else y
    array = np.asarray(y)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"gradcheck needs a function that returns numbers; this one returned {type(y).__name__}")
    return array if array.dtype.kind in "fc" else array.astype(float)


def names(f: Callable[..., Any], inputs: tuple[Any, ...]) -> list[str]:
    """What to call each input: f's parameter, else its position."""
    try:
        parameters = [p.name for p in inspect.signature(f).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    return [parameters[i] if i < len(parameters) else f"input {i}" for i in range(len(inputs))]


def sampled(y: Any) -> Sample:
    """A result of f as a number, with the branches that its graph tells."""
    return Sample(float(concrete(y)), sides_of(y) if isinstance(y, Value) else None)


# -- graphs ------------------------------------------------------------------------------------
def sides_of(root: Node) -> tuple[Any, ...]:
    """The operations that made root, and on which side of its kink each was."""
    return tuple(side(node) for node in reversed(newest_first(root)) if node.op is not None)


def lost_in(y: Any, grads: dict[Any, Any]) -> str | None:
    """The newest operation that was given a finite gradient and handed on one that is not."""
    finite = {node for node, g in grads.items() if np.all(np.isfinite(g))}
    for node in newest_first(y) if grads else ():
        if node.op is not None and node in finite and any(a in grads and a not in finite for a in nodes_of(node)):
            return node.op.name
    return None


def nodes_of(node: Node) -> Iterator[Node]:
    return (a for a in node.args if isinstance(a, Node))


def side(node: Node) -> Any:
    op = node.op
    assert op is not None
    if op.kink is None:
        return op.name
    out, inputs = concretes(node)
    return op.name, hash(np.asarray(op.kink(out, *inputs, **node.params)).tobytes())

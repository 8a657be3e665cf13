"""The function under check: called again and again near one point, and put back as it was.

Its inputs are numbers, arrays, Values, dicts and lists of them, or anything with `.parameters()`,
whose Values are changed in place and restored.  All is computed in float64.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..data import complex_step
from ..engine import sweep
from ..recording import enable_grad
from ..tree import leaves
from ..value import Value
from .branches import lost_in, sides_of
from .inputs import Array, Slot, argument, leaf, number_or_array, slots_of
from .replay import Replay
from .slope import EPS, TINY, Line, Sample, imaginary_slope, lengths


@dataclasses.dataclass(frozen=True)
class Backprop:
    """What one backward pass tells: the gradient for each slot, the rounding error of f.

    lost  the operation whose rule made the first infinity or NaN, if any did
    """

    gradients: list[Array]
    noise: float
    lost: str | None = None


class Subject:
    """f at a point.

    plain    f is given arrays and returns numbers: its gradient comes from elsewhere
    order    2 for the gradient of f, along fixed random numbers, in the place of f
    """

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], *, plain: bool, order: int, seed: int):
        self.f, self.inputs, self.plain, self.order, self.seed = f, inputs, plain, order, seed
        self.slots = slots_of(f, inputs)
        self.weights: list[Any] | None = None
        self.replay = Replay(f, *inputs)
        self.evaluations = 0
        self.below: tuple[Any, ...] = ()

    # -- one evaluation ------------------------------------------------------------------------
    @contextlib.contextmanager
    def placed(self, points: Sequence[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
        """These numbers in the slots: what stands in each, and the arguments of f; afterwards all is put back."""
        held = [(slot.holder, slot.holder.data) for slot in self.slots if slot.holder is not None]
        operands = [self.operand(slot, x) for slot, x in zip(self.slots, points, strict=True)]
        remaining = iter([x for slot, x in zip(self.slots, operands, strict=True) if slot.holder is None])
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
            self.below = sides_of(y) if self.order == 2 and isinstance(y, Value) else ()
            return operands, y if self.order == 1 else self.slope(operands, y)

    def operand(self, slot: Slot, x: Any) -> Any:
        """One slot's numbers as f takes them; a copy, so that f may write to it."""
        if slot.holder is not None:
            slot.holder.data = number_or_array(x)
            return slot.holder
        return number_or_array(x) if self.plain else leaf(x, slot.name)

    def total(self, results: list[Any]) -> Any:
        """The sum of all results, each entry weighted by a fixed random number, so that no error can cancel."""
        results = [result if isinstance(result, Value) else as_number(result) for result in results]
        if self.weights is None:
            rng = np.random.default_rng([self.seed, 1])  # not the numbers that a user with this seed has drawn
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
        return self.sampled(self.run(self.points())[1])

    def sampled(self, y: Any) -> Sample:
        """A result as a number, with the branches that its graph tells; a gradient jumps where f has a kink."""
        return Sample(float(concrete(y)), (*self.below, *sides_of(y)) if isinstance(y, Value) else None)

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

    def direction(self, rng: np.random.Generator, least: float = 1.0) -> list[Array]:
        """A random direction through all slots, in proportion to the entries, but to no less than least."""
        sizes = [np.maximum(least, np.where(slot.data == 0, 1.0, np.abs(slot.data))) for slot in self.slots]
        return [rng.standard_normal(size.shape) * size for size in sizes]

    def sizes(self) -> tuple[float, ...]:
        """The lengths to step relative to along a random direction."""
        entries = np.abs(np.concatenate([np.zeros(0), *(slot.data.ravel() for slot in self.slots)]))
        return lengths(1.0, float(np.min(entries[entries > 0], initial=1.0)))

    def complex_slope(self, direction: Sequence[Any]) -> float:
        """The derivative along a direction by a complex step; NaN if f refuses complex numbers."""
        moved = [x + 1j * TINY * d for x, d in zip(self.points(), direction, strict=True)]
        with complex_step():
            return imaginary_slope(lambda: concrete(self.run(moved)[1]))

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
        for node, g in grads.items():
            swings = np.abs(np.asarray(g) * node.data)
            swing = float(np.sum(swings[np.isfinite(swings)]))
            noise += swing * float(np.finfo(getattr(node.data, "dtype", np.float64)).eps)
        gradients = [
            np.asarray(grads.get(x, np.zeros(s.data.shape)), float) for x, s in zip(operands, self.slots, strict=True)
        ]
        return Backprop(gradients, noise, lost_in(y, grads))


def concrete(y: Any) -> Any:
    return y.data if isinstance(y, Value) else y


def as_number(y: Any, whose: str = "gradcheck needs a function that returns numbers; this one") -> Any:
    """What a function of arrays returned: a number, an array, or a tensor of another library."""
    y = y.detach() if hasattr(y, "detach") else y
    array = np.asarray(y)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{whose} returned {type(y).__name__}")
    return array if array.dtype.kind in "fc" else array.astype(float)

"""gradcheck: a gradient against differences, entry by entry, with a verdict and what it rests on."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from ..engine import newest_first
from ..ops.rules import GradientShapeError
from ..value import Value
from .branches import captured
from .given import given_gradient, gradients_by
from .graph import gradcheck_graph
from .hints import hints
from .inputs import Array, Slot
from .report import PASSING, Entry, InputReport, Report, gravest
from .rounding import blur, roughness
from .slope import FAIL, NONFINITE, OK, Comparison, Sample, lengths
from .subject import Backprop, Subject
from .unfit import unfit

METHODS, COVERAGES = ("auto", "central", "richardson", "complex"), ("full", "random")
OUTSIDE = (
    "every operation is right by itself: f depends on its inputs outside the graph too, "
    "by a number taken out with .data or float(), or by a step that is no operation"
)
DIRECTIONS, ENTRIES = 8, 10  # of random coverage: directions through all inputs, entries of each


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    gradient: Callable[..., Any] | None = None,
    order: Literal[1, 2] = 1,
    method: Literal["auto", "central", "richardson", "complex"] = "auto",
    coverage: Literal["full", "random"] = "full",
    rtol: float = 1e-8,
    seed: int = 0,
) -> Report:
    """Compare the gradient of f with differences of f, for every entry of every input.

    Inputs are numbers, arrays, Values, dicts and lists of them, or anything with ``.parameters()``;
    f is given float64 copies, and everything is put back as it was, random generators included.  It
    returns a Value of any shape: a non-scalar is weighted by fixed random numbers (seed), so that no
    error can cancel in a sum.

    gradient  a function of the same arguments that returns the gradient to check, as one array or one
              for each input; f and gradient are then given arrays, and may be of any library
    order     2 checks the gradient, and if that agrees the gradient of the gradient
    method    "auto" takes central differences, and for entries that miss them a complex step where
              every operation is analytic, else Richardson's extrapolation.  One of these by name is tried
              first; nothing is called wrong before Richardson's extrapolation has said so too
    coverage  "random" checks 10 entries of each input and 8 random directions, and says what it may miss
    rtol      the relative error allowed, beyond the error of the differences themselves

    The report is true if all numbers agree; `Report` explains the statuses.  Costs 2n + 2 evaluations
    of f for n entries when all is well, and one backward pass.

    >>> import numpy as np
    >>> from tinygrad_opt import gradcheck
    >>> report = gradcheck(lambda x, y: np.sum(x * np.tanh(y)), [1.0, 2.0], 0.5)
    >>> report.status, len(report.entries), report.evaluations
    ('OK', 3, 8)
    """
    if not callable(f):
        raise TypeError(
            f"gradcheck needs a function and its inputs, gradcheck(f, x, ...); got {type(f).__name__} for f"
        )
    if not inputs:
        raise TypeError("gradcheck needs the inputs to check f at: gradcheck(f, x, ...)")
    options = Options(gradient, order, method, coverage, rtol, seed)
    with np.errstate(all="ignore"):  # what is not finite is reported by name
        first = Check(f, inputs, 1, options).report()
        if order == 1 or first.status not in PASSING or first.status == "DEGENERATE":
            return first
        second = Check(f, inputs, 2, options).report()
        return dataclasses.replace(second, evaluations=first.evaluations + second.evaluations)


@dataclasses.dataclass(frozen=True)
class Options:
    """How to check; refused here if it makes no sense."""

    gradient: Any
    order: int
    method: str
    coverage: str
    rtol: float
    seed: int

    def __post_init__(self) -> None:
        if self.gradient is not None and not callable(self.gradient):
            kind = type(self.gradient).__name__
            raise TypeError(f"gradient must be a function of the inputs, such as lambda x: g; got {kind}")
        if self.order not in (1, 2):
            raise ValueError(f"order must be 1 or 2; got {self.order!r}")
        if self.order == 2 and self.gradient is not None:
            raise ValueError("order=2 differentiates the gradient that backprop gives f; it cannot take gradient=")
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {self.method!r}")
        if self.coverage not in COVERAGES:
            raise ValueError(f"coverage must be full or random; got {self.coverage!r}")
        if not (isinstance(self.rtol, float | int) and 0 <= self.rtol < 1):
            raise ValueError(f"rtol must be a number from 0 to 1; got {self.rtol!r}")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ValueError(f"seed must be an integer from 0; got {self.seed!r}")


class Check:
    """One run of gradcheck, of one order."""

    start: Sample
    back: Backprop
    analytic: bool

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], order: int, options: Options):
        self.options = options
        self.subject = Subject(f, inputs, plain=options.gradient is not None, order=order, seed=options.seed)

    def report(self) -> Report:
        subject = self.subject
        operands, y = subject.run(subject.points())
        others, again = subject.run(subject.points())
        reason = unfit(y, again)
        if reason:
            return self.finished(reason[0], [], [reason[1]], None)
        try:
            gradient = self.options.gradient
            self.back = subject.backprop(operands, y) if gradient is None else given_gradient(subject, gradient, y)
        except GradientShapeError as error:
            return self.finished("SHAPE", [], [str(error)], y)
        self.start = subject.sampled(y)
        self.analytic = isinstance(y, Value) and all(v.op is None or v.op.analytic for v in newest_first(y))
        inputs = [self.checked(slot, g) for slot, g in zip(subject.slots, self.back.gradients, strict=True)]
        lost = self.back.lost
        remarks = [f"the rule of {lost} is the first to make the gradient infinite or NaN"] if lost else []
        remarks += [*unseen(inputs), *unchecked(captured(y, again, others))]
        if subject.order == 1 and subject.weighted:
            remarks.append(f"f returns {subject.weighted}: what was differentiated is its sum, randomly weighted")
        if self.options.coverage == "random" and any(one.entries for one in inputs):
            inputs.append(self.along_directions())
            remarks.append(self.blind_spot())
        return self.finished(gravest(inputs), inputs, remarks, y)

    def finished(self, status: str, inputs: list[InputReport], remarks: list[str], y: Any) -> Report:
        """The report; after a failure also on the operations, one by one."""
        wrong = []
        if status in (FAIL, NONFINITE, "SHAPE") and isinstance(y, Value) and y.requires_grad:
            wrong = gradcheck_graph(y, seed=self.options.seed).failures
            if not wrong and status == FAIL:
                remarks = [*remarks, OUTSIDE]
        return Report(status, inputs, self.subject.order, self.subject.evaluations, remarks, wrong)

    def checked(self, slot: Slot, g: Array) -> InputReport:
        """The entries of one input."""
        top, entries = float(np.max(np.abs(slot.data), initial=0.0)), []
        for index in self.indices(slot.data.shape):
            lengths_ = lengths(float(slot.data[index]), top)
            line, direction = self.subject.along_entry(slot, index), self.unit(slot, index)
            entries.append(self.compared(slot.name, index, float(g[index]), line, direction, lengths_))
        return InputReport(slot.name, slot.data.shape, entries, is_constant(entries), hints(slot.data, g, entries))

    def along_directions(self) -> InputReport:
        """Random directions through all inputs at once."""
        rng, sizes, entries = self.rng(3), self.subject.sizes(), []
        for k in range(DIRECTIONS):
            direction = self.subject.direction(rng)
            a = sum(float(np.sum(g * d)) for g, d in zip(self.back.gradients, direction, strict=True))
            line = self.subject.along_direction(direction)
            entries.append(self.compared("direction", (k,), a, line, lambda d=direction: d, sizes))
        return InputReport("direction", (DIRECTIONS,), entries, is_constant(entries), [])

    def compared(self, name: str, index: tuple[int, ...], a: float, line: Any, direction: Any, sizes: Any) -> Entry:
        exact = (lambda: self.subject.complex_slope(direction())) if self.analytic else None
        comparison = Comparison(a, line, self.start, sizes, self.back.noise, exact)
        verdict = comparison.verdict(self.options.rtol, self.options.method)
        if verdict.status == FAIL:
            noise, blurs = self.measured
            its = sum(float(np.sum(np.abs(b * d))) for b, d in zip(blurs, direction(), strict=True))
            if noise > self.back.noise or abs(a - verdict.numeric) <= verdict.tolerance + its:
                comparison = dataclasses.replace(comparison, noise=max(noise, self.back.noise), blur=its)
                verdict = comparison.verdict(self.options.rtol, self.options.method)
        return Entry(name, index, a, verdict.numeric, verdict.tolerance, verdict.status, verdict.method)

    @functools.cached_property
    def measured(self) -> tuple[float, list[Array]]:
        """The rounding errors of f and of its gradient, measured before anything is called a failure."""
        subject = self.subject
        noise = roughness(subject.along_direction(subject.direction(self.rng(5), least=0.0)))
        return noise, blur(self.gradients, self.back.gradients, subject.points(), self.rng(6))

    def gradients(self, points: Sequence[Array]) -> list[Array]:
        """The gradient under check at another point."""
        if self.options.gradient is not None:
            return gradients_by(self.subject, self.options.gradient, points)
        return self.subject.backprop(*self.subject.run(points)).gradients

    def unit(self, slot: Slot, index: tuple[int, ...]) -> Callable[[], list[Array]]:
        """The direction of one entry."""

        def direction() -> list[Array]:
            found = [np.zeros(s.data.shape) for s in self.subject.slots]
            found[self.subject.slots.index(slot)][index] = 1.0
            return found

        return direction

    def indices(self, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Which entries to check."""
        every = list(np.ndindex(shape))
        if self.options.coverage == "full" or len(every) <= ENTRIES:
            return iter(every)
        chosen = self.rng(4).choice(len(every), ENTRIES, replace=False)
        return (every[i] for i in sorted(chosen))

    def rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.options.seed, stream])

    def blind_spot(self) -> str:
        """What random coverage may miss: a normal factor below rtol * sqrt(n) / e hides an error of e in one entry."""
        n = sum(slot.data.size for slot in self.subject.slots)
        chances = [
            min(1.0, np.sqrt(2 / np.pi) * self.options.rtol * np.sqrt(n) / e) ** DIRECTIONS for e in (1e-2, 1e-6, 1e-8)
        ]
        told = ", ".join(f"{e} with p = {p:.1g}" for e, p in zip(("1 %", "1e-6", "1e-8"), chances, strict=True))
        return (
            f"random coverage of {n} entries: {DIRECTIONS} directions, and at most {ENTRIES} entries of each input. "
            f"A single entry that is wrong by a part of its size is missed: {told}. Which entry is wrong is not told"
        )


def is_constant(entries: list[Entry]) -> bool:
    """Whether all that the entries show is that zero agrees with zero."""
    return bool(entries) and not any(entry.is_shown for entry in entries)


def unseen(inputs: list[InputReport]) -> Iterator[str]:
    """What the check could not show, though nothing disagrees."""
    for one in inputs:
        scale = max((abs(e.numeric) for e in one.entries), default=0.0)
        blur = max((e.tolerance for e in one.entries if e.status == OK), default=0.0)
        if one.constant:
            if not all(other.constant for other in inputs):
                yield f"{one.name}: its gradient is zero here up to rounding, which shows nothing"
        elif scale and blur > 1e-4 * scale:
            share = f"{blur / scale:.1g} of the largest entry"
            yield f"{one.name}: f is so rough here that differences miss an error below {share}"


def unchecked(leaves: list[Value]) -> Iterator[str]:
    """What f differentiates besides its inputs."""
    if leaves:
        named = ", ".join(v.name or f"a Value of shape {v.shape}" for v in leaves[:3])
        more = f" and {len(leaves) - 3} more" if len(leaves) > 3 else ""
        yield f"not checked, because f uses it and it is not an input: {named}{more}"

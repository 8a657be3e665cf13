"""gradcheck_graph: every operation of a graph against differences of itself, at the inputs it had."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Node, contribution, newest_first
from ..explain.steps import forward_expr
from ..naming import Names
from ..notation import text
from ..ops import Operation
from ..ops.rules import GradientShapeError
from ..value import Value
from .hints import hints
from .report import Entry, worst_of
from .rounding import blur
from .slope import EPS, FAIL, NONFINITE, TINY, Comparison, Line, Sample, imaginary_slope, lengths

FULL = 32  # inputs of more entries are checked at ENTRIES of them and along DIRECTIONS
ENTRIES, DIRECTIONS = 8, 4


@dataclasses.dataclass(frozen=True)
class OperationReport:
    """One rule of one operation, at its actual inputs.

    formula  how the operation was called
    input    which operand the rule serves, from 0, and what it is called
    """

    operation: str
    formula: str
    input: int
    input_name: str
    entries: list[Entry]
    hints: list[str]

    def __bool__(self) -> bool:
        return not self.hints and not any(is_wrong(entry) for entry in self.entries)

    def __str__(self) -> str:
        worst = worst_of(self.entries)
        numbers = f": at {worst.place} it gives {worst.analytic:.6g}, differences {worst.numeric:.6g}" if worst else ""
        said = "".join(f"; {hint}" for hint in self.hints)
        return f"{self.operation}, in {self.formula}: its rule for {self.input_name} is wrong{numbers}{said}"


def is_wrong(entry: Entry) -> bool:
    """Whether an entry disagrees; an infinite slope is right where differences are not finite either."""
    return entry.status == FAIL or (entry.status == NONFINITE and bool(np.isfinite(entry.numeric)))


@dataclasses.dataclass(frozen=True)
class GraphReport:
    """Every operation of a graph: true if all rules are right where they were used."""

    operations: list[OperationReport]

    @property
    def failures(self) -> list[OperationReport]:
        return [report for report in self.operations if not report]

    def __bool__(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        if self:
            return f"gradcheck_graph OK: {len(self.operations)} rules agree with differences of their operations"
        head = f"gradcheck_graph FAIL: {len(self.failures)} of {len(self.operations)} rules are wrong"
        return "\n".join([head, *(f"  {report}" for report in self.failures)])


def gradcheck_graph(root: Value, *, rtol: float = 1e-8, seed: int = 0) -> GraphReport:
    """Check every operation that made root by itself, and so name the one whose rule is wrong.

    Each rule is given the numbers that were there and a random upstream gradient, and what it hands
    to its input is compared with differences of the operation's own function: at every entry of a
    small input, at some and along random directions of a large one.

    >>> from tinygrad_opt import Value, differentiable
    >>> def cube(x):
    ...     return x**3
    >>> cube = differentiable(cube, lambda g, out, x: 2 * g * x**2)
    >>> report = gradcheck_graph(cube(Value(2.0, name="x")) + 1)
    >>> bool(report), report.failures[0].operation
    (False, 'cube')
    """
    if not isinstance(root, Value):
        raise TypeError(f"gradcheck_graph checks the graph that made a Value; got {type(root).__name__}")
    nodes = newest_first(root)[::-1]
    names = Names(nodes)
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        rules = [Rule(node, i, rng) for node in nodes for i in moving(node)]
        return GraphReport([rule.report(names, rtol) for rule in rules])


def moving(node: Node) -> list[int]:
    """The places of the inputs that require a gradient, whether there is a rule for them or none."""
    args = node.args if node.op is not None else ()
    return [i for i, a in enumerate(args) if isinstance(a, Node) and a.requires_grad]


class Rule:
    """One rule, with the numbers that it was used on in float64 and a random upstream gradient."""

    blur: Any

    def __init__(self, node: Node, i: int, rng: np.random.Generator):
        assert node.op is not None
        self.node, self.op, self.i, self.rng = node, node.op, i, rng
        self.rule = next(itertools.islice(node.op.rules, i, None))
        self.inputs = [in_double(a.data if isinstance(a, Node) else a) for a in node.args]
        self.data = np.array(self.inputs[i], np.float64)
        self.out = evaluated(self.op, self.inputs, node.params)
        self.g = rng.standard_normal(np.shape(self.out)) if np.ndim(self.out) else float(rng.standard_normal())

    def gradient(self, g: Any) -> Any:
        """What the rule hands to its input."""
        return self.handed(g, self.out, self.inputs)

    def handed(self, g: Any, out: Any, inputs: list[Any]) -> Any:
        if self.rule is None:
            return np.zeros(np.shape(inputs[self.i]))
        params, data = self.node.params, inputs[self.i]
        return np.asarray(contribution(self.op, self.rule, (g, out, *inputs), params, data), np.float64)

    def blur_of(self, claimed: Any) -> Any:
        """The rounding error of what the rule hands to its input."""

        def gradients(points: Sequence[Any]) -> list[Any]:
            inputs = [*self.inputs]
            inputs[self.i] = points[0] if np.ndim(self.inputs[self.i]) else float(points[0])
            return [self.handed(self.g, evaluated(self.op, inputs, self.node.params), inputs)]

        return blur(gradients, [claimed], [self.data], self.rng)[0]

    def report(self, names: Names, rtol: float) -> OperationReport:
        name = names[self.node.args[self.i]]
        try:
            claimed = self.gradient(self.g)
        except GradientShapeError as error:
            return self.told(names, [], [str(error)])
        self.blur = self.blur_of(claimed)
        entries = [self.compared(index, direction, claimed, name, rtol) for index, direction in self.directions()]
        return self.told(names, entries, self.hints(claimed, [e for e in entries if e.input == name], entries))

    def compared(self, index: tuple[int, ...] | None, direction: Any, claimed: Any, name: str, rtol: float) -> Entry:
        """What the rule claims along a direction, beside differences of the operation."""
        a = float(np.sum(claimed * direction) if index is None else claimed[index])  # 0 * inf would be NaN
        top = float(np.max(np.abs(self.data), initial=0.0))
        claims, data = claimed[np.isfinite(claimed)], self.data[np.isfinite(claimed)]
        swing = float(np.sum(np.abs(self.g * self.out)) + np.sum(np.abs(claims * data)))
        noise = swing * max(EPS, float(np.finfo(np.result_type(self.out)).eps))
        sizes = lengths(1.0 if index is None else float(self.data[index]), top)
        line, start = self.along(direction), self.sample(self.data)
        own = float(np.sum(np.abs(self.blur * direction)))
        v = Comparison(a, line, start, sizes, noise, self.exact(direction), own).verdict(rtol)
        place, at = (name, index) if index is not None else (f"a direction of {name}", ())
        return Entry(place, at, a, v.numeric, v.tolerance, v.status, v.method)

    def told(self, names: Names, entries: list[Entry], said: list[str]) -> OperationReport:
        formula = f"{names[self.node]} = {text(forward_expr(self.node, names))}"
        return OperationReport(self.op.name, formula, self.i, names[self.node.args[self.i]], entries, said)

    def hints(self, claimed: Any, at_entries: Sequence[Entry], entries: Sequence[Entry]) -> list[str]:
        if not any(is_wrong(entry) for entry in entries):
            return []
        if self.rule is None:
            return ["it has no rule (None), but the result changes with it"]
        if np.any(claimed) and np.array_equal(self.gradient(2.0 * np.asarray(self.g)), claimed):
            return ["twice the upstream gradient gives the same: it is not multiplied in"]
        if np.shape(self.g) == claimed.shape and np.array_equal(claimed, self.g):
            return ["it hands the upstream gradient on as it is: the local derivative is missing"]
        return hints(self.data, claimed, at_entries)

    # -- the operation as a function of one input ----------------------------------------------
    def directions(self) -> list[tuple[tuple[int, ...] | None, Any]]:
        """What to move along: single entries with their index, and for a large input random directions too."""
        every = list(np.ndindex(self.data.shape))
        if len(every) > FULL:
            every = [every[k] for k in self.rng.choice(len(every), ENTRIES, replace=False)]
        found: list[tuple[tuple[int, ...] | None, Any]] = []
        for index in every:
            unit = np.zeros(self.data.shape)
            unit[index] = 1.0
            found.append((index, unit))
        if self.data.size > FULL:
            found += [(None, self.rng.standard_normal(self.data.shape)) for _ in range(DIRECTIONS)]
        return found

    def sample(self, x: Any) -> Sample:
        inputs = [*self.inputs[: self.i], x, *self.inputs[self.i + 1 :]]
        out = evaluated(self.op, inputs, self.node.params)
        sides = () if self.op.kink is None else (np.asarray(self.op.kink(out, *inputs, **self.node.params)).tobytes(),)
        return Sample(float(np.sum(self.g * out)), sides)

    def along(self, direction: Any) -> Line:
        return lambda t: self.sample(self.data + t * direction)

    def exact(self, direction: Any) -> Callable[[], float] | None:
        if not self.op.analytic:
            return None
        inputs = [*self.inputs[: self.i], self.data + 1j * TINY * direction, *self.inputs[self.i + 1 :]]
        return lambda: imaginary_slope(lambda: np.sum(self.g * evaluated(self.op, inputs, self.node.params)))


def in_double(x: Any) -> Any:
    """Numbers in float64; labels, masks and indices as they are."""
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def evaluated(op: Operation, inputs: Sequence[Any], params: Any) -> Any:
    return op.evaluate(*inputs, **params)

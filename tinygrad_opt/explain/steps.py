"""What happened in a forward and a backward pass, as records: the source of every telling of it.

The numbers are those of the engine's own step on each node; the formulas are the rules of that very
step, run on Exprs instead of arrays.  Nothing here knows a derivative.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import notation
from ..engine import Node, concretes, contribution, fit, guarded, newest_first, receivers
from ..expr import ONE, Expr
from ..naming import Names
from ..ops import Operation, summed_axes


class Told:
    """A node and how it was made, in the names of an explanation."""

    __slots__ = ("names", "node")

    def __init__(self, node: Node, names: Names):
        self.node, self.names = node, names

    @property
    def name(self) -> str:
        return self.names[self.node]

    @property
    def op(self) -> str:
        return operation(self.node).name

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.node.data)

    @property
    def formula(self) -> str:
        """The operation with names: ``w * x``."""
        return notation.text(forward_expr(self.node, self.names))


class Forward(Told):
    """How one node was computed."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        return self.node.data

    @property
    def numbers(self) -> str:
        """The operation with the values put in: ``-3 * 2``."""
        return notation.numbers(forward_expr(self.node, self.names))

    @property
    def latex(self) -> str:
        return notation.latex(forward_expr(self.node, self.names))

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name, "op": self.op, "formula": self.formula, "numbers": self.numbers,
            "latex": self.latex, "shape": list(self.shape), "value": notation.plain(self.value),
        }  # fmt: skip


class Contribution:
    """What one backward step added to the gradient of one input.

    part       the amount, in the input's shape
    before     the input's gradient when the step came, None if nothing had reported yet
    after      before + part
    reported   how many of the input's consumers have reported, this one included
    awaited    how many there are: the input's own step waits for all of them
    """

    __slots__ = ("after", "awaited", "before", "index", "part", "reported", "step", "to_node")

    def __init__(self, step: Step, index: int, part: Any, before: Any, reported: int, awaited: int):
        self.step, self.index, self.part, self.before = step, index, part, before
        self.to_node: Node = step.node.args[index]
        self.after = part if before is None else before + part
        self.reported, self.awaited = reported, awaited

    @property
    def to(self) -> str:
        """The name of the input."""
        return self.step.names[self.to_node]

    @property
    def expr(self) -> Any:
        """The rule that ran, as a formula in the upstream gradient; its value is part."""
        g = Expr(self.step.upstream, f"{self.step.name}.grad")
        part = self.step.rule_on(g, self.index)
        if operation(self.step.node).guarded:
            part = guarded(part, g)
        return fit(part, self.to_node.data) if isinstance(part, Expr) else part

    @property
    def formula(self) -> str:
        return notation.text(self.expr)

    @property
    def numbers(self) -> str:
        return notation.numbers(self.expr)

    @property
    def latex(self) -> str:
        return notation.latex(self.expr)

    @property
    def local(self) -> Any:
        """The local derivative d(out)/d(input) of an elementwise operation, as a formula; else None."""
        if not operation(self.step.node).elementwise:
            return None
        return self.step.rule_on(ONE, self.index)

    @property
    def side(self) -> Any:
        """Which side of its kink the operation was on, as a formula; None if it is smooth, or where that has none."""
        kink = operation(self.step.node).kink
        if kink is None:
            return None
        out, inputs = self.step.exprs
        side = kink(out, *inputs, **self.step.node.params)
        return side if isinstance(side, Expr) else None

    @property
    def summed(self) -> tuple[int, ...]:
        """The axes that broadcasting had added or stretched, over which the gradient is summed."""
        if not operation(self.step.node).elementwise:
            return ()
        return summed_axes(self.step.shape, np.shape(self.to_node.data))

    @property
    def final(self) -> bool:
        """Whether every consumer has reported, so that after is the input's gradient."""
        return self.reported == self.awaited

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        local = self.local
        slope = None if local is None else {"formula": notation.text(local), "value": notation.plain(value_of(local))}
        return {
            "to": self.to, "formula": self.formula, "numbers": self.numbers, "latex": self.latex, "local": slope,
            "part": notation.plain(self.part), "before": notation.plain(self.before),
            "after": notation.plain(self.after), "reported": self.reported, "awaited": self.awaited,
            "summed_axes": list(self.summed),
        }  # fmt: skip


class Step(Told):
    """One backward step: a node whose gradient is complete hands each of its inputs a share."""

    __slots__ = ("contributions", "number", "upstream")

    def __init__(self, number: int, node: Node, upstream: Any, names: Names):
        super().__init__(node, names)
        self.number, self.upstream = number, upstream
        self.contributions: list[Contribution] = []

    @property
    def exprs(self) -> tuple[Expr, list[Any]]:
        """The node and its inputs as Exprs."""
        return Expr(self.node.data, self.name), input_exprs(self.node, self.names)

    def rule_on(self, g: Expr, index: int) -> Any:
        """The rule for one input, run on Exprs."""
        out, inputs = self.exprs
        rule = next(itertools.islice(operation(self.node).rules, index, None))
        return rule(g, out, *inputs, **self.node.params)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "step": self.number, "node": self.name, "op": self.op, "formula": self.formula,
            "shape": list(self.shape), "upstream": notation.plain(self.upstream),
            "contributions": [c.record() for c in self.contributions],
        }  # fmt: skip


def operation(node: Node) -> Operation:
    assert node.op is not None
    return node.op


def input_exprs(node: Node, names: Names) -> list[Any]:
    """A node's arguments under their names; plain numbers stay what they are."""
    return [
        Expr(a.data, names[a]) if isinstance(a, Node) else Expr(a, names[a]) if isinstance(a, np.ndarray) else a
        for a in node.args
    ]


def forward_expr(node: Node, names: Names) -> Expr:
    op = operation(node)
    return Expr(node.data, None, op.name, tuple(input_exprs(node, names)), op.given(node.params), op.defaults)


def awaited_reports(oldest_first: list[Node]) -> dict[Node, int]:
    """How many contributions each node will get: one for each edge that a rule serves."""
    awaited: dict[Node, int] = {}
    for node in oldest_first:
        for _, a, _ in receivers(node):
            awaited[a] = awaited.get(a, 0) + 1
    return awaited


def backward_steps(root: Node, seed: Any, names: Names, awaited: dict[Node, int]) -> Iterator[Step]:
    """The engine's sweep, one record a node; it leaves every .grad alone."""
    grads = {root: seed}
    reported: dict[Node, int] = {}
    told = (node for node in newest_first(root) if node.op is not None and node in grads)
    for number, node in enumerate(told, start=1):
        step = Step(number, node, grads[node], names)
        operands = (grads[node], *concretes(node))
        for i, a, rule in receivers(node):
            part = contribution(operation(node), rule, operands, node.params, a.data)
            reported[a] = reported.get(a, 0) + 1
            c = Contribution(step, i, part, grads.get(a), reported[a], awaited[a])
            grads[a] = c.after
            step.contributions.append(c)
        yield step


def value_of(x: Any) -> Any:
    return x.value if isinstance(x, Expr) else x

"""Call: one sample call of an operation, which a probe can run afresh as often as it likes."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..data import as_data, as_operand, as_result
from ..engine import contribution
from ..ops import Operation
from ..ops.operation import ForEach, Rule
from ..value import Value

Array = np.ndarray[Any, np.dtype[Any]]


class Call:
    """An operation with operands and parameters.

    operands  in the order of the rules: float64 arrays and Python floats, whatever else as it was given
    live      the places of those that get a gradient: floats that have a rule
    g, h      two random upstream gradients
    """

    def __init__(
        self, fn: Callable[..., Any], op: Operation, sample: tuple[Any, ...], params: dict[str, Any], seed: int
    ):
        given, self.params = op.bind(sample, params)
        self.fn, self.op, self.rng = fn, op, np.random.default_rng(seed)
        self.rules: list[Rule | None] = list(itertools.islice(op.rules, len(given)))
        self.names = operand_names(op, len(given))
        self.operands = [operand(x) for x in given]
        moving = [rule is not None and is_float(x) for rule, x in zip(self.rules, given, strict=True)]
        self.live = [i for i, moves in enumerate(moving) if moves]
        if not self.live:
            raise TypeError(
                f"audit({op.name}) has nothing to differentiate in a sample of {', '.join(map(kind, given))}: integers "
                "and masks stand as constants, and so do Values that require no gradient; give floats"
            )

    def upstream(self, out: Any) -> Any:
        """A random upstream gradient for this result, of its kind."""
        g = self.rng.uniform(0.5, 1.5, np.shape(out)) * self.rng.choice([-1.0, 1.0], np.shape(out))
        return np.asarray(g, out.dtype) if isinstance(out, np.ndarray) else float(g)

    def copies(self) -> list[Any]:
        """The operands in arrays of their own."""
        return [x.copy() if isinstance(x, np.ndarray) else x for x in self.operands]

    def result(self, operands: list[Any]) -> Any:
        """What the operation gives, as a Value would hold it."""
        return as_result(self.op.evaluate(*operands, **self.params), self.op)

    def raw(self, i: int, g: Any, out: Any, operands: list[Any]) -> Any:
        """What the rule for operand i returns by itself."""
        rule = self.rules[i]
        assert rule is not None
        return rule(g, out, *operands, **self.params)

    def part(self, i: int, g: Any) -> Array:
        """What operand i gets from one backward step; all that the rule is given is made afresh."""
        operands = self.copies()
        g = g.copy() if isinstance(g, np.ndarray) else g
        return self.fitted(i, g, self.result(operands), operands)

    def fitted(self, i: int, g: Any, out: Any, operands: list[Any]) -> Array:
        """The rule's result as the engine hands it on, in an array of its own."""
        rule = self.rules[i]
        assert rule is not None
        return np.array(contribution(self.op, rule, (g, out, *operands), self.params, operands[i]))

    def on_values(self, *live: Value) -> Any:
        """The operation as its user calls it, with these Values as the live operands."""
        operands = self.copies()
        for i, x in zip(self.live, live, strict=True):
            operands[i] = x
        return self.fn(operands, **self.params) if self.op.sequence else self.fn(*operands, **self.params)

    def leaves(self) -> list[Value]:
        """The live operands as new Values."""
        return [Value(self.operands[i], name=self.names[i]) for i in self.live]


def operand(x: Any) -> Any:
    """An operand as the operation computes with it: floating-point numbers in float64."""
    if is_float(x):
        data = as_data(x.data if isinstance(x, Value) else x)
        return data.astype(np.float64) if isinstance(data, np.ndarray) else data
    if isinstance(x, Value):
        return x.data
    return x if x is None else as_operand(x)


def is_float(x: Any) -> bool:
    """Whether x is to get a gradient: floating-point numbers, unless they come as a constant Value."""
    if isinstance(x, Value):
        return x.requires_grad
    return x is not None and np.asarray(x).dtype.kind == "f"


def kind(x: Any) -> str:
    """What to call an operand that cannot be differentiated."""
    return f"{type(x).__name__} {np.shape(x)}" if np.ndim(x) else repr(x)


def operand_names(op: Operation, count: int) -> list[str]:
    """The operands as the rules call them: what follows g and out."""
    if isinstance(op.rules, ForEach):
        first = next(iter(inspect.signature(op.rules.rules).parameters))
        return [f"{first}[{i}]" for i in range(count)]
    rule = next(r for r in op.rules if r is not None)
    parameters = list(inspect.signature(rule).parameters.values())[2:]
    return [p.name if p.kind is not p.VAR_POSITIONAL else f"operand {i}" for i, p in enumerate(parameters[:count])]

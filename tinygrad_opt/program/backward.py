"""The backward pass of a tape, written: the engine's sweep over the rules, each in the branch that it takes.

What decides about a line in the engine, such as whether a gradient is summed over a batch, is decided here once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..engine import Node, contribution, fit, guarded
from ..ops import Operation, unbroadcast
from ..value import Value, seed_gradient
from .forward import Forward, operation
from .refusal import NotStatic
from .terms import Term, term, together


class Backward:
    """Lines for every contribution; `grads` has the term of each gradient."""

    def __init__(self, forward: Forward):
        self.forward, self.book, self.of = forward, forward.book, forward.of
        self.grads: dict[Node, Term] = {}
        self.owned: set[Node] = set()
        loss = forward.tape.loss
        self.grads[loss] = self.book.put(self.wish(loss), seed(loss))
        for node in reversed(forward.tape.nodes):
            if node.op is not None and node in self.grads:
                self.step(node)

    def wish(self, node: Node) -> str:
        return f"{self.of[node].text}_grad"

    def step(self, node: Node) -> None:
        """Hand the gradient of a node on to its inputs, as `engine.sweep` does."""
        operands = [self.grads[node], self.of[node], *self.forward.operands(node)]
        for a, part in self.contributions(node, operands):
            if a not in self.grads:
                self.grads[a] = self.first(a, part, operands)
            elif a in self.owned and isinstance(part.value, np.ndarray):
                total = self.grads[a]
                self.book.lines.append(f"{total.text} += {part.text}")
                self.grads[a] = Term(total.code, total.value + part.value)
            else:
                total = term(f"{self.grads[a].text} + {part.text}", self.grads[a].value + part.value)
                self.grads[a] = self.book.put(self.wish(a), total)
                self.owned.add(a)

    def first(self, a: Node, part: Term, operands: list[Term]) -> Term:
        """The first contribution to a: a leaf's in an array of its own."""
        x = part.value
        if a.op is None and isinstance(x, np.ndarray) and (x.base is not None or any(x is y.value for y in operands)):
            part = term(f"{part.text}.copy()", x.copy())
        return part if part.is_name else self.book.put(self.wish(a), part)

    # -- what one node hands on ----------------------------------------------------------------
    def contributions(self, node: Node, operands: list[Term]) -> Iterator[tuple[Node, Term]]:
        op, params = operation(node), self.forward.settings(node)
        rules: Any = self.rules_of_each(op, operands, params) if op.sequence else op.rules
        if not isinstance(rules, tuple):
            raise NotStatic(f"{op.name} makes its rules at each call: it has none that a program could take over")
        for i, (a, rule) in enumerate(zip(node.args, rules, strict=True)):
            if rule is None or not isinstance(a, Node) or not a.requires_grad:
                continue
            if op.sequence:
                g, out = operands[:2]
                part = term(f"{rule.text}({g.text}, {out.text})", rule.value(g.value, out.value))
            elif any(isinstance(x.value, np.ndarray) for x in operands):
                part = self.forward.call(rule, f"{op.name}_rule{i}", operands, params, self.wish(a))
            else:
                yield a, self.of_numbers(op, rule, i, operands, params, a)
                continue
            yield a, self.fitted(op, part, operands[0], a)

    def rules_of_each(self, op: Operation, operands: list[Term], params: Mapping[str, Term]) -> tuple[Term, ...]:
        """The rules of an operation on a list, such as stack: one for each of its entries, made at each call."""
        rules: Any = op.rules
        made = list(rules.rules(tuple(x.value for x in operands[2:]), **{k: p.value for k, p in params.items()}))
        inner = together(x.text for x in operands[2:])
        settings = "".join(f", {k}={p.text}" for k, p in params.items())
        all_of = term(f"list({self.book.hold(rules.rules, f'{op.name}_rules')}({inner}{settings}))", made)
        name = self.book.put("rules", all_of).text
        return tuple(term(f"{name}[{i}]", rule) for i, rule in enumerate(made))

    def of_numbers(
        self, op: Operation, rule: Any, i: int, operands: list[Term], params: Mapping[str, Term], a: Node
    ) -> Term:
        """Numbers, of which Python refuses some that IEEE 754 defines: the engine's own step."""
        values = {k: p.value for k, p in params.items()}
        value = contribution(op, rule, tuple(x.value for x in operands), values, a.data)
        inner = together(x.text for x in operands)
        settings = ", ".join(f"{k!r}: {p.text}" for k, p in params.items())
        hold = self.book.hold
        names = hold(contribution, "contribution"), hold(op, op.name), hold(rule, f"{op.name}_rule{i}")
        return term(f"{names[0]}({names[1]}, {names[2]}, {inner}, {{{settings}}}, {self.of[a].text})", value)

    def fitted(self, op: Operation, part: Term, g: Term, a: Node) -> Term:
        """A rule's result in the shape and dtype of its input, as `engine.contribution` has it."""
        if op.guarded:
            part = self.forward.call(guarded, "guarded", [part, g])
        data, x = a.data, part.value
        if type(x) is type(data) is np.ndarray and x.dtype is data.dtype:
            if x.shape == data.shape:
                return part
            if data.shape:
                shape = term(repr(data.shape), data.shape, static=True)
                return self.forward.call(unbroadcast, "unbroadcast", [part, shape], wish=self.wish(a))
        return self.forward.call(fit, "fit", [part, self.of[a]])


def seed(loss: Value) -> Term:
    """The gradient of the loss itself."""
    x = seed_gradient(loss, None, create_graph=False)
    return term(f"np.ones({x.shape}, np.{x.dtype})" if isinstance(x, np.ndarray) else "1.0", x)

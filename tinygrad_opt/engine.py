"""Reverse-mode differentiation of a graph of nodes: their order, and the backward sweep over it.

Two facts make the engine short.  Inputs are made before outputs, so age alone is a topological
order and nothing recurses.  And rules are plain NumPy, so one sweep serves numbers and graphs.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from .ops import Operand, Operation, concrete, unbroadcast
from .ops.operation import NO_PARAMS, Rule
from .ops.shapes import cast

FLOAT64 = np.dtype(np.float64)
next_age = itertools.count().__next__
by_age = attrgetter("age")


class Node(Operand):
    """A result that remembers how it was made; a leaf has no operation and no arguments.

    args holds nodes and constants in the order the operation takes them, so ``a + a`` has two edges.
    """

    __slots__ = ("__weakref__", "age", "args", "data", "grad", "name", "op", "params", "requires_grad")

    data: Any
    grad: Any
    name: str | None
    op: Operation | None
    args: tuple[Any, ...]
    params: Mapping[str, Any]
    age: int
    requires_grad: bool

    def constant(self, data: Any) -> Node:
        """A leaf of the same class that requires no gradient."""
        raise NotImplementedError


def newest_first(root: Node, leaves: bool = True) -> list[Node]:
    """Every node that root depends on and root itself, each before all of its inputs; leaves only if asked for."""
    kind = type(root)  # asked first: it is nearly always the answer, in half the time of isinstance
    seen = {root}
    stack, made = [root], []
    while stack:
        node = stack.pop()
        made.append(node)
        for a in node.args:
            if (type(a) is kind or isinstance(a, Node)) and a not in seen:
                seen.add(a)
                if a.op is not None:
                    stack.append(a)
    return sorted(seen if leaves else made, key=by_age, reverse=True)


def leading_to(targets: Collection[Node], order: list[Node]) -> set[Node]:
    """The targets and whatever among the nodes, given newest first, depends on one of them."""
    found = set(targets)
    for node in reversed(order):
        if not found.isdisjoint(a for a in node.args if isinstance(a, Node)):
            found.add(node)
    return found


def made_since(root: Node, age: int) -> tuple[list[Node], list[Node]]:
    """The part of root's graph that is younger than age, newest first, and the older nodes that it starts from.

    The latter in the order in which they are met; those that require no gradient are left out.
    """
    inside: dict[Node, None] = {root: None}
    outside: dict[Node, None] = {}
    stack = [root]
    while stack:
        for a in stack.pop().args:
            if isinstance(a, Node) and a not in inside:
                if a.age > age:
                    inside[a] = None
                    stack.append(a)
                elif a.requires_grad:
                    outside[a] = None
    return sorted(inside, key=by_age, reverse=True), list(outside)


def sweep(
    root: Node,
    seed: Any,
    graph: bool = False,
    keep_all: bool = True,
    order: list[Node] | None = None,
    toward: Collection[Node] | None = None,
) -> dict[Node, Any]:
    """The gradient of root with respect to every node it depends on that requires one.

    seed is the gradient of root itself.  With graph=True it is a node, the rules are given nodes,
    and so the gradients are nodes too.  keep_all=False lets an intermediate's gradient go as soon
    as it has been passed on; those of the leaves remain, each in an array of its own.  order may
    name the nodes to step on, newest first, where not all of them are to pass their gradients on;
    toward the nodes whose gradients are wanted: then only what leads to them is computed.
    """
    grads: dict[Node, Any] = {root: seed}
    owned: set[Node] = set()
    take = grads.get if keep_all else grads.pop
    order = newest_first(root, leaves=False) if order is None else order
    wanted = None if toward is None else leading_to(toward, order)
    for node in order:
        op = node.op
        if op is None:
            continue
        g = take(node, None)
        if not keep_all:
            node.grad = None
        if type(g) is float and op.short and wanted is None and not node.params:
            step_scalar(node, g, grads)
        elif g is not None:
            args, rules, params = node.args, op.rules, node.params
            operands = (g, node, *args) if graph else (g, *concretes(node))
            if op.sequence:  # each rule knows its operand; to hand every one the list would be quadratic
                rules, operands, params = rules.rules(operands[2:], **params), operands[:2], NO_PARAMS
            for a, rule in zip(args, rules, strict=True):
                if rule is not None and isinstance(a, Node) and a.requires_grad and (wanted is None or a in wanted):
                    part = contribution(op, rule, operands, params, a.data)
                    if graph and not isinstance(part, Operand):
                        part = root.constant(part)
                    if a in grads:
                        accumulate(grads, owned, a, part)
                    else:
                        grads[a] = part if a.op is not None else own_copy(part, operands)
    return grads


def receivers(node: Node) -> Iterator[tuple[int, Node, Rule]]:
    """Each input that a backward step on node serves: its place among the arguments, and its rule."""
    if node.op is not None:
        for i, (a, rule) in enumerate(zip(node.args, node.op.rules, strict=False)):
            if rule is not None and isinstance(a, Node) and a.requires_grad:
                yield i, a, rule


def concretes(node: Node) -> tuple[Any, ...]:
    """The data of a node and of its inputs: what rules are given, after g, for an ordinary gradient."""
    return (node.data, *[a.data if isinstance(a, Node) else a for a in node.args])


def contribution(op: Operation, rule: Rule, operands: tuple[Any, ...], params: Mapping[str, Any], data: Any) -> Any:
    """What one rule of op, run on (g, out, *inputs), hands to one input, in the shape and dtype of its data."""
    try:
        part = rule(*operands, **params) if params else rule(*operands)
    except ArithmeticError:
        part = in_ieee(rule, operands, params)
    if op.guarded:
        part = guarded(part, operands[0])
    if type(part) is type(data) is np.ndarray and part.dtype is data.dtype:
        shape = data.shape
        if part.shape == shape:
            return part
        if shape:
            return unbroadcast(part, shape)
    if type(part) is complex:  # Python's answer to (-1.0) ** 0.5; NumPy's is nan
        part = in_ieee(rule, operands, params)
    return fit(part, data)


def guarded(part: Any, g: Any) -> Any:
    """part, but zero where g is: log(x) behind a where that did not choose it hands on 0, not 0/0."""
    return part if np.isfinite(concrete(part)).all() else np.where(g == 0, 0, part)


def own_copy(part: Any, operands: tuple[Any, ...]) -> Any:
    """A leaf's first contribution as an array of its own: part may be a view, or what the rule was given."""
    if type(part) is np.ndarray:
        if part.base is not None:
            return part.copy()
        for x in operands:
            if part is x:
                return part.copy()
    return part


def accumulate(grads: dict[Node, Any], owned: set[Node], a: Node, part: Any) -> None:
    """Add a further contribution: the second makes a new sum, later ones add to it in place.

    The first was borrowed: it may be a view, or an upstream gradient on its way to several inputs.
    """
    if type(part) is np.ndarray and a in owned:
        grads[a] += part
    else:
        grads[a] = grads[a] + part
        owned.add(a)


def step_scalar(node: Node, g: float, grads: dict[Node, Any]) -> None:
    """contribution and accumulation at once for Python floats: nothing stands between rule and arithmetic.

    Written out for one and two arguments; a loop over them takes twice as long.
    """
    op, args, out = node.op, node.args, node.data
    kind, rules = type(node), op.rules  # type: ignore[union-attr]
    if g == 0.0 and op.guarded:  # type: ignore[union-attr]
        for _, a, rule in receivers(node):
            part = contribution(op, rule, (g, *concretes(node)), NO_PARAMS, a.data)  # type: ignore[arg-type]
            grads[a] = grads[a] + part if a in grads else part
    elif len(args) == 2:
        a, b = args
        x = a.data if type(a) is kind or isinstance(a, Node) else a
        y = b.data if type(b) is kind or isinstance(b, Node) else b
        if x is not a and a.requires_grad:
            try:
                part = rules[0](g, out, x, y)
            except ArithmeticError:
                part = None
            if type(part) is not float:
                part = as_float(part, rules[0], (g, out, x, y))
            grads[a] = grads[a] + part if a in grads else part
        if y is not b and b.requires_grad:
            try:
                part = rules[1](g, out, x, y)
            except ArithmeticError:
                part = None
            if type(part) is not float:
                part = as_float(part, rules[1], (g, out, x, y))
            grads[b] = grads[b] + part if b in grads else part
    elif args[0].requires_grad:
        (a,) = args
        try:
            part = rules[0](g, out, a.data)
        except ArithmeticError:
            part = None
        if type(part) is not float:
            part = as_float(part, rules[0], (g, out, a.data))
        grads[a] = grads[a] + part if a in grads else part


def as_float(part: Any, rule: Rule, operands: tuple[Any, ...]) -> float:
    """A rule's result as a float; where Python refused what IEEE 754 defines, NumPy computes it."""
    return float(in_ieee(rule, operands, NO_PARAMS) if part is None or type(part) is complex else part)


def in_ieee(rule: Rule, operands: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Run a rule with every Python number as a NumPy one: 1 / 0.0 is inf, not an exception."""
    return rule(*(np.float64(x) if type(x) in (float, int) else x for x in operands), **params)


def fit(part: Any, data: Any) -> Any:
    """A rule's result in the shape and dtype of the input it belongs to, whose data is given."""
    shape, dtype = np.shape(data), getattr(data, "dtype", FLOAT64)
    if np.shape(part) != shape:
        part = unbroadcast(part, shape)
    if isinstance(part, Operand):
        return part if np.result_type(part) == dtype else cast(part, dtype=dtype)
    return np.asarray(part, dtype) if isinstance(data, np.ndarray) else float(part)

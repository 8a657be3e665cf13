"""The forward pass of a tape, written: the operations' own functions and what was done beside them, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..data import FLOATS, as_result
from ..engine import Node
from ..ops import Operation
from ..ops.operation import NO_PARAMS
from .notebook import Notebook
from .refusal import NotStatic
from .settled import called
from .sources import is_ours
from .tape import Aside, Tape
from .terms import Term, is_plain, plain_call, term, together


class Changed(Exception):
    """Something told another answer than when the program was recorded."""


class Forward:
    """Lines for every operation; `of` has the term of each node."""

    def __init__(self, tape: Tape, names: list[str]):
        self.tape, self.book = tape, Notebook(Changed=Changed)
        self.of: dict[Node, Term] = {}
        self.kept: dict[Node, Term] = {}
        self.inputs = [self.given(name, x) for name, x in zip(names, tape.inputs, strict=True)]
        self.leaves = [n for n in tape.nodes if n.op is None and (n.requires_grad or n.age < tape.age)]
        for leaf in self.leaves:
            if leaf.age > tape.age:
                raise NotStatic(
                    f"f makes a parameter of shape {np.shape(leaf.data)} at each call: make it once, outside of f"
                )
            self.of[leaf] = self.given(leaf.name or "w", leaf.data)
        for event in tape.events:
            if isinstance(event, Aside):
                self.aside(event)
            else:
                self.node(event)

    def given(self, name: str, x: Any) -> Term:
        return self.book.known(term(self.book.new(name), x))

    def node(self, node: Node) -> None:
        if node.age < self.tape.age:
            raise NotStatic(f"f goes on with a {operation(node).name} that was computed before: compute all of it in f")
        made = self.book.put(node.name or operation(node).name, self.computed(node))
        self.of[node] = self.book.known(Term(made.code, node.data))

    def aside(self, call: Aside) -> None:
        """What is run beside the graph: an array is made anew, any other answer must be the same."""
        book, name = self.book, call.fn.__name__
        text = f"{book.literal(call.fn)}({', '.join(book.text_of(a, name) for a in call.args)})"
        if isinstance(call.told, np.ndarray):
            book.known(book.put(name, term(text, call.told)))
        elif call.told is None:
            book.lines.append(text)
        else:
            book.lines += [f"if {text} != {book.text_of(call.told, name)}:", "    raise Changed"]

    # -- an operation --------------------------------------------------------------------------
    def computed(self, node: Node) -> Term:
        """An operation as `Value.record` runs it."""
        op, args, params = operation(node), self.operands(node), self.settings(node)
        if not any(isinstance(a.value, np.ndarray) for a in args):
            raw = self.call(op.evaluate, f"evaluate_{op.name}", args, params)
        elif op.sequence:
            every = term(together(a.text for a in args), tuple(a.value for a in args))
            raw = self.call(op.fn, op.name, [self.book.put(f"{op.name}_of", every)], params)
        else:
            raw = self.call(op.fn, op.name, args, params, node.name or op.name)
        if type(raw.value) is float or (type(raw.value) is np.ndarray and raw.value.dtype in FLOATS):
            return raw
        if type(raw.value) is np.float32:
            return term(f"np.asarray({raw.text})", np.asarray(raw.value))
        if isinstance(raw.value, float | int):
            return term(f"float({raw.text})", float(raw.value))
        return self.call(as_result, "as_result", [raw, term(self.book.hold(op, op.name), op, static=True)])

    def operands(self, node: Node) -> list[Term]:
        return [self.operand(a, operation(node).name) for a in node.args]

    def operand(self, x: Any, what: str) -> Term:
        if not isinstance(x, Node):
            return term(self.book.text_of(x, what), x, is_plain(x))
        if x in self.of:
            return self.of[x]
        if not isinstance(x.data, np.ndarray):
            raise NotStatic(f"f makes a constant Value for {what} at each call: make it once, outside of f")
        return term(self.book.text_of(x.data, what), x.data)

    def settings(self, node: Node) -> dict[str, Term]:
        op = operation(node)
        found = {k: term(self.book.text_of(v, op.name), v, is_plain(v)) for k, v in op.given(node.params).items()}
        if op.keeps and "kept" in node.params:
            found["kept"] = self.kept.setdefault(node, term("[]", [], static=True))
        return found

    def call(
        self,
        fn: Callable[..., Any],
        name: str,
        args: list[Term],
        params: Mapping[str, Term] = NO_PARAMS,
        wish: str = "",
    ) -> Term:
        """A call as source, and what it gives."""
        self.book.wishes.setdefault(id(fn), name)
        if is_ours(fn):
            return called(self.book, fn, args, params, wish)
        return plain_call(self.book, fn, args, params)


def operation(node: Node) -> Operation:
    assert node.op is not None
    return node.op

"""The program of a tape, written: the operations' own functions and rules, one line after the other.

What decides about a line in the engine, such as whether a gradient is summed over a batch, is decided here once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..data import FLOATS, as_result
from ..engine import Node, contribution, fit, guarded
from ..ops import Operation, unbroadcast
from ..ops.operation import NO_PARAMS
from ..value import seed_gradient
from .refusal import NotStatic
from .settled import Piece, called, is_ours, plain_call, unparsed
from .tape import Checked, Tape, place, start


class Term(NamedTuple):
    """A piece of source, what it is in the call that was recorded, and whether it is that in every call."""

    text: str
    value: Any
    static: bool = False


class Writer:
    """The source of forward and backward, and the objects that it names.

    parameters  the leaves whose gradients the program gives, in the order in which it takes their data
    """

    def __init__(self, tape: Tape, names: list[str]):
        self.tape = tape
        self.namespace: dict[str, Any] = {"np": np, "Changed": Changed}
        self.held: dict[int, str] = {}
        self.used = set(self.namespace)
        self.constant_names: set[str] = set()
        self.bound: set[str] = set()
        self.wishes: dict[int, str] = {}
        self.lines: list[str] = []
        self.of: dict[Node, Term] = {}
        self.lists: dict[Node, Term] = {}
        self.places: dict[Any, str] = {}
        self.starts: dict[Any, str] = {}
        self.parameters = [n for n in tape.nodes if n.op is None and n.requires_grad]
        self.constants = [n for n in tape.nodes if n.op is None and not n.requires_grad and n.age < tape.age]
        inputs = [self.known(Term(self.new(name), x)) for name, x in zip(names, tape.inputs, strict=True)]
        for node in tape.nodes:
            if node.op is not None and node.age < tape.age:
                raise NotStatic(f"f goes on with a {node.op.name} that was computed before: compute all of it in f")
        for leaf in [*self.parameters, *self.constants]:
            if leaf.age > tape.age:
                raise NotStatic(
                    f"f makes a parameter of shape {np.shape(leaf.data)} at each call: make it once, outside of f"
                )
            self.of[leaf] = self.known(Term(self.new(leaf.name or "w"), leaf.data))
        self.forward()
        loss = self.of[tape.loss].text
        gradients = self.backward()
        given = ", ".join([t.text for t in inputs] + [self.of[p].text for p in [*self.parameters, *self.constants]])
        given_back = ", ".join(of_kind(gradients[p], p.data) for p in self.parameters)
        body = "".join(f"    {line}\n" for line in self.lines)
        self.source = f"def program({given}):\n{body}    return {loss}, ({given_back},)\n"

    def function(self) -> Callable[..., Any]:
        exec(compile(self.source, "<program>", "exec"), self.namespace)
        program: Callable[..., Any] = self.namespace["program"]
        return program

    def constants_held(self) -> list[tuple[str, Any]]:
        """The arrays that are neither given nor computed."""
        return [(name, x) for name, x in self.namespace.items() if name in self.constant_names]

    # -- names ---------------------------------------------------------------------------------
    def new(self, wish: str) -> str:
        """A name that is not taken yet."""
        stem = re.sub(r"\W+", "_", wish).strip("_") or "v"
        stem = f"layer{stem}" if stem[0].isdigit() else stem
        name, number = stem, 1
        while name in self.used:
            number += 1
            name = f"{stem}{number}"
        self.used.add(name)
        return name

    def known(self, term: Term) -> Term:
        """A name by which an array is found again."""
        self.bound.add(term.text)
        if isinstance(term.value, np.ndarray):
            self.places.setdefault(place(term.value), term.text)
            if start(term.value):
                self.starts.setdefault(start(term.value), term.text)
        return term

    def hold(self, x: Any, wish: str) -> str:
        """The name of an object that the program takes along."""
        if id(x) not in self.held:
            self.held[id(x)] = name = self.new(wish)
            self.namespace[name] = x
        return self.held[id(x)]

    def put(self, wish: str, term: Term) -> Term:
        """A line that gives the term a name, unless it has one of its own."""
        if term.text.isidentifier() and term.text not in self.bound:
            self.bound.add(term.text)
            return term
        name = self.new(wish)
        self.bound.add(name)
        self.lines.append(f"{name} = {term.text}")
        return Term(name, term.value)

    # -- constants -----------------------------------------------------------------------------
    def text_of(self, x: Any, what: str) -> str:
        """A constant as it stands in the source."""
        if isinstance(x, np.ndarray):
            return self.array(x, what)
        if isinstance(x, tuple | list):
            inner = ", ".join(self.text_of(part, what) for part in x)
            return f"[{inner}]" if isinstance(x, list) else f"({inner}{',' if len(x) == 1 else ''})"
        if isinstance(x, slice):
            return f"slice({', '.join(self.text_of(end, what) for end in (x.start, x.stop, x.step))})"
        if type(x) is float and not np.isfinite(x):
            return f'float("{x}")'
        if x is None or x is Ellipsis or type(x) in (bool, int, float, str):
            return repr(x)
        if isinstance(x, np.generic):
            return f"np.{type(x).__name__}({x.item()!r})"
        if isinstance(x, np.dtype):
            return f"np.dtype({x.name!r})"
        raise NotStatic(f"{what} takes {x!r}, of which a program does not know whether it stays the same")

    def array(self, x: Any, what: str) -> str:
        """An array by the name it has, or one that was there before."""
        if place(x) in self.places:
            return self.places[place(x)]
        if start(x) in self.starts:
            return f"{self.starts[start(x)]}.reshape({self.text_of(x.shape, what)})"
        name = self.hold(x, "c")
        self.constant_names.add(name)
        return name

    def term(self, x: Any, what: str) -> Term:
        if not isinstance(x, Node):
            return Term(self.text_of(x, what), x, is_plain(x))
        if x in self.of:
            return self.of[x]
        if not isinstance(x.data, np.ndarray):
            raise NotStatic(f"f makes a constant Value for {what} at each call: make it once, outside of f")
        return Term(self.text_of(x.data, what), x.data)

    # -- forward -------------------------------------------------------------------------------
    def forward(self) -> None:
        events: list[Any] = [n for n in self.tape.nodes if n.op is not None] + self.tape.checks
        for event in sorted(events, key=lambda event: event.age):
            if isinstance(event, Checked):
                self.check(event)
            else:
                made = self.put(event.name or event.op.name, self.computed(event))
                self.of[event] = self.known(Term(made.text, event.data))

    def check(self, made: Checked) -> None:
        name = made.fn.__name__
        call = f"{self.hold(made.fn, name)}({', '.join(self.text_of(a, name) for a in made.args)})"
        expected = self.text_of(made.told, name)
        self.lines += [call] if made.told is None else [f"if {call} != {expected}:", "    raise Changed"]

    def operands(self, node: Node) -> list[Term]:
        return [self.term(a, operation(node).name) for a in node.args]

    def settings(self, node: Node) -> dict[str, Term]:
        op = operation(node)
        found = {k: Term(self.text_of(v, op.name), v, is_plain(v)) for k, v in op.given(node.params).items()}
        if op.keeps and "kept" in node.params:
            found["kept"] = self.lists.setdefault(node, Term("", []))
        return found

    def computed(self, node: Node) -> Term:
        """An operation as `Value.record` runs it."""
        op, args, params = operation(node), self.operands(node), self.settings(node)
        if not any(isinstance(a.value, np.ndarray) for a in args):
            raw = self.call(op.evaluate, f"evaluate_{op.name}", args, params)
        elif op.sequence:
            inner = ", ".join(a.text for a in args)
            every = self.put(f"{op.name}_of", Term(f"({inner},)", tuple(a.value for a in args)))
            raw = self.call(op.fn, op.name, [every], params)
        else:
            raw = self.call(op.fn, op.name, args, params, node.name or op.name)
        if type(raw.value) is float or (type(raw.value) is np.ndarray and raw.value.dtype in FLOATS):
            return raw
        if type(raw.value) is np.float32:
            return Term(f"np.asarray({raw.text})", np.asarray(raw.value))
        if isinstance(raw.value, float | int):
            return Term(f"float({raw.text})", float(raw.value))
        return self.call(as_result, "as_result", [raw, Term(self.hold(op, op.name), op, static=True)])

    def call(
        self,
        fn: Callable[..., Any],
        name: str,
        args: list[Term],
        params: Mapping[str, Term] = NO_PARAMS,
        wish: str = "",
    ) -> Term:
        """A call as source, and what it gives."""
        self.wishes.setdefault(id(fn), name)
        pieces = [self.piece(a) for a in args], {k: self.piece(p) for k, p in params.items()}
        make = called if is_ours(fn) else plain_call
        made = make(self, fn, *pieces, wish) if make is called else plain_call(self, fn, *pieces)
        return Term(unparsed(made), made.value)

    def piece(self, term: Term) -> Piece:
        if isinstance(term.value, list):
            return Piece(lambda: ast.List([], ast.Load()), term.value, True)
        return Piece(lambda: ast.parse(term.text, mode="eval").body, term.value, term.static)

    def literal(self, x: Any) -> str:
        """What is the same in all calls, as it stands in the source."""
        if x is np:
            return "np"
        name = self.wishes.get(id(x)) or getattr(x, "__name__", "")
        if name and getattr(np, name, None) is x:
            return f"np.{name}"
        if callable(x):
            return self.hold(x, name or type(x).__name__)
        if isinstance(x, np.dtype | np.ndarray):
            return self.hold(x, x.name if isinstance(x, np.dtype) else "ones" if np.all(x == 1) else "numbers")
        return self.text_of(x, "a function")

    # -- backward ------------------------------------------------------------------------------
    def backward(self) -> dict[Node, Term]:
        """The engine's sweep, as lines."""
        root = self.tape.loss
        seed = seed_gradient(root, None, create_graph=False)
        if isinstance(seed, np.ndarray):
            first = Term(f"np.ones({seed.shape}, np.{seed.dtype})", seed)
        else:
            first = Term("1.0", seed)
        grads: dict[Node, Term] = {root: self.put(f"{self.of[root].text}_grad", first)}
        owned: set[Node] = set()
        for node in reversed(self.tape.nodes):
            if node.op is None or node not in grads:
                continue
            operands = [grads[node], self.of[node], *self.operands(node)]
            for a, part in self.contributions(node, operands):
                if a not in grads:
                    grads[a] = self.first(a, part, operands)
                elif a in owned and isinstance(part.value, np.ndarray):
                    self.lines.append(f"{grads[a].text} += {part.text}")
                    grads[a] = Term(grads[a].text, grads[a].value + part.value)
                else:
                    total = Term(f"{grads[a].text} + {part.text}", grads[a].value + part.value)
                    grads[a] = self.put(f"{self.of[a].text}_grad", total)
                    owned.add(a)
        return grads

    def first(self, a: Node, part: Term, operands: list[Term]) -> Term:
        """The first contribution to a: a leaf's in an array of its own."""
        x = part.value
        if a.op is None and isinstance(x, np.ndarray) and (x.base is not None or any(x is y.value for y in operands)):
            part = Term(f"{part.text}.copy()", x.copy())
        return part if part.text.isidentifier() else self.put(f"{self.of[a].text}_grad", part)

    def contributions(self, node: Node, operands: list[Term]) -> Any:
        op, params = operation(node), self.settings(node)
        rules: Any = op.rules
        if op.sequence:
            made = list(rules.rules(tuple(x.value for x in operands[2:]), **{k: p.value for k, p in params.items()}))
            inner = ", ".join(x.text for x in operands[2:])
            settings = "".join(f", {k}={p.text}" for k, p in params.items())
            every = self.put(
                "rules", Term(f"list({self.hold(rules.rules, f'{op.name}_rules')}(({inner},){settings}))", made)
            )
        elif not isinstance(rules, tuple):
            raise NotStatic(f"{op.name} makes its rules at each call: it has none that a program could take over")
        for i, a in enumerate(node.args):
            rule = made[i] if op.sequence else rules[i]
            if rule is None or not isinstance(a, Node) or not a.requires_grad:
                continue
            if op.sequence:
                g, out = operands[:2]
                part = Term(f"{every.text}[{i}]({g.text}, {out.text})", rule(g.value, out.value))
                yield a, self.fitted(op, part, operands, a)
            elif not any(isinstance(x.value, np.ndarray) for x in operands):
                yield a, self.by_engine(op, rule, i, operands, params, a)
            else:
                wish = f"{self.of[a].text}_grad"
                yield a, self.fitted(op, self.call(rule, f"{op.name}_rule{i}", operands, params, wish), operands, a)

    def by_engine(
        self, op: Operation, rule: Any, i: int, operands: list[Term], params: Mapping[str, Term], a: Node
    ) -> Term:
        """Numbers, of which Python refuses some that IEEE 754 defines: the engine's own step."""
        values = {k: p.value for k, p in params.items()}
        value = contribution(op, rule, tuple(x.value for x in operands), values, a.data)
        inner = ", ".join(x.text for x in operands)
        settings = ", ".join(f"{k!r}: {p.text}" for k, p in params.items())
        names = self.hold(contribution, "contribution"), self.hold(op, op.name), self.hold(rule, f"{op.name}_rule{i}")
        return Term(f"{names[0]}({names[1]}, {names[2]}, ({inner}), {{{settings}}}, {self.of[a].text})", value)

    def fitted(self, op: Operation, part: Term, operands: list[Term], a: Node) -> Term:
        """A rule's result in the shape and dtype of its input, as `engine.contribution` has it."""
        if op.guarded:
            part = self.call(guarded, "guarded", [part, operands[0]])
        data, x = a.data, part.value
        if type(x) is type(data) is np.ndarray and x.dtype is data.dtype:
            if x.shape == data.shape:
                return part
            if data.shape:
                shape = Term(repr(data.shape), data.shape, static=True)
                return self.call(unbroadcast, "unbroadcast", [part, shape], wish=f"{self.of[a].text}_grad")
        return self.call(fit, "fit", [part, self.of[a]])


class Changed(Exception):
    """A check told something else than when the program was recorded."""


def is_plain(x: Any) -> bool:
    """Whether no array is in it."""
    return all(map(is_plain, x)) if isinstance(x, tuple | list) else not isinstance(x, np.ndarray)


def of_kind(g: Term, data: Any) -> str:
    """A gradient as an array for an array, as a number for a number."""
    if type(g.value) is type(data):
        return g.text
    return f"np.asarray({g.text}, np.{data.dtype})" if isinstance(data, np.ndarray) else f"float({g.text})"


def operation(node: Node) -> Operation:
    assert node.op is not None
    return node.op

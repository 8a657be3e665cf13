"""A function's own source with its questions settled: what its branches ask of types, shapes and dtypes is known.

``product(x, w)`` becomes ``x.dot(w)`` where both are small matrices.  What asks for an entry is not settled, nor is
what has a loop: such a function stays a call.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import math
import operator
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..ops import RULES

PACKAGE = __name__.partition(".")[0]
OF_SHAPE = frozenset({"shape", "ndim", "dtype", "size", "flags", "itemsize"})
ASKS_SHAPE = frozenset({type, len, isinstance, np.shape, np.ndim, np.size, np.result_type})
PURE = frozenset({*ASKS_SHAPE, np.arange, math.prod, math.sqrt, tuple, range, min, max, abs, float, int, bool})
MAY_RETURN_ITSELF = ("astype", "asarray")
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Not: operator.not_, ast.Invert: operator.invert, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_,
    ast.IsNot: operator.is_not, ast.In: lambda x, y: x in y, ast.NotIn: lambda x, y: x not in y,
}  # fmt: skip


class Unsettled(Exception):
    """Something is asked that only the numbers answer."""


class Piece(NamedTuple):
    """An expression: its source, its value in the recorded call, and whether that stays for these shapes."""

    make: Callable[[], ast.expr]
    value: Any
    static: bool = False

    @property
    def is_name(self) -> bool:
        return not self.static and isinstance(self.make(), ast.Name)


class Names(Protocol):
    """What the lines are written to."""

    lines: list[str]

    def new(self, wish: str) -> str: ...

    def literal(self, x: Any) -> str: ...


class Settled:
    """One function on given operands, written line by line; `result` is what it returns."""

    def __init__(self, to: Names, fn: Any, args: list[Piece], params: Mapping[str, Piece], wish: str = ""):
        self.to, self.fn, self.wish = to, fn, wish
        definition = source_of(fn)
        signature = inspect.signature(fn)
        bound = signature.bind(*args, **params)
        self.local: dict[str, Any] = {}
        for name, parameter in signature.parameters.items():
            if name in bound.arguments:
                self.local[name] = bound.arguments[name]
            elif parameter.kind is parameter.VAR_KEYWORD:
                self.local[name] = {}
            elif parameter.kind is parameter.VAR_POSITIONAL:
                raise Unsettled
            else:
                self.local[name] = self.static(parameter.default)
        if isinstance(definition, ast.Lambda):
            self.name_operands(definition)
            self.result = self.expression(definition.body)
            return
        self.name_operands(None)
        returned = [s.value for s in ast.walk(definition) if isinstance(s, ast.Return)]
        self.returned = {r.id for r in returned if isinstance(r, ast.Name)}
        found = self.statements(definition.body)
        if found is None:
            raise Unsettled
        self.result = found

    def name_operands(self, body: ast.AST | None) -> None:
        """Give a name to each operand that is a formula, unless it is used once."""
        for name, piece in self.local.items():
            if isinstance(piece, Piece) and not piece.static and not piece.is_name:
                if is_view(piece.make()):
                    continue
                uses = 2 if body is None else sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(body))
                if uses > 1:
                    self.local[name] = self.named(name, piece)

    # -- statements ----------------------------------------------------------------------------
    def statements(self, body: list[ast.stmt]) -> Piece | None:
        for statement in body:
            found = self.statement(statement)
            if found is not None:
                return found
        return None

    def statement(self, s: ast.stmt) -> Piece | None:
        if isinstance(s, ast.Return) and s.value is not None:
            return self.expression(s.value)
        if isinstance(s, ast.If):
            return self.statements(s.body if self.known(s.test) else s.orelse)
        if isinstance(s, ast.Assign | ast.AnnAssign):
            (target,) = s.targets if isinstance(s, ast.Assign) else [s.target]
            if s.value is None:
                return None
            self.assign(target, self.expression(s.value))
        elif isinstance(s, ast.AugAssign):
            self.augment(s)
        elif isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and self.appends(s.value):
            (x,) = s.value.args
            self.local[s.value.func.value.id].value.append(self.expression(x))  # type: ignore[attr-defined]
        elif not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            raise Unsettled
        return None

    def appends(self, call: ast.Call) -> bool:
        """Whether this leaves something for a rule: kept.append(x)."""
        f = call.func
        return isinstance(f, ast.Attribute) and f.attr == "append" and isinstance(f.value, ast.Name)

    def assign(self, target: ast.expr, piece: Piece) -> None:
        if isinstance(target, ast.Name):
            fresh = not piece.static and not piece.is_name
            self.local[target.id] = self.named(target.id, piece) if fresh else piece
        elif isinstance(target, ast.Tuple) and piece.static and isinstance(piece.value, tuple):
            names = [e.id for e in target.elts if isinstance(e, ast.Name)]
            if len(names) != len(target.elts):
                raise Unsettled
            self.local.update({n: self.static(x) for n, x in zip(names, piece.value, strict=True)})
        else:
            raise Unsettled

    def augment(self, s: ast.AugAssign) -> None:
        """x += y, which writes into the array x."""
        compute = OPERATORS[type(s.op)]
        value = self.expression(s.value)
        left: Any
        if isinstance(s.target, ast.Subscript):
            target, index = self.expression(s.target.value), self.expression(s.target.slice)
            target.value[index.value] = compute(target.value[index.value], value.value)
            left = ast.Subscript(target.make(), index.make(), ast.Store())
        else:
            target = self.expression(s.target)
            if not target.is_name or not isinstance(target.value, np.ndarray):
                raise Unsettled
            np.copyto(target.value, compute(target.value, value.value))
            left = target.make()
        self.to.lines.append(ast.unparse(ast.fix_missing_locations(ast.AugAssign(left, s.op, value.make()))))

    def named(self, wish: str, piece: Piece) -> Piece:
        wish = self.wish if self.wish and wish in getattr(self, "returned", ()) else wish
        name = self.to.new(wish)
        self.to.lines.append(f"{name} = {unparsed(piece)}")
        return Piece(lambda: ast.Name(name, ast.Load()), piece.value)

    # -- expressions ---------------------------------------------------------------------------
    def static(self, x: Any) -> Piece:
        return x if isinstance(x, Piece) else Piece(lambda: ast.parse(self.to.literal(x), mode="eval").body, x, True)

    def known(self, e: ast.expr) -> Any:
        piece = self.expression(e)
        if not piece.static or isinstance(piece.value, np.ndarray):
            raise Unsettled
        return piece.value

    def expression(self, e: ast.expr) -> Piece:
        handler = getattr(self, f"in_{type(e).__name__.lower()}", None)
        if handler is None:
            raise Unsettled
        piece: Piece = handler(e)
        return piece

    def combined(self, parts: list[Piece], value: Any, make: Callable[[list[ast.expr]], ast.expr]) -> Piece:
        """What is made of parts: static if they all are, and no array."""
        if all(p.static for p in parts) and not isinstance(value, np.ndarray | np.generic):
            return self.static(value)
        return Piece(lambda: make([p.make() for p in parts]), value)

    def in_constant(self, e: ast.Constant) -> Piece:
        return self.static(e.value)

    def in_name(self, e: ast.Name) -> Piece:
        if e.id in self.local:
            found = self.local[e.id]
            return found if isinstance(found, Piece) else self.static(found)
        scope = self.fn.__globals__
        if e.id not in scope and not hasattr(builtins, e.id):
            raise Unsettled  # of an enclosing function
        return self.static(scope[e.id] if e.id in scope else getattr(builtins, e.id))

    def in_attribute(self, e: ast.Attribute) -> Piece:
        base = self.expression(e.value)
        value = getattr(base.value, e.attr)
        if base.static and (isinstance(base.value, types.ModuleType) or callable(value)):
            return Piece(lambda: ast.Attribute(base.make(), e.attr, ast.Load()), value, True)
        if base.static or (isinstance(base.value, np.ndarray) and e.attr in OF_SHAPE):
            return self.static(value)
        return Piece(lambda: ast.Attribute(base.make(), e.attr, ast.Load()), value)

    def in_subscript(self, e: ast.Subscript) -> Piece:
        base, index = self.expression(e.value), self.expression(e.slice)
        if isinstance(base.value, list) and index.static:
            found = base.value[index.value]
            return found if isinstance(found, Piece) else self.static(found)
        value = base.value[index.value]
        if base.static and index.static:
            return self.static(value)
        return Piece(lambda: ast.Subscript(base.make(), index.make(), ast.Load()), value)

    def in_slice(self, e: ast.Slice) -> Piece:
        ends = [self.static(None) if x is None else self.expression(x) for x in (e.lower, e.upper, e.step)]
        if not all(p.static for p in ends):
            raise Unsettled
        shown = [None if p.value is None else p.make() for p in ends]
        return Piece(lambda: ast.Slice(*shown), slice(*(p.value for p in ends)), True)

    def in_tuple(self, e: ast.Tuple) -> Piece:
        parts = [self.expression(x) for x in e.elts]
        value = tuple(p.value for p in parts)
        return Piece(lambda: ast.Tuple([p.make() for p in parts], ast.Load()), value, all(p.static for p in parts))

    def in_starred(self, e: ast.Starred) -> Piece:
        raise Unsettled

    def in_binop(self, e: ast.BinOp) -> Piece:
        parts = [self.expression(e.left), self.expression(e.right)]
        value = OPERATORS[type(e.op)](*(p.value for p in parts))
        return self.combined(parts, value, lambda made: ast.BinOp(made[0], e.op, made[1]))

    def in_unaryop(self, e: ast.UnaryOp) -> Piece:
        part = self.expression(e.operand)
        if isinstance(e.op, ast.Not):
            return self.static(not self.known(e.operand))
        return self.combined([part], OPERATORS[type(e.op)](part.value), lambda made: ast.UnaryOp(e.op, made[0]))

    def in_compare(self, e: ast.Compare) -> Piece:
        parts = [self.expression(x) for x in (e.left, *e.comparators)]
        identity = isinstance(e.ops[0], ast.Is | ast.IsNot)
        if len(e.ops) == 1 and (not identity or any(p.static for p in parts)):
            value = OPERATORS[type(e.ops[0])](*(p.value for p in parts))
            if identity and parts[1].value is None:  # an array is none in no call
                return self.static(value)
            return self.combined(parts, value, lambda made: ast.Compare(made[0], e.ops, made[1:]))
        if not all(p.static for p in parts):
            raise Unsettled
        pairs = zip(e.ops, parts, parts[1:], strict=False)
        return self.static(all(OPERATORS[type(op)](x.value, y.value) for op, x, y in pairs))

    def in_boolop(self, e: ast.BoolOp) -> Piece:
        stop = isinstance(e.op, ast.Or)
        for x in e.values:
            value = self.known(x)
            if bool(value) is stop:
                break
        return self.static(value)

    def in_ifexp(self, e: ast.IfExp) -> Piece:
        return self.expression(e.body if self.known(e.test) else e.orelse)

    def in_call(self, e: ast.Call) -> Piece:
        f = self.expression(e.func)
        args = [self.expression(a) for a in e.args]
        params: dict[str, Piece] = {}
        for k in e.keywords:
            params.update({k.arg: self.expression(k.value)} if k.arg else self.local[k.value.id])  # type: ignore[attr-defined]
        parts = [*args, *params.values()]
        if f.static and is_ours(f.value) and not all(p.static for p in parts):
            return called(self.to, f.value, args, params)
        if any(isinstance(p.value, list) for p in parts):
            raise Unsettled
        value = f.value(*(a.value for a in args), **{k: p.value for k, p in params.items()})
        if f.value is getattr and args[1].value in OF_SHAPE:
            return self.static(value)
        if f.static and isinstance(getattr(f.value, "__self__", None), dict) and all(p.static for p in parts):
            return self.static(value)
        if f.static and f.value in PURE and (f.value in ASKS_SHAPE or all(p.static for p in parts)):
            return self.static(value)
        base = self.expression(e.func.value) if isinstance(e.func, ast.Attribute) else None
        for x in (base, *args[:1]):
            if x is not None and value is x.value and e.func.attr in MAY_RETURN_ITSELF:  # type: ignore[attr-defined]
                return x
        return Piece(lambda: call_of(f, args, params), value)


def call_of(f: Piece, args: list[Piece], params: Mapping[str, Piece]) -> ast.expr:
    keywords = [ast.keyword(k, p.make()) for k, p in params.items()]
    return ast.Call(f.make(), [a.make() for a in args], keywords)


def called(to: Names, fn: Any, args: list[Piece], params: Mapping[str, Piece], wish: str = "") -> Piece:
    """A call of one of our functions: its source with all questions settled, or the call as it is."""
    fn = RULES[fn].fn if fn in RULES and hasattr(fn, "__wrapped__") else fn
    lines, lists = list(to.lines), [(p.value, list(p.value)) for p in params.values() if isinstance(p.value, list)]
    try:
        return Settled(to, fn, args, params, wish).result
    except (Unsettled, LookupError, AttributeError, TypeError, ValueError, ArithmeticError):
        to.lines[:] = lines
        for now, was in lists:
            now[:] = was
    return plain_call(to, fn, args, params)


def plain_call(to: Names, fn: Any, args: list[Piece], params: Mapping[str, Piece]) -> Piece:
    """The call as it is."""
    given, left = dict(params), []
    for k, p in params.items():
        if isinstance(p.value, list):
            given[k] = in_list(p.value) if p.value else empty_list(to)
            left += [] if p.value else [(p.value, given[k])]
    f = Piece(lambda: ast.parse(to.literal(fn), mode="eval").body, fn, True)
    value = fn(*(a.value for a in args), **{k: p.value for k, p in given.items()})
    for kept, name in left:
        kept.extend(entry(name, i) for i in range(len(name.value)))
    return Piece(lambda: call_of(f, args, given), value)


def in_list(pieces: list[Piece]) -> Piece:
    return Piece(lambda: ast.List([p.make() for p in pieces], ast.Load()), [p.value for p in pieces])


def empty_list(to: Names) -> Piece:
    """A list that a function leaves something in for its rules."""
    name = to.new("kept")
    to.lines.append(f"{name} = []")
    return Piece(lambda: ast.Name(name, ast.Load()), [])


def entry(kept: Piece, i: int) -> Piece:
    return Piece(lambda: ast.Subscript(kept.make(), ast.Constant(i), ast.Load()), kept.value[i])


def is_ours(fn: Any) -> bool:
    return isinstance(fn, types.FunctionType) and fn.__module__.partition(".")[0] == PACKAGE


def is_view(e: ast.expr) -> bool:
    """Whether this is no work to write twice: x.mT."""
    return isinstance(e, ast.Attribute) and isinstance(e.value, ast.Name)


def unparsed(piece: Piece) -> str:
    return ast.unparse(ast.fix_missing_locations(piece.make()))


@functools.cache
def definitions(path: str) -> list[ast.FunctionDef | ast.Lambda]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda)]


def source_of(fn: Any) -> ast.FunctionDef | ast.Lambda:
    """The definition of a function, as it stands in its file."""
    if not is_ours(fn) or fn.__closure__:
        raise Unsettled
    code = fn.__code__
    spans = {p for p in code.co_positions() if p[2] is not None and p[0] is not None}
    found = []
    for d in definitions(code.co_filename):
        if d.lineno == code.co_firstlineno and getattr(d, "name", "<lambda>") == code.co_name:
            b = d.body
            if isinstance(b, list) or (b.lineno, b.end_lineno, b.col_offset, b.end_col_offset) in spans:
                found.append(d)
    if len(found) != 1:
        raise Unsettled
    return found[0]

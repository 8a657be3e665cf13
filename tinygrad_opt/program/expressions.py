"""Expressions of our functions, each with its value: what they ask of types, shapes and dtypes is known."""

from __future__ import annotations

import ast
import builtins
import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .sources import is_ours
from .terms import Page, Term, call_of, parsed

OF_SHAPE = frozenset({"shape", "ndim", "dtype", "size", "flags", "itemsize"})
ASKS_SHAPE = frozenset({type, len, isinstance, np.shape, np.ndim, np.size, np.result_type})
PURE = frozenset({*ASKS_SHAPE, np.arange, math.prod, math.sqrt, tuple, range, min, max, abs, float, int, bool})
MAY_RETURN_ITSELF = frozenset({"astype", "asarray"})
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


class Expressions:
    """The expressions of a function whose local names stand for terms.

    local  a Term by each name, or a dict of terms for **settings
    """

    def __init__(self, page: Page, fn: Any):
        self.page, self.fn = page, fn
        self.local: dict[str, Any] = {}

    def called(self, fn: Any, args: list[Term], params: dict[str, Term]) -> Term:
        """A call of another of our functions."""
        raise NotImplementedError

    def expression(self, e: ast.expr) -> Term:
        handler = getattr(self, f"in_{type(e).__name__.lower()}", None)
        if handler is None:
            raise Unsettled
        found: Term = handler(e)
        return found

    def known(self, e: ast.expr) -> Any:
        """The value of an expression that is the same in all calls."""
        found = self.expression(e)
        if not found.static or isinstance(found.value, np.ndarray):
            raise Unsettled
        return found.value

    def static(self, x: Any) -> Term:
        return x if isinstance(x, Term) else Term(lambda: parsed(self.page.literal(x)), x, True)

    def combined(self, parts: list[Term], value: Any, make: Callable[[], ast.expr]) -> Term:
        """What is made of parts: static if they all are, and no array."""
        if all(p.static for p in parts) and not isinstance(value, np.ndarray | np.generic):
            return self.static(value)
        return Term(make(), value)

    # -- one for each kind ---------------------------------------------------------------------
    def in_constant(self, e: ast.Constant) -> Term:
        return self.static(e.value)

    def in_name(self, e: ast.Name) -> Term:
        for scope in (self.local, self.fn.__globals__, vars(builtins)):
            if e.id in scope:
                return self.static(scope[e.id])
        raise Unsettled

    def in_attribute(self, e: ast.Attribute) -> Term:
        base = self.expression(e.value)
        value = getattr(base.value, e.attr)
        is_part = isinstance(base.value, types.ModuleType) or callable(value)  # a function, or a method
        if (base.static and not is_part) or (isinstance(base.value, np.ndarray) and e.attr in OF_SHAPE):
            return self.static(value)
        return Term(lambda: ast.Attribute(base.code, e.attr, ast.Load()), value, base.static)

    def in_subscript(self, e: ast.Subscript) -> Term:
        base, index = self.expression(e.value), self.expression(e.slice)
        value = base.value[index.value]
        if (base.static or isinstance(base.value, list)) and index.static:
            return self.static(value)
        return Term(ast.Subscript(base.code, index.code, ast.Load()), value)

    def in_slice(self, e: ast.Slice) -> Term:
        ends = [self.static(None) if x is None else self.expression(x) for x in (e.lower, e.upper, e.step)]
        if not all(p.static for p in ends):
            raise Unsettled
        shown = [None if x is None else p for x, p in zip((e.lower, e.upper, e.step), ends, strict=True)]
        return Term(lambda: ast.Slice(*(p and p.code for p in shown)), slice(*(p.value for p in ends)), True)

    def in_tuple(self, e: ast.Tuple) -> Term:
        parts = [self.expression(x) for x in e.elts]
        value = tuple(p.value for p in parts)
        return Term(lambda: ast.Tuple([p.code for p in parts], ast.Load()), value, all(p.static for p in parts))

    def in_binop(self, e: ast.BinOp) -> Term:
        left, right = self.expression(e.left), self.expression(e.right)
        value = OPERATORS[type(e.op)](left.value, right.value)
        return self.combined([left, right], value, lambda: ast.BinOp(left.code, e.op, right.code))

    def in_unaryop(self, e: ast.UnaryOp) -> Term:
        if isinstance(e.op, ast.Not):
            return self.static(not self.known(e.operand))
        part = self.expression(e.operand)
        return self.combined([part], OPERATORS[type(e.op)](part.value), lambda: ast.UnaryOp(e.op, part.code))

    def in_compare(self, e: ast.Compare) -> Term:
        parts = [self.expression(x) for x in (e.left, *e.comparators)]
        identity = isinstance(e.ops[0], ast.Is | ast.IsNot)
        if len(e.ops) == 1 and (not identity or any(p.static for p in parts)):
            left, right = parts
            value = OPERATORS[type(e.ops[0])](left.value, right.value)
            if identity and right.value is None:  # an array is none in no call
                return self.static(value)
            return self.combined(parts, value, lambda: ast.Compare(left.code, e.ops, [right.code]))
        if not all(p.static for p in parts):
            raise Unsettled
        pairs = zip(e.ops, parts, parts[1:], strict=False)
        return self.static(all(OPERATORS[type(op)](x.value, y.value) for op, x, y in pairs))

    def in_boolop(self, e: ast.BoolOp) -> Term:
        stop = isinstance(e.op, ast.Or)
        for x in e.values:
            value = self.known(x)
            if bool(value) is stop:
                break
        return self.static(value)

    def in_ifexp(self, e: ast.IfExp) -> Term:
        return self.expression(e.body if self.known(e.test) else e.orelse)

    def in_call(self, e: ast.Call) -> Term:
        f, args = self.expression(e.func), [self.expression(a) for a in e.args]
        params = self.keywords(e)
        parts = [*args, *params.values()]
        all_static = all(p.static for p in parts)
        if f.static and is_ours(f.value) and not all_static:
            return self.called(f.value, args, params)
        if any(isinstance(p.value, list) for p in parts):
            raise Unsettled
        value = f.value(*(a.value for a in args), **{k: p.value for k, p in params.items()})
        if f.static and (self.tells_of_shapes(f.value, args) or (all_static and is_pure(f.value))):
            return self.static(value)
        return self.itself(e, args, value) or Term(call_of(f, args, params), value)

    def keywords(self, e: ast.Call) -> dict[str, Term]:
        """Settings by name, those of **settings among them."""
        params: dict[str, Term] = {}
        for k in e.keywords:
            if k.arg:
                params[k.arg] = self.expression(k.value)
            elif isinstance(k.value, ast.Name):
                params.update(self.local[k.value.id])
            else:
                raise Unsettled
        return params

    def tells_of_shapes(self, fn: Any, args: list[Term]) -> bool:
        return fn in ASKS_SHAPE or (fn is getattr and args[1].value in OF_SHAPE)

    def itself(self, e: ast.Call, args: list[Term], value: Any) -> Term | None:
        """The array that astype or asarray gave back as it was."""
        if not (isinstance(e.func, ast.Attribute) and e.func.attr in MAY_RETURN_ITSELF):
            return None
        return next((x for x in (self.expression(e.func.value), *args[:1]) if x.value is value), None)


def is_pure(fn: Any) -> bool:
    """Whether a function gives the same for the same: one of these, or a look into a table."""
    return isinstance(getattr(fn, "__self__", None), dict) or fn in PURE

"""A function's own source with its questions settled: what its branches ask of types, shapes and dtypes is known.

``product(x, w)`` becomes ``x.dot(w)`` where both are small matrices.  What asks for an entry is not settled, nor is
what has a loop: such a function stays a call.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ops import RULES
from .expressions import OPERATORS, Expressions, Unsettled
from .sources import source_of
from .terms import Page, Term, named, plain_call

FAILURES = (Unsettled, LookupError, AttributeError, TypeError, ValueError, ArithmeticError)


def called(page: Page, fn: Any, args: list[Term], params: Mapping[str, Term], wish: str = "") -> Term:
    """A call of one of our functions: its source with all questions settled, or the call as it is."""
    fn = RULES[fn].fn if fn in RULES and hasattr(fn, "__wrapped__") else fn
    definition = source_of(fn)
    lines, lists = list(page.lines), [(p.value, list(p.value)) for p in params.values() if isinstance(p.value, list)]
    try:
        if definition is not None:
            return Settled(page, fn, definition, wish).on(args, params)
    except FAILURES:
        page.lines[:] = lines
        for now, was in lists:
            now[:] = was
    return plain_call(page, fn, args, params)


class Settled(Expressions):
    """One function, written line by line; what it returns may be called as wished."""

    def __init__(self, page: Page, fn: Any, definition: ast.FunctionDef | ast.Lambda, wish: str):
        super().__init__(page, fn)
        self.definition, self.wish = definition, wish
        returned = [s.value for s in ast.walk(definition) if isinstance(s, ast.Return)]
        self.returned = {r.id for r in returned if isinstance(r, ast.Name)}

    def on(self, args: list[Term], params: Mapping[str, Term]) -> Term:
        """What it returns for these operands."""
        self.bind(args, params)
        body = self.definition.body
        found = self.statements(body) if isinstance(body, list) else self.expression(body)
        if found is None:
            raise Unsettled
        return found

    def bind(self, args: list[Term], params: Mapping[str, Term]) -> None:
        """Names for the operands: a formula that is used more than once gets a line."""
        signature = inspect.signature(self.fn)
        given = signature.bind(*args, **params).arguments
        for name, parameter in signature.parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                raise Unsettled
            if parameter.kind is parameter.VAR_KEYWORD:
                self.local[name] = given.get(name, {})
                continue
            x = self.static(given.get(name, parameter.default))
            is_once = x.static or x.is_name or is_view(x.code) or self.uses(name) < 2
            self.local[name] = x if is_once else self.named(name, x)

    def uses(self, name: str) -> int:
        """How often a name stands in the formula of a lambda; in a body of statements, more than once."""
        body = self.definition.body
        return 2 if isinstance(body, list) else sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(body))

    def called(self, fn: Any, args: list[Term], params: dict[str, Term]) -> Term:
        return called(self.page, fn, args, params)

    def named(self, wish: str, x: Term) -> Term:
        return named(self.page, self.wish if self.wish and wish in self.returned else wish, x)

    # -- statements ----------------------------------------------------------------------------
    def statements(self, body: list[ast.stmt]) -> Term | None:
        """Write them; what they return, if they do."""
        for statement in body:
            found = self.statement(statement)
            if found is not None:
                return found
        return None

    def statement(self, s: ast.stmt) -> Term | None:
        if isinstance(s, ast.Return) and s.value is not None:
            return self.expression(s.value)
        if isinstance(s, ast.If):
            return self.statements(s.body if self.known(s.test) else s.orelse)
        if isinstance(s, ast.Assign):
            (target,) = s.targets
            self.assign(target, self.expression(s.value))
        elif isinstance(s, ast.AnnAssign):
            if s.value is not None:
                self.assign(s.target, self.expression(s.value))
        elif isinstance(s, ast.AugAssign):
            self.augment(s)
        elif isinstance(s, ast.Expr):
            self.alone(s.value)
        else:
            raise Unsettled
        return None

    def assign(self, target: ast.expr, x: Term) -> None:
        if isinstance(target, ast.Name):
            self.local[target.id] = x if x.static or x.is_name else self.named(target.id, x)
        elif isinstance(target, ast.Tuple) and x.static and isinstance(x.value, tuple):
            for part, value in zip(target.elts, x.value, strict=True):
                self.assign(part, self.static(value))
        else:
            raise Unsettled

    def augment(self, s: ast.AugAssign) -> None:
        """x += y, which writes into the array x."""
        compute = OPERATORS[type(s.op)]
        by = self.expression(s.value)
        left: Any
        if isinstance(s.target, ast.Subscript):
            x, index = self.expression(s.target.value), self.expression(s.target.slice)
            x.value[index.value] = compute(x.value[index.value], by.value)
            left = ast.Subscript(x.code, index.code, ast.Store())
        else:
            x = self.expression(s.target)
            if not x.is_name or not isinstance(x.value, np.ndarray):
                raise Unsettled
            np.copyto(x.value, compute(x.value, by.value))
            left = x.code
        self.page.lines.append(ast.unparse(ast.fix_missing_locations(ast.AugAssign(left, s.op, by.code))))

    def alone(self, e: ast.expr) -> None:
        """An expression that is a statement: text, or kept.append(x), which leaves something for a rule."""
        if isinstance(e, ast.Constant):
            return
        if not isinstance(e, ast.Call):
            raise Unsettled
        f = e.func
        if not (isinstance(f, ast.Attribute) and f.attr == "append" and isinstance(f.value, ast.Name)):
            raise Unsettled
        (x,) = e.args
        self.local[f.value.id].value.append(self.expression(x))


def is_view(e: ast.expr) -> bool:
    """Whether this is no work to write twice: x.mT."""
    return isinstance(e, ast.Attribute) and isinstance(e.value, ast.Name)

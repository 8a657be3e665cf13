"""Terms: pieces of source, each with what it is in the call that was recorded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np


class Term(NamedTuple):
    """An expression: its source, its value in the recorded call, and whether that is the same in every call.

    Source may be a function that makes it: what is asked and never written, such as flags, has none.
    """

    source: ast.expr | Callable[[], ast.expr]
    value: Any
    static: bool = False

    @property
    def code(self) -> ast.expr:
        return self.source if isinstance(self.source, ast.expr) else self.source()

    @property
    def text(self) -> str:
        return ast.unparse(ast.fix_missing_locations(self.code))

    @property
    def is_name(self) -> bool:
        return isinstance(self.source, ast.Name)


class Page(Protocol):
    """What lines are written to, and what knows the names in them."""

    lines: list[str]

    def new(self, wish: str) -> str: ...

    def literal(self, x: Any) -> str: ...


def term(text: str, value: Any, static: bool = False) -> Term:
    return Term(parsed(text), value, static)


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def together(parts: Iterable[str]) -> str:
    """A tuple."""
    every = list(parts)
    return f"({', '.join(every)}{',' if len(every) == 1 else ''})"


def named(page: Page, wish: str, of: Term) -> Term:
    """A line that gives a term a name."""
    name = page.new(wish)
    page.lines.append(f"{name} = {of.text}")
    return Term(ast.Name(name, ast.Load()), of.value)


def call_of(f: Term, args: list[Term], params: Mapping[str, Term]) -> ast.expr:
    keywords = [ast.keyword(k, p.code) for k, p in params.items()]
    return ast.Call(f.code, [a.code for a in args], keywords)


def plain_call(page: Page, fn: Any, args: list[Term], params: Mapping[str, Term]) -> Term:
    """A function, called.

    A list among its settings is what it leaves something in for its rules: a term for each entry is kept in its place.
    """
    given, left = dict(params), []
    for k, p in params.items():
        if isinstance(p.value, list):
            given[k] = in_list(p.value) if p.value else named(page, "kept", term("[]", []))
            left += [] if p.value else [(p.value, given[k])]
    value = fn(*(a.value for a in args), **{k: p.value for k, p in given.items()})
    for kept, name in left:
        kept.extend(entry(name, i) for i in range(len(name.value)))
    return Term(call_of(term(page.literal(fn), fn, static=True), args, given), value)


def in_list(terms: list[Term]) -> Term:
    return Term(ast.List([t.code for t in terms], ast.Load()), [t.value for t in terms])


def entry(kept: Term, i: int) -> Term:
    return Term(ast.Subscript(kept.code, ast.Constant(i), ast.Load()), kept.value[i])


def is_plain(x: Any) -> bool:
    """Whether no array is in it."""
    return all(map(is_plain, x)) if isinstance(x, tuple | list) else not isinstance(x, np.ndarray)

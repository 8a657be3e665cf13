"""The source of our own functions, as it stands in their files."""

from __future__ import annotations

import ast
import functools
import types
from pathlib import Path
from typing import Any

PACKAGE = __name__.partition(".")[0]


def is_ours(fn: Any) -> bool:
    return isinstance(fn, types.FunctionType) and fn.__module__.partition(".")[0] == PACKAGE


@functools.cache
def definitions(path: str) -> list[ast.FunctionDef | ast.Lambda]:
    """All functions in a file."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda)]


def source_of(fn: Any) -> ast.FunctionDef | ast.Lambda | None:
    """The definition of one of our functions; None where it has a closure, or cannot be told from another."""
    if not is_ours(fn) or fn.__closure__:
        return None
    code = fn.__code__
    found = [
        d
        for d in definitions(code.co_filename)
        if d.lineno == code.co_firstlineno and getattr(d, "name", "<lambda>") == code.co_name and is_of(d, code)
    ]
    return found[0] if len(found) == 1 else None


def is_of(definition: ast.FunctionDef | ast.Lambda, code: types.CodeType) -> bool:
    """Whether code was made of a definition: there may be several lambdas in a line."""
    body = definition.body
    if isinstance(body, list):
        return True
    return (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in set(code.co_positions())

"""Formulas typed by a user: parsed by Python's own grammar, computed by a whitelist, never evaluated.

What may stand in one: numbers, names that were given a value, the operators of the rule table, its
functions and those written in them, comparisons, lists and indexing; text only as an argument, such
as reduction="sum".  Everything else is refused with its position.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import functional
from ..ops import COMPOSITIONS, RULES, Operation
from ..spelling import meant
from ..value import Value

OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.remainder, ast.Pow: np.power, ast.MatMult: np.matmul,
    ast.USub: np.negative, ast.UAdd: np.positive,
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip

RANDOM = {  # a formula is to give the same numbers each time
    functional.alpha_dropout, functional.dropout, functional.dropout1d, functional.dropout2d,
    functional.gaussian_dropout, functional.gaussian_noise,
}  # fmt: skip


class ExpressionError(ValueError):
    """A formula or a value that cannot be used, with what to do about it."""


def functions() -> dict[str, Any]:
    """Every differentiable function that has a public name, by that name; NumPy's come before those of linalg."""
    named = {name: fn for module in (np.linalg, np) for name, fn in vars(module).items() if not name.startswith("_")}
    known = {name: fn for name, fn in named.items() if callable(fn) and (fn in RULES or fn in COMPOSITIONS)}
    ours = {name: getattr(functional, name) for name in functional.__all__}
    return known | {name: fn for name, fn in ours.items() if fn not in RANDOM}


class Expression:
    """A parsed formula, ready to be computed for any values of its names.

    >>> Expression("a * b + 1").names
    ['a', 'b']
    """

    def __init__(self, source: str):
        self.source = source
        self.functions = functions()
        try:
            self.tree = ast.parse(source.strip(), mode="eval").body
        except SyntaxError as error:
            column = error.offset or len(source) + 1
            raise ExpressionError(f"syntax error at column {column} of {source!r}: {error.msg}") from None
        except (ValueError, MemoryError, RecursionError) as error:
            raise ExpressionError(f"cannot parse the expression: {error}") from None
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        uses = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in called]
        uses.sort(key=lambda node: (node.lineno, node.col_offset))
        self.names = list(dict.fromkeys(node.id for node in uses))

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Compute the formula; values holds a Value for each of its names."""
        try:
            return self.compute(self.tree, values)
        except RecursionError:
            raise ExpressionError("the expression is nested too deeply; split it up") from None

    def compute(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=bool() | None):
                raise self.refuse(node, f"{node.value!r} is not a number")
            case ast.Constant(value=int() | float() as number):
                return self.constant(node, number)
            case ast.Name(id=name):
                return values[name]
            case ast.BinOp():
                return self.chain(node, values)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
                return self.apply(node, op, self.compute(operand, values))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
                return self.apply(node, op, self.compute(left, values), self.compute(right, values))
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name, values)
            case ast.Subscript(value=value, slice=index):
                return self.guard(node, lambda: self.compute(value, values)[self.index(index)])
            case ast.List(elts=entries):
                return self.listed(node, [self.compute(entry, values) for entry in entries])
        raise self.refuse(node, f"{describe(node)} is not allowed here")

    def chain(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        """a + b + c + ... from the left, however many there are."""
        links = []
        while isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            links.append(node)
            node = node.left
        if not links:
            advice = ": a power is x**2" if isinstance(getattr(node, "op", None), ast.BitXor) else ""
            raise self.refuse(node, f"this operator is not allowed here{advice}")
        result = self.compute(node, values)
        for link in reversed(links):
            result = self.apply(link, link.op, result, self.compute(link.right, values))
        return result

    def apply(self, node: ast.AST, op: ast.AST, *inputs: Any) -> Any:
        """An operator; on plain numbers it follows IEEE 754 as it does on Values."""
        fn = OPERATORS[type(op)]
        if fn in RULES and all(type(x) in (int, float) for x in inputs):
            if fn is np.negative:
                return -inputs[0]
            return self.guard(node, lambda: float(RULES[fn].evaluate(*map(float, inputs))))
        return self.guard(node, lambda: fn(*inputs))

    def call(self, node: ast.Call, name: str, values: Mapping[str, Any]) -> Any:
        """A function by its name, with its operands; axis= and the like are plain."""
        if name not in self.functions:
            raise self.refuse(node, f"unknown function {name!r}{meant(name, self.functions)}")
        fn = self.functions[name]
        plain = [is_plain(a, RULES.get(fn), i) for i, a in enumerate(node.args)]
        args = [self.argument(a) if p else self.compute(a, values) for a, p in zip(node.args, plain, strict=True)]
        params = {
            k.arg or "**": self.compute(k.value, values) if is_formula(k.value) else self.argument(k.value)
            for k in node.keywords
        }
        return self.guard(node, lambda: fn(*args, **params))

    def listed(self, node: ast.AST, entries: list[Any]) -> Any:
        """A list: of numbers an array, of Values what concatenate and stack take."""
        if any(isinstance(entry, Value) for entry in entries):
            return entries
        return self.guard(node, lambda: np.array(entries, float))

    def argument(self, node: ast.AST) -> Any:
        """What is no operand: text, or what may be an index too."""
        match node:
            case ast.Constant(value=str() as text):
                return text
        return self.index(node)

    def index(self, node: ast.AST) -> Any:
        """An index or a parameter: plain integers, slices, tuples, lists, None and Ellipsis."""
        match node:
            case ast.Constant(value=int() | float() | None):
                return node.value
            case ast.Constant(value=value) if value is Ellipsis:
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if end is None else self.index(end) for end in (lower, upper, step)))
            case ast.Tuple(elts=entries):
                return tuple(self.index(entry) for entry in entries)
            case ast.List(elts=entries):
                return [self.index(entry) for entry in entries]
        raise self.refuse(node, f"{describe(node)} cannot be an index or a parameter: use plain integers")

    def constant(self, node: ast.AST, number: int | float) -> int | float:
        """A number; an integer too large for a float is refused."""
        try:
            float(number)
        except OverflowError:
            raise self.refuse(node, "an integer beyond the range of floats") from None
        return number

    def guard(self, node: ast.AST, compute: Any) -> Any:
        """Compute, and give what the package refuses its place in the formula."""
        try:
            result = compute()
            if isinstance(result, float | np.ndarray) and not np.all(np.isfinite(result)):
                raise ValueError(f"this constant is {result}; it must be finite")
            return result
        except MemoryError:
            raise self.refuse(node, "the result does not fit into memory") from None
        except (TypeError, ValueError, LookupError, AttributeError, NotImplementedError, ArithmeticError) as error:
            if isinstance(error, ExpressionError):
                raise
            raise self.refuse(node, " ".join(str(error).split())) from None

    def refuse(self, node: ast.AST, why: str) -> ExpressionError:
        return ExpressionError(f"{why} (at column {getattr(node, 'col_offset', 0) + 1} of {self.source!r})")


def is_plain(node: ast.AST, operation: Operation | None, i: int) -> bool:
    """Whether the i-th argument is no formula: a parameter, a bound that is left open, or a list of labels.

    What is written in other functions (operation is None) takes plain numbers, lists and text as they stand.
    """
    if operation is None:
        return not is_formula(node)
    if operation.sequence:
        return i >= 1
    is_open = isinstance(node, ast.Constant) and node.value is None and operation.optional
    return i >= len(operation.rules) or is_open or (isinstance(node, ast.List) and operation.rules[i] is None)


def is_formula(node: ast.AST) -> bool:
    """Whether anything in it has to be computed."""
    return any(isinstance(part, ast.Name | ast.BinOp) for part in ast.walk(node))


def describe(node: ast.AST) -> str:
    """A name for a piece of syntax that is refused."""
    kinds = {
        ast.Attribute: "attribute access", ast.Lambda: "lambda", ast.Starred: "unpacking", ast.Dict: "a dict",
        ast.Call: "a call of anything but a function's name (np.sin is sin here)", ast.Compare: "a comparison",
        ast.BoolOp: "and/or (use where, maximum, minimum)", ast.IfExp: "if/else (use where)",
        ast.NamedExpr: "assignment", ast.JoinedStr: "a string", ast.Tuple: "a tuple (use a list)",
    }  # fmt: skip
    if isinstance(node, ast.Constant):
        return f"{node.value!r}"
    return kinds.get(type(node), type(node).__name__.lower())


def parse_values(settings: list[str]) -> dict[str, Any]:
    """NAME=VALUE settings as Values by name; a value is a number or a nested list of numbers."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, written = setting.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ExpressionError(f"{setting!r} is not NAME=VALUE, as in x=2 or W=[[1,2],[3,4]]")
        if name in values:
            raise ExpressionError(f"{name} is given twice")
        values[name] = parse_value(name, written)
    return values


def parse_value(name: str, written: str) -> Value:
    try:
        data = ast.literal_eval(written.strip())
        value = Value(data, name=name)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError, OverflowError) as error:
        known = isinstance(error, TypeError) or "ragged" in str(error)
        reason = str(error) if known else "write a number or a nested list of numbers"
        raise ExpressionError(f"{name}={written}: {reason}") from None
    if not np.all(np.isfinite(value.data)):
        raise ExpressionError(f"{name}={written}: the value must be finite")
    return value

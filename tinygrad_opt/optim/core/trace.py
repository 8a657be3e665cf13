"""Run a rule on symbols: what it computes from what, the branches it took and the names it gave.

A rule is a pure function of numbers (hyperparameters, the step count, sums over a tensor) and arrays
(parameter, gradient, state).  One run on symbols serves its printed formula, its explanation and the
kernel that runs.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...expr import Expr
from ...ops import Operation, concrete

# What Python itself does with floats; a NumPy function would give a float64 that widens float32 arrays.
PYTHON: dict[Any, Callable[..., Any]] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.power: operator.pow, np.floor_divide: operator.floordiv, np.remainder: operator.mod,
    np.negative: operator.neg, np.positive: operator.pos, np.absolute: operator.abs,
    np.greater: operator.gt, np.greater_equal: operator.ge, np.less: operator.lt, np.less_equal: operator.le,
    np.equal: operator.eq, np.not_equal: operator.ne,
}  # fmt: skip

POWERS = {2: "square", 0.5: "sqrt", -1: "reciprocal"}
"""What NumPy's ** itself computes for these exponents."""


class Symbol(Expr):
    """A number or an array of a rule that is being traced.

    depth counts the sums over a tensor that must be known first; exponents and other numbers that decide
    how an array is computed become conditions of the trace, like branches.
    """

    __slots__ = ("depth", "function", "is_number", "trace")

    def __init__(
        self, trace: Trace, value: Any, name: str | None, fn: str | None = None, args: Sequence[Any] = (),
        params: Mapping[str, Any] | None = None, operation: Operation | None = None,
    ):  # fmt: skip
        super().__init__(value, name, fn, tuple(args), params or {}, operation.defaults if operation else {})
        self.trace = trace
        self.function = operation.fn if operation else None
        self.is_number = not isinstance(value, np.ndarray)
        self.depth: int = max((a.depth for a in args if isinstance(a, Symbol)), default=0)

    @staticmethod
    def record(operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        trace = next(a.trace for a in args if isinstance(a, Symbol))
        if all(map(is_number, args)):
            return trace.number(operation.fn, operation.name, args)
        return trace.array(operation, args, params)

    def predicate(self, ufunc: np.ufunc, args: tuple[Any, ...]) -> Symbol:
        if all(map(is_number, args)):
            return self.trace.number(ufunc, ufunc.__name__, args)
        value = ufunc(*map(concrete, args))
        return self.trace.shared(
            ufunc.__name__, args, {}, lambda: Symbol(self.trace, value, None, ufunc.__name__, args)
        )

    def total(self) -> Symbol:
        """The sum over the tensor: a number known only after every entry has been seen."""
        made = self.trace.shared(
            "total", (self,), {}, lambda: Symbol(self.trace, float(np.sum(self.value)), None, "total", (self,))
        )
        made.depth = self.depth + 1
        return made

    def choose(self, x: Any, y: Any) -> Symbol:
        """x where this number is true, else y, decided when it is known."""
        args = (self, x, y)
        value = concrete(x) if self.value else concrete(y)
        return self.trace.shared("choose", args, {}, lambda: Symbol(self.trace, value, None, "choose", args))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(f"a rule is written in NumPy's functions: np.{name}(x), not x.{name}()")

    def __bool__(self) -> bool:
        if not self.is_number:
            raise TypeError("a rule cannot branch on an array, whose entries differ: use np.where(condition, x, y)")
        if self.depth:
            raise TypeError("a rule cannot branch on a sum over a tensor: use optim.where(condition, x, y)")
        self.trace.conditions[self] = bool(self.value)
        return bool(self.value)

    def __float__(self) -> float:
        raise TypeError(
            "float(x), int(x), range(x) and math.f(x) take numbers out of a rule: use operators, such as x ** 0.5 for "
            "a square root, and x // 1 for whole numbers"
        )

    __int__ = __index__ = __float__


class Trace:
    """The record of one run of a rule on symbols.

    conditions maps each number that decided a branch to the outcome; names maps symbols to the names of the
    rule's local variables.  whole tells that the rule is given whole arrays, of which it may compute anything.
    """

    def __init__(self, whole: bool = False) -> None:
        self.whole = whole
        self.conditions: dict[Symbol, bool] = {}
        self.names: dict[Symbol, str] = {}
        self._made: dict[Any, Symbol] = {}
        self._dtype: Any = None

    def input(self, name: str, value: Any) -> Symbol:
        if isinstance(value, np.ndarray):
            self._dtype = value.dtype
        return Symbol(self, value, name)

    def number(self, fn: Any, name: str, args: tuple[Any, ...]) -> Symbol:
        """Arithmetic on numbers, as Python does it."""
        if fn not in PYTHON:
            raise TypeError(
                f"np.{name} of a number in a rule would give a NumPy float64, which turns float32 arrays into float64: "
                "use Python's operators, such as x ** 0.5 for a square root"
            )
        try:
            value = PYTHON[fn](*map(concrete, args))
        except ArithmeticError:  # the value on the way stands for nothing; the kernel computes its own
            value = float("nan")
        return self.shared(name, args, {}, lambda: Symbol(self, value, None, name, args))

    def array(self, operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Symbol:
        """An operation on arrays: an elementwise one, unless the rule is given whole arrays."""
        if not (operation.elementwise or self.whole):
            raise TypeError(
                f"np.{operation.name} in a rule that is run entry by entry: for sums use optim.total(x) or "
                "optim.norm(x); for matrices set granularity = 'array'"
            )
        foreign = [a for a in args if not isinstance(a, Symbol) and type(a) not in (float, int, bool)]
        if foreign:
            raise TypeError(f"{operation.name} in a rule takes its arrays and Python numbers; got {foreign[0]!r}")
        if operation.fn is np.power:
            args = (args[0], self.settled(args[1]))
        if operation.fn is np.where:
            args = (truth(args[0]), *args[1:])
        value = np.asarray(operation.evaluate(*map(concrete, args), **params))
        if not (self.whole or value.dtype in (self._dtype, bool)):
            raise TypeError(
                f"{operation.name} in a rule made {value.dtype} of masks or numbers alone, which turns float32 arrays "
                "into float64: choose between arrays, such as np.where(g > 0, g, 0.0)"
            )
        return self.shared(
            operation.name, args, params, lambda: Symbol(self, value, None, operation.name, args, params, operation)
        )

    def call(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> Symbol:
        """A function of whole arrays that stands in the record by its name."""
        if not self.whole:
            raise TypeError(f"{fn.__name__} needs whole arrays: set granularity = 'array'")
        value = fn(*map(concrete, args))
        return self.shared(fn, args, {}, lambda: Symbol(self, value, None, fn.__name__, args))

    def settled(self, exponent: Any) -> Any:
        """An exponent; as a constant where NumPy has a short cut for it, which is another trace."""
        if isinstance(exponent, Symbol) and exponent.is_number and not exponent.depth:
            return next((power for power in POWERS if exponent == power), exponent)
        return exponent

    def shared(
        self, function: Hashable, args: Sequence[Any], params: Mapping[str, Any], make: Callable[[], Symbol]
    ) -> Symbol:
        """What the same function of the same things has made before, else a new symbol."""
        key = (function, *(id(a) if isinstance(a, Symbol) else repr(a) for a in args), repr(sorted(params.items())))
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def run(self, rule: Callable[..., Any], *args: Any) -> Any:
        """Call the rule with overflows and the like unreported, and note what its local variables are called."""
        with np.errstate(all="ignore"):
            result, found = call_noting_locals(rule, args)
        for name, x in found.items():
            if isinstance(x, Symbol) and x.fn is not None:
                self.names.setdefault(x, name)
        return result


def is_number(x: Any) -> bool:
    return x.is_number if isinstance(x, Symbol) else type(x) in (float, int, bool)


def truth(condition: Any) -> Any:
    """A condition as np.where takes it: every number but zero is true."""
    if not isinstance(condition, Symbol):
        return bool(condition)
    return condition if np.asarray(condition.value).dtype == bool else condition != 0


def call_noting_locals(fn: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    """fn(*args), and its local variables when it returned: the words in which its author thinks.

    Those of a function of the same name that it calls, a rule on which another builds, are among them.  Under a
    profiler they are not seen, as there can be only one.
    """
    found: dict[str, Any] = {}
    code: CodeType | None = getattr(fn, "__code__", None)
    if sys.getprofile() is not None:
        return fn(*args), found

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and code and frame.f_code.co_name == code.co_name:
            found.update(frame.f_locals)

    sys.setprofile(profile)
    try:
        return fn(*args), found
    finally:
        sys.setprofile(None)

"""Expr: an operand that carries a concrete value and the formula that made it.

Run a rule on Exprs and the result is the rule's own formula, to be read as text or LaTeX, with names
or with numbers put in; its value is what the rule computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .ops import Operand, Operation, concrete
from .ops.indexing import getitem
from .ops.operation import NO_PARAMS


class Expr(Operand, np.lib.mixins.NDArrayOperatorsMixin):
    """A value with a name, or with the function and the arguments that made it."""

    __slots__ = ("args", "defaults", "fn", "name", "params", "value")

    def __init__(
        self,
        value: Any,
        name: str | None = None,
        fn: str | None = None,
        args: tuple[Any, ...] = (),
        params: Mapping[str, Any] = NO_PARAMS,
        defaults: Mapping[str, Any] = NO_PARAMS,
    ):
        self.value, self.name, self.fn, self.args = value, name, fn, args
        self.params, self.defaults = params, defaults

    __hash__ = object.__hash__
    is_text = True

    shape = property(lambda self: np.shape(self.value))
    ndim = property(lambda self: np.ndim(self.value))
    size = property(lambda self: np.size(self.value))
    dtype = property(lambda self: np.result_type(self.value))
    mT = property(lambda self: np.matrix_transpose(self))
    T = property(lambda self: np.transpose(self))

    def __getitem__(self, index: Any) -> Any:
        return getitem(self, index=index)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return f"Expr({self.name or self.fn}, {self.value!r})"

    def concrete(self) -> Any:
        return self.value

    @staticmethod
    def record(operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        if operation.fn is np.multiply:
            for one, other in (args, args[::-1]):
                if one is ONE or (isinstance(one, int) and one == 1):
                    return as_number(other)
                if is_minus_one(one):
                    return -as_number(other)
        if operation.fn is np.power and isinstance(args[1], int | float) and args[1] == 1:
            return args[0]
        value = operation.evaluate(*map(concrete, args), **params)
        return Expr(value, None, operation.name, args, params, operation.defaults)

    def predicate(self, ufunc: np.ufunc, args: tuple[Any, ...]) -> Expr:
        return Expr(ufunc(*map(concrete, args)), None, ufunc.__name__, args)


ONE = Expr(1.0, "1")
"""The upstream gradient that turns a rule into the local derivative; factors of it are left out."""


def as_number(x: Any) -> Any:
    """x; a mask as the zeros and ones that a product with it is."""
    if isinstance(x, Expr) and np.asarray(x.value).dtype.kind == "b":
        return Expr(1.0 * x.value, x.name, x.fn, x.args, x.params, x.defaults)
    return 1.0 * x if isinstance(x, bool | np.bool_) else x


def is_minus_one(x: Any) -> bool:
    return isinstance(x, Expr) and x.fn == "negative" and x.args[0] is ONE

"""Operand: anything but an array that a NumPy expression can be run on, and so any rule.

NumPy hands every ufunc and function that meets an operand to the two protocols below; they sort the
call and pass it to `record`, which a subclass defines: `Value` makes a node, `Expr` makes text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .aside import aside
from .operation import COMPOSITIONS, RULES, Operation

# Asked of the concrete data: they answer with plain numbers, shapes or masks, which carry no gradient.
PLAIN = frozenset({
    np.shape, np.ndim, np.size, np.result_type, np.zeros_like, np.ones_like, np.empty_like,
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.argwhere,
    np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize, np.isin,
    np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges,
    np.any, np.all, np.isclose, np.allclose, np.array_equal, np.array_equiv, np.iscomplexobj, np.isrealobj,
    np.shares_memory, np.may_share_memory, np.linalg.matrix_rank,
})  # fmt: skip

REDUCE: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
}
ACCUMULATE: dict[np.ufunc, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}


def is_predicate(ufunc: np.ufunc) -> bool:
    """Whether the ufunc answers with a mask, such as np.greater and np.isfinite."""
    return "d->?" in ufunc.types or "dd->?" in ufunc.types or ufunc in (np.bitwise_and, np.bitwise_or)


class Operand:
    """The NumPy protocols, in terms of `record` and `concrete`.

    is_text  what is recorded is to be read: where a fast form gives the same as a plain one, the plain one
    """

    __slots__ = ()
    is_text = False

    @staticmethod
    def record(operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Apply an operation to operands of which at least one is of this class."""
        raise NotImplementedError

    def concrete(self) -> Any:
        """The number or array that stands behind this operand."""
        raise NotImplementedError

    def predicate(self, ufunc: np.ufunc, args: tuple[Any, ...]) -> Any:
        """Apply a ufunc that answers with a mask."""
        return ufunc(*map(concrete, args))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **params: Any) -> Any:
        if method == "__call__" and not params and ufunc in RULES:
            return self.record(RULES[ufunc], args, params)
        name, kind = ufunc.__name__, type(self).__name__
        refuse_out(name, kind, params.pop("out", None))
        if method == "reduce" and ufunc in REDUCE:
            return call(self, REDUCE[ufunc], args, {"axis": 0} | params)
        if method == "accumulate" and ufunc in ACCUMULATE:
            return call(self, ACCUMULATE[ufunc], args, {"axis": 0} | params)
        if method != "__call__":
            raise TypeError(f"np.{name}.{method} has no derivative rule; use .data to compute without a graph")
        if is_predicate(ufunc):
            return self.predicate(ufunc, args)
        return call(self, ufunc, args, params)

    def __array_function__(
        self, fn: Callable[..., Any], types: Any, args: tuple[Any, ...], params: dict[str, Any]
    ) -> Any:
        if fn in PLAIN:
            require_plain(f"np.{fn.__name__}", "weights", params.get("weights"))
            return fn(*map(without_operands, args), **{k: without_operands(v) for k, v in params.items()})
        refuse_out(fn.__name__, type(self).__name__, params.pop("out", None))
        return call(self, fn, args, params)

    def __array__(self, *_: Any, **__: Any) -> Any:
        kind = type(self).__name__
        raise TypeError(
            f"a {kind} is not an array: use .data for its numbers (they leave the graph), "
            "np.stack to join several into one"
        )


def refuse_out(name: str, kind: str, out: Any) -> None:
    """Raise if the call asks for its result in an array that is there already."""
    if out is not None:
        raise TypeError(
            f"np.{name}(..., out=) with a {kind} would overwrite an array that the graph may need; "
            f"write y = np.{name}(...) instead"
        )


def refuse_unknown(name: str, kind: str, composition: Callable[..., Any], params: Mapping[str, Any]) -> None:
    """Raise for parameters of NumPy's function that a composition does not know."""
    known = inspect.signature(composition).parameters
    unknown = [given for given in params if given not in known]
    if unknown:
        seen = ", ".join(f"{given}=" for given in unknown)
        raise TypeError(
            f"np.{name} on a {kind} takes {', '.join(known)}; got {seen}. Leave it out, or compute on .data"
        )


def require_plain(name: str, role: str, x: Any) -> None:
    """Raise if a number that only steers a function is an operand."""
    if isinstance(x, Operand):
        kind = type(x).__name__
        raise TypeError(f"{name} takes a plain {role}, which gets no gradient; got a {kind}: use its .data")


def array_like(x: Any) -> Any:
    """A list as an array, whole numbers and masks as float64; an operand as it is."""
    if isinstance(x, Operand):
        return x
    if x is None or callable(x):
        raise TypeError(f"numbers are needed; got {no_number(x)}")
    return counted(np.asarray(x))


def no_number(x: Any) -> str:
    """What stands in a number's place, and how it may have got there."""
    return "None: does forward return its result?" if x is None else f"a {type(x).__name__}: call it, model(x)"


def target_like(x: Any) -> Any:
    """A list as an array, which may hold labels: whole numbers stay so; an operand as it is."""
    return x if isinstance(x, Operand) else np.asarray(x)


def counted(x: Any) -> Any:
    """Plain whole numbers and masks as float64, for their own arithmetic wraps around; anything else as it is."""
    return converted(x, np.float64) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biu" else x


@aside
def converted(x: Any, dtype: Any) -> Any:
    """x in another dtype."""
    return x.astype(dtype)


def concrete(x: Any) -> Any:
    """The number or array behind an operand; anything else as it is."""
    return x.concrete() if isinstance(x, Operand) else x


def without_operands(x: Any) -> Any:
    """concrete, in lists and tuples too, such as the keys of np.lexsort."""
    return type(x)(map(without_operands, x)) if type(x) in (list, tuple) else concrete(x)


def call(self: Operand, fn: Callable[..., Any], args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Find fn in the rule table and record it; one composed of others records those."""
    if fn in COMPOSITIONS:
        composition = COMPOSITIONS[fn]
        if params:
            refuse_unknown(fn.__name__, type(self).__name__, composition, params)
        return composition(*args, **params)
    operation = RULES.get(fn)
    if operation is None:
        name = f"{getattr(fn, '__module__', 'numpy')}.{fn.__name__}".replace("numpy", "np", 1)  # ufuncs had none in 2.0
        raise NotImplementedError(
            f"{name} has no derivative rule: add one with "
            f"tinygrad_opt.differentiable({name}, rule), or compute on .data"
        )
    return self.record(operation, *operation.bind(args, params))

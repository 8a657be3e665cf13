"""The rule table: one entry for each differentiable function, keyed by that function.

A rule is written ``rule(g, out, *inputs, **params)`` and returns the gradient for one input, where
``g`` is the gradient of the loss with respect to ``out``.  Rules are plain NumPy, so NumPy's own
dispatch decides what they make: arrays give numbers, `Value` gives a graph (derivatives of
derivatives), `Expr` gives text.  Rules ignore broadcasting: the engine sums each result down to its
input's shape with `unbroadcast`, once, in one place.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from .operand import Operand, counted, no_number
from .operation import COMPOSITIONS, RULES, ForEach, Operation, Rule
from .scalars import as_setting

Function = TypeVar("Function", bound=Callable[..., Any])


def differentiable(fn: Function, *rules: Rule | ForEach | None, **facts: Any) -> Function:
    """Give a function its derivative: one rule per positional operand, None where no gradient flows.

    fn is a NumPy function, or a function of your own that computes with NumPy on arrays; then keep
    what this returns, which also takes Values.  facts are those of `Operation`.

    >>> import numpy as np
    >>> from tinygrad_opt import Value, differentiable
    >>> def softsign(x):
    ...     return x / (1 + np.abs(x))
    >>> softsign = differentiable(softsign, lambda g, out, x: g * (1 - np.abs(out)) ** 2, analytic=False)
    >>> x = Value(1.0)
    >>> softsign(x).backward()
    >>> x.grad
    0.25
    """
    if not callable(fn) or not hasattr(fn, "__name__"):
        raise TypeError(f"differentiable takes a named function and its rules; got {fn!r} in the function's place")
    for_each = isinstance(rules[0], ForEach) if rules else False
    if not rules or (not for_each and all(rule is None for rule in rules)):
        raise TypeError(f"differentiable({fn.__name__}) needs at least one rule; got none")
    refuse_bad_rules(fn.__name__, rules, facts)
    function = fn if is_numpy(fn) else dispatching(fn, rules)
    table_rules: Any = rules[0] if for_each else rules
    operation = Operation(fn, table_rules, **facts)
    if function in RULES:  # whoever holds the entry, as methods and aliases do, is to see the new rules in it
        vars(RULES[function]).clear()
        vars(RULES[function]).update(vars(operation))
    else:
        RULES[function] = operation
    return function


FACTS = [p.name for p in inspect.signature(Operation).parameters.values() if p.kind is p.KEYWORD_ONLY]


def refuse_bad_rules(name: str, rules: Iterable[Any], facts: Iterable[str]) -> None:
    """Raise if a rule is no function, or a fact is none that is known."""
    for i, rule in enumerate(rules):
        if not (rule is None or callable(rule) or isinstance(rule, ForEach)):
            raise TypeError(f"differentiable({name}): rule {i} must be a function rule(g, out, *inputs); got {rule!r}")
    unknown = [fact for fact in facts if fact not in FACTS]
    if unknown:
        raise TypeError(f"differentiable({name}) knows the facts {', '.join(FACTS)}; got {unknown[0]}=")


def alias(name: Callable[..., Any], fn: Callable[..., Any]) -> None:
    """Let a second NumPy name of the same function find its entry."""
    RULES[name] = RULES[fn]


def composed(*names: Callable[..., Any]) -> Callable[[Function], Function]:
    """Let calls of these NumPy functions on operands run the decorated one, written in differentiable functions."""

    def register(fn: Function) -> Function:
        for name in names:
            COMPOSITIONS[name] = fn
        return fn

    return register


def is_numpy(fn: Callable[..., Any]) -> bool:
    """Whether NumPy itself hands calls of fn to the operands' protocols."""
    return isinstance(fn, np.ufunc) or type(fn) is type(np.sum)


def dispatching(fn: Function, rules: Sequence[Any]) -> Function:
    """fn, but handing the call to the first operand that records, as NumPy's own functions do.

    Beside none, whole numbers and masks are made float64 where a gradient could flow; labels stay what they are.
    """
    count = 1 if isinstance(rules[0], ForEach) else len(rules)
    live = [i for i, rule in enumerate(rules) if rule is not None and not isinstance(rule, ForEach)]
    named = {name for i, name in enumerate(inspect.signature(fn).parameters) if i in live}

    @functools.wraps(fn)
    def call(*args: Any, **params: Any) -> Any:
        for a in (*args, *params.values()) if params else args:
            if isinstance(a, Operand):
                operation = RULES[call]
                if params or len(args) != count:
                    args, params = operation.bind(args, params)
                return a.record(operation, args, params)
        given = [np.asarray(a) if isinstance(a, list) else a for a in args[:count]]
        for i in live:
            if i < len(given):
                if callable(given[i]) or (given[i] is None and not RULES[call].optional):
                    raise TypeError(f"{fn.__name__} takes numbers; got {no_number(given[i])}")
                given[i] = counted(given[i])
        if params or len(args) > count:
            given += map(as_setting, args[count:])
            params = {name: counted(a) if name in named else as_setting(a) for name, a in params.items()}
        return fn(*given, **params)

    return cast(Function, call)


class GradientShapeError(ValueError):
    """A gradient that does not have the shape of what it is the gradient of."""


def summed_axes(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of shape over which target was repeated by broadcasting."""
    lead = len(shape) - len(target)
    stretched = (i + lead for i, n in enumerate(target) if n == 1 and shape[i + lead] != 1)
    return (*range(lead), *stretched)


ONES = {np.dtype(kind): np.ones(4096, kind) for kind in (np.float32, np.float64)}


def column_sums(g: Any) -> Any:
    """The sum over the rows of a matrix, such as the gradient of a bias over a batch.

    A product with ones takes a sixth to a half of np.add.reduce's time, which adds row after row, and in float32
    has half its error; larger matrices than these BLAS would share out among threads.
    """
    ones, count = ONES.get(g.dtype), g.shape[0]
    if ones is None or count > len(ones) or g.size > 2**17:
        return np.add.reduce(g, axis=0)
    if type(g) is np.ndarray:
        return ones[:count].dot(g)
    return np.add.reduce(g, axis=0) if g.is_text else ones[:count] @ g


def unbroadcast(g: Any, target: tuple[int, ...]) -> Any:
    """Sum g over the axes that broadcasting added or stretched: its adjoint."""
    if g is None:
        raise TypeError(f"a rule gave None for an input of shape {target}; it must return the gradient")
    shape = getattr(g, "shape", ())
    lead = len(shape) - len(target)
    if lead == 1 and len(shape) == 2:
        g = column_sums(g)
    elif lead > 0:
        g = np.add.reduce(g, axis=0 if lead == 1 else tuple(range(lead)))
    if lead >= 0:
        if g.shape == target:
            return g
        g = np.add.reduce(g, axis=one_or_all(summed_axes(g.shape, target)), keepdims=True)
        if g.shape == target:
            return g
    raise GradientShapeError(
        f"a rule gave a gradient of shape {shape} for an input of shape {target}; they must be equal"
    )


def one_or_all(axes: Iterable[int]) -> Any:
    """(0,) as 0: the form a person would write."""
    axes = tuple(axes)
    return axes[0] if len(axes) == 1 else axes

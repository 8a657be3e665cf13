"""Derivatives of functions: grad and value_and_grad."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .engine import newest_first, sweep
from .recording import enable_grad, is_recording
from .value import Value

Function = Callable[..., Any]


def value_and_grad(f: Function, argnum: int = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns f's value and its gradient with respect to argument number argnum.

    f takes numbers, arrays or Values and returns a scalar; it is written with Values' operators and
    NumPy's functions.  Given a Value the result is a pair of Values that can be differentiated
    again, and so it is where f depends on other Values that require a gradient, such as the argument
    of an enclosing grad; else it is a pair of plain numbers or arrays.  No .grad is touched.

    Costs one evaluation of f and one backward pass over it.
    Raises TypeError if f does not return a scalar.  Where f does not depend on it, the gradient is 0.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    @functools.wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if not isinstance(argnum, int) or not -len(args) <= argnum < len(args):
            raise TypeError(f"cannot differentiate argument {argnum}: {len(args)} positional arguments were given")
        given = args[argnum]
        with enable_grad():
            again = isinstance(given, Value)
            x = +given if again and given.requires_grad else Value(given.data if again else given)
            y = f(*(x if i == argnum % len(args) else a for i, a in enumerate(args)), **kwargs)
        y = scalar(y)
        again = again or (is_recording() and depends_on_others(y, x))
        g = gradient_of(y, x, again)
        return (y, g) if again else (y.data, g)

    return differentiated


def scalar(y: Any) -> Value:
    """What f returned, as a Value of one entry."""
    if not isinstance(y, Value | float | int | np.number):
        raise TypeError(f"grad needs a function that returns a scalar; this one returned {type(y).__name__}")
    value: Value = y if isinstance(y, Value) else Value(y, requires_grad=False)
    if value.size != 1:
        raise TypeError(f"grad needs a function that returns a scalar; this one returned shape {value.shape}")
    return value


def depends_on_others(y: Value, x: Value) -> bool:
    """Whether a gradient is wanted with respect to anything but x: of an enclosing grad, or of a parameter."""
    return any(node.op is None and node.requires_grad and node is not x for node in newest_first(y))


def gradient_of(y: Value, x: Value, again: bool) -> Any:
    """d(y)/d(x): a Value when it is to be differentiated again; 0 where y does not depend on x."""
    seed: Any = y.seed()
    with enable_grad():
        if y.requires_grad:
            g = sweep(y, Value(seed, requires_grad=False) if again else seed, again).get(x)
            if g is not None:
                return g
    zero = np.zeros_like(x.data) if x.ndim else 0.0
    return Value(zero, requires_grad=False) if again else zero


def grad(f: Function, argnum: int = 0) -> Function:
    """The gradient of f with respect to argument number argnum, as a function; see value_and_grad.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    with_value = value_and_grad(f, argnum)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return gradient

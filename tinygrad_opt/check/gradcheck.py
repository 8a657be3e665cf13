"""gradcheck: backprop against central differences, entry by entry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..data import as_data
from ..engine import sweep
from ..recording import enable_grad, no_grad
from ..value import Value
from .report import Entry, Report

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # where truncation (h**2) and cancellation (eps/h) errors are equal


def gradcheck(f: Callable[..., Any], *inputs: Any, rtol: float = 1e-6, atol: float = 1e-8) -> Report:
    """Compare the gradient that backprop gives f with central differences, for every entry of every input.

    f is called with one Value for each input (numbers, arrays or Values; float64 copies are used, so
    the inputs stay as they are) and returns a Value of any shape: a non-scalar is weighted by fixed
    random numbers, so that no error can cancel in a sum.

    An entry passes if the two differ by at most rtol of the larger, plus atol, plus the rounding
    noise of the difference itself.  Costs 2 evaluations of f an entry and one backward pass.
    Central differences are good to about 1e-10; a kink within one step (6e-6) shows as a failure.

    >>> import numpy as np
    >>> from tinygrad_opt import gradcheck
    >>> print(gradcheck(lambda x, y: np.sum(x * np.tanh(y)), [1.0, 2.0], 0.5))  # doctest: +ELLIPSIS
    gradcheck OK 3 entries; worst ...
    """
    arrays = [np.array(x.data if isinstance(x, Value) else as_data(x), np.float64) for x in inputs]
    leaves = [as_value(array) for array in arrays]
    with enable_grad():
        y = f(*leaves)
    weights = np.random.default_rng(0).standard_normal(np.shape(data_of(y))) if np.ndim(data_of(y)) else np.float64(1.0)
    gradients = analytic(y, weights, leaves)

    def weighted() -> float:
        with no_grad():
            return float(np.sum(weights * data_of(f(*map(as_value, arrays)))))

    entries = []
    for name, array, gradient in zip(names(f, inputs), arrays, gradients, strict=True):
        for index, numeric, noise in differences(weighted, array):
            a = float(gradient[index])
            tolerance = rtol * max(abs(a), abs(numeric)) + atol + noise
            entries.append(Entry(name, index, a, numeric, tolerance))
    return Report(entries)


def as_value(array: Any) -> Value:
    """A number as a number, an array as an array: each by the path that its user takes."""
    return Value(array if array.ndim else array.item())


def data_of(y: Any) -> Any:
    return y.data if isinstance(y, Value) else y


def analytic(y: Any, weights: Any, leaves: list[Value]) -> list[Any]:
    """The gradient of the weighted sum of y with respect to each leaf, by backprop; no .grad is touched."""
    grads = {}
    if isinstance(y, Value) and y.requires_grad:
        grads = sweep(y, y.seed(weights))
    return [np.asarray(grads.get(leaf, np.zeros(leaf.shape))) for leaf in leaves]


def differences(f: Callable[[], float], x: np.ndarray[Any, Any]) -> Iterator[tuple[tuple[int, ...], float, float]]:
    """For each entry of x: its index, (f(x+h) - f(x-h)) / 2h, and the rounding noise of that quotient."""
    for index in np.ndindex(x.shape):
        kept = float(x[index])
        h = STEP * max(1.0, abs(kept))
        right, left = kept + h, kept - h
        x[index] = right
        above = f()
        x[index] = left
        below = f()
        x[index] = kept
        width = right - left  # what was really stepped, after rounding
        yield index, (above - below) / width, 16 * EPS * max(abs(above), abs(below)) / width


def names(f: Callable[..., Any], inputs: tuple[Any, ...]) -> list[str]:
    """What to call each input: its own name, else f's parameter, else its position."""
    try:
        parameters = [p.name for p in inspect.signature(f).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    own = [x.name if isinstance(x, Value) else None for x in inputs]
    return [own[i] or (parameters[i] if i < len(parameters) else f"input {i}") for i in range(len(inputs))]

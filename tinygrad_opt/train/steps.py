"""Forward and backward of one batch: by the engine, or by a program that is made of it."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from ..program import NotStatic, compile
from ..value import Value
from .evaluation import numbers_of, one_number

Step = Callable[[Any, Any], tuple[float, Any]]
"""Fills the gradients for x and y; gives loss and predictions as numbers, so that their graph goes."""


def forward(model: Any, loss: Any, x: Any, y: Any) -> tuple[Value, Any]:
    prediction = model(x)
    return one_number(loss(prediction, y)), prediction


def by_engine(model: Any, loss: Any) -> Step:
    def step(x: Any, y: Any) -> tuple[float, Any]:
        value, prediction = forward(model, loss, x, y)
        value.backward(keep="leaves")
        return float(value.data), numbers_of(prediction)

    return step


def by_program(model: Any, loss: Any) -> Step:
    """`by_engine` with the same bits and without a graph.

    Raises NotStatic, which says what stands in the way, where model and loss cannot be a program.  What stands in the
    way only later, in the midst of a run, is a warning, and the engine goes on.
    """
    program, engine = compile(functools.partial(forward, model, loss)), by_engine(model, loss)
    has_run = is_refused = False

    def step(x: Any, y: Any) -> tuple[float, Any]:
        nonlocal has_run, is_refused
        if is_refused:
            return engine(x, y)
        try:
            found: tuple[float, Any] = program(x, y)
        except NotStatic as error:
            if not has_run:
                raise NotStatic(
                    f"this model and its loss, f, cannot be made a program: {error}. Or leave out compile=True"
                ) from None
            is_refused = True
            warnings.warn(f"the run goes on by the engine, with the same bits and slower: {error}", stacklevel=2)
            return engine(x, y)
        has_run = True
        return found

    return step

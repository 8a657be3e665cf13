"""A pipeline run on symbols: the one trace behind its kernel, its formula and its explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .hyper import Hyper, is_choice
from .pipeline import Pipeline
from .trace import Symbol, Trace, is_number


@dataclass(frozen=True)
class Traced:
    """Inputs and results of a pipeline by name.

    hyper holds the hyperparameters, as h.name, and the step count t; arrays p, g and the slots; scalars the
    state that is one number; results the new p, slots and scalars.
    """

    trace: Trace
    hyper: Mapping[str, Symbol]
    arrays: Mapping[str, Symbol]
    scalars: Mapping[str, Symbol]
    results: Mapping[str, Any]


def traced_pipeline(
    pipeline: Pipeline,
    h: Hyper,
    t: int,
    scalars: Mapping[str, float],
    arrays: Mapping[str, Any] | None = None,
) -> Traced:
    """The trace of a pipeline at step t; without arrays, two entries of 0.5 stand for each.

    They are of float32, in which it shows whether a rule keeps to the precision of its arrays.
    """
    optimizer, trace = pipeline.optimizer, Trace(whole=pipeline.granularity == "array")
    given = arrays or {name: np.full(2, 0.5, np.float32) for name in ("p", "g", *optimizer.slots)}
    symbols = {name: trace.input(name, value) for name, value in vars(h).items() if not is_choice(value)}
    step = trace.input("t", t)
    inputs = {name: trace.input(name, value) for name, value in given.items()}
    state = {name: trace.input(name, value) for name, value in scalars.items()}
    merged = Hyper(**{**vars(h), **symbols})
    results = pipeline.update(merged, step, *inputs.values(), *state.values(), call=trace.run)
    names = ("p", *optimizer.slots, *optimizer.scalars)
    for name, x in zip(names, results, strict=True):
        if not (trace.whole or isinstance(x, Symbol) or is_number(x)):
            kind = type(optimizer).__name__
            raise TypeError(f"{kind}.rule returned {x!r} for {name}: compute it from p, g and the state")
    hyper = {f"h.{name}": symbol for name, symbol in symbols.items()} | {"t": step}
    return Traced(trace, hyper, inputs, state, dict(zip(names, results, strict=True)))


def whole_arrays(pipeline: Pipeline, h: Hyper, like: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Arrays for a rule that is given whole ones: shaped like a parameter, but with at least one entry, and new."""
    p = np.full([max(n, 1) for n in like.shape], 0.5, like.dtype)
    initial = pipeline.optimizer.initial(h, p)
    slots = {name: np.asarray(initial.get(name, np.zeros_like(p))) for name in pipeline.optimizer.slots}
    return {"p": p, "g": p, **slots}

"""A pipeline run on symbols: the one trace behind its kernel, its formula and its explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from .hyper import is_choice
from .pipeline import Pipeline, check_count
from .trace import Symbol, Trace


@dataclass(frozen=True)
class Traced:
    """Inputs and results of a pipeline by name.

    numbers are the hyperparameters, as h.name, and the step count t; arrays p, g and the slots; scalars the
    state that is one number; results the new p, slots and scalars.
    """

    trace: Trace
    numbers: Mapping[str, Symbol]
    arrays: Mapping[str, Symbol]
    scalars: Mapping[str, Symbol]
    results: Mapping[str, Any]


def traced_pipeline(
    pipeline: Pipeline,
    h: SimpleNamespace,
    t: int,
    scalars: Mapping[str, float],
    arrays: Mapping[str, Any] | None = None,
) -> Traced:
    """The trace of a pipeline at step t; without arrays, two entries of 0.5 stand for each."""
    optimizer, trace = pipeline.optimizer, Trace(whole=pipeline.granularity == "array")
    given = arrays or {name: np.full(2, 0.5) for name in ("p", "g", *optimizer.slots)}
    symbols = {name: trace.input(name, value) for name, value in vars(h).items() if not is_choice(value)}
    step = trace.input("t", t)
    inputs = {name: trace.input(name, value) for name, value in given.items()}
    state = {name: trace.input(name, value) for name, value in scalars.items()}
    merged = SimpleNamespace(**{**vars(h), **symbols})
    results = pipeline.update(merged, step, *inputs.values(), *state.values(), call=trace.run)
    check_count(results, optimizer)
    names = ("p", *optimizer.slots, *optimizer.scalars)
    numbers = {f"h.{name}": symbol for name, symbol in symbols.items()} | {"t": step}
    return Traced(trace, numbers, inputs, state, dict(zip(names, results, strict=True)))

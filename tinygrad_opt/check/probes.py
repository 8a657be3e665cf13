"""The probes of an audit and their codes: each asks one thing of a call, and tells what should not be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from .call import Call
from .fact_probes import complex_step, entry_by_entry, facts, formula, scalar
from .rule_probes import (
    deterministic,
    fan_out,
    linear,
    own_arrays,
    runs,
    shapes,
    single_precision,
    slope,
    slope_of_gradient,
    untouched,
)
from .seen import is_float64


@dataclasses.dataclass(frozen=True)
class Probe:
    """One question about an operation.

    title  what holds if the probe finds nothing
    run    yields one message for each thing that is wrong
    after  codes of probes that must have passed: without what they ask for, this one would only repeat them
    when   whether the question makes sense for a call
    """

    code: str
    title: str
    run: Callable[[Call], Iterator[str]]
    after: tuple[str, ...] = ("TG200",)
    when: Callable[[Call], bool] = lambda call: True


SOUND = ("TG200", "TG203", "TG207", "TG209", "TG211")

# In the order in which they run: what a probe presupposes stands above it.
# fmt: off
PROBES = (
    Probe("TG200", "the function and its rules run", runs, ()),
    Probe("TG211", "kink= and domain= can be asked", facts,
          when=lambda call: bool(call.op.kink or call.op.domain)),
    Probe("TG203", "each gradient can be summed to its operand's shape", shapes),
    Probe("TG207", "operands, out and g stay as they were", untouched),
    Probe("TG209", "two runs give the same bits", deterministic, ("TG200", "TG203")),
    Probe("TG208", "each call returns memory of its own", own_arrays),
    Probe("TG204", "float32 in, float32 out", single_precision, ("TG200", "TG203"),
          when=lambda call: any(map(is_float64, call.operands))),
    Probe("TG202", "linear in the upstream gradient", linear, SOUND),
    Probe("TG201", "an operand used twice gets both shares", fan_out, SOUND),
    Probe("TG205", "the gradient is the slope", slope, (*SOUND, "TG202")),
    Probe("TG206", "the gradient of the gradient is its slope", slope_of_gradient, ("TG205",)),
    Probe("TG210", "the rules have a formula", formula, ("TG206",)),
    Probe("TG212", "analytic: a complex step is exact", complex_step, ("TG206",),
          when=lambda call: call.op.analytic),
    Probe("TG214", "elementwise: entries are independent", entry_by_entry,
          when=lambda call: call.op.elementwise),
    Probe("TG213", "scalar= agrees with the function", scalar, ("TG214",),
          when=lambda call: call.op.scalar is not None and call.op.elementwise),
)
# fmt: on

"""Probes of rules as they run: what they return, what they touch, and whether it is the slope.

What each asks stands in the table of `probes`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..ops.rules import GradientShapeError
from .call import Call
from .given import misshaped
from .gradcheck import Check, Options
from .report import PASSING
from .seen import apart, differing, is_float64, place, same, shared, told


def runs(call: Call) -> Iterator[str]:
    try:
        out = call.result(call.copies())
    except Exception as error:
        yield f"the function raised {told(error)}. Give samples that it is defined for, or correct it"
        return
    for i in call.live:
        try:
            call.raw(i, call.upstream(out), out, call.copies())
        except ArithmeticError:  # Python's answer to what IEEE 754 defines; the engine asks NumPy then
            continue
        except Exception as error:
            yield f"the rule for {call.names[i]} raised {told(error)}. It is called as rule(g, out, *inputs, **params)"


def shapes(call: Call) -> Iterator[str]:
    out = call.result(call.copies())
    for i in call.live:
        name, part = call.names[i], call.raw(i, call.upstream(out), out, call.copies())
        if part is None:
            yield f"the rule for {name} returned None; return the gradient, or pass None as the rule of a constant"
            continue
        try:
            call.part(i, call.upstream(out))
        except GradientShapeError:
            yield misshaped(name, np.shape(call.operands[i]), np.shape(part))


def linear(call: Call) -> Iterator[str]:
    out = call.result(call.copies())
    g, h = call.upstream(out), call.upstream(out)
    for i in call.live:
        one, other, double, both = (call.part(i, u) for u in (g, h, 2.0 * g, g + h))
        name = call.names[i]
        if (at := apart(double, 2 * one)) is not None:
            lead = f"doubling the upstream gradient did not double the gradient for {name}{place(at)}"
            seen = f"{lead}: it was {one[at]:.6g} and became {double[at]:.6g}"
            if same(double, one):
                yield f"{seen} -> upstream gradient not multiplied in. Multiply the local derivative by g"
            else:
                yield f"{seen} -> g enters otherwise than as a factor. Use no g**2, abs(g), comparison or clip of g"
        elif (at := apart(both, one + other)) is not None:
            yield (
                f"the gradient for {name}{place(at)} of a sum of upstream gradients is {both[at]:.6g}, the sum of "
                f"their gradients {one[at] + other[at]:.6g} -> g enters otherwise than as a factor. Use no abs(g), "
                "comparison or clip of g"
            )


def fan_out(call: Call) -> Iterator[str]:
    leaves = call.leaves()
    y = call.on_values(*leaves) + call.on_values(*leaves)
    g = call.upstream(y.data)
    y.backward(g)
    for i, leaf in zip(call.live, leaves, strict=True):
        got, expected = np.asarray(leaf.grad), 2 * call.part(i, g)
        if (at := apart(got, expected)) is not None:
            yield (
                f"{call.names[i]}{place(at)} used twice got gradient {float(got[at])}, expected {float(expected[at])} "
                "-> the rule remembers an earlier call. Return the contribution; the engine adds"
            )


def untouched(call: Call) -> Iterator[str]:
    operands = call.copies()
    settings = {name: x for name, x in call.params.items() if isinstance(x, np.ndarray)}
    watched = dict(zip(call.names, operands, strict=True)) | settings
    yield from written("the function", watched, lambda: call.result(operands))
    for i in call.live:
        operands = call.copies()
        out = call.result(operands)
        g = call.upstream(out)
        watched = dict(zip(call.names, operands, strict=True)) | settings | {"out": out, "g": g}
        rule = functools.partial(call.raw, i, g, out, operands)
        yield from written(f"the rule for {call.names[i]}", watched, rule)


def written(who: str, watched: dict[str, Any], run: Callable[[], Any]) -> Iterator[str]:
    """A message for each array that run writes to."""
    arrays = {name: x for name, x in watched.items() if isinstance(x, np.ndarray)}
    before = {name: x.copy() for name, x in arrays.items()}
    run()
    for name, x in arrays.items():
        was = before[name]
        if not same(x, was):
            at = tuple(int(k) for k in np.argwhere((x != was) & ~(np.isnan(x) & np.isnan(was)))[0])
            yield (
                f"{who} wrote to {name}: {name}{place(at)} was {float(was[at]):.6g} and is {float(x[at]):.6g} "
                "afterwards. Others still need it: compute into a new array"
            )


def deterministic(call: Call) -> Iterator[str]:
    advice = "Draw random numbers outside and pass them in; keep nothing between calls"
    one, other = (np.array(call.result(call.copies())) for _ in range(2))
    if not same(one, other):
        yield f"the function gave {differing(one, other)} for the same operands. {advice}"
        return
    g = call.upstream(call.result(call.copies()))
    for i in call.live:
        one, other = (call.part(i, g) for _ in range(2))
        if not same(one, other):
            yield f"the rule for {call.names[i]} gave {differing(one, other)} for the same operands. {advice}"


def own_arrays(call: Call) -> Iterator[str]:
    said = (
        "returned the same memory at two calls: the later result overwrites the earlier. Return a new array, or .copy()"
    )
    operands, others = call.copies(), call.copies()
    one, other = call.result(operands), call.result(others)
    if shared(one, other):
        yield f"the function {said}"
        return
    for i in call.live:
        part = call.raw(i, call.upstream(one), one, operands)
        if shared(part, call.raw(i, call.upstream(other), other, others)):
            yield f"the rule for {call.names[i]} {said}"


def single_precision(call: Call) -> Iterator[str]:
    advice = "Write constants as Python numbers, masks as g * mask, zeros as np.zeros_like(x); cast whole numbers"
    if any(is_float64(x) for x in call.params.values()):
        return  # beside it float32 becomes float64, as NumPy has it
    operands = [np.asarray(x, np.float32) if type(x) is float or is_float64(x) else x for x in call.copies()]
    out = call.result(operands)
    promoted = any(isinstance(x, np.ndarray) and x.dtype.kind in "iu" for x in operands)  # as NumPy does it
    if is_float64(out) and not promoted and "dtype" not in call.params:
        yield f"the function gave float64 for float32 operands. {advice}"
        return
    for i in call.live:
        part = call.raw(i, call.upstream(out), out, operands)
        if is_float64(part) and part.ndim and not is_float64(out):
            yield (
                f"the rule for {call.names[i]} gave float64 for float32 operands; the engine rounds it, but the pass "
                f"takes twice the time and memory. {advice}"
            )


# -- against differences -----------------------------------------------------------------------
def slope(call: Call) -> Iterator[str]:
    yield from against_differences(call, 1)


def slope_of_gradient(call: Call) -> Iterator[str]:
    try:
        yield from against_differences(call, 2)
    except Exception as error:
        yield (
            f"the gradient cannot be differentiated again: {told(error)}. Write the rules in functions that have "
            "rules, on g, out and the inputs as they come: no float(), math., np.asarray or loop over entries"
        )


def against_differences(call: Call, order: int) -> Iterator[str]:
    """One message for each operand whose gradient is not the slope."""
    options = Options(None, order, "auto", "full", 1e-8, 0)
    report = Check(call.on_values, tuple(call.leaves()), order, options).report()
    if report.status in PASSING:
        return
    what, advice = "gradient", "Correct the rule"
    if order == 2:
        what, advice = "gradient of the gradient", "The rule gives right numbers, but loses what they depend on"
    if not report.failures:
        yield f"the {what} was not checked, {report.status}: {'; '.join(report.remarks)}"
    for one in report.inputs:
        if one.failures and (worst := one.worst):
            said = "".join(f"; {hint}" for hint in one.hints)
            yield (
                f"the {what} for {worst.place} is {worst.analytic:.6g} by the rule, {worst.numeric:.6g} by differences"
                f"{said}. {advice}"
            )

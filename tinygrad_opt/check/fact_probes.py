"""Probes of what stands beside a rule: its formula, and the facts that `differentiable` was told.

What each asks stands in the table of `probes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import notation
from ..expr import Expr
from ..ops import concrete, unbroadcast
from .call import Call
from .seen import apart, place, told

TINY, STEP = 1e-30, 2.0**-20  # of the complex step, and of differences beside it


def formula(call: Call) -> Iterator[str]:
    out = call.result(call.copies())
    g = call.upstream(out)
    for i in call.live:
        name = call.names[i]
        try:
            made = call.raw(i, Expr(g, "g"), Expr(out, "out"), exprs(call))
            for write in (notation.text, notation.numbers, notation.latex):
                write(made)
        except Exception as error:
            yield (
                f"the rule for {name} has no formula, so explain() fails: {told(error)}. Write it in operators and "
                "NumPy functions: np.sum(g), not g.sum()"
            )
            continue
        found, expected = np.asarray(concrete(made)), np.asarray(call.raw(i, g, out, call.copies()))
        if found.shape != expected.shape or apart(found, expected) is not None:
            seen, meant = notation.number(found), notation.number(expected)
            yield f"the formula for {name} gives {seen}, its rule on numbers {meant}. Do not ask what type g is of"


def exprs(call: Call) -> list[Any]:
    """The operands as formulas see them: arrays and live numbers under their names, other numbers as they are."""
    return [
        Expr(x, call.names[i]) if i in call.live or isinstance(x, np.ndarray) else x
        for i, x in enumerate(call.copies())
    ]


def facts(call: Call) -> Iterator[str]:
    kink, domain, out = call.op.kink, call.op.domain, call.result(call.copies())
    if kink is not None:
        form = "kink(out, *inputs, **params), on numbers and on formulas"
        yield from refused("kink", form, lambda: kink(out, *call.copies(), **call.params))
        yield from refused("kink", form, lambda: notation.text(kink(Expr(out, "out"), *exprs(call), **call.params)))
    if domain is not None:
        yield from refused("domain", "domain(*inputs)", lambda: np.asarray(domain(*call.copies()), bool))


def refused(fact: str, form: str, ask: Callable[[], Any]) -> Iterator[str]:
    """A message if a fact cannot be asked."""
    try:
        ask()
    except Exception as error:
        yield f"{fact}= raised {told(error)}. It is called as {form}"


def complex_step(call: Call) -> Iterator[str]:
    """The function along a complex step must have the slope that its rules give, and so must the rules."""
    advice = "abs, max, comparisons and real parts do not allow it: pass analytic=False"
    line = Line(call)
    try:
        found, through_rules = line.value(TINY * 1j).imag / TINY, line.gradient(TINY * 1j).imag / TINY
    except Exception as error:
        yield f"complex numbers, which analytic=True promises to take, raised {told(error)}; {advice}"
        return
    expected = line.gradient(0.0)
    if not abs(found - expected) <= 1e-9 * (1 + abs(expected)):
        yield f"a complex step gives the slope {found:.6g}, the rules {expected:.6g}; {advice}"
        return
    expected = (line.gradient(STEP) - line.gradient(-STEP)) / (2 * STEP)
    if not abs(through_rules - expected) <= 1e-5 * (1 + abs(expected)):
        seen = f"a complex step through the rules gives the slope {through_rules:.6g}"
        yield f"{seen}, differences {expected:.6g}; {advice}"


class Line:
    """The operation along a random line through its live operands, on arrays, which may be complex."""

    def __init__(self, call: Call):
        self.call = call
        self.along = {i: call.rng.uniform(0.5, 1.5, np.shape(call.operands[i])) for i in call.live}
        self.g = np.asarray(call.upstream(call.result(call.copies())))

    def at(self, t: Any) -> tuple[list[Any], Any]:
        """The operands moved by t, and the result there."""
        moved = [np.asarray(x) + t * self.along[i] if i in self.along else x for i, x in enumerate(self.call.copies())]
        return moved, np.asarray(self.call.op.evaluate(*moved, **self.call.params))

    def value(self, t: Any) -> Any:
        return np.sum(self.g * self.at(t)[1])

    def gradient(self, t: Any) -> Any:
        """The slope of value, by the rules."""
        operands, out = self.at(t)
        parts = {i: np.asarray(self.call.raw(i, self.g, out, operands)) for i in self.along}
        return np.sum([np.sum(d * unbroadcast(parts[i], d.shape)) for i, d in self.along.items()])


def scalar(call: Call) -> Iterator[str]:
    assert call.op.scalar is not None
    for floats, expected in entries(call):
        try:
            found = call.op.scalar(*floats, **call.params)
        except (ArithmeticError, ValueError):  # NumPy answers then
            continue
        if type(found) is not complex and apart(np.asarray(found), np.asarray(expected)) is not None:
            given = ", ".join(f"{x:.6g}" for x in floats)
            seen = f"scalar= gives {found:.6g} for ({given}), the function {expected:.6g}"
            yield f"{seen}. Make them agree, or leave it out"
            return


def entry_by_entry(call: Call) -> Iterator[str]:
    out = np.asarray(call.result(call.copies()))
    shape = np.broadcast_shapes(*(np.shape(x) for x in call.operands))
    advice = "leave out elementwise=True"
    if out.shape != shape:
        yield f"the result has shape {out.shape}, the operands broadcast to {shape}; {advice}"
        return
    for index, (floats, alone) in zip(np.ndindex(shape), entries(call), strict=False):
        if apart(np.asarray(alone), out[index]) is not None:
            yield (
                f"the result{place(index)} is {out[index]:.6g}, and {float(alone):.6g} where its operands "
                f"({', '.join(map(str, floats))}) stand alone: it depends on other entries; {advice}"
            )
            return


def entries(call: Call) -> Iterator[tuple[list[Any], Any]]:
    """The first operands of an elementwise operation as Python numbers, and its result for each set alone."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in call.operands))
    whole = [x if x is None else np.broadcast_to(x, shape) for x in call.operands]
    for _, index in zip(range(8), np.ndindex(shape), strict=False):
        floats = [x if x is None else x[index].item() for x in whole]
        alone = call.op.fn(*(x if x is None else np.asarray([x]) for x in floats), **call.params)
        yield floats, np.asarray(alone).item()

"""An explanation as plain text: no colour, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..notation import number, numbers, text
from .steps import Contribution, Forward, Step, value_of

if TYPE_CHECKING:
    from .explanation import Explanation

WIDTH = 100  # a longer line is broken at its equals signs
MOST = 200  # an explanation of more operations is told by its two ends
T = TypeVar("T")


def told(explanation: Explanation) -> str:
    """The whole story: inputs, forward, backward, gradients."""
    lines = ["inputs"]
    lines += [f"  {explanation.names[leaf]} = {shown(leaf.data)}{frozen(leaf)}" for leaf in explanation.leaves]
    lines += [f"  {name} = {shown(array)}   (a constant)" for name, array in explanation.names.constants.items()]
    lines += ["", "forward"]
    for entry in ends(explanation.forward):
        lines.append(forward_line(entry) if entry else "  ...")
    root = explanation.names[explanation.root]
    lines += ["", f"backward: {root}.grad = {shown(explanation.seed)}, then newest first"]
    for step in ends(explanation.steps):
        lines += step_lines(step, len(explanation.steps)) if step else ["  ..."]
    lines += ["", "gradients"]
    lines += [f"  {name}.grad = {shown(g)}" for name, g in explanation.gradients.items()]
    return "\n".join(lines)


def frozen(leaf: Any) -> str:
    return "" if leaf.requires_grad else "   (requires no gradient)"


def ends(entries: Sequence[T]) -> Iterator[T | None]:
    """All entries, or of too many the first and the last, with None between."""
    if len(entries) <= MOST:
        yield from entries
    else:
        yield from entries[: MOST // 2]
        yield None
        yield from entries[-MOST // 2 :]


def shown(x: Any) -> str:
    """A value; an array with its shape."""
    written = number(x)
    return written if np.ndim(x) == 0 or written.startswith("array") else f"{written}  {np.shape(x)}"


def forward_line(entry: Forward) -> str:
    return said(f"  {entry.name}", "=", entry.formula, entry.numbers, shown(entry.value))


def step_lines(step: Step, total: int) -> Iterator[str]:
    """One backward step: its node, then what each input receives."""
    yield ""
    yield f"step {step.number} of {total}   {step.name} = {step.formula}   {step.name}.grad = {shown(step.upstream)}"
    for c in step.contributions:
        yield from contribution_lines(c)


def contribution_lines(c: Contribution) -> Iterator[str]:
    """Local derivative, contribution, accumulation, and who is still awaited."""
    local = c.local
    if local is not None:
        yield said(f"  d{c.step.name}/d{c.to}", "=", text(local), numbers(local), shown(value_of(local)))
    side = c.side
    if side is not None and (local is None or text(side) != text(local)):
        yield f"    at this input: {text(side)} is {shown(value_of(side))}"
    yield said(f"  {c.to}.grad", "+=", c.formula, c.numbers, shown(c.part))
    if c.summed:
        axes = ", ".join(map(str, c.summed))
        yield f"    summed over axis {axes}: {c.to} of shape {np.shape(c.to_node.data)} was repeated to {c.step.shape}"
    state = "complete" if c.final else f"waits for {c.awaited - c.reported} more"
    yield f"    {change(c)}   {c.reported} of {c.awaited} uses reported: {state}"


def change(c: Contribution) -> str:
    """The input's gradient before and after; a first array is not repeated."""
    if c.before is None:
        return "from 0" if np.ndim(c.part) else f"0 -> {shown(c.after)}"
    return f"{shown(c.before)} -> {shown(c.after)}"


def said(subject: str, sign: str, formula: str, numbers: str, value: str) -> str:
    """``subject sign formula = numbers = value``, without repeats, on as many lines as it takes.

    Numbers that are too many to be read are left out: the formula and the result say more.
    """
    unread = "array(" in numbers or value.startswith(numbers)
    forms = list(dict.fromkeys([formula, value] if unread else [formula, numbers, value]))
    line = f"{subject} {sign} {' = '.join(forms)}"
    if len(line) <= WIDTH:
        return line
    return f"{subject} {sign} " + ("\n" + " " * (len(subject) + len(sign)) + "= ").join(forms)

"""An explanation as plain text: eighty columns, no colour, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..notation import number, numbers, text
from .steps import Contribution, Forward, Step, value_of

if TYPE_CHECKING:
    from .explanation import Explanation

MOST = 200  # an explanation of more operations is told by its two ends
T = TypeVar("T")


def told(explanation: Explanation) -> str:
    """The whole story: inputs, forward, backward, gradients."""
    lines = ["inputs"]
    lines += [f"  {explanation.names[leaf]} = {shown(leaf.data)}{frozen(leaf)}" for leaf in explanation.leaves]
    lines += ["", "forward"]
    for entry in ends(explanation.forward):
        lines.append(f"  {forward_line(entry)}" if entry else "  ...")
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
    """A value with its shape where it is an array."""
    return number(x) + (f"  {np.shape(x)}" if np.ndim(x) and not number(x).startswith("array") else "")


def forward_line(entry: Forward) -> str:
    put_in = entry.numbers
    middle = f" = {put_in}" if np.ndim(entry.value) == 0 and put_in != entry.formula else ""
    return f"{entry.name} = {entry.formula}{middle} = {shown(entry.value)}"


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
        yield f"  d{c.step.name}/d{c.to} = {chain(text(local), numbers(local), shown(value_of(local)))}"
    side = c.side
    if side is not None:
        yield f"    at this input: {text(side)} is {shown(value_of(side))}"
    yield f"  {c.to}.grad += {chain(c.formula, c.numbers, shown(c.part))}"
    if c.summed:
        axes = ", ".join(map(str, c.summed))
        yield f"    summed over axis {axes}: {c.to} of shape {np.shape(c.to_node.data)} was repeated to {c.step.shape}"
    before = "0" if c.before is None else shown(c.before)
    state = "complete" if c.final else f"waits for {c.awaited - c.reported} more"
    yield f"    {before} -> {shown(c.after)}   {c.reported} of {c.awaited} uses reported: {state}"


def chain(*forms: str) -> str:
    """a = b = c without repeating what is already said."""
    return " = ".join(dict.fromkeys(forms))

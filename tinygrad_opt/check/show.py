"""A report of gradcheck as text and as HTML: the verdict, a table of the inputs, and what is wrong."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from .report import InputReport, Report

WIDTH = 100
WORDS = [(1e-7, "excellent"), (1e-5, "fine"), (1e-3, "suspicious")]  # CS231n's scale of relative errors

MEANING = {
    "OK": "all entries agree",
    "FAIL": "the gradient is wrong",
    "AT_KINK": "the point lies on a kink: there the gradient lies between the slopes of the two sides",
    "CROSSED_KINK": "a kink is nearer than any step: there the gradient lies between the slopes of the two sides",
    "NONDETERMINISTIC": "f gives different values for the same inputs, so it has no gradient to check",
    "DEGENERATE": "the gradient is zero here up to rounding, by backprop and by differences, which shows nothing. "
    "Move away from a minimum; weight the results of a softmax or a batch normalization, whose sum is constant",
    "NONFINITE": "f or its gradient is not finite here",
    "SHAPE": "the gradient does not have the shape of its input",
}


def text(report: Report) -> str:
    """The report as plain text."""
    from rich.console import Console

    lines = [verdict(report)]
    if report.entries:
        console = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False, color_system=None)
        with console.capture() as captured:
            console.print(table(report))
        lines += [line.rstrip() for line in captured.get().splitlines() if line.strip()]
    return "\n".join([*lines, *report.findings])


def html(report: Report) -> str:
    """The report for a notebook."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=io.StringIO(), width=WIDTH, highlight=False, record=True, force_jupyter=False)
    console.print(Text(verdict(report), style="bold" if report else "bold red"))
    if report.entries:
        console.print(table(report))
    for line in report.findings:
        console.print(Text(line))
    style = "font-family: monospace; line-height: 1.3"
    return console.export_html(inline_styles=True, code_format=f'<pre style="{style}">{{code}}</pre>')


def verdict(report: Report) -> str:
    """The first line: the status, and what it means here."""
    name = "gradcheck" if report.order == 1 else "gradcheck of order 2"
    if not report.entries and report.status == "DEGENERATE":
        return "; ".join([f"{name} DEGENERATE: there was no entry to check", *report.remarks])
    if not report.inputs:
        return f"{name} {report.status}: {'; '.join(report.remarks)}"
    count = len(report.entries)
    entries = f"{count} entr{'y' if count == 1 else 'ies'}"
    if report.failures:
        return f"{name} {report.status}: {MEANING[report.status]} at {len(report.failures)} of {entries}"
    meaning = "" if report.status == "OK" else f": {MEANING[report.status]}"
    if report.order == 2 and report.status == "DEGENERATE":
        meaning = ": the gradient does not change with the inputs here, so that there is no second derivative to show"
    return f"{name} {report.status}, {entries}{meaning}{accuracy(report)}"


def accuracy(report: Report) -> str:
    """The largest relative error in a word, on the scale of the largest number of its gradient."""
    if report.status == "DEGENERATE":
        return ""
    worst = 0.0
    for one in report.inputs:
        scale = max((abs(e.numeric) for e in one.entries), default=0.0)
        if scale and not one.constant:
            worst = max(worst, max(e.error for e in one.entries) / scale)
    if not worst:
        return "; no difference at all"
    word = next((word for limit, word in WORDS if worst < limit), "wrong")
    return f"; relative error at most {worst:.1e} ({word})"


def table(report: Report) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    rows = Table(box=SIMPLE, pad_edge=False)
    for heading in ("input", "checked", "status", "worst at", "backprop", "differences", "relative", "ratio"):
        rows.add_column(heading, overflow="fold")
    for one in report.inputs:
        rows.add_row(*row(one), style=None if one.status in ("OK", "AT_KINK", "CROSSED_KINK") else "bold red")
    return rows


def row(one: InputReport) -> tuple[str, ...]:
    size = 1
    for n in one.shape:
        size *= n
    checked = f"{len(one.entries)} of {size}" if one.name != "direction" else str(len(one.entries))
    worst = one.worst
    if worst is None:
        return (one.name, checked, one.status, "", "", "", "", "")
    numbers = (f"{worst.analytic:.8g}", f"{worst.numeric:.8g}", f"{worst.relative:.1e}", f"{worst.ratio:.6g}")
    return (one.name, checked, one.status, worst.place, *numbers)

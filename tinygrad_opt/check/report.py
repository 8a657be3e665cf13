"""The verdict of a gradient check, with the numbers it rests on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from ..notation import plain
from . import show

PASSING = ("OK", "AT_KINK", "CROSSED_KINK", "DEGENERATE")
GRAVITY = ("SHAPE", "NONFINITE", "FAIL", "CROSSED_KINK", "AT_KINK", "OK")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One number of one gradient: as claimed (analytic) and as measured (numeric).

    tolerance  how far apart the two may be: rtol of the larger, and the error of the measurement
    status     OK, FAIL, AT_KINK, CROSSED_KINK or NONFINITE
    method     how it was measured
    """

    input: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    tolerance: float
    status: str = "OK"
    method: str = ""

    @property
    def error(self) -> float:
        """The absolute difference; infinite where one of the two is not a number."""
        difference = abs(self.analytic - self.numeric)
        return difference if difference == difference else math.inf

    @property
    def relative(self) -> float:
        """The difference relative to the larger of the two."""
        largest = max(abs(self.analytic), abs(self.numeric))
        return self.error / largest if largest else self.error

    @property
    def ratio(self) -> float:
        """analytic / numeric."""
        return self.analytic / self.numeric if self.numeric else math.nan

    @property
    def ok(self) -> bool:
        return self.status in PASSING

    @property
    def is_shown(self) -> bool:
        """Whether this is more than zero agreeing with zero: it failed, or is known to a tenth at least."""
        largest = max(abs(self.analytic), abs(self.numeric))
        return self.status != "OK" or largest > 10 * self.tolerance

    @property
    def severity(self) -> float:
        """The error against what is allowed; beyond 1 it is a failure."""
        if not math.isfinite(self.error) or not self.tolerance:
            return math.inf if self.error else 0.0
        return self.error / self.tolerance

    @property
    def place(self) -> str:
        """The entry as it would be indexed."""
        return self.input + (f"[{', '.join(map(str, self.index))}]" if self.index else "")

    def __str__(self) -> str:
        return (
            f"{self.place}: backprop {self.analytic:.10g}, differences {self.numeric:.10g}, "
            f"off by {self.error:.2g} (relative {self.relative:.2g}, allowed {self.tolerance:.2g})"
        )


def worst_of(entries: Sequence[Entry]) -> Entry | None:
    """The entry whose error is largest against what is allowed."""
    return max(entries, key=lambda entry: entry.severity, default=None)


@dataclasses.dataclass(frozen=True)
class InputReport:
    """One input: its entries, whether f is constant in it, and what its errors look like."""

    name: str
    shape: tuple[int, ...]
    entries: list[Entry]
    constant: bool
    hints: list[str]

    @property
    def status(self) -> str:
        statuses = {entry.status for entry in self.entries}
        if self.constant:
            return "DEGENERATE"
        return next(status for status in GRAVITY if status in statuses or status == "OK")

    @property
    def worst(self) -> Entry | None:
        return worst_of(self.entries)

    @property
    def failures(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.ok]


def gravest(inputs: list[InputReport]) -> str:
    """The status of a whole check; DEGENERATE only if every input is."""
    statuses = {report.status for report in inputs}
    if statuses == {"DEGENERATE"} or not any(report.entries for report in inputs):
        return "DEGENERATE"
    return next(status for status in GRAVITY if status in statuses or status == "OK")


@dataclasses.dataclass(frozen=True)
class Report:
    """What gradcheck found: true if the gradient was shown to be right.

    status       OK; FAIL; AT_KINK and CROSSED_KINK where the gradient lies between the slopes of the two
                 sides (true as well); and what cannot be trusted either way: DEGENERATE,
                 NONDETERMINISTIC, NONFINITE, SHAPE (all false, but for DEGENERATE at order 2: f is linear)
    inputs       one `InputReport` each, with every entry
    evaluations  how often f was called
    operations   after a failure: the operations whose rules are wrong by themselves
    """

    status: str
    inputs: list[InputReport]
    order: int = 1
    evaluations: int = 0
    remarks: list[str] = dataclasses.field(default_factory=list)
    operations: list[Any] = dataclasses.field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        return [entry for report in self.inputs for entry in report.entries]

    @property
    def failures(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.ok]

    @property
    def worst(self) -> Entry | None:
        return worst_of(self.entries)

    @property
    def hints(self) -> list[str]:
        """What the errors look like, input by input."""
        return [f"{report.name}: {hint}" for report in self.inputs for hint in report.hints]

    def __bool__(self) -> bool:
        linear = self.order == 2 and self.status == "DEGENERATE"  # zero, as it should be; order 1 was shown before
        return linear or self.status in ("OK", "AT_KINK", "CROSSED_KINK")

    @property
    def findings(self) -> list[str]:
        """What is known beyond the numbers: hints, operations that are wrong by themselves, remarks."""
        return [*self.hints, *map(str, self.operations), *(self.remarks if self.inputs else [])]

    @property
    def verdict(self) -> str:
        """The first line of the report: the status, and what it means."""
        return show.verdict(self)

    def __str__(self) -> str:
        return show.text(self)

    def _repr_html_(self) -> str:
        return show.html(self)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "status": self.status, "ok": bool(self), "order": self.order, "evaluations": self.evaluations,
            "remarks": self.remarks, "hints": self.hints, "operations": [str(op) for op in self.operations],
            "entries": [
                {name: plain(value) for name, value in (dataclasses.asdict(entry) | {"ok": entry.ok}).items()}
                for entry in self.entries
            ],
        }  # fmt: skip

"""The verdict of a gradient check, with the numbers it rests on."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ..notation import plain


@dataclasses.dataclass(frozen=True)
class Entry:
    """One number of one gradient: by backprop (analytic) and by finite differences (numeric)."""

    input: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    tolerance: float

    @property
    def error(self) -> float:
        """The absolute difference; infinite where one of the two is not a number."""
        difference = abs(self.analytic - self.numeric)
        return difference if difference == difference else float("inf")

    @property
    def relative(self) -> float:
        """The difference relative to the larger of the two."""
        largest = max(abs(self.analytic), abs(self.numeric))
        return self.error / largest if largest else self.error

    @property
    def ok(self) -> bool:
        return math.isfinite(self.error) and self.error <= self.tolerance

    @property
    def severity(self) -> float:
        """The error against what is allowed; beyond 1 it is a failure."""
        return self.error / self.tolerance if math.isfinite(self.error) else math.inf

    @property
    def place(self) -> str:
        """The entry as it would be indexed."""
        return self.input + (f"[{', '.join(map(str, self.index))}]" if self.index else "")

    def __str__(self) -> str:
        return (
            f"{self.place}: backprop {self.analytic:.10g}, differences {self.numeric:.10g}, "
            f"off by {self.error:.2g} (relative {self.relative:.2g}, allowed {self.tolerance:.2g})"
        )


@dataclasses.dataclass(frozen=True)
class Report:
    """Every entry checked; true if all agree, and always naming the worst."""

    entries: list[Entry]

    @property
    def failures(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.ok]

    @property
    def worst(self) -> Entry | None:
        """The entry whose error is largest against what is allowed."""
        return max(self.entries, key=lambda entry: entry.severity, default=None)

    def __bool__(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        if self.worst is None:
            return "gradcheck OK: there was no entry to check"
        verdict = "OK" if self else f"FAIL, {len(self.failures)} of"
        return f"gradcheck {verdict} {len(self.entries)} entries; worst {self.worst}"

    def record(self) -> list[dict[str, Any]]:
        """Plain data for JSON."""
        entries = [dataclasses.asdict(entry) | {"ok": entry.ok} for entry in self.entries]
        return [{name: plain(value) for name, value in entry.items()} for entry in entries]

"""What a wrong gradient looks like: patterns in its errors that name their usual cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .report import Entry

Array = np.ndarray[Any, np.dtype[Any]]
CLOSE = 1e-4  # errors of a gradient are seldom as regular as this by chance


class Errors:
    """The failing entries of one input, beside those that agree.

    x, a, n  the entries of the input, of its gradient as claimed, and as measured
    bad      which of them disagree
    whole    the full arrays (claimed, measured) if every entry was measured, else None
    """

    def __init__(self, data: Array, claimed: Array, entries: Sequence[Entry]):
        self.x = np.array([data[e.index] for e in entries])
        self.a = np.array([e.analytic for e in entries])
        self.n = np.array([e.numeric for e in entries])
        self.bad = np.array([not e.ok for e in entries], bool)
        self.shape, self.places = data.shape, [e.place for e in entries]
        self.whole = (claimed, self.n.reshape(data.shape)) if len(entries) == data.size else None
        # a mask is wrong where the two are not zero together; what is that near zero is rounding
        near = 1e-7 * max(np.max(np.abs(self.n), initial=0.0), np.max(np.abs(self.a), initial=0.0))
        self.off, self.still = np.abs(self.a) <= near, np.abs(self.n) <= near

    def explained(self, corrected: Any, measured: Any) -> bool:
        """Whether a correction leaves next to nothing of the errors."""
        error = np.max(np.abs(self.a - self.n), initial=0.0)
        return alike(corrected, measured) and bool(np.all(np.abs(corrected - measured) <= 0.01 * error))

    @property
    def ratio(self) -> float | None:
        """claimed / measured, if it is the same at every failing entry."""
        if np.any(self.still[self.bad]):
            return None
        ratios = self.a[self.bad] / self.n[self.bad]
        return float(ratios[0]) if alike(ratios, np.full(ratios.shape, ratios[0])) else None


def alike(a: Any, b: Any) -> bool:
    """Equal up to the accuracy of differences, relative to the largest."""
    return np.shape(a) == np.shape(b) and bool(np.all(np.abs(a - b) <= CLOSE * np.max(np.abs(b), initial=0.0)))


def flat(x: Array, axis: int) -> bool:
    """Whether x does not vary along an axis that is longer than 1."""
    return x.shape[axis] > 1 and alike(x, np.broadcast_to(np.take(x, [0], axis), x.shape))


# -- the patterns, the most telling first ------------------------------------------------------
def path_cut(e: Errors) -> str | None:
    if np.all(e.off) and not np.any(e.still[e.bad]):
        return (
            "no gradient arrives, though f changes: the path is cut by .data, float(), a detached copy or a wrong mask"
        )
    return None


def wrong_mask(e: Errors) -> str | None:
    if np.all(e.off[e.bad] != e.still[e.bad]):
        return "zero where it should not be, or not zero where it should: a stale or wrong mask"
    return None


FACTORS = {
    -1.0: "the sign is wrong",
    2.0: "twice what it should be: counted twice, or a factor 1/2 is missing",
    0.5: "half of what it should be: one of two uses is not added (= for +=), or a factor 2 is missing",
}


def constant_factor(e: Errors) -> str | None:
    ratio = e.ratio
    if ratio is None or (np.sum(e.bad) == 1 and e.bad.size > 1):  # one number has a ratio, but no pattern
        return None
    size = "no such axis here"
    for count in (abs(ratio), 1 / abs(ratio)):
        if count > 2.5 and abs(count - round(count)) <= CLOSE * count:
            size = str(round(count))
    for value, meaning in FACTORS.items():
        if abs(ratio - value) <= CLOSE:
            return meaning
    if size.isdigit() and ratio > 1:
        return f"{size} times what it should be: a sum where a mean is meant, or a count of {size} is not divided by"
    if size.isdigit() and 0 < ratio < 1:
        return f"1/{size} of what it should be: a mean where a sum is meant, or a factor {size} is missing"
    if e.bad.size == 1:
        return None
    from fractions import Fraction  # only here: it loads decimal, a tenth of the time that importing takes

    whole = Fraction(ratio).limit_denominator(12)
    shown = str(whole) if abs(float(whole) - ratio) <= 1e-6 * abs(ratio) else f"{ratio:.9g}"
    return f"{shown} times what it should be: a constant factor is missing or too many"


def transposed(e: Errors) -> str | None:
    if e.whole is None or len(e.shape) != 2 or 1 in e.shape:
        return None
    claimed, measured = e.whole
    if e.explained(claimed.reshape(e.shape[::-1]).T, measured):
        return "the transpose of what it should be: it needs .T"
    return None


def misplaced(e: Errors) -> str | None:
    if e.whole is not None and np.sum(e.bad) > 1 and e.explained(np.sort(e.a), np.sort(e.n)):
        return "the right numbers in the wrong places: an axis, an order or an index is mixed up"
    return None


def spread(e: Errors) -> str | None:
    if e.whole is None or len(e.shape) < 2:
        return None
    claimed, measured = e.whole
    for axis in range(len(e.shape)):
        if flat(claimed, axis) and not flat(measured, axis):
            return f"it does not vary along axis {axis}, as it should: summed or spread over the wrong axis"
    return None


def wrong_axis(e: Errors) -> str | None:
    if e.whole is None or len(e.shape) < 2:
        return None
    claimed, measured = e.whole
    errors = claimed - measured
    if np.sum(e.bad) > 1 and abs(np.sum(errors)) <= CLOSE * np.sum(np.abs(errors)):
        return "the total is right and its distribution is not: summed or spread over the wrong axis"
    with np.errstate(all="ignore"):
        excess = claimed / measured - 1
    for axis in range(len(e.shape)):
        if flat(excess, axis):
            return f"off by a factor that does not vary along axis {axis}: a factor is applied along the wrong axis"
    return None


def missing_term(e: Errors) -> str | None:
    rest = (e.n - e.a)[e.bad]
    if rest.size < 2:
        return None
    if alike(rest, np.full(rest.shape, rest[0])):
        return f"too small by {rest[0]:.6g} everywhere: a term is missing"
    x = e.x[e.bad]
    slope = float(np.sum(rest * x) / max(float(np.sum(x * x)), np.finfo(float).tiny))
    if alike(rest, slope * x):
        return f"too small by {slope:.6g} * the input: the gradient of a quadratic term is missing"
    return None


def single_precision(e: Errors) -> str | None:
    small = np.all(np.abs(e.a - e.n) <= 1e-6 * np.max(np.abs(e.n), initial=0.0))
    if small and np.array_equal(e.a, e.a.astype(np.float32)):
        return "it has the digits of float32 only: something on the way back is computed in single precision"
    if small:
        return "right to six digits only: something on the way is computed in single precision, or nearly right"
    return None


def place(e: Errors) -> str | None:
    """Where the failing entries are, if they are only some."""
    if np.all(e.bad):
        return None
    bad, good = e.x[e.bad], e.x[~e.bad]
    if good.size > 1 and np.min(np.abs(bad)) > np.max(np.abs(good)):
        return f"wrong only where |x| > {np.max(np.abs(good)):.6g}"
    if good.size > 1 and (np.min(bad) > np.max(good) or np.max(bad) < np.min(good)):
        sign, limit = (">", np.max(good)) if np.min(bad) > np.max(good) else ("<", np.min(good))
        return f"wrong only where x {sign} {limit:.6g}"
    if bad.size <= 3:
        return f"wrong only at {', '.join(p for p, b in zip(e.places, e.bad, strict=True) if b)}"
    return None


PATTERNS: tuple[Callable[[Errors], str | None], ...] = (
    path_cut, wrong_mask, single_precision, constant_factor, spread, transposed, misplaced,
    wrong_axis, missing_term,
)  # fmt: skip


def hints(data: Array, claimed: Array, entries: Sequence[Entry]) -> list[str]:
    """What the errors of one input look like; nothing where nothing fails."""
    finite = [e for e in entries if np.isfinite(e.error)]
    if all(e.ok for e in finite) or len(finite) < len(entries):
        return []
    errors = Errors(data, claimed, finite)
    found = [next((told for pattern in PATTERNS if (told := pattern(errors))), None), place(errors)]
    return [told for told in found if told]

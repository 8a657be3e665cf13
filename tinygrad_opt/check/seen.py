"""Two arrays side by side: whether they are the same, where they differ, and how to say so."""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSE = 1e-10  # relative difference of numbers that are computed in two ways in float64


def same(a: Any, b: Any) -> bool:
    """Equal bit for bit, up to the kind of NaN."""
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc")


def apart(a: Any, b: Any) -> tuple[int, ...] | None:
    """Where two arrays of numbers differ most, if they differ by more than rounding."""
    scale = np.max(np.abs(b), initial=0.0, where=np.isfinite(b))
    off = ~np.isclose(a, b, rtol=CLOSE, atol=CLOSE * scale, equal_nan=True)
    if not np.any(off):
        return None
    error = np.where(off, np.nan_to_num(np.abs(a - b), nan=np.inf), 0)
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(error)), error.shape))


def differing(one: Any, other: Any) -> str:
    """Two arrays by the first entry in which they are not the same."""
    at = tuple(int(k) for k in np.argwhere(one != other)[0]) if one.shape == other.shape else None
    if at is None:
        return f"shape {one.shape} and then {other.shape}"
    return f"{one[at]:.10g} and then {other[at]:.10g}{' at ' + place(at) if at else ''}"


def place(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def shared(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and bool(np.shares_memory(a, b))


def is_float64(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == np.float64


def told(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

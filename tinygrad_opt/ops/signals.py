"""np.convolve and np.correlate: the full convolution, whose gradient is a part of another one.

For out = convolve(x, y), a bilinear function, <g, out> is the entry of convolve(g, reversed y) that
stands beside each entry of x, and the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .indexing import getitem
from .rules import composed, differentiable


def convolve(x: Any, y: Any) -> Any:
    """The full convolution: out[k] = sum over i of x[i] y[k - i], for every k with a term."""
    return np.convolve(x, y)


def beside(g: Any, other: Any) -> Any:
    """The adjoint of convolution with other: sum over k of g[k] other[k - i], for every i that was there."""
    both = convolve(g, other[::-1])
    return getitem(both, index=slice(np.size(other) - 1, np.size(g)))


convolve = differentiable(
    convolve,
    lambda g, out, x, y: beside(g, y),
    lambda g, out, x, y: beside(g, x),
)


@composed(np.convolve)
def every_mode(a: Any, v: Any, mode: str = "full") -> Any:
    """np.convolve on operands."""
    n, m = check_lines("np.convolve", a, v, mode)
    return part(convolve(a, v), mode, n, m, (min(n, m) - 1) // 2)


@composed(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """np.correlate on operands: the convolution with v reversed."""
    n, m = check_lines("np.correlate", a, v, mode)
    # "same" has one entry more before the middle than after it; NumPy exchanges a longer v, and so the sides
    before = (n if m > n else m - 1) // 2
    return part(convolve(a, getitem(v, index=slice(None, None, -1))), mode, n, m, before)


def part(full: Any, mode: str, n: int, m: int, before: int) -> Any:
    """What a mode keeps of the full convolution of n and m entries."""
    if mode == "full":
        return full
    low, high = sorted((n, m))
    kept = slice(low - 1, high) if mode == "valid" else slice(before, before + high)
    return getitem(full, index=kept)


def check_lines(fn: str, a: Any, v: Any, mode: str) -> tuple[int, int]:
    """The lengths of two lines that can be convolved."""
    if np.ndim(a) != 1 or np.ndim(v) != 1 or not np.size(a) or not np.size(v):
        raise ValueError(f"{fn} takes two lines of at least one entry; got shapes {np.shape(a)} and {np.shape(v)}")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f'{fn}: mode must be "full", "same" or "valid"; got {mode!r}')
    return np.size(a), np.size(v)

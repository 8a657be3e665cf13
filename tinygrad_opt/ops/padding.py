"""Padding: its adjoint cuts the border off, or folds it back onto the entries it repeats."""

from __future__ import annotations

from typing import Any

import numpy as np

from .indexing import getitem, scatter_add
from .rules import alias, differentiable

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """np.pad for the modes that repeat entries or put constants beside them.

    Raises ValueError for another mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}; got {mode!r}: compute other borders on .data")
    settings = {"constant_values": constant_values} if mode == "constant" else {}
    return np.pad(x, pad_width, mode, **settings)  # type: ignore[call-overload]  # a plain str


def widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How many entries are put before and after each axis, from all of NumPy's forms of pad_width."""
    if isinstance(pad_width, dict):
        by_axis = {axis % ndim: width for axis, width in pad_width.items()}
        return [widths(by_axis.get(axis, 0), 1)[0] for axis in range(ndim)]
    return [(before, after) for before, after in np.broadcast_to(pad_width, (ndim, 2)).tolist()]


def pad_rule(g: Any, out: Any, x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    ends = list(zip(np.shape(x), widths(pad_width, np.ndim(x)), strict=True))
    if mode == "constant":
        return getitem(g, index=tuple(slice(before, before + n) for n, (before, _) in ends))
    sources = [np.pad(np.arange(n), width, mode) for n, width in ends]  # type: ignore[call-overload]  # a plain str
    return scatter_add(g, index=np.ix_(*sources), shape=np.shape(x))


pad = differentiable(pad, pad_rule)
alias(np.pad, pad)

"""Samples of sliding windows and of pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import pooling, windows

from .case import (
    Case,
    Shape,
    any_number,
    case,
    seeds,
    shaped,
)

VIEWS: list[tuple[Shape, Any, Any]] = [
    ((4,), 2, 0), ((4,), 2, None), ((4,), (4,), -1), ((4,), 1, 0), ((3, 4), (2, 3), None), ((3, 4), (2, 3), (1, 0)),
    ((3, 4), 3, 1), ((2, 3, 4), (2, 2), (-1, 0)), ((2, 3, 4), (2, 2), (2, 2)), ((0, 4), 2, 1),
    ((2, 1, 3), (1, 1), (0, 2)), ((1,), 1, 0),
]  # fmt: skip
SUMS: list[tuple[Shape, tuple[int, ...]]] = [
    ((3, 2), (0,)), ((1, 4), (0,)), ((2, 3, 2, 2), (0, 1)), ((2, 3, 2, 2), (1, 0)), ((2, 1, 3, 2, 2), (2, 2)),
    ((0, 3, 2), (1,)), ((3, 1), (0,)),
]  # fmt: skip

# (x, kernel, stride, padding, dilation, ceil_mode)
POOLS: list[tuple[Shape, Any, Any, Any, Any, Any]] = [
    ((1, 2, 4, 6), (2, 2), (2, 2), None, None, None),
    ((2, 1, 5, 4), (2, 3), (1, 1), None, None, None),
    ((1, 1, 1, 1), (1, 1), (1, 1), None, None, None),
    ((0, 2, 4, 4), (2, 2), (2, 2), None, None, None),
    ((1, 2, 5, 7), (3, 3), (2, 2), (1, 1), None, None),
    ((1, 1, 6, 5), (2, 2), (3, 3), None, None, None),
    ((1, 1, 5, 5), (3, 2), (2, 2), (1, 1), None, True),
    ((2, 1, 4, 7), (2, 2), (2, 3), (0, 1), None, True),
    ((1, 1, 5, 7), (2, 3), (1, 2), (1, 1), (2, 2), None),
]


@st.composite
def pooled(draw: Any, fn: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    x, *settings = draw(st.sampled_from([row for row in POOLS if fn is pooling.max_pool or row[4] is None]))
    names = ("kernel", "stride", "padding", "dilation", "ceil_mode")
    how = {name: value for name, value in zip(names, settings, strict=True) if value is not None}
    if fn is pooling.spread_windows:
        out = np.shape(pooling.sum_pool(np.zeros(x), **how))
        return case(seed, fn, [any_number(rng, out)], size=x[2:], **how)
    return case(seed, fn, [any_number(rng, x)], **how)


@st.composite
def chosen(draw: Any, fn: Any) -> Case:
    """A call that is given which entry of each window is meant."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    x, *settings = draw(st.sampled_from(POOLS))
    names = ("kernel", "stride", "padding", "dilation", "ceil_mode")
    how = {name: value for name, value in zip(names, settings, strict=True) if value is not None}
    images = any_number(rng, x)
    winners = pooling.first_largest(images, pooling.max_pool(images, **how), **how)
    if fn is pooling.to_winners:
        return case(seed, fn, [any_number(rng, winners.shape)], winners=winners, size=x[2:], **how)
    return case(seed, fn, [any_number(rng, x)], winners=winners, **how)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    windows.sliding_window_view: shaped(windows.sliding_window_view, VIEWS, "window_shape", "axis"),
    windows.overlap_add: shaped(windows.overlap_add, SUMS, "axis"),
    pooling.max_pool: pooled(pooling.max_pool),
    pooling.from_winners: chosen(pooling.from_winners),
    pooling.to_winners: chosen(pooling.to_winners),
    pooling.sum_pool: pooled(pooling.sum_pool),
    pooling.spread_windows: pooled(pooling.spread_windows),
}

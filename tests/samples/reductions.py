"""Samples of the reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import reductions

from .case import (
    FULL,
    SHAPES,
    WITH_AXES,
    Case,
    Shape,
    any_number,
    case,
    plain,
    seeds,
)


def axes_of(ndim: int) -> st.SearchStrategy[Any]:
    """None, an axis, a negative one, several, none of them."""
    if ndim == 0:
        return st.sampled_from([None, ()])
    several = st.lists(st.integers(-ndim, ndim - 1), max_size=ndim, unique_by=lambda a: a % ndim).map(tuple)
    return st.one_of(st.none(), st.integers(-ndim, ndim - 1), several)


@st.composite
def reduced(
    draw: Any, fn: Any, over: list[Shape] = FULL, keepdims: bool = True, ddof: bool = False, entries: Any = any_number
) -> Case:
    seed = draw(seeds)
    shape = draw(st.sampled_from(over))
    params = {"axis": draw(axes_of(len(shape)))} if draw(st.integers(0, 4)) else {}
    if keepdims and draw(st.booleans()):
        params["keepdims"] = draw(st.booleans())
    x = entries(np.random.default_rng(seed), shape)
    if ddof:
        axis = params.get("axis")
        entries_each = x.size // max(np.mean(x, axis=axis).size, 1)
        if entries_each < 2 and fn is np.std:  # the square root's kink
            params.pop("axis", None)
            x = entries(np.random.default_rng(seed), (3, 2))
            entries_each = 6
        if entries_each > 1 and draw(st.booleans()):
            params["ddof"] = draw(st.sampled_from([1, 0.5, 0]))
    return case(seed, fn, [plain(draw, x)], **params)


@st.composite
def spreads(draw: Any) -> Case:
    called = draw(reduced(np.sum, SHAPES))
    (x,) = called.operands
    g = np.asarray(np.sum(x, **called.params))
    g = any_number(np.random.default_rng(called.seed), g.shape)
    return case(called.seed, reductions.spread, [plain(draw, g)], shape=np.shape(x), **called.params)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.sum: reduced(np.sum, SHAPES),
    reductions.spread: spreads(),
    **{fn: reduced(fn) for fn in (np.mean, np.max, np.min, np.prod, reductions.logsumexp)},
    **{fn: reduced(fn, ddof=True) for fn in (np.var, np.std)},
    reductions.product_of_others: reduced(reductions.product_of_others, keepdims=False),
    **{fn: reduced(fn, WITH_AXES, keepdims=False) for fn in (reductions.softmax, reductions.log_softmax)},
}

"""Samples of the running sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import scans

from .case import Case, any_number, case, plain, seeds

OVER = [
    ((4,), 0), ((4,), -1), ((2, 3), None), ((2, 3), 0), ((2, 3), -1), ((2, 1, 3), 1), ((2, 5, 3), 1), ((), None),
    ((1,), 0), ((0,), 0), ((2, 0), 1), ((2, 0), 0), ((0,), None), ((9,), 0),
]  # fmt: skip


def some_zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return any_number(rng, shape) * (rng.random(shape) < 0.7)


@st.composite
def scanned(draw: Any, fn: Any, *entries: Any) -> Case:
    seed = draw(seeds)
    shape, axis = draw(st.sampled_from(OVER))
    x = draw(st.sampled_from(entries))(np.random.default_rng(seed), shape)
    return case(seed, fn, [plain(draw, x)], **({} if axis is None and draw(st.booleans()) else {"axis": axis}))


@st.composite
def recurrences(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = draw(st.sampled_from([(5,), (1,), (2, 3), (2, 2, 4), (0,), (2, 0), (9,)]))
    return case(
        seed,
        scans.recurrence,
        [some_zeros(rng, shape), any_number(rng, shape)],
        draw(st.sampled_from([(0, 1), (0,), (1,)])),
    )


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.cumsum: scanned(np.cumsum, any_number),
    np.cumprod: scanned(np.cumprod, any_number, some_zeros),
    scans.recurrence: recurrences(),
}

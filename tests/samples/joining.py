"""Samples of the functions that join arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .case import Case, any_number, case, plain, seeds

JOINS = [
    ([(2, 3), (1, 3)], 0), ([(2, 3), (2, 1), (2, 2)], -1), ([(3,), (0,), (2,)], 0), ([(2, 3), (4,), ()], None),
    ([(2, 1, 3), (2, 4, 3)], 1), ([(2, 3)], 0),
]  # fmt: skip
STACKS = [
    ([(2, 3), (2, 3)], 0), ([(3,), (3,), (3,)], -1), ([(), ()], 0), ([(2, 3), (2, 3)], 1), ([(0,), (0,)], 0),
    ([(2,)], -2),
]  # fmt: skip


@st.composite
def joined(draw: Any, fn: Any, table: list[Any]) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    parts, axis = draw(st.sampled_from(table))
    operands = [plain(draw, any_number(rng, shape)) for shape in parts]
    live = draw(st.sets(st.integers(0, len(parts) - 1), min_size=1).map(sorted).map(tuple))
    return case(seed, fn, operands, live, **({} if axis == 0 and draw(st.booleans()) else {"axis": axis}))


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.concatenate: joined(np.concatenate, JOINS),
    np.stack: joined(np.stack, STACKS),
}

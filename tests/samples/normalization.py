"""Samples of the normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import normalization

from .case import Case, any_number, case, seeds


@st.composite
def normalized(draw: Any, fn: Any) -> Case:
    seed = draw(seeds)
    shape, axis = draw(
        st.sampled_from([
            ((3,), -1), ((3,), 0), ((2, 3), -1), ((4, 2), 0), ((4, 2), (0,)), ((2, 3, 2), (0, 2)),
            ((2, 3, 2), (-2, -1)), ((2, 3), None), ((1, 1), -1), ((0, 2), -1), ((), None), ((), ()),
        ])
    )  # fmt: skip
    params = {"axis": axis} if axis != -1 or draw(st.booleans()) else {}
    if np.prod(shape, dtype=int) < 2 or draw(st.booleans()):
        params["eps"] = draw(st.sampled_from([0.1, 1.0]))
    return case(seed, fn, [any_number(np.random.default_rng(seed), shape)], **params)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    fn: normalized(fn) for fn in (normalization.standardize, normalization.rms_scale)
}

"""Samples of padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import padding

from .case import Case, Shape, any_number, case, plain, seeds

WIDTHS: list[tuple[Shape, Any]] = [
    ((3,), 1), ((3,), (2, 1)), ((3,), ((0, 2),)), ((2, 3), 1), ((2, 3), (1, 0)), ((2, 3), ((1, 1), (0, 2))),
    ((2, 3), [[0, 0], [2, 2]]), ((2, 1, 3), ((0, 0), (0, 0), (1, 1))), ((2, 3), 0), ((4, 2), ((3, 5), (1, 4))), ((), 0),
]  # fmt: skip
EMPTY: list[tuple[Shape, Any]] = [((0,), 2), ((2, 0), ((1, 0), (2, 3)))]
FILLS = [{}, {"constant_values": 1.5}, {"constant_values": (1, -2)}, {"mode": "constant"}]
REPEATS = [{"mode": mode} for mode in padding.MODES if mode != "constant"]


@st.composite
def padded(draw: Any) -> Case:
    seed = draw(seeds)
    settings = draw(st.sampled_from(FILLS) | st.sampled_from(REPEATS))
    constant = settings.get("mode", "constant") == "constant"
    shape, width = draw(st.sampled_from(WIDTHS + EMPTY if constant else WIDTHS))
    x = any_number(np.random.default_rng(seed), shape)
    return case(seed, padding.pad, [plain(draw, x)], pad_width=width, **settings)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {padding.pad: padded()}

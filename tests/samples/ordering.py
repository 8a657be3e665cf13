"""Samples of sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .case import Case, shaped

SORTS = [
    ((5,), 0), ((5,), -1), ((2, 3), None), ((2, 3), 0), ((2, 3), -1), ((2, 4, 3), 1), ((1,), 0), ((0,), -1),
    ((2, 0), 1), ((4, 0), 0), ((), None),
]  # fmt: skip

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {np.sort: shaped(np.sort, SORTS, "axis")}

"""Samples of diagonals and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .case import Case, shaped

DIAGONALS = [
    ((3, 3), 0, 0, 1), ((2, 3), 1, 0, 1), ((4, 2), -1, 0, 1), ((2, 3), 0, 1, 0), ((2, 4, 3), 0, 0, 1),
    ((2, 4, 3), 1, 0, 2), ((2, 4, 3), -1, 2, 1), ((2, 4, 3), 0, -1, -2), ((2, 3), 5, 0, 1), ((2, 3), -9, 0, 1),
    ((0, 3), 0, 0, 1), ((2, 0, 3), 0, 0, 2),
]  # fmt: skip
DIAGS = [((3,), 0), ((2,), 1), ((2,), -2), ((0,), 0), ((0,), 1), ((3, 3), 0), ((2, 3), 1), ((4, 2), -2), ((2, 3), 7)]
TRIANGLES = [((3, 3), 0), ((2, 3), 1), ((4, 2), -1), ((2, 3, 3), 0), ((3,), 0), ((0, 3), 0), ((2, 3), 9), ((2, 3), -9)]

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.diagonal: shaped(np.diagonal, DIAGONALS, "offset", "axis1", "axis2"),
    np.diag: shaped(np.diag, DIAGS, "k"),
    np.tril: shaped(np.tril, TRIANGLES, "k"),
    np.triu: shaped(np.triu, TRIANGLES, "k"),
}

"""Samples of the functions that rearrange entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import shapes

from .case import Case, Shape, shaped, unary

RESHAPES: list[tuple[Shape, Any]] = [
    ((2, 3), (3, 2)), ((2, 3), -1), ((6,), (2, -1)), ((), (1, 1)), ((1,), ()), ((0, 2), (2, 0)), ((2, 3), (1, 6, 1)),
]  # fmt: skip
SWAPS = [((2, 3), 0, 1), ((2, 1, 3), -1, 0), ((4, 2), 1, 1), ((2, 0), 0, -1)]
MOVES = [
    ((2, 1, 3), 0, 2), ((2, 1, 3), (0, 1), (-1, 0)), ((2, 3), -1, 0), ((2, 1, 3), [2, 0], [0, 1]), ((2, 0), 0, 1),
]  # fmt: skip
TURNS = [
    ((2, 3), None), ((2, 1, 3), (1, 2, 0)), ((2, 1, 3), (-1, 0, 1)), ((), None), ((3,), (0,)), ((4, 2), [1, 0]),
    ((2, 0), None),
]  # fmt: skip
SQUEEZES = [((1, 2, 1), None), ((1, 2, 1), 0), ((1, 2, 1), (0, -1)), ((2, 3), None), ((1,), None), ((2, 1, 0), 1)]
EXPANSIONS = [((2, 3), 0), ((2, 3), -1), ((), 0), ((3,), (0, 2)), ((2, 3), (1, -1)), ((0,), 0)]
BROADCASTS = [
    ((3,), (2, 3)),
    ((2, 1), (2, 3)),
    ((), (2, 2)),
    ((1, 1), (3, 2)),
    ((2, 3), (2, 3)),
    ((1,), (0,)),
    ((), ()),
]
FLIPS = [
    ((2, 3), None), ((2, 3), 0), ((2, 1, 3), (0, -1)), ((4,), -1), ((), None), ((2, 0), 1), ((2, 3), ()),
]  # fmt: skip
ROLLS = [
    ((4,), 1, None), ((2, 3), -2, None), ((2, 3), 5, 1), ((2, 3), (1, -1), (0, 1)), ((2, 3), (1, 2), (1, 1)),
    ((2, 3), 1, (0, 1)), ((2, 3), [1, 2], [0, -1]), ((), 1, None), ((0, 2), 1, 0), ((1,), 3, 0),
]  # fmt: skip
QUARTERS = [
    ((2, 3), 1, (0, 1)), ((2, 3), 2, (0, 1)), ((2, 3), -1, (1, 0)), ((2, 1, 3), 3, (0, 2)), ((2, 1, 3), 5, (-1, 1)),
    ((2, 0), 1, (0, 1)), ((2, 3), 0, (0, 1)),
]  # fmt: skip


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    shapes.cast: unary(shapes.cast, params=st.just({"dtype": np.dtype(np.float64)})),
    shapes.reshape: shaped(shapes.reshape, RESHAPES, "shape"),
    np.ravel: unary(np.ravel),
    np.expand_dims: shaped(np.expand_dims, EXPANSIONS, "axis"),
    np.squeeze: shaped(np.squeeze, SQUEEZES, "axis"),
    np.transpose: shaped(np.transpose, TURNS, "axes"),
    np.matrix_transpose: shaped(np.matrix_transpose, [((2, 3),), ((2, 1, 3),), ((0, 2),)]),
    np.swapaxes: shaped(np.swapaxes, SWAPS, "axis1", "axis2"),
    np.moveaxis: shaped(np.moveaxis, MOVES, "source", "destination"),
    np.broadcast_to: shaped(np.broadcast_to, BROADCASTS, "shape"),
    np.flip: shaped(np.flip, FLIPS, "axis"),
    np.roll: shaped(np.roll, ROLLS, "shift", "axis"),
    np.rot90: shaped(np.rot90, QUARTERS, "k", "axes"),
}

"""Samples of the functions that rearrange entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import shapes

from .case import (
    Case,
    Shape,
    any_number,
    case,
    plain,
    seeds,
    shaped,
    unary,
)

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


JOINS = [
    ([(2, 3), (1, 3)], 0), ([(2, 3), (2, 1), (2, 2)], -1), ([(3,), (0,), (2,)], 0), ([(2, 3), (4,), ()], None),
    ([(2, 1, 3), (2, 4, 3)], 1), ([(2, 3)], 0),
]  # fmt: skip
STACKS = [
    ([(2, 3), (2, 3)], 0),
    ([(3,), (3,), (3,)], -1),
    ([(), ()], 0),
    ([(2, 3), (2, 3)], 1),
    ([(0,), (0,)], 0),
    ([(2,)], -2),
]


@st.composite
def joined(draw: Any, fn: Any, table: list[Any]) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    parts, axis = draw(st.sampled_from(table))
    operands = [plain(draw, any_number(rng, shape)) for shape in parts]
    live = draw(st.sets(st.integers(0, len(parts) - 1), min_size=1).map(sorted).map(tuple))
    return case(seed, fn, operands, live, **({} if axis == 0 and draw(st.booleans()) else {"axis": axis}))


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
    np.concatenate: joined(np.concatenate, JOINS),
    np.stack: joined(np.stack, STACKS),
}

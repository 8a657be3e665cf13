"""Samples of indexing."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import indexing

from .case import (
    Case,
    Shape,
    any_number,
    case,
    plain,
    seeds,
    shaped,
)

MASK = np.array([[True, False, True], [False, False, True]])
INDICES: list[tuple[Shape, Any]] = [
    ((4,), 2), ((4,), -1), ((4,), np.int64(1)), ((4,), slice(1, None)), ((4,), slice(None, None, -2)),
    ((4,), slice(2, 2)), ((4,), [0, 0, 3]), ((4,), np.array([[1, 1], [-1, 3]])), ((4,), np.array([], int)),
    ((2, 3), ()), ((2, 3), ...), ((2, 3), None), ((2, 3), (slice(None), None, 1)), ((2, 3), (..., 0)),
    ((2, 3), (1, 2)), ((2, 3), MASK), ((2, 3), (MASK,)), ((2, 3), ([0, 1, 0, 0], [2, 2, 2, 1])),
    ((2, 3), ((0, 0), (1, 1))), ((2, 3), ((0, 0),)), ((2, 3), np.array([True, False])),
    ((2, 3), (np.array([1, 1, 0]), slice(None, 2))), ((2, 3), (slice(None), np.array([2, 2]))),
    ((2, 1, 3), (np.array([0, 0]), ..., np.array([2, 2]))), ((2, 1, 3), ([0, 0], slice(None), None, [1, 1])),
    ((2, 3), (MASK[:, 0], np.array([1]))), ((2, 3), np.zeros((2, 3), bool)), ((2, 3), [True, False]), ((), ()),
    ((), ...), ((), None), ((0, 2), slice(None)), ((2, 3), (np.array(1), np.array([0, 0]))), ((2, 3), range(2)),
    ((2, 3), True),
]  # fmt: skip


@st.composite
def indexed(draw: Any) -> Case:
    return draw(shaped(indexing.getitem, INDICES, "index"))


@st.composite
def scattered(draw: Any) -> Case:
    seed = draw(seeds)
    shape, index = draw(st.sampled_from(INDICES))
    g = any_number(np.random.default_rng(seed), np.shape(np.zeros(shape)[index]))
    return case(seed, indexing.scatter_add, [plain(draw, g)], index=index, shape=shape)


@st.composite
def assigned(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape, index = draw(st.sampled_from(INDICES))
    there = np.shape(np.zeros(shape)[index])
    values = any_number(rng, draw(st.sampled_from([there, there[1:], ()])))
    operands = [plain(draw, any_number(rng, shape)), plain(draw, values)]
    return case(seed, indexing.assigned, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])), index=index)


GATHERS: list[tuple[Shape, Any, Any]] = [
    ((4,), [3, 3, 0], 0), ((4,), [-1, 1], -1), ((2, 3), [[0, 0, 2, 1], [1, 1, 1, 1]], 1), ((2, 3), [[1, 0, 1]], 0),
    ((2, 3), [[0], [2]], -1), ((2, 3), [5, 0, 0, -2], None), ((2, 1, 3), [[[0, 0, 0]] * 4] * 2, 1), ((0, 2), [[]], 1),
    ((1, 3), [[0, 1], [2, 2]], 1), ((2, 3), [[2, 1]], 1),
]  # fmt: skip


@st.composite
def gathered(draw: Any, adjoint: bool = False) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape, entries, axis = draw(st.sampled_from(GATHERS))
    indices = np.array(entries, int)
    if not adjoint:
        return case(seed, np.take_along_axis, [any_number(rng, shape)], indices=indices, axis=axis)
    g = any_number(rng, np.take_along_axis(np.zeros(shape), indices, axis).shape)
    return case(seed, indexing.add_along_axis, [g], indices=indices, shape=shape, axis=axis)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    indexing.getitem: indexed(),
    indexing.scatter_add: scattered(),
    indexing.assigned: assigned(),
    np.take_along_axis: gathered(),
    indexing.add_along_axis: gathered(adjoint=True),
}

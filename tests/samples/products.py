"""Samples of the products."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops.products import cross, linear

from .case import (
    Case,
    Shape,
    any_number,
    case,
    plain,
    seeds,
)

MATMUL_SHAPES: list[tuple[Shape, Shape]] = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 1)), ((1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)),
    ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((4, 2, 0), (0, 3)), ((4, 2, 3), (3, 0)), ((0,), (0,)),
]  # fmt: skip
DOT_SHAPES: list[tuple[Shape, Shape]] = [
    ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((1, 2, 3), (2, 2, 3, 4)),
    ((2, 0), (4, 0, 3)), ((2, 3), (0, 3, 4)), ((4, 2, 0), (0, 3)),
]  # fmt: skip


@st.composite
def products(draw: Any, fn: Any, pairs: list[tuple[Shape, Shape]]) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    operands = [plain(draw, any_number(rng, shape)) for shape in draw(st.sampled_from(pairs))]
    return case(seed, fn, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])))


@st.composite
def layers(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = draw(st.sampled_from([(3,), (2, 3), (1, 3), (5, 2, 3), (0, 3), (2, 0)]))
    outputs = draw(st.sampled_from([1, 4]))
    operands = [any_number(rng, s) for s in (shape, (outputs, shape[-1]), (outputs,))]
    return case(seed, linear, operands, draw(st.sampled_from([(0, 1, 2), (1, 2), (0,)])))


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.matmul: products(np.matmul, MATMUL_SHAPES),
    np.dot: products(np.dot, DOT_SHAPES),
    np.outer: products(np.outer, [((3,), (2,)), ((), (3,)), ((2, 3), (2, 2)), ((0,), (3,)), ((), ())]),
    cross: products(cross, [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((0, 3), (3,))]),
    linear: layers(),
}

"""Samples of the elementwise functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import elementwise

from .case import (
    PAIRS,
    SHAPES,
    Case,
    any_number,
    between,
    binary,
    case,
    nonzero,
    plain,
    positive,
    seeds,
    unary,
)


@st.composite
def whole_powers(draw: Any) -> Case:
    """Bases of either sign under constant whole exponents."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    x = nonzero(rng, draw(st.sampled_from(SHAPES)))
    n = draw(st.one_of(st.integers(-3, 4), st.just(rng.integers(-3, 5, (3,))), st.sampled_from([0.0, 2.0, -1.0])))
    if np.ndim(n) and x.shape not in [(), (3,), (2, 3), (1,)]:
        n = 2
    return case(seed, np.power, [plain(draw, x), n], (0,))


@st.composite
def choices(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    left, right = draw(st.sampled_from(PAIRS))
    condition = rng.random(draw(st.sampled_from([left, right, np.broadcast_shapes(left, right)]))) < 0.5
    operands = [condition, plain(draw, any_number(rng, left)), plain(draw, any_number(rng, right))]
    return case(seed, np.where, operands, draw(st.sampled_from([(1, 2), (1,), (2,)])))


@st.composite
def clips(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = draw(st.sampled_from(SHAPES))
    x = plain(draw, any_number(rng, shape))
    bounds = st.sampled_from([(-1.0, 1.0), (None, 0.5), (-0.5, None), (0, 1)])
    low, high = draw(bounds)
    if draw(st.booleans()):
        return case(seed, np.clip, [x, low, high], (0,))
    low, high = rng.uniform(-2, -0.1, shape[-1:]), rng.uniform(0.1, 2, ())
    return case(seed, np.clip, [x, plain(draw, low), plain(draw, high)])


slopes = st.sampled_from([{}, {"slope": 0.2}])
alphas = st.sampled_from([{}, {"alpha": 0.5}])

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    **{fn: binary(fn) for fn in (np.add, np.subtract, np.multiply, np.logaddexp, np.maximum, np.minimum)},
    **{fn: binary(fn, any_number, nonzero) for fn in (np.divide, np.remainder, np.floor_divide)},
    np.power: st.one_of(binary(np.power, positive, any_number), whole_powers()),
    **{fn: unary(fn) for fn in (np.negative, np.positive, np.square, np.absolute)},
    np.reciprocal: unary(np.reciprocal, nonzero),
    **{fn: unary(fn) for fn in (np.sign, np.floor, np.ceil, np.rint, np.trunc)},
    **{fn: unary(fn) for fn in (np.exp, np.expm1, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh)},
    **{fn: unary(fn, positive) for fn in (np.log, np.log2, np.log10, np.sqrt)},
    np.log1p: unary(np.log1p, between(-0.7, 3)),
    np.tan: unary(np.tan, between(-1.2, 1.2)),
    **{fn: unary(fn, between(-0.9, 0.9)) for fn in (np.arcsin, np.arccos)},
    np.where: choices(),
    np.clip: clips(),
    **{fn: unary(fn) for fn in (elementwise.sigmoid, elementwise.softplus, elementwise.relu)},
    elementwise.leaky_relu: unary(elementwise.leaky_relu, params=slopes),
    elementwise.elu: unary(elementwise.elu, params=alphas),
}

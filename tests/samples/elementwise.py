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
def whole_powers(draw: Any, fn: Any) -> Case:
    """Bases of either sign under constant whole exponents."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    x = nonzero(rng, draw(st.sampled_from(SHAPES)))
    n = draw(st.one_of(st.integers(-3, 4), st.just(rng.integers(-3, 5, (3,))), st.sampled_from([0.0, 2.0, -1.0])))
    if np.ndim(n) and x.shape not in [(), (3,), (2, 3), (1,)]:
        n = 2
    return case(seed, fn, [plain(draw, x), n], (0,))


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
        return case(seed, elementwise.clip, [x, low, high], (0,))
    low, high = rng.uniform(-2, -0.1, shape[-1:]), rng.uniform(0.1, 2, ())
    return case(seed, elementwise.clip, [x, plain(draw, low), plain(draw, high)])


fillings = st.sampled_from([{}, {"nan": 1.5, "posinf": 2.0}, {"neginf": -3.0}])
decimals = st.sampled_from([{}, {"decimals": 1}, {"decimals": -1}])

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    **{fn: binary(fn) for fn in (np.add, np.subtract, np.multiply, np.logaddexp, np.maximum, np.minimum)},
    **{fn: binary(fn) for fn in (np.fmax, np.fmin, np.logaddexp2)},
    **{fn: binary(fn, nonzero, nonzero) for fn in (np.arctan2, np.hypot, np.copysign, np.heaviside)},
    **{fn: binary(fn, any_number, nonzero) for fn in (np.divide, np.remainder, np.fmod, np.floor_divide)},
    **{fn: st.one_of(binary(fn, positive, any_number), whole_powers(fn)) for fn in (np.power, np.float_power)},
    **{fn: unary(fn) for fn in (np.negative, np.positive, np.square, np.absolute)},
    np.reciprocal: unary(np.reciprocal, nonzero),
    **{fn: unary(fn) for fn in (np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix)},
    np.round: unary(np.round, params=decimals),
    **{fn: unary(fn) for fn in (np.exp, np.expm1, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh)},
    **{fn: unary(fn) for fn in (np.exp2, np.arcsinh, np.deg2rad, np.rad2deg)},
    np.cbrt: unary(np.cbrt, nonzero),
    np.arccosh: unary(np.arccosh, between(1.1, 3)),
    **{fn: unary(fn, positive) for fn in (np.log, np.log2, np.log10, np.sqrt)},
    np.log1p: unary(np.log1p, between(-0.7, 3)),
    np.tan: unary(np.tan, between(-1.2, 1.2)),
    **{fn: unary(fn, between(-0.9, 0.9)) for fn in (np.arcsin, np.arccos, np.arctanh)},
    np.where: choices(),
    elementwise.clip: clips(),
    elementwise.sigmoid: unary(elementwise.sigmoid),
    np.nan_to_num: unary(np.nan_to_num, params=fillings),
}

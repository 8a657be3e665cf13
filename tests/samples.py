"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it.

Shapes and parameters are drawn, so that they shrink; entries come from a seeded generator, so that
they are generic.  Each operation is sampled where it is defined; the laws step over kinks by asking
the operation itself.  Special points have tests of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import RULES, Operation, elementwise, indexing, reductions, shapes
from tinygrad_opt.ops.products import linear

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """One call: its operands (float64 arrays or Python floats), which of them are Values, its parameters."""

    fn: Callable[..., Any]
    operands: tuple[Any, ...]
    params: dict[str, Any]
    live: tuple[int, ...]
    seed: int

    @property
    def operation(self) -> Operation:
        return RULES[self.fn]

    def __call__(self, *operands: Any) -> Any:
        """The function on these operands in place of its own."""
        return self.fn(list(operands), **self.params) if self.operation.sequence else self.fn(*operands, **self.params)

    def with_operands(self, operands: Any) -> Case:
        return dataclasses.replace(self, operands=tuple(operands))

    def rng(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1])


def case(seed: int, fn: Any, operands: Any, live: Any = None, **params: Any) -> Case:
    operands = tuple(operands)
    return Case(fn, operands, params, tuple(range(len(operands)) if live is None else live), seed)


seeds = st.integers(0, 2**16)
SHAPES: list[Shape] = [(), (3,), (), (1,), (2, 3), (0,), (2, 1, 3), (2, 0), (4, 2)]
FULL = [shape for shape in SHAPES if 0 not in shape]
WITH_AXES = [shape for shape in FULL if shape]
PAIRS: list[tuple[Shape, Shape]] = [
    ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((1,), (2, 1, 3)), ((2, 3), (2, 3)),
    ((0,), (1,)), ((2, 0), ()), ((2, 1, 3), (4, 1)), ((1, 1), ()),
]  # fmt: skip


# -- entries -----------------------------------------------------------------------------------
def between(low: float, high: float) -> Callable[[np.random.Generator, Shape], Any]:
    return lambda rng, shape: rng.uniform(low, high, shape)


def nonzero(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2.0, shape)


any_number = between(-2, 2)
positive = between(0.3, 3)


def plain(draw: Any, x: Any) -> Any:
    """A 0-d array as a Python float, or as it is."""
    return float(x) if np.ndim(x) == 0 and draw(st.integers(0, 3)) else np.asarray(x)


# -- elementwise -------------------------------------------------------------------------------
@st.composite
def unary(draw: Any, fn: Any, entries: Any = any_number, params: Any = None) -> Case:
    seed = draw(seeds)
    x = entries(np.random.default_rng(seed), draw(st.sampled_from(SHAPES)))
    return case(seed, fn, [plain(draw, x)], **({} if params is None else draw(params)))


@st.composite
def binary(draw: Any, fn: Any, left: Any = any_number, right: Any = any_number) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    pair = draw(st.sampled_from(PAIRS))
    if draw(st.booleans()):
        pair = pair[::-1]
    operands = [plain(draw, entries(rng, shape)) for entries, shape in zip((left, right), pair, strict=True)]
    return case(seed, fn, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])))


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


# -- products ----------------------------------------------------------------------------------
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


# -- reductions --------------------------------------------------------------------------------
def axes_of(ndim: int) -> st.SearchStrategy[Any]:
    """None, an axis, a negative one, several, none of them."""
    if ndim == 0:
        return st.sampled_from([None, ()])
    several = st.lists(st.integers(-ndim, ndim - 1), max_size=ndim, unique_by=lambda a: a % ndim).map(tuple)
    return st.one_of(st.none(), st.integers(-ndim, ndim - 1), several)


@st.composite
def reduced(
    draw: Any, fn: Any, over: list[Shape] = FULL, keepdims: bool = True, ddof: bool = False, entries: Any = any_number
) -> Case:
    seed = draw(seeds)
    shape = draw(st.sampled_from(over))
    params = {"axis": draw(axes_of(len(shape)))} if draw(st.integers(0, 4)) else {}
    if keepdims and draw(st.booleans()):
        params["keepdims"] = draw(st.booleans())
    x = entries(np.random.default_rng(seed), shape)
    if ddof:
        axis = params.get("axis")
        entries_each = x.size // max(np.mean(x, axis=axis).size, 1)
        if entries_each < 2 and fn is np.std:  # the square root's kink
            params.pop("axis", None)
            x = entries(np.random.default_rng(seed), (3, 2))
            entries_each = 6
        if entries_each > 1 and draw(st.booleans()):
            params["ddof"] = draw(st.sampled_from([1, 0.5, 0]))
    return case(seed, fn, [plain(draw, x)], **params)


@st.composite
def spreads(draw: Any) -> Case:
    called = draw(reduced(np.sum, SHAPES))
    (x,) = called.operands
    g = np.asarray(np.sum(x, **called.params))
    g = any_number(np.random.default_rng(called.seed), g.shape)
    return case(called.seed, reductions.spread, [plain(draw, g)], shape=np.shape(x), **called.params)


@st.composite
def losses(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    rows, classes = draw(st.sampled_from([(1, 1), (4, 3), (3, 2)]))
    return case(seed, reductions.nll_loss, [rng.normal(size=(rows, classes)), rng.integers(0, classes, rows)], (0,))


# -- shapes ------------------------------------------------------------------------------------
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


@st.composite
def shaped(draw: Any, fn: Any, table: list[Any], *names: str) -> Case:
    """A call from a table of rows (shape of the operand, parameters...)."""
    seed = draw(seeds)
    shape, *values = draw(st.sampled_from(table))
    x = plain(draw, any_number(np.random.default_rng(seed), shape))
    return case(seed, fn, [x], **dict(zip(names, values, strict=True)))


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


# -- indexing ----------------------------------------------------------------------------------
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


# -- the table ---------------------------------------------------------------------------------
slopes = st.sampled_from([{}, {"slope": 0.2}])
alphas = st.sampled_from([{}, {"alpha": 0.5}])

SAMPLES: dict[Callable[..., Any], st.SearchStrategy[Case]] = {
    **{fn: binary(fn) for fn in (np.add, np.subtract, np.multiply, np.logaddexp, np.maximum, np.minimum)},
    **{fn: binary(fn, any_number, nonzero) for fn in (np.divide, np.remainder, np.floor_divide)},
    np.power: st.one_of(binary(np.power, positive, any_number), whole_powers()),
    **{fn: unary(fn) for fn in (np.negative, np.positive, np.square, np.absolute, np.zeros_like)},
    np.reciprocal: unary(np.reciprocal, nonzero),
    **{fn: unary(fn) for fn in (np.sign, np.floor, np.ceil, np.rint, np.trunc, np.zeros_like)},
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
    np.matmul: products(np.matmul, MATMUL_SHAPES),
    np.dot: products(np.dot, DOT_SHAPES),
    np.outer: products(np.outer, [((3,), (2,)), ((), (3,)), ((2, 3), (2, 2)), ((0,), (3,)), ((), ())]),
    linear: layers(),
    np.sum: reduced(np.sum, SHAPES),
    reductions.spread: spreads(),
    **{fn: reduced(fn) for fn in (np.mean, np.max, np.min, np.prod, reductions.logsumexp)},
    **{fn: reduced(fn, ddof=True) for fn in (np.var, np.std)},
    reductions.product_of_others: reduced(reductions.product_of_others, keepdims=False),
    **{fn: reduced(fn, WITH_AXES, keepdims=False) for fn in (reductions.softmax, reductions.log_softmax)},
    reductions.nll_loss: losses(),
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
    indexing.getitem: indexed(),
    indexing.scatter_add: scattered(),
}

"""Case: one call of an operation, and how Hypothesis draws operands and parameters for it.

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

from tinygrad_opt.ops import RULES, Operation
from tinygrad_opt.testing import broadcastable_shapes
from tinygrad_opt.testing.strategies import Shape, seeds


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


# -- calls -------------------------------------------------------------------------------------
@st.composite
def unary(draw: Any, fn: Any, entries: Any = any_number, params: Any = None) -> Case:
    seed = draw(seeds)
    x = entries(np.random.default_rng(seed), draw(st.sampled_from(SHAPES)))
    return case(seed, fn, [plain(draw, x)], **({} if params is None else draw(params)))


@st.composite
def binary(draw: Any, fn: Any, left: Any = any_number, right: Any = any_number) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    pair = draw(st.one_of(st.sampled_from(PAIRS), broadcastable_shapes(2)))
    if draw(st.booleans()):
        pair = pair[::-1]
    operands = [plain(draw, entries(rng, shape)) for entries, shape in zip((left, right), pair, strict=True)]
    return case(seed, fn, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])))


@st.composite
def shaped(draw: Any, fn: Any, table: list[Any], *names: str) -> Case:
    """A call from a table of rows (shape of the operand, parameters...)."""
    seed = draw(seeds)
    shape, *values = draw(st.sampled_from(table))
    x = plain(draw, any_number(np.random.default_rng(seed), shape))
    return case(seed, fn, [x], **dict(zip(names, values, strict=True)))

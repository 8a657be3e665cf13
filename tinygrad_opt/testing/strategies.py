"""Hypothesis strategies for shapes, arrays and Values.

Shapes are drawn, so that they shrink; entries come from a generator with a drawn seed, so that they
are generic: no ties, no zeros, nothing that only a shrunken example would have.  Two arrays of one
shape whose seeds shrink to the same number are equal, though; where that matters, draw one and cut it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from ..value import Value

Shape = tuple[int, ...]
Array = np.ndarray[Any, np.dtype[Any]]
Entries = tuple[float, float] | Callable[[np.random.Generator, Shape], Any]

seeds = st.integers(0, 2**16)


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] = (),
    elements: Entries = (-2.0, 2.0),
    dtype: DTypeLike = np.float64,
) -> Array:
    """Arrays of a shape, or of shapes drawn from a strategy.

    elements  an interval to draw from evenly, or ``elements(rng, shape)``

    >>> from hypothesis import given
    >>> from tinygrad_opt.testing import arrays
    >>> @given(arrays((2, 3), elements=(0.5, 1.0)))
    ... def test(x):
    ...     assert x.shape == (2, 3)
    ...     assert x.min() >= 0.5
    >>> test()
    """
    size = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    rng = np.random.default_rng(draw(seeds))
    entries = elements(rng, size) if callable(elements) else rng.uniform(*elements, size)
    return np.asarray(entries, dtype)


def values(
    shape: Shape | st.SearchStrategy[Shape] = (),
    elements: Entries = (-2.0, 2.0),
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Value]:
    """Values without a history, over what `arrays` draws.

    >>> from hypothesis import given
    >>> from tinygrad_opt.testing import broadcastable_shapes, values
    >>> @given(values(broadcastable_shapes(1).map(lambda shapes: shapes[0])))
    ... def test(v):
    ...     np.sum(v * v).backward()
    ...     assert (v.grad == 2 * v.data).all()
    >>> test()
    """
    return arrays(shape, elements, dtype).map(Value)


@st.composite
def broadcastable_shapes(
    draw: st.DrawFn, count: int = 2, *, max_dims: int = 3, max_side: int = 4, ones: bool = True, empty: bool = True
) -> tuple[Shape, ...]:
    """Tuples of shapes that broadcast together.

    ones   whether axes of length 1 stand where another shape is longer; else shapes only lack leading axes
    empty  whether an axis may have length 0

    >>> from hypothesis import given
    >>> from tinygrad_opt.testing import broadcastable_shapes
    >>> @given(broadcastable_shapes(3))
    ... def test(shapes):
    ...     np.broadcast_shapes(*shapes)  # raises no error
    >>> test()
    """
    sides = st.integers(0 if empty else 1, max_side)
    ndim = draw(st.integers(0, max_dims))
    whole = tuple(draw(st.lists(sides, min_size=ndim, max_size=ndim)))
    shapes = []
    for _ in range(count):
        kept = whole[draw(st.integers(0, len(whole))) :]
        stretched = (
            draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept))) if ones else [False] * len(kept)
        )
        shapes.append(tuple(1 if one else n for n, one in zip(kept, stretched, strict=True)))
    return tuple(shapes)

"""Samples of linear algebra: matrices whose singular values, and their gaps, are well away from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import determinants, factorizations, norms

from .case import SHAPES, Case, Shape, any_number, case, plain, seeds

SQUARE: list[Shape] = [(2, 2), (3, 3), (1, 1), (4, 4), (5, 2, 2), (2, 1, 3, 3), (0, 2, 2)]
OBLONG: list[Shape] = [*SQUARE[:5], (3, 2), (2, 3), (4, 2), (1, 3), (3, 1), (2, 3, 2), (2, 2, 4)]


def orthogonal(rng: np.random.Generator, shape: Shape, n: int) -> Any:
    return np.linalg.qr(rng.normal(size=(*shape[:-2], n, n)))[0]


def regular(rng: np.random.Generator, shape: Shape) -> Any:
    """Singular values near 1, 2, 3, ..., with random vectors."""
    m, n = shape[-2:]
    k = min(m, n)
    s = np.arange(1, k + 1) + rng.uniform(-0.2, 0.2, (*shape[:-2], k))
    return orthogonal(rng, shape, m)[..., :k] * s[..., None, :] @ orthogonal(rng, shape, n)[..., :k].mT


def definite(rng: np.random.Generator, shape: Shape) -> Any:
    """Positive definite but for a little asymmetry, with eigenvalues near 1, 2, 3, ..."""
    v = orthogonal(rng, shape, shape[-1])
    w = np.arange(1, shape[-1] + 1) + rng.uniform(-0.2, 0.2, (*shape[:-2], 1, shape[-1]))
    return v * w @ v.mT + rng.uniform(-0.01, 0.01, shape)


@st.composite
def of_matrices(draw: Any, fn: Any, shapes: list[Shape], entries: Any = regular) -> Case:
    seed = draw(seeds)
    return case(seed, fn, [entries(np.random.default_rng(seed), draw(st.sampled_from(shapes)))])


SYSTEMS: list[tuple[Shape, Shape]] = [
    ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 2), (2, 1)), ((1, 1), (1,)), ((5, 2, 2), (2,)), ((5, 2, 2), (5, 2, 3)),
    ((2, 2), (5, 2, 3)), ((5, 1, 2, 2), (4, 2, 3)), ((0, 2, 2), (2, 3)), ((3, 3), (3, 0)),
]  # fmt: skip


@st.composite
def systems(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    left, right = draw(st.sampled_from(SYSTEMS))
    operands = [regular(rng, left), any_number(rng, right)]
    return case(seed, np.linalg.solve, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])))


@st.composite
def directions(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = draw(
        st.sampled_from([(3, 3), (4, 4), (5, 3, 3)])
    )  # of less rows, the third derivative of det is all rounding
    operands = [regular(rng, shape), any_number(rng, shape)]
    return case(seed, determinants.cofactor_change, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])))


AXES: list[tuple[Shape, Any]] = [
    *((shape, None) for shape in SHAPES),
    ((4,), 0), ((2, 3), 0), ((2, 3), -1), ((2, 3), (0, 1)), ((2, 1, 3), (0, -1)), ((2, 1, 3), 2), ((0, 3), 0),
]  # fmt: skip


@st.composite
def p_norms(draw: Any) -> Case:
    seed = draw(seeds)
    shape, axis = draw(st.sampled_from(AXES))
    p = draw(st.sampled_from([2, 2, 3, 1.5, 4, 1]))
    x = any_number(np.random.default_rng(seed), shape)
    if p != 2:  # a power of |x| is not smooth at 0
        x = np.sign(x) * (0.2 + np.abs(x))
    params = {"p": p} if p != 2 else {}
    if axis is not None:
        params |= {"axis": axis, "keepdims": draw(st.booleans())}
    return case(seed, norms.p_norm, [plain(draw, x)], **params)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    np.linalg.solve: systems(),
    np.linalg.inv: of_matrices(np.linalg.inv, SQUARE),
    np.linalg.pinv: of_matrices(np.linalg.pinv, OBLONG),
    np.linalg.det: of_matrices(np.linalg.det, SQUARE),
    determinants.cofactor: of_matrices(determinants.cofactor, SQUARE),
    determinants.cofactor_change: directions(),
    determinants.logabsdet: of_matrices(determinants.logabsdet, SQUARE),
    factorizations.cholesky: of_matrices(factorizations.cholesky, SQUARE, definite),
    factorizations.stacked_eigh: of_matrices(factorizations.stacked_eigh, SQUARE, definite),
    factorizations.stacked_svd: of_matrices(factorizations.stacked_svd, OBLONG),
    factorizations.stacked_qr: of_matrices(factorizations.stacked_qr, OBLONG),
    norms.p_norm: p_norms(),
}

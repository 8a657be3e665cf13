"""Products and linear algebra as NumPy names them: values, gradients, second derivatives, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused
from samples.linalg import definite, regular

from tinygrad_opt import Value, grad, gradcheck
from tinygrad_opt.functional import expm, solve_triangular

linalg = np.linalg
inf = math.inf


def entries(*shape: int) -> Any:
    return np.random.default_rng(sum(shape) + len(shape)).uniform(0.3, 2, shape) * np.resize([1, -1, 1, 1], shape)


def matrix(*shape: int) -> Any:
    return regular(np.random.default_rng(7), shape)


def symmetric(*shape: int) -> Any:
    a = definite(np.random.default_rng(8), shape)
    return (a + np.matrix_transpose(a)) / 2


Calls = dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]

EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ba,cb", (2, 3), (3, 2)), ("ji", (2, 3)),
    ("...ij,jk", (5, 2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i", (3, 3)), ("iij->j", (3, 3, 2)), ("iji->ij", (3, 2, 3)),
    ("ij->", (2, 3)), ("i...->...", (3, 2, 2)), ("ij,k->i", (2, 3), (4,)), ("ij,jk->ik", (2, 1), (3, 4)),
    ("ij,jk->ik", (2, 3), (1, 4)), ("ij,ij->ij", (1, 3), (2, 1)), ("bi,ij,bj->b", (5, 2), (2, 3), (5, 3)),
    ("...i,...i->...", (4, 1, 3), (2, 3)), (",", (), ()), ("i,->i", (3,), ()), ("i,j,k->ijk", (2,), (3,), (4,)),
    ("ii,i->", (3, 3), (3,)), ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)), ("nchw,oc->nohw", (2, 3, 2, 2), (4, 3)),
    ("oc,nchw->nohw", (4, 3), (2, 3, 2, 2)), ("acb,xcy->axby", (2, 3, 4), (2, 3, 2)), ("a,b->", (3,), (2,)),
    ("i...,i...->...i", (3, 2), (3, 1)), ("ij,jk->ki", (0, 3), (3, 4)), ("ij,jk->ki", (2, 0), (0, 4)),
    ("ab,bc,cd,de->ae", (2, 3), (3, 4), (4, 5), (5, 2)), (" i j , j -> i ", (2, 3), (3,)), ("i,i,i", (3,), (3,), (3,)),
]  # fmt: skip

CALLS: Calls = {
    **{
        f"einsum {subscripts} {shapes}": (
            lambda *xs, s=subscripts: np.einsum(s, *xs), tuple(entries(*shape) for shape in shapes))
        for subscripts, *shapes in EINSUMS
    },
    "tensordot of two axes": (np.tensordot, (entries(2, 3, 4), entries(3, 4, 2))),
    "tensordot of none": (lambda a, b: np.tensordot(a, b, 0), (entries(2), entries(3))),
    "tensordot of lists": (lambda a, b: np.tensordot(a, b, ([0, -1], [1, 0])), (entries(2, 3, 4), entries(4, 2))),
    "tensordot of two numbers": (lambda a, b: linalg.tensordot(a, b, axes=(0, 1)), (entries(2, 3), entries(4, 2))),
    "inner": (np.inner, (entries(2, 3), entries(4, 3))),
    "inner with a scalar": (np.inner, (entries(2, 3), 2.0)),
    "vdot": (np.vdot, (entries(2, 3), entries(3, 2))),
    "vecdot": (np.vecdot, (entries(4, 1, 3), entries(2, 3))),
    "vecdot along an axis": (lambda a, b: linalg.vecdot(a, b, axis=0), (entries(3, 2), entries(3, 2))),
    "linalg.matmul": (linalg.matmul, (entries(2, 3), entries(3, 2))),
    "linalg.outer": (linalg.outer, (entries(2), entries(3))),
    "kron": (np.kron, (entries(2, 3), entries(3, 2))),
    "kron of unequal dimensions": (np.kron, (entries(2), entries(2, 1, 3))),
    "cross": (np.cross, (entries(2, 3), entries(3))),
    "cross along axes": (lambda a, b: np.cross(a, b, 0, 1, 0), (entries(3, 2), entries(2, 3))),
    "cross along an axis": (lambda a, b: np.cross(a, b, axis=0), (entries(3, 2), entries(3, 2))),
    "linalg.cross": (linalg.cross, (entries(3), entries(3))),
    "multi_dot": (lambda *xs: linalg.multi_dot(xs), (entries(2, 5), entries(5, 1), entries(1, 4))),
    "multi_dot of vectors": (lambda *xs: linalg.multi_dot(list(xs)), (entries(3), entries(3, 2), entries(2))),
    "trace": (linalg.trace, (entries(2, 3, 3),)),
    "trace beside": (lambda a: linalg.trace(a, offset=1), (entries(3, 2),)),
    "diagonal": (lambda a: linalg.diagonal(a, offset=-1), (entries(2, 3, 4),)),
    **{f"matrix_power {n}": (lambda a, n=n: linalg.matrix_power(a, n), (matrix(3, 3),)) for n in (-2, 0, 1, 2, 5)},
    "solve": (linalg.solve, (matrix(2, 2), entries(2))),
    "solve batched": (linalg.solve, (matrix(4, 2, 2), entries(4, 2, 3))),
    "slogdet": (lambda a: linalg.slogdet(a).logabsdet, (-matrix(2, 3, 3),)),
    "pinv": (linalg.pinv, (matrix(3, 2),)),
    "lstsq deep": (lambda a, b: linalg.lstsq(a, b)[0], (matrix(4, 2), entries(4))),
    "lstsq wide": (lambda a, b: linalg.lstsq(a, b, rcond=None)[0], (matrix(2, 4), entries(2, 3))),
    **{
        f"norm of vectors, ord {p}, axis {axis}": (
            lambda x, p=p, axis=axis: linalg.norm(x, p, axis, keepdims=axis == -1), (entries(2, 3),))
        for p in (None, 1, 2, 3, 1.5, inf, -inf, 0, -1) for axis in (0, -1)
    },
    **{
        f"norm of matrices, ord {p}": (lambda x, p=p: linalg.norm(x, p), (matrix(3, 2),))
        for p in (None, "fro", "nuc", 1, -1, 2, -2, inf, -inf)
    },
    **{
        f"norm over two axes, ord {p}": (lambda x, p=p: linalg.norm(x, p, (2, 0), keepdims=p == 2), (matrix(3, 2, 2),))
        for p in (None, "nuc", 1, 2, -inf)
    },
    "norm of everything": (linalg.norm, (entries(2, 3, 2),)),
    "matrix_norm": (lambda x: linalg.matrix_norm(x, keepdims=True, ord="nuc"), (matrix(2, 3, 2),)),
    "vector_norm": (lambda x: linalg.vector_norm(x, axis=(0, 2), ord=3), (entries(2, 3, 2),)),
    "vector_norm of all": (linalg.vector_norm, (entries(2, 3),)),
    **{f"cond {p}": (lambda x, p=p: linalg.cond(x, p), (matrix(3, 3),)) for p in (None, 2, -2, 1, "fro", inf)},
}  # fmt: skip

FACTORS: Calls = {
    "cholesky": (linalg.cholesky, (symmetric(2, 3, 3),)),
    "cholesky upper": (lambda a: linalg.cholesky(a, upper=True), (symmetric(3, 3),)),
    "eigenvalues": (lambda a: linalg.eigh(a).eigenvalues, (symmetric(2, 3, 3),)),
    "eigenvectors": (lambda a: linalg.eigh(a)[1], (symmetric(3, 3),)),
    "eigvalsh": (linalg.eigvalsh, (symmetric(3, 3),)),
    "svd U": (lambda a: linalg.svd(a, full_matrices=False).U, (matrix(4, 2),)),
    "svd S": (lambda a: linalg.svd(a, full_matrices=False).S, (matrix(2, 4),)),
    "svd Vh": (lambda a: linalg.svd(a).Vh, (matrix(3, 3),)),
    "svdvals": (linalg.svdvals, (matrix(2, 3, 2),)),
    "qr Q": (lambda a: linalg.qr(a).Q, (matrix(4, 2),)),
    "qr R": (lambda a: linalg.qr(a, "r"), (matrix(2, 4),)),
    "qr complete": (lambda a: linalg.qr(a, mode="complete")[1], (matrix(2, 3),)),
}
ALL = CALLS | FACTORS
CONSTANT = {name for name in ALL if name == "matrix_power 0" or "ord 0" in name}


@pytest.mark.parametrize("name", ALL)
def test_the_value_is_that_of_numpy(name: str) -> None:
    f, arrays = ALL[name]
    expected = f(*arrays)
    y = f(*map(Value, arrays))
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ALL)
def test_the_gradient_is_that_of_differences(name: str) -> None:
    f, arrays = ALL[name]
    report = gradcheck(f, *arrays)
    nothing = name in CONSTANT or not report.entries
    assert report.status == ("DEGENERATE" if nothing else "OK"), report


@pytest.mark.parametrize("name", ALL)
def test_the_second_derivative_is_that_of_differences(name: str) -> None:
    f, (x, *others) = ALL[name]
    weights = np.random.default_rng(1).uniform(-1, 1, np.shape(f(x, *others)))
    report = gradcheck(lambda v: grad(lambda w: np.sum(np.sin(f(w, *others)) * weights))(v), x)
    assert report.status in ("OK", "DEGENERATE"), report


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("right", [(3,), (3, 2)])
def test_a_triangle_is_solved(lower: bool, right: tuple[int, ...]) -> None:
    a, b = matrix(3, 3) + 3 * np.eye(3), entries(*right)
    x = solve_triangular(Value(a), b, lower=lower)
    np.testing.assert_allclose((np.tril(a) if lower else np.triu(a)) @ x.data, b)
    assert gradcheck(lambda v, w: solve_triangular(v, w, lower=lower), a, b)


def test_the_matrix_exponential_is_the_series() -> None:
    a = matrix(2, 3, 3)
    term, series = np.broadcast_to(np.eye(3), a.shape), np.zeros(a.shape)
    for k in range(1, 60):
        series, term = series + term, term @ a / k
    np.testing.assert_allclose(expm(Value(a)).data, series, rtol=1e-12)
    assert gradcheck(expm, a[0] / 4)
    turn = expm(Value([[0.0, -20.0], [20.0, 0.0]])).data
    np.testing.assert_allclose(turn, [[np.cos(20), -np.sin(20)], [np.sin(20), np.cos(20)]], atol=1e-12)
    np.testing.assert_array_equal(expm(Value(np.zeros((2, 2)))).data, np.eye(2))


def test_results_are_numpys_named_tuples() -> None:
    a, v = symmetric(3, 3), Value(symmetric(3, 3))
    for f in (linalg.eigh, linalg.svd, linalg.qr, linalg.slogdet):
        assert type(f(v)) is type(f(a))
    assert linalg.slogdet(v).sign == 1
    _, residuals, rank, s = linalg.lstsq(Value(matrix(3, 2)), entries(3))
    for found, expected in zip((residuals, rank, s), linalg.lstsq(matrix(3, 2), entries(3))[1:], strict=True):
        np.testing.assert_array_equal(found, expected)
    assert linalg.matrix_rank(v) == 3


@pytest.mark.parametrize("optimize", [True, False, "greedy", "optimal", ["einsum_path", (1, 2), (0, 1)]])
def test_einsum_contracts_in_any_order(optimize: Any) -> None:
    arrays = entries(2, 3), entries(3, 4), entries(4, 2)
    y = np.einsum("ij,jk,kl->il", *map(Value, arrays), optimize=optimize)
    np.testing.assert_allclose(y.data, arrays[0] @ arrays[1] @ arrays[2])
    assert all(len(node.args) == 2 for node in (y, *(a for a in y.args if a.op)))


def test_einsum_takes_masks_and_counts_beside_a_value() -> None:
    v = Value([1.0, 2.0])
    np.testing.assert_array_equal(np.einsum("i,i,i->", [True, True], [2, 3], v).data, 8)


# -- what is refused ---------------------------------------------------------------------------
FLAT, ONES = np.ones((2, 3)), np.ones((2, 2))
ADVICE = ". Add a small multiple of the identity, or use np.linalg.lstsq or np.linalg.pinv"
REFUSALS: Refusals = {
    "einsum of too few": (
        lambda: np.einsum("ij,jk", Value(FLAT)), ValueError, "einsum 'ij,jk' names 2 operands; 1 were given"),
    "einsum of other dimensions": (
        lambda: np.einsum("ijk", Value(FLAT)), ValueError,
        "einsum 'ijk': 'ijk' does not fit an operand of shape (2, 3)"),
    "einsum with digits": (
        lambda: np.einsum("i1", Value(FLAT)), ValueError,
        "einsum 'i1': subscripts are letters and one ellipsis; got 'i1'"),
    "einsum that drops an ellipsis": (
        lambda: np.einsum("...i->i", Value(FLAT)), ValueError,
        "einsum '...i->i': axes under an ellipsis must stand in the result: write ->..."),
    "einsum into a diagonal": (
        lambda: np.einsum("i->ii", Value([1.0])), ValueError, "einsum 'i->ii': 'i' stands twice in the result"),
    "einsum out of nothing": (
        lambda: np.einsum("i->k", Value([1.0])), ValueError, "einsum 'i->k': 'k' is in the result, but in no operand"),
    "einsum of unequal axes": (
        lambda: np.einsum("ij,jk", FLAT, Value(FLAT)), ValueError,
        "einsum 'ij,jk': axes 'j' have lengths 2 and 3; they must be equal"),
    "einsum of an oblong diagonal": (
        lambda: np.einsum("ii", Value(np.ones((1, 3)))), ValueError,
        "einsum 'ii': axes 'i' have lengths 1 and 3; they must be equal"),
    "einsum by lists": (
        lambda: np.einsum(Value(FLAT), [0, 1]), TypeError,
        'einsum on a Value takes its subscripts as text, np.einsum("ij,jk->ik", x, y), not in lists'),
    "tensordot": (
        lambda: np.tensordot(Value(FLAT), FLAT, 1), ValueError,
        "tensordot: shapes (2, 3) and (2, 3) with axes=1: "
        "it needs as many axes of the one as of the other, and each pair of one length"),
    "vecdot": (
        lambda: np.vecdot(Value(FLAT), np.ones(2)), ValueError,
        "vecdot: shapes (2, 3) and (2,): the vectors must be of one length"),
    "vdot": (
        lambda: np.vdot(Value(FLAT), np.ones(2)), ValueError,
        "vdot: shapes (2, 3) and (2,): as many entries in the one as in the other"),
    "cross in the plane": (
        lambda: np.cross(Value([1.0, 2.0]), [3.0, 4.0]), ValueError,
        "cross takes vectors of length 3; got shapes (2,) and (2,) with the vectors along axes -1 and -1. "
        "In the plane the product is a[0] * b[1] - a[1] * b[0]"),
    "linalg.outer of a matrix": (
        lambda: linalg.outer(Value(FLAT), np.ones(2)), ValueError,
        "linalg.outer takes two vectors; got shapes (2, 3) and (2,)"),
    "multi_dot of one": (
        lambda: linalg.multi_dot([Value(FLAT)]), ValueError,
        "multi_dot takes two matrices or more, and a vector at either end; got shapes [(2, 3)]"),
    "solve of a singular system": (
        lambda: linalg.solve(Value(ONES), np.ones(2)), linalg.LinAlgError,
        f"solve of shape (2, 2), (2,): Singular matrix{ADVICE}"),
    "solve of unequal lengths": (
        lambda: linalg.solve(Value(ONES), np.ones(3)), ValueError,
        "solve: shapes (2, 2) and (3,) do not fit: 2 equations, 3 right sides"),
    "inv of a singular matrix": (
        lambda: linalg.inv(Value(ONES)), linalg.LinAlgError, f"inv of shape (2, 2): Singular matrix{ADVICE}"),
    "inv of an oblong matrix": (
        lambda: linalg.inv(Value(FLAT)), linalg.LinAlgError,
        "inv of shape (2, 3): Last 2 dimensions of the array must be square"),
    "cholesky of an indefinite matrix": (
        lambda: linalg.cholesky(Value(-ONES)), linalg.LinAlgError,
        "cholesky of shape (2, 2): Matrix is not positive definite. "
        "Add a small multiple of the identity, or look at np.linalg.eigvalsh"),
    "eigh of an oblong matrix": (
        lambda: linalg.eigh(Value(FLAT)), ValueError,
        "eigh takes square matrices, in the last two axes; got shape (2, 3)"),
    "eig": (
        lambda: linalg.eig(Value(ONES)), NotImplementedError,
        "np.linalg.eig has no derivative rule: add one with tinygrad_opt.differentiable(np.linalg.eig, rule), "
        "or compute on .data"),
    "svd of nan": (
        lambda: linalg.svdvals(Value(ONES * np.nan)), linalg.LinAlgError,
        "stacked_svd of shape (2, 2): SVD did not converge. Look for nan and inf in it"),
    "full svd": (
        lambda: linalg.svd(Value(FLAT)), ValueError,
        "svd of shape (2, 3) with full_matrices=True adds vectors that are any basis of what is left, "
        "and have no derivative: pass full_matrices=False"),
    "hermitian svd": (
        lambda: linalg.svd(Value(ONES), hermitian=True), ValueError,
        "svd(hermitian=True) on a Value: use np.linalg.eigh"),
    "raw qr": (
        lambda: linalg.qr(Value(FLAT), "raw"), ValueError,
        "qr of shape (2, 3) on a Value takes mode=\"reduced\" or \"r\"; got 'raw'"),
    "lstsq": (
        lambda: linalg.lstsq(Value(FLAT), np.ones(3)), ValueError,
        "lstsq takes a matrix and a right side of as many rows; got shapes (2, 3) and (3,)"),
    "slogdet of a singular matrix": (
        lambda: linalg.slogdet(Value(ONES)).logabsdet.backward(), linalg.LinAlgError,
        "slogdet of shape (2, 2): log|det| is -inf at a singular matrix and its gradient infinite. "
        "Add a multiple of the identity, or use np.linalg.det, whose gradient is finite"),
    "qr of dependent columns": (
        lambda: np.sum(linalg.qr(Value(np.zeros((3, 2)))).R).backward(), linalg.LinAlgError,
        "qr of shape (3, 2): the first columns depend on each other, and qr has no gradient there. "
        "Leave out such columns, or use np.linalg.svd"),
    "an order of no matrix norm": (
        lambda: linalg.norm(Value(FLAT), 3), ValueError,
        'a norm of matrices has ord None, "fro", "nuc", 1, -1, 2, -2, inf or -inf; got 3'),
    "an order of no vector norm": (
        lambda: linalg.norm(Value([1.0]), "fro"), ValueError,
        "a norm of vectors takes a number for ord, or inf or -inf; got 'fro'"),
    "a norm over three axes": (
        lambda: linalg.norm(Value(np.ones((1, 2, 3))), 2), ValueError,
        "norm over axes (0, 1, 2) of shape (1, 2, 3): give axis= one axis or two"),
    "a norm over an axis that is not there": (
        lambda: linalg.norm(Value(FLAT), axis=5), np.exceptions.AxisError,
        "np.linalg.norm: axis 5 is out of bounds for array of dimension 2"),
    "matrix_power": (
        lambda: linalg.matrix_power(Value(FLAT), 2), ValueError,
        "matrix_power takes square matrices, in the last two axes; got shape (2, 3)"),
    "expm": (
        lambda: expm(Value(FLAT)), ValueError,
        "expm takes square matrices, in the last two axes; got shape (2, 3)"),
    "trace of a vector": (
        lambda: linalg.trace(Value([1.0])), ValueError,
        "a diagonal is of matrices, in the last two axes; got shape (1,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_in_these_words(name: str) -> None:
    call, error, words = REFUSALS[name]
    assert refused(call, error) == words

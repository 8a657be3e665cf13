"""The documented conventions of linear algebra: singular matrices, repeated values, zero vectors, ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from derivatives import gradient

from tinygrad_opt import Value, grad

linalg = np.linalg
SINGULAR = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


# -- determinants ------------------------------------------------------------------------------
def test_the_gradient_of_det_is_the_cofactors_at_singular_matrices_too() -> None:
    np.testing.assert_allclose(gradient(linalg.det, SINGULAR), [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]], atol=1e-12)
    np.testing.assert_allclose(gradient(linalg.det, [[1, 2], [2, 4]]), [[4, -2], [-2, 1]], atol=1e-14)  # PyTorch: 0
    np.testing.assert_array_equal(gradient(linalg.det, np.zeros((3, 3))), np.zeros((3, 3)))
    np.testing.assert_array_equal(gradient(linalg.det, np.zeros((1, 1))), [[1]])


@pytest.mark.parametrize("a", [SINGULAR, np.zeros((3, 3)), np.eye(3), np.diag([1.0, 0, 0])])
def test_the_second_derivative_of_det_is_exact_everywhere(a: Any) -> None:
    along = np.arange(9.0).reshape(3, 3) % 4 - 1
    change = grad(lambda v: np.sum(grad(linalg.det)(v) * along))(a)

    def cofactors(m: Any) -> Any:
        minors = [
            [linalg.det(np.delete(np.delete(m, i, 0), j, 1)) * (-1) ** (i + j) for j in range(3)] for i in range(3)
        ]
        return np.array(minors)

    np.testing.assert_allclose(change, (cofactors(a + along) - cofactors(a - along)) / 2, atol=1e-10)


def test_the_sign_of_a_determinant_has_no_gradient() -> None:
    assert isinstance(linalg.slogdet(Value(-np.eye(3))).sign, float)


# -- repeated values ---------------------------------------------------------------------------
TWICE = np.diag([2.0, 2.0, 5.0])


@pytest.mark.parametrize("turn", [np.eye(3), linalg.qr(SINGULAR + np.eye(3))[0]])
def test_functions_of_eigenvalues_are_right_where_two_are_equal(turn: Any) -> None:
    a = turn @ TWICE @ turn.T
    np.testing.assert_allclose(gradient(lambda v: linalg.eigvalsh(v) ** 2, a), 2 * a, atol=1e-12)


def test_what_equal_eigenvalues_share_of_their_vectors_is_left_out() -> None:
    """Of a matrix rebuilt from its factors all but the pair's own entry comes back; PyTorch's gradient is nan."""
    weights = np.arange(9.0).reshape(3, 3)
    weights += weights.T

    def rebuilt(v: Any) -> Any:
        w, u = linalg.eigh(v)
        return (u * w) @ u.mT * weights

    expected = weights.copy()
    expected[0, 1] = expected[1, 0] = 0
    np.testing.assert_allclose(gradient(rebuilt, TWICE), expected, atol=1e-12)
    np.testing.assert_allclose(gradient(rebuilt, np.diag([2.0, 3.0, 5.0])), weights, atol=1e-12)


def test_singular_vectors_are_finite_where_values_are_equal_or_zero() -> None:
    for a in (np.eye(3), np.zeros((3, 2)), np.ones((2, 3)), SINGULAR, np.diag([3.0, 3.0, 0.0])):
        for factor in (0, 1, 2):
            found = gradient(lambda v, i=factor: linalg.svd(v, full_matrices=False)[i], a)
            assert np.isfinite(found).all()
    np.testing.assert_allclose(gradient(linalg.svdvals, np.eye(3)), np.eye(3), atol=1e-14)


def test_eigenvectors_are_finite_where_values_are_equal() -> None:
    for a in (np.eye(3), np.zeros((3, 3)), TWICE):
        assert np.isfinite(gradient(lambda v: linalg.eigh(v)[1], a)).all()


@pytest.mark.parametrize("f", [linalg.cholesky, linalg.eigvalsh, lambda v: linalg.eigh(v)[1]])
def test_the_gradient_of_a_symmetric_factorization_is_symmetric(f: Any) -> None:
    found = gradient(f, [[4, 1, 0], [1, 3, 1], [0, 1, 6]])
    np.testing.assert_array_equal(found, found.T)


def test_a_symmetric_factorization_is_of_the_symmetric_part() -> None:
    a = np.array([[4.0, 0.0], [2.0, 5.0]])
    np.testing.assert_array_equal(linalg.eigvalsh(Value(a)).data, linalg.eigvalsh((a + a.T) / 2))
    np.testing.assert_array_equal(linalg.cholesky(Value(a)).data, linalg.cholesky((a + a.T) / 2))


# -- norms -------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [None, 1, 2, 3, 1.5, 0.5, 0, np.inf, -np.inf])
def test_the_norm_of_the_zero_vector_is_flat(p: Any) -> None:
    np.testing.assert_array_equal(gradient(lambda v: linalg.norm(v, p), np.zeros(3)), np.zeros(3))
    rows = gradient(lambda v: linalg.norm(v, p, axis=1), [[0, 0], [0, 3]])
    np.testing.assert_array_equal(rows[0], [0, 0])
    assert np.isfinite(rows).all()


def test_the_second_derivative_of_the_norm_of_zeros_is_zero() -> None:
    for p in (2, 3):
        second = grad(lambda v, p=p: np.sum(grad(lambda w: linalg.norm(w, p))(v)))(np.zeros(3))
        np.testing.assert_array_equal(second, np.zeros(3))


@pytest.mark.parametrize("p", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_the_norm_of_the_zero_matrix_is_flat(p: Any) -> None:
    if p not in (2, -2):
        np.testing.assert_array_equal(gradient(lambda v: linalg.norm(v, p), np.zeros((2, 2))), np.zeros((2, 2)))


def test_ties_share_the_gradient_of_a_norm() -> None:
    np.testing.assert_array_equal(gradient(lambda v: linalg.norm(v, np.inf), [2, -2, 1]), [0.5, -0.5, 0])
    np.testing.assert_array_equal(gradient(lambda v: linalg.norm(v, 1), [[1, 2], [3, 2]]), [[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(gradient(lambda v: linalg.norm(v, 2), 3 * np.eye(2)), np.eye(2) / 2)


def test_the_nuclear_norm_takes_no_side_where_a_singular_value_is_zero() -> None:
    np.testing.assert_allclose(gradient(lambda v: linalg.norm(v, "nuc"), [[2, 0], [0, 0]]), [[1, 0], [0, 0]])
    np.testing.assert_allclose(gradient(lambda v: linalg.norm(v, "nuc"), np.ones((3, 3))), np.ones((3, 3)) / 3)

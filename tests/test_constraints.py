"""Constraints: what holds of a parameter after every update."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygrad_opt import Value
from tinygrad_opt.optim import Adam, MaxNorm, MinMaxNorm, NonNegative, UnitNorm

WEIGHTS = arrays(np.float64, (3, 4), elements=st.floats(-100, 100))


def constrained(start, *constraints):
    """The parameter after an update that by itself changes nothing."""
    w = Value(np.array(start), name="w")
    optimizer = Adam([w], lr=0.0, constraints=constraints)
    w.grad = np.ones(w.shape)
    optimizer.step()
    return w.data


def test_non_negative_is_restored_after_the_update():
    w = Value(np.array([0.5, 0.05]))
    optimizer = Adam([w], lr=0.1, constraints=[NonNegative()])
    w.grad = np.ones(2)
    optimizer.step()
    assert np.allclose(w.data, [0.4, 0.0])


def test_max_norm_bounds_what_leads_into_each_output():
    found = constrained([[3.0, 4.0], [0.3, 0.4]], MaxNorm(2.0))
    assert np.allclose(found, [[1.2, 1.6], [0.3, 0.4]], rtol=1e-6)


def test_max_norm_along_another_axis():
    found = constrained([[3.0, 0.1], [4.0, 0.2]], MaxNorm(2.0, axis=0))
    assert np.allclose(found, [[1.2, 0.1], [1.6, 0.2]], rtol=1e-5)


def test_the_units_of_a_convolution_are_its_filters():
    found = constrained(np.ones((2, 3, 2, 2)), UnitNorm())
    assert np.allclose(np.sqrt((found**2).sum(axis=(1, 2, 3))), 1.0, rtol=1e-6)


def test_a_vector_and_a_number_are_one_unit():
    assert np.allclose(constrained([3.0, 4.0], UnitNorm()), [0.6, 0.8], rtol=1e-6)
    assert np.allclose(constrained(-4.0, UnitNorm()), -1.0, rtol=1e-6)


@given(WEIGHTS)
def test_no_norm_is_above_max_norm(w):
    assert (np.linalg.norm(constrained(w, MaxNorm(2.0)), axis=1) <= 2.0).all()


@given(WEIGHTS, st.floats(0, 1))
def test_min_max_norm_goes_the_given_part_of_the_way(w, rate):
    before = np.linalg.norm(w, axis=1)
    after = np.linalg.norm(constrained(w, MinMaxNorm(1.0, 2.0, rate, eps=1e-12)), axis=1)
    wanted = rate * np.clip(before, 1.0, 2.0) + (1 - rate) * before
    assert np.allclose(after[before > 1e-3], wanted[before > 1e-3], rtol=1e-6)


def test_a_unit_of_zeros_stays_zero():
    for constraint in (MaxNorm(), UnitNorm(), MinMaxNorm(0.5)):
        assert constrained(np.zeros((2, 2)), constraint).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_constraints_apply_where_they_are_told_to():
    w, b = Value(np.full((2, 2), -1.0), name="w"), Value(np.full(2, -1.0), name="b")
    optimizer = Adam([w, b], lr=0.0, constraints=[NonNegative(only=lambda name, p: name == "w")])
    w.grad, b.grad = np.ones((2, 2)), np.ones(2)
    optimizer.step()
    assert (w.data.sum(), b.data.sum()) == (0.0, -2.0)


def test_float32_stays_float32():
    found = constrained(np.float32([[3.0, 4.0]]), MaxNorm(1.0))
    assert found.dtype == np.float32


def test_an_axis_that_a_parameter_lacks_is_named_at_once():
    with pytest.raises(ValueError, match=r"^MaxNorm\(axis=2\) does not fit w of shape \(2, 2\): say with only="):
        constrained(np.ones((2, 2)), MaxNorm(axis=2))


def test_the_constraint_is_the_last_line_of_the_formula():
    optimizer = Adam([Value(1.0)], constraints=[NonNegative()])
    assert optimizer.formula().splitlines()[-1] == "p[t] = maximum(p', 0)"

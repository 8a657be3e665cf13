"""The best step in a ball, for a quadratic model with known curvatures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_opt.optim.deterministic.model_step import NEAR, step_within

entries = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)
models = st.lists(st.tuples(entries, entries), min_size=1, max_size=6).map(lambda rows: np.array(rows).T)
radii = st.floats(1e-3, 1e3)


@given(models, radii)
def test_the_step_is_a_minimum_in_the_ball(model, radius):
    """The conditions of Moré and Sorensen hold exactly where a step is best in a ball of its own length."""
    curvatures, slopes = model
    q, shift = step_within(curvatures, slopes, radius)
    length = np.linalg.norm(q)
    assert length <= (1 + NEAR) * radius * (1 + 1e-12)
    assert shift >= 0
    assert (curvatures + shift >= 0).all()
    np.testing.assert_allclose((curvatures + shift) * q, -slopes, rtol=1e-9, atol=1e-9 * (1 + np.abs(slopes).max()))
    assert shift == 0 or length >= (1 - NEAR) * radius * (1 - 1e-12)


@given(models, radii)
def test_no_other_step_of_its_length_is_better(model, radius):
    curvatures, slopes = model
    q, _ = step_within(curvatures, slopes, radius)
    others = np.random.default_rng(0).normal(size=(200, q.size))
    others *= np.linalg.norm(q) / np.linalg.norm(others, axis=1, keepdims=True)

    def value(q):
        return q**2 @ curvatures / 2 + q @ slopes

    scale = np.abs(curvatures) @ q**2 + np.abs(slopes) @ np.abs(q)
    assert value(q) <= value(others).min() + 1e-9 * scale


def test_directions_without_curvature_and_slope_are_left_alone():
    q, shift = step_within(np.array([4.0, 0.0]), np.array([-8.0, 0.0]), 5.0)
    assert (q.tolist(), shift) == ([2.0, 0.0], 0.0)


def test_a_slope_without_curvature_leads_to_the_radius():
    q, _ = step_within(np.array([4.0, 0.0]), np.array([0.0, -1e-3]), 5.0)
    assert abs(q[1] - 5.0) <= NEAR * 5.0


def test_hard_case():
    """No slope along the lowest curvature, which is negative: the rest of the length goes along it."""
    q, shift = step_within(np.array([-1.0, 3.0]), np.array([0.0, -4.0]), 2.0)
    assert shift == 1.0
    np.testing.assert_allclose(q, [np.sqrt(3), 1.0])


def test_an_infinite_radius_bounds_nothing():
    q, shift = step_within(np.array([1e-20, 1.0]), np.array([1.0, 1.0]), np.inf)
    assert (q.tolist(), shift) == ([-1e20, -1.0], 0.0)

"""Trajectories beside PyTorch's, optax's and Keras', walked now."""

import importlib.util

import pytest
from optimizers import FAMILIES, cases_of, oracles
from optimizers.cases import furthest, walk

ALL = [pytest.param(case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]


@pytest.mark.parametrize("case", ALL)
def test_trajectory(case):
    if not importlib.util.find_spec(case.library):
        pytest.skip(f"{case.library} is not installed")
    assert furthest(walk(case.ours, case.shapes), oracles.walk(case)) < case.rtol

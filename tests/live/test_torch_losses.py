"""Losses beside PyTorch's and Keras', computed now."""

import importlib.util

import pytest
from losses import CASES, oracles
from losses.case import furthest, run

ALL = [pytest.param(case, r, id=f"{case.name}, {r}") for case in CASES for r in case.reductions]


@pytest.mark.parametrize(("case", "reduction"), ALL)
def test_loss(case, reduction):
    if not importlib.util.find_spec(case.library):
        pytest.skip(f"{case.library} is not installed")
    assert furthest(run(case, reduction), oracles.run(case, reduction)) < 1e-12

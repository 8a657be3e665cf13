"""Layers beside PyTorch's, run now."""

import pytest
from networks import FAMILIES, cases_of, oracles
from networks.cases import furthest, run

torch = pytest.importorskip("torch")

ALL = [pytest.param(case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]


@pytest.mark.parametrize("case", ALL)
def test_layer(case):
    difference, name = furthest(run(case), oracles.run(case))
    assert difference < case.rtol, name

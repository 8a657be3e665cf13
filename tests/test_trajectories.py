"""Fifty steps of every optimizer and preset are those of the library that it follows."""

import json
from pathlib import Path

import pytest
from optimizers import FAMILIES, cases_of
from optimizers.cases import furthest, walk

GOLDENS = Path(__file__).parent / "goldens"
ALL = [pytest.param(family, case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]


@pytest.mark.parametrize(("family", "case"), ALL)
def test_trajectory(family, case):
    walks = json.loads((GOLDENS / f"trajectories_{family}.json").read_text(encoding="utf-8"))["walks"]
    assert furthest(walk(case.ours, case.shapes), walks[case.name]) < case.rtol

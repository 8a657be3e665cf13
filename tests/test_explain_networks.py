"""Every loss and every layer can be explained: in text, as a page and as JSON."""

import json

import numpy as np
import pytest
from losses import CASES
from losses.case import put
from networks import FAMILIES, cases_of
from networks.cases import filled, inputs

from tinygrad_opt import Value, explain
from tinygrad_opt.expr import Expr
from tinygrad_opt.notation import latex, text

LOSSES = [pytest.param(case, id=case.name) for case in CASES]
LAYERS = [pytest.param(case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]


def assert_told(root):
    """Nothing fails on the way, and there is a formula for every contribution."""
    told = explain(root)
    assert str(told)
    assert told._repr_html_().endswith("</html>")
    steps = json.loads(json.dumps(told.record(), allow_nan=False))["backward"]
    assert all(c["latex"] for step in steps for c in step["contributions"])


@pytest.mark.parametrize("case", LOSSES)
def test_every_loss(case):
    leaves = [Value(case.operands[i]) for i in case.live]
    assert_told(np.sum(case.ours(*put(case.operands, case.live, leaves), reduction=case.reductions[0])))


@pytest.mark.parametrize("case", LAYERS)
def test_every_layer(case):
    x = inputs(case)[0]
    assert_told(np.sum(filled(case)(Value(x) if x.dtype.kind == "f" else x)))


def test_a_bound_that_is_left_out():
    clipped = np.clip(Expr(1.0, "x"), 0, None)
    assert text(clipped) == "clip(x, 0, None)"
    assert latex(clipped) == r"\mathrm{clip}\left(x, 0, \text{None}\right)"

"""Outputs, gradients and running statistics of every layer are PyTorch's, and its gradients pass the checker."""

import json
from pathlib import Path

import numpy as np
import pytest
from networks import FAMILIES, cases_of
from networks.cases import filled, furthest, inputs, run, upstream

from tinygrad_opt import Value, gradcheck
from tinygrad_opt.ops import convolution

GOLDENS = Path(__file__).parent / "goldens"
ALL = [pytest.param(family, case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]


@pytest.mark.parametrize(("family", "case"), ALL)
def test_the_same_as_recorded(family, case):
    recorded = json.loads((GOLDENS / f"networks_{family}.json").read_text(encoding="utf-8"))["runs"]
    difference, name = furthest(run(case), recorded[case.name])
    assert difference < case.rtol, name


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases_of("convolution")])
def test_convolution_in_many_blocks(case, monkeypatch):
    monkeypatch.setattr(convolution, "IN_CACHE", 40)
    test_the_same_as_recorded("convolution", case)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("family", "case"), [param for param in ALL if param.values[1].smooth])
def test_gradients_are_slopes(family, case, order):
    module = filled(case)
    x = inputs(case)[0]
    seen = [module] if module.parameters() else []
    if x.dtype.kind == "f":
        report = gradcheck(lambda x, *_: np.tanh(module(x)), x, *seen, order=order)
    else:
        report = gradcheck(lambda _: np.tanh(module(x)), *seen, order=order)
    assert report, report


@pytest.mark.parametrize(("family", "case"), ALL)
def test_float32_stays_float32(family, case):
    module = filled(case).astype(np.float32)
    x = inputs(case)[0]
    x = Value(x.astype(np.float32)) if x.dtype.kind == "f" else x
    out = module(x)
    out.backward(upstream(out.shape).astype(np.float32))
    found = {"output": out.data} | {name: p.grad for name, p in module.named_parameters()}
    found |= {name: b for name, b in module.named_buffers() if b.dtype.kind == "f"}
    if isinstance(x, Value):
        found["input"] = x.grad
    assert {name: a.dtype.name for name, a in found.items()} == dict.fromkeys(found, "float32")

"""audit finds what is wrong with a rule, each thing under its own code, and nothing wrong with those of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from samples import SAMPLES, Case

from tinygrad_opt import Value, audit, differentiable
from tinygrad_opt.ops import RULES, elementwise
from tinygrad_opt.ops.operation import ForEach

X = np.array([0.5, -1.25, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3)


# -- every operation of the table --------------------------------------------------------------
@pytest.mark.parametrize("fn", SAMPLES, ids=[RULES[fn].name for fn in SAMPLES])
def test_the_rules_of_the_table_pass(fn: Any) -> None:
    def check(case: Case) -> None:
        operands = tuple(
            x if i in case.live or x is None or np.asarray(x).dtype.kind != "f" else Value(x, requires_grad=False)
            for i, x in enumerate(case.operands)
        )
        found = audit(fn, (list(operands),) if case.operation.sequence else operands, seed=case.seed, **case.params)
        assert found, found

    few = settings(max_examples=2, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
    few(given(SAMPLES[fn])(check))()

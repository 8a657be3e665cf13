"""The same random programs by PyTorch: values and gradients in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tinygrad_opt import Value
from tinygrad_opt.testing import Program, expression_graphs

torch = pytest.importorskip("torch")


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(expression_graphs(inputs=3, size=8, kinks=True, scalar=False))
def test_torch_gives_the_same_numbers(program: Program) -> None:
    leaves = [Value(x) for x in program.inputs]
    theirs = [torch.tensor(x, requires_grad=True) for x in program.inputs]
    y, z = program(*leaves), program.on(torch)(*theirs)
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-12, atol=1e-12)
    g = np.random.default_rng(0).uniform(-1, 1, y.shape)
    y.backward(g)
    z.backward(torch.as_tensor(g))
    for leaf, other in zip(leaves, theirs, strict=True):
        np.testing.assert_allclose(leaf.grad, other.grad.numpy(), rtol=1e-11, atol=1e-11)

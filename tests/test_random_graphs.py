"""Whatever is written in NumPy: over random programs, every way to a derivative says the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings

from tinygrad_opt import Value, draw, explain, grad, hessian, hvp, jacobian, jvp, no_grad, vjp
from tinygrad_opt.testing import Program, assert_gradients, expression_graphs


def over(count: int, **options: Any) -> Callable[[Any], Any]:
    """Run a test over this many random programs."""
    few = settings(max_examples=count, derandomize=True, deadline=None, database=None)
    return lambda test: few(given(expression_graphs(**options))(test))


def forward(program: Program) -> tuple[list[Value], Value]:
    """The inputs as leaves, and the result."""
    leaves = [Value(x) for x in program.inputs]
    return leaves, program(*leaves)


def like(x: Any, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, np.shape(x))


def inner(xs: Any, ys: Any) -> float:
    return sum(float(np.sum(x * y)) for x, y in zip(xs, ys, strict=True))


def assert_close(found: Any, expected: Any, rtol: float = 1e-9) -> None:
    """Equal up to rounding, relative to the largest entry and to 1."""
    assert np.all(np.isfinite(expected))  # or the scale would be infinite too, and anything close
    scale = 1 + np.max(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * scale)


# -- against differences -----------------------------------------------------------------------
@over(60, inputs=3, size=8, scalar=False)
def test_the_gradient_is_the_slope(program: Program) -> None:
    assert_gradients(program, *program.inputs)


@over(40, inputs=2, size=8, kinks=True, scalar=False)
def test_the_gradient_is_the_slope_beside_kinks(program: Program) -> None:
    assert_gradients(program, *program.inputs)


@over(30, inputs=2, size=6)
def test_the_gradient_of_the_gradient_is_its_slope(program: Program) -> None:
    assert_gradients(lambda *x: 1e-3 * sum(np.sum(v**3) for v in x) + program(*x), *program.inputs, order=2)


# -- against each other ------------------------------------------------------------------------
@over(40, inputs=2, size=8, kinks=True, scalar=False)
def test_values_are_what_numpy_computes(program: Program) -> None:
    _, y = forward(program)
    assert_close(y.data, program(*program.inputs), rtol=1e-14)
    with no_grad():
        np.testing.assert_array_equal(forward(program)[1].data, y.data)


@over(60, inputs=3, size=8, kinks=True, scalar=False)
def test_a_pass_that_builds_a_graph_gives_the_same_bits(program: Program) -> None:
    leaves, y = forward(program)
    again, z = forward(program)
    y.backward(like(y.data))
    z.backward(like(z.data), create_graph=True)
    for leaf, other in zip(leaves, again, strict=True):
        np.testing.assert_array_equal(leaf.grad, other.grad.data)


@over(40, inputs=3, size=8, kinks=True, scalar=False)
def test_two_passes_add_up_to_exactly_twice_one(program: Program) -> None:
    leaves, y = forward(program)
    y.backward(like(y.data))
    first = [np.copy(leaf.grad) for leaf in leaves]
    y.backward(like(y.data), keep="leaves")
    for leaf, once in zip(leaves, first, strict=True):
        np.testing.assert_array_equal(leaf.grad, 2 * once)


@over(40, inputs=2, size=6, kinks=True, scalar=False)
def test_products_with_the_jacobian_agree_with_it(program: Program) -> None:
    x, rest = program.inputs[0], program.inputs[1:]

    def f(x: Any) -> Any:
        return program(x, *rest)

    y = f(x)
    v, u = like(x, 1), like(y, 2)
    jac = jacobian(f)(x)
    assert jac.shape == np.shape(y) + x.shape
    assert_close(jvp(f, x, v), np.tensordot(jac, v, x.ndim))
    assert_close(vjp(f, x, u), np.tensordot(u, jac, np.ndim(y)))


@over(25, inputs=2, size=6)
def test_the_product_with_the_hessian_agrees_with_it(program: Program) -> None:
    x, rest = program.inputs[0], program.inputs[1:]

    def f(x: Any) -> Any:
        return program(x, *rest)

    v = like(x, 1)
    whole = hessian(f)(x)
    assert_close(hvp(f, x, v), np.tensordot(whole, v, x.ndim))
    assert_close(whole, np.transpose(whole, (*range(x.ndim, 2 * x.ndim), *range(x.ndim))))


@over(30, inputs=2, size=6, kinks=True)
def test_grad_is_what_backward_leaves_behind(program: Program) -> None:
    leaves, y = forward(program)
    y.backward()
    for found, leaf in zip(grad(program, (0, 1))(*program.inputs), leaves, strict=True):
        np.testing.assert_array_equal(found, leaf.grad)


@over(30, inputs=2, size=6, scalar=False)
def test_the_gradient_predicts_a_small_step(program: Program) -> None:
    h, directions = 2.0**-17, [like(x, i) for i, x in enumerate(program.inputs)]
    leaves, y = forward(program)
    g = like(y.data)
    y.backward(g)
    moved = [program(*(x + t * d for x, d in zip(program.inputs, directions, strict=True))) for t in (h, -h)]
    slope = float(np.sum(g * (moved[0] - moved[1]))) / (2 * h)
    assert_close(inner([leaf.grad for leaf in leaves], directions), slope, rtol=1e-6)


# -- readers of the graph ----------------------------------------------------------------------
@over(20, inputs=2, size=4, kinks=True)
def test_every_program_can_be_explained_and_drawn(program: Program) -> None:
    leaves, y = forward(program)
    y.backward()
    told = explain(y)
    assert str(told)
    assert len(told.steps) == len({step.name for step in told.steps})
    totals = {c.to_node: c.after for step in told.steps for c in step.contributions if c.final}
    for leaf in leaves:
        np.testing.assert_array_equal(totals[leaf], leaf.grad)
    assert draw(y).source.startswith("digraph")


@over(25, inputs=2, size=8, kinks=True, scalar=False)
def test_a_deep_copy_gives_the_same_gradients_and_touches_nothing(program: Program) -> None:
    leaves, y = forward(program)
    twins, z = copy.deepcopy((leaves, y))
    z.backward(like(y.data))
    assert all(leaf.grad is None for leaf in leaves)
    y.backward(like(y.data))
    np.testing.assert_array_equal(z.data, y.data)
    for leaf, twin in zip(leaves, twins, strict=True):
        np.testing.assert_array_equal(twin.grad, leaf.grad)

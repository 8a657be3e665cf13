"""The same numbers as JAX: values, gradients and second derivatives in float64, of what both take from NumPy.

Where the two differ, by choice or by defect; the points are at the end:

- |x| has slope 0 at 0, the middle of its subgradients, as PyTorch has it; JAX takes the right-hand one, 1.
- clip is the identity at its bounds too, as in PyTorch; JAX halves the gradient there, as between equals.
- std of equals, norm and hypot at 0 have slope 0, a subgradient; JAX divides 0 by 0, or halves 1.
- what where did not choose gets no gradient, though its own slope is infinite; in JAX 0 * inf is nan.
- what equal eigenvalues share of their vectors is left out of a gradient; JAX gives nan.
- x ** 0.0 has slope 0 at 0 too, and logaddexp is defined at infinities; JAX gives nan.
- tril and triu of a vector are those of the matrix it broadcasts to; JAX refuses vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from derivatives import by_us
from hypothesis import assume, given, settings
from samples import SAMPLES, Case

from tinygrad_opt import Value
from tinygrad_opt.ops import RULES

jax = pytest.importorskip("jax")
from jax import numpy as jnp  # noqa: E402  # it needs jax

NUMPY = [fn for fn in SAMPLES if fn.__module__.partition(".")[0] == "numpy"]
UNNAMED = {np.lib.stride_tricks.sliding_window_view}
SETTINGS = {"jax_enable_x64": True, "jax_disable_most_optimizations": True}  # most of the time is compiling


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    before = {name: jax.config.values[name] for name in SETTINGS}
    for name, setting in SETTINGS.items():
        jax.config.update(name, setting)
    yield
    for name, setting in before.items():
        jax.config.update(name, setting)


def named(fn: Any) -> Any:
    """JAX's function of the same name."""
    if fn is np.fix:
        return jnp.trunc
    return getattr(jnp.linalg if fn.__module__ == "numpy.linalg" else jnp, fn.__name__, None)


JAX: dict[Any, Callable[..., Any]] = {fn: named(fn) for fn in NUMPY if fn not in UNNAMED}


def test_jax_has_every_function_that_is_compared() -> None:
    assert [fn for fn, theirs in JAX.items() if theirs is None] == []


# -- both sides of one call --------------------------------------------------------------------
def by_jax(case: Case, g: Any, weights: list[Any]) -> list[Any]:
    def f(*leaves: Any) -> Any:
        operands = list(case.operands)
        for i, leaf in zip(case.live, leaves, strict=True):
            operands[i] = leaf
        fn = JAX[case.fn]
        return fn(operands, **case.params) if case.operation.sequence else fn(*operands, **case.params)

    def slopes(*leaves: Any) -> tuple[Any, Any]:
        y, pull = jax.vjp(f, *leaves)
        return pull(jnp.asarray(g)), y

    leaves = [jnp.asarray(case.operands[i], float) for i in case.live]
    gradients, pull, y = jax.vjp(slopes, *leaves, has_aux=True)
    return [np.asarray(x) for x in (y, *gradients, *pull(tuple(map(jnp.asarray, weights))))]


@pytest.mark.parametrize("fn", JAX, ids=lambda fn: RULES[fn].name)
def test_value_gradient_and_second_derivative_are_those_of_jax(fn: Any) -> None:
    @settings(max_examples=4, derandomize=True, deadline=None, database=None)
    @given(SAMPLES[fn])
    def law(case: Case) -> None:
        assume(fn not in (np.tril, np.triu) or np.ndim(case.operands[0]) >= 2)
        rng = case.rng()
        g = rng.uniform(-1, 1, np.shape(case(*case.operands)))
        weights = [rng.uniform(-1, 1, np.shape(case.operands[i])) for i in case.live]
        for own, theirs in zip(by_us(case, g, weights), by_jax(case, g, weights), strict=True):
            np.testing.assert_allclose(own, theirs, rtol=1e-12, atol=1e-13)

    law()


# -- special points: f of NumPy or JAX, the point, and where they differ our gradient and theirs ----
NAN = np.nan
ALIKE: dict[str, tuple[Callable[..., Any], Any]] = {
    "largest of equals": (lambda xp, x: xp.max(x), [2.0, 2.0, 1.0]),
    "a tie with a constant": (lambda xp, x: xp.maximum(x, 2.0), [2.0, 3.0]),
    "product with two zeros": (lambda xp, x: xp.prod(x), [0.0, 0.0, 3.0]),
    "running product with zeros": (lambda xp, x: xp.cumprod(x), [2.0, 0.0, 3.0, 0.0, 5.0]),
    "median between two": (lambda xp, x: xp.median(x), [2.0, 4.0, 1.0, 3.0]),
    "mean of the known": (lambda xp, x: xp.nanmean(x), [1.0, np.nan, 3.0]),
    "largest sizes of equals": (lambda xp, x: xp.linalg.norm(x, np.inf), [2.0, -2.0, 1.0]),
    "determinant of a singular matrix": (lambda xp, x: xp.linalg.det(x), [[1.0, 2.0], [2.0, 4.0]]),
    "root of zero": (lambda xp, x: xp.sqrt(x), [0.0]),
    "sinc at 0": (lambda xp, x: xp.sinc(x), [0.0]),
}
UNLIKE: dict[str, tuple[Callable[..., Any], Any, Any, Any]] = {
    "absolute value at 0": (lambda xp, x: xp.abs(x), [0.0], [0], [1]),
    "clip at its bounds": (lambda xp, x: xp.clip(x, -1, 1), [-1.0, 1.0, 2.0], [1, 1, 0], [0.5, 0.5, 0]),
    "spread of equals": (lambda xp, x: xp.std(x), [5.0, 5.0], [0, 0], [NAN, NAN]),
    "length of the zero vector": (lambda xp, x: xp.linalg.norm(x), [0.0, 0.0], [0, 0], [NAN, NAN]),
    "hypot at 0": (lambda xp, x: xp.hypot(x, 0.0), [0.0], [0], [0.5]),
    "a choice against log": (lambda xp, x: xp.where(x > 0, xp.log(x), 0), [0.0, 2.0], [0, 0.5], [NAN, 0.5]),
    "zero to the zero": (lambda xp, x: x**0.0, [0.0], [0], [NAN]),
    "an impossible entry": (lambda xp, x: xp.logaddexp(x, x), [-np.inf, 0.0], [0, 1], [NAN, 1]),
    "vectors of equal eigenvalues": (
        lambda xp, x: xp.linalg.eigh(x)[1] ** 2, [[2.0, 0.0], [0.0, 2.0]], np.zeros((2, 2)), np.full((2, 2), NAN)),
}  # fmt: skip


def gradients(f: Callable[..., Any], point: Any) -> tuple[Any, Any]:
    """Ours and JAX's of sum(f) at the point."""
    v = Value(point)
    with np.errstate(all="ignore"):
        np.sum(f(np, v)).backward()
    return v.grad, jax.grad(lambda x: jnp.sum(f(jnp, x)))(jnp.asarray(point, float))


@pytest.mark.parametrize("name", ALIKE)
def test_special_points_are_those_of_jax(name: str) -> None:
    ours, theirs = gradients(*ALIKE[name])
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", UNLIKE)
def test_special_points_where_jax_differs(name: str) -> None:
    f, point, expected, expected_of_jax = UNLIKE[name]
    ours, theirs = gradients(f, point)
    np.testing.assert_allclose(ours, expected, atol=1e-15)
    np.testing.assert_allclose(theirs, expected_of_jax, atol=1e-15)

"""The same numbers as PyTorch: values, gradients and second derivatives in float64, over the samples.

Where the two differ by choice:

- max over an axis shares its gradient among ties, as torch.amax does; torch.max(dim=) picks one entry.
- var and std divide by n, as NumPy does, unless ddof says otherwise; PyTorch divides by n - 1.
- median is the mean of the middle two, as NumPy has it; torch.median is the lower one.
- axis=() reduces nothing, as in NumPy; PyTorch takes an empty dim for all of them.
- spread, product_of_others, scatter_add, add_along_axis and overlap_add are adjoints that PyTorch does not name;
  nor does it name cast, recurrence, and cofactor and cofactor_change, the first and second derivatives of det.
- det has its gradient at singular matrices too, where PyTorch gives 0.
- cholesky and eigh are of the symmetric part of a matrix; PyTorch reads one triangle. Their gradients are alike.
- what equal eigenvalues share of their vectors is left out of a gradient; PyTorch gives nan.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from derivatives import by_us
from hypothesis import given, settings
from samples import SAMPLES, Case

from tinygrad_opt import Value
from tinygrad_opt import functional as ours
from tinygrad_opt.ops import RULES
from tinygrad_opt.ops.elementwise import clip

torch = pytest.importorskip("torch")
from twins import TORCH, UNNAMED  # noqa: E402  # it needs torch

F = torch.nn.functional


def test_every_operation_of_torch_is_compared() -> None:
    assert {RULES[fn] for fn in SAMPLES} == {RULES[fn] for fn in TORCH} | {RULES[fn] for fn in UNNAMED}


# -- both sides of one call --------------------------------------------------------------------
def tensor(x: Any, live: bool) -> Any:
    if x is None:
        return None
    t = torch.tensor(x) if isinstance(x, np.ndarray | np.bool_) else torch.tensor(x, dtype=torch.float64)
    return t.requires_grad_(live)


def by_torch(case: Case, g: Any, weights: list[Any]) -> list[Any]:
    operands = [tensor(x, i in case.live) for i, x in enumerate(case.operands)]
    if case.fn is clip and case.live == (0,):
        operands[1:] = case.operands[1:]
    leaves = [operands[i] for i in case.live]
    fn = TORCH[case.fn]
    y = fn(operands, **case.params) if case.operation.sequence else fn(*operands, **case.params)
    gradients = slopes(y, leaves, torch.as_tensor(g, dtype=torch.float64))
    total = sum((torch.sum(gradient * torch.tensor(w)) for gradient, w in zip(gradients, weights, strict=True)))
    seconds = slopes(total, leaves, torch.ones_like(total)) if total.requires_grad else map(torch.zeros_like, leaves)
    return [x.detach().numpy(force=True) for x in (y, *gradients, *seconds)]


def slopes(y: Any, leaves: list[Any], g: Any) -> list[Any]:
    found = torch.autograd.grad(y, leaves, g, create_graph=True, allow_unused=True)
    return [torch.zeros_like(leaf) if x is None else x for leaf, x in zip(leaves, found, strict=True)]


@pytest.mark.parametrize("fn", TORCH, ids=lambda fn: RULES[fn].name)
def test_value_gradient_and_second_derivative_are_those_of_torch(fn: Any) -> None:
    @settings(max_examples=15, derandomize=True, deadline=None, database=None)
    @given(SAMPLES[fn])
    def law(case: Case) -> None:
        rng = case.rng()
        g = rng.uniform(-1, 1, np.shape(case(*case.operands)))
        weights = [rng.uniform(-1, 1, np.shape(case.operands[i])) for i in case.live]
        for own, theirs in zip(by_us(case, g, weights), by_torch(case, g, weights), strict=True):
            np.testing.assert_allclose(own, theirs, rtol=1e-12, atol=1e-13)

    law()


# -- special points ----------------------------------------------------------------------------
POINTS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "relu at 0": (ours.relu, torch.relu, [0.0, -0.0]),
    "absolute value at 0": (np.abs, torch.abs, [0.0]),
    "leaky relu at 0": (ours.leaky_relu, F.leaky_relu, [0.0]),
    "elu at 0": (ours.elu, F.elu, [0.0]),
    "clip at its bounds": (lambda v: np.clip(v, -1, 1), lambda t: torch.clamp(t, -1, 1), [-1.0, 1.0, 2.0]),
    "largest of equals": (np.max, torch.amax, [2.0, 2.0, 1.0]),
    "smallest of equals": (np.min, torch.amin, [2.0, 1.0, 1.0, 1.0]),
    "a tie with a constant": (
        lambda v: np.maximum(v, 2),
        lambda t: torch.maximum(t, torch.full_like(t, 2)),
        [2.0, 3.0],
    ),
    "spread of equals": (np.std, lambda t: torch.std(t, correction=0), [5.0, 5.0, 5.0]),
    "product with one zero": (np.prod, torch.prod, [2.0, 0.0, 3.0]),
    "product with two zeros": (np.prod, torch.prod, [0.0, 0.0, 3.0]),
    "running product with zeros": (np.cumprod, lambda t: torch.cumprod(t, 0), [2.0, 0.0, 3.0, 0.0, 5.0]),
    "a sort of equals": (
        lambda v: np.sort(v) * [1, 2, 3, 4],
        lambda t: torch.sort(t, stable=True).values * torch.tensor([1, 2, 3, 4]),
        [2.0, 1.0, 2.0, 1.0],
    ),
    "the largest few": (lambda v: ours.topk(v, 2)[0], lambda t: torch.topk(t, 2).values, [1.0, np.nan, np.inf, 3.0]),
    "a quantile between two": (
        lambda v: np.quantile(v, [0.3, 1.0]),
        lambda t: torch.quantile(t, torch.tensor([0.3, 1.0], dtype=t.dtype)),
        [3.0, 1.0, 2.0, 5.0],
    ),
    "sum of the known": (np.nansum, torch.nansum, [1.0, np.nan, 3.0]),
    "mean of the known": (np.nanmean, torch.nanmean, [1.0, np.nan, 3.0]),
    "rows in use twice": (
        lambda v: ours.embedding([0, 2, 2], np.reshape(v, (3, 1))) ** 2,
        lambda t: F.embedding(torch.tensor([0, 2, 2]), t.reshape(3, 1)) ** 2,
        [1.0, 2.0, 3.0],
    ),
    "zero to a whole power": (lambda v: v**2, lambda t: t**2, [0.0]),
    "zero to the zero": (lambda v: v**0, lambda t: t**0, [0.0]),
    "an exponent of zero": (lambda v: 0.0**v, lambda t: 0.0**t, [0.0, 2.0, -1.0]),
    "root of zero": (np.sqrt, torch.sqrt, [0.0]),
    "length of the zero vector": (np.linalg.norm, torch.linalg.vector_norm, [0.0, 0.0]),
    "length under p = 3": (lambda v: np.linalg.norm(v, 3), lambda t: torch.linalg.vector_norm(t, 3), [0.0, 0.0, 0.0]),
    "largest sizes of equals": (
        lambda v: np.linalg.norm(v, np.inf),
        lambda t: torch.linalg.vector_norm(t, np.inf),
        [2.0, -2.0, 1.0],
    ),
    "equal eigenvalues": (
        lambda v: np.linalg.eigvalsh(v) ** 2,
        lambda t: torch.linalg.eigvalsh(t) ** 2,
        [[2.0, 0.0], [0.0, 2.0]],
    ),
    "equal singular values": (np.linalg.svdvals, torch.linalg.svdvals, [[2.0, 0.0], [0.0, 2.0]]),
    "an impossible entry": (ours.logsumexp, lambda t: torch.logsumexp(t, 0), [-np.inf, 0.0]),
}


@pytest.mark.parametrize("name", POINTS)
def test_special_points_are_those_of_torch(name: str) -> None:
    f, theirs, point = POINTS[name]
    v, t = Value(point), torch.tensor(point, dtype=torch.float64, requires_grad=True)
    with np.errstate(all="ignore"):
        y = np.sum(f(v))
        y.backward()
    z = torch.sum(theirs(t))
    z.backward()
    np.testing.assert_allclose(y.data, z.item(), rtol=1e-14)
    np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-14)


def test_ties_along_an_axis_differ_from_torch_max() -> None:
    v, t = Value([2.0, 2.0, 1.0]), torch.tensor([2.0, 2.0, 1.0], requires_grad=True)
    np.max(v, axis=0).backward()
    torch.max(t, dim=0).values.backward()
    np.testing.assert_array_equal(v.grad, [0.5, 0.5, 0])
    np.testing.assert_array_equal(t.grad, [1, 0, 0])


def test_a_median_between_two_entries_is_the_lower_one_to_torch() -> None:
    v, t = Value([2.0, 4.0, 1.0, 3.0]), torch.tensor([2.0, 4.0, 1.0, 3.0], requires_grad=True)
    np.median(v).backward()
    torch.median(t).backward()
    np.testing.assert_array_equal(v.grad, [0.5, 0, 0, 0.5])
    np.testing.assert_array_equal(t.grad, [1, 0, 0, 0])


def test_the_determinant_of_a_singular_matrix_differs_from_torch() -> None:
    v, t = Value([[1.0, 2.0], [2.0, 4.0]]), torch.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    np.linalg.det(v).backward()
    torch.linalg.det(t).backward()
    np.testing.assert_allclose(v.grad, [[4, -2], [-2, 1]], atol=1e-14)
    np.testing.assert_array_equal(t.grad, [[0, 0], [0, 0]])


def test_the_default_variance_differs_from_torch() -> None:
    assert np.var(Value([1.0, 2.0, 3.0])).data == pytest.approx(2 / 3)
    assert torch.var(torch.tensor([1.0, 2.0, 3.0])).item() == 1


def test_no_axes_mean_all_of_them_to_torch() -> None:
    np.testing.assert_array_equal(np.sum(Value(np.ones(3)), axis=()).data, np.ones(3))
    assert torch.sum(torch.ones(3), dim=()).item() == 3


@pytest.mark.parametrize("settings", [(2,), (3, 1), (3, 2, 1), ((2, 3), 1, 1, 2)])
def test_ties_in_a_window_go_to_the_first_as_in_torch(settings: Any) -> None:
    x = np.random.default_rng(0).integers(0, 3, (2, 3, 8, 9)).astype(float)
    v, t = Value(x), torch.tensor(x, requires_grad=True)
    y, z = ours.max_pool2d(v, *settings), F.max_pool2d(t, *settings)
    g = np.random.default_rng(1).uniform(-1, 1, y.shape)
    y.backward(g)
    z.backward(torch.tensor(g))
    np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-14)


def test_the_first_nan_of_a_window_gets_the_gradient_and_in_torch_the_last() -> None:
    x = np.array([[[1.0, np.nan, np.nan, 2.0]]])
    v, t = Value(x), torch.tensor(x, requires_grad=True)
    y, z = ours.max_pool1d(v, 4), F.max_pool1d(t, 4)
    y.backward(np.ones((1, 1, 1)))
    z.backward(torch.ones((1, 1, 1), dtype=torch.float64))
    assert np.isnan(y.data).all()
    assert torch.isnan(z).all()
    np.testing.assert_array_equal(v.grad, [[[0, 1, 0, 0]]])
    np.testing.assert_array_equal(t.grad, [[[0, 0, 1, 0]]])


LAYERS: dict[str, tuple[str, list[tuple[int, ...]], dict[str, Any]]] = {
    "conv1d": ("conv1d", [(2, 4, 9), (6, 2, 3), (6,)], {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
    "conv1d same": ("conv1d", [(2, 4, 9), (6, 4, 4), (6,)], {"padding": "same", "dilation": 3}),
    "conv2d": ("conv2d", [(2, 4, 6, 7), (6, 2, 3, 2), (6,)], {"stride": (2, 1), "padding": (1, 0), "groups": 2}),
    "conv2d same": ("conv2d", [(2, 4, 6, 7), (6, 4, 3, 3), (6,)], {"padding": "same"}),
    "conv_transpose1d": (
        "conv_transpose1d", [(2, 4, 5), (4, 3, 3), (6,)],
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2}),
    "conv_transpose2d": (
        "conv_transpose2d", [(2, 4, 3, 5), (4, 3, 3, 2), (3,)], {"stride": (2, 3), "output_padding": (1, 2)}),
    "avg_pool1d": ("avg_pool1d", [(2, 4, 9)], {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    "avg_pool2d": (
        "avg_pool2d", [(2, 4, 6, 9)],
        {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
    "max_pool1d": ("max_pool1d", [(2, 4, 9)], {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}),
    "unfold": ("unfold", [(2, 3, 6, 7)], {"kernel_size": (3, 2), "dilation": (1, 2), "padding": 1, "stride": (2, 3)}),
    "fold": (
        "fold", [(2, 18, 12)],
        {"output_size": (6, 7), "kernel_size": (3, 2), "dilation": (1, 2), "padding": 1, "stride": (2, 2)}),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_over_windows_are_those_of_torch(name: str) -> None:
    fn, shapes, settings = LAYERS[name]
    rng = np.random.default_rng(3)
    operands = [rng.uniform(-1, 1, shape) for shape in shapes]
    leaves, tensors = [Value(x) for x in operands], [torch.tensor(x, requires_grad=True) for x in operands]
    with warnings.catch_warnings():  # PyTorch warns of "same" padding with an even span
        warnings.simplefilter("ignore")
        y, z = getattr(ours, fn)(*leaves, **settings), getattr(F, fn)(*tensors, **settings)
    np.sum(y**3).backward(create_graph=True)
    firsts = torch.autograd.grad(torch.sum(z**3), tensors, create_graph=True)
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-12, atol=1e-13)
    own = [leaf.grad for leaf in leaves]
    for leaf, mine, first in zip(leaves, own, firsts, strict=True):
        np.testing.assert_allclose(mine.data, first.detach().numpy(), rtol=1e-12, atol=1e-12)
        leaf.grad = None
    sum((np.sum(mine**2) for mine in own), Value(0.0)).backward()
    seconds = torch.autograd.grad(sum(torch.sum(first**2) for first in firsts), tensors)
    for leaf, second in zip(leaves, seconds, strict=True):
        np.testing.assert_allclose(leaf.grad, second.numpy(), rtol=1e-12, atol=1e-11)

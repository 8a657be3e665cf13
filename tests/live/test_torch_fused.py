"""The fused functions with their options: values and gradients are PyTorch's.

Where the two differ by choice:

- a target of 0 for a class with score -inf adds 0, here also for probabilities; PyTorch has nan there.
- binary_cross_entropy of an impossible outcome is inf, as -log(0) is; PyTorch cuts it at 100, and 1e-12
  out of the denominator of its gradient, which is so 0 where p and target are both 0, and here 1.
- the mean over labels that are all ignored is nan in both; so is the gradient here, where PyTorch gives 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt import functional as ours

torch = pytest.importorskip("torch")
theirs = torch.nn.functional

rng = np.random.default_rng(0)
X, T = rng.normal(0, 2, (6, 4)), rng.uniform(0, 1, (6, 4))
P, LABELS = rng.dirichlet(np.ones(4), 6), np.array([0, 3, 2, 2, 1, 0])
WEIGHT, BIAS = rng.uniform(0.5, 2, 4), rng.normal(size=4)
IMAGES = rng.normal(2, 3, (3, 4, 5, 2))


def tensors(x: Any, live: bool = False) -> Any:
    """Arrays as tensors, wherever they stand."""
    if isinstance(x, dict):
        return {name: tensors(value) for name, value in x.items()}
    return torch.tensor(x, requires_grad=live) if isinstance(x, np.ndarray) else x


def compared(name: str, *live: Any, rest: tuple[Any, ...] = (), **options: Any) -> None:
    """The value, and the gradients for a random upstream gradient, of ours and of theirs."""
    leaves, t = [Value(x) for x in live], [tensors(x, live=True) for x in live]
    y = getattr(ours, name)(*leaves, *rest, **options)
    z = getattr(theirs, name)(*t, *map(tensors, rest), **tensors(options))
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-12, atol=1e-14)
    g = np.asarray(np.random.default_rng(1).normal(size=y.shape))
    y.backward(g)
    z.backward(torch.tensor(g))
    for leaf, tensor in zip(leaves, t, strict=True):
        np.testing.assert_allclose(leaf.grad, tensor.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
def test_cross_entropy(weight, label_smoothing, reduction):
    options = {"weight": weight, "label_smoothing": label_smoothing, "reduction": reduction}
    compared("cross_entropy", X, P, **options)
    for ignore_index in (-100, 2, 7):
        labels = np.where(LABELS == 2, ignore_index, LABELS)
        compared("cross_entropy", X, rest=(labels,), ignore_index=ignore_index, **options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
def test_binary_cross_entropy(weight, reduction):
    compared("binary_cross_entropy", T, P, weight=weight, reduction=reduction)
    for pos_weight in (None, WEIGHT):
        options = {"weight": weight, "pos_weight": pos_weight, "reduction": reduction}
        compared("binary_cross_entropy_with_logits", X, T, **options)
        compared("binary_cross_entropy_with_logits", 100 * X, np.round(T), **options)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_and_rms_norm(eps):
    compared("layer_norm", X, rest=((4,),), eps=eps)
    compared("rms_norm", X, rest=((4,),), eps=eps)
    w = rng.normal(size=(5, 2))
    for name, parameters in (("layer_norm", [w, w - 1]), ("rms_norm", [w])):
        x, t = Value(IMAGES), tensors(IMAGES, live=True)
        p, q = [Value(a) for a in parameters], [tensors(a, live=True) for a in parameters]
        y, z = getattr(ours, name)(x, (5, 2), *p, eps=eps), getattr(theirs, name)(t, (5, 2), *q, eps=eps)
        np.sum(y**3).backward()
        (z**3).sum().backward()
        for leaf, tensor in zip([x, *p], [t, *q], strict=True):
            np.testing.assert_allclose(leaf.grad, tensor.grad.numpy(), rtol=1e-9, atol=1e-11)
    x, t = Value(1e-6 * X), tensors(1e-6 * X)
    np.testing.assert_allclose(ours.rms_norm(x, 4).data, theirs.rms_norm(t, (4,)).numpy(), rtol=1e-12)


@pytest.mark.parametrize("points", [X, IMAGES], ids=["rows", "images"])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_and_its_running_statistics(training, points):
    x, w, b = (Value(a) for a in (points, WEIGHT, BIAS))
    t, u, c = (tensors(a, live=True) for a in (points, WEIGHT, BIAS))
    mean, var = np.linspace(-1, 1, 4), np.linspace(0.5, 2, 4)
    their_mean, their_var = tensors(mean.copy()), tensors(var.copy())
    y = ours.batch_norm(x, mean, var, w, b, training, 0.3, 1e-3)
    z = theirs.batch_norm(t, their_mean, their_var, u, c, training, 0.3, 1e-3)
    np.sum(y**3).backward()
    (z**3).sum().backward()
    for own, their in [(y.data, z.detach()), (mean, their_mean), (var, their_var)]:
        np.testing.assert_allclose(own, their.numpy(), rtol=1e-12, atol=1e-13)
    for leaf, tensor in ((x, t), (w, u), (b, c)):
        np.testing.assert_allclose(leaf.grad, tensor.grad.numpy(), rtol=1e-9, atol=1e-11)


# -- special points ----------------------------------------------------------------------------
def test_a_score_of_minus_infinity():
    x = np.where(np.arange(4) == 1, -np.inf, X)
    compared("cross_entropy", x, rest=(np.where(LABELS == 1, 0, LABELS),))
    y = ours.cross_entropy(x, np.where(np.arange(4) == 1, 0, P))
    z = theirs.cross_entropy(tensors(x), tensors(np.where(np.arange(4) == 1, 0, P)))
    assert np.isfinite(y)
    assert torch.isnan(z)


def test_the_mean_over_ignored_labels():
    x, t = Value(X), tensors(X, live=True)
    labels = np.full(6, -100)
    with np.errstate(invalid="ignore"):
        y, z = ours.cross_entropy(x, labels), theirs.cross_entropy(t, tensors(labels))
        y.backward()
    z.backward()
    assert np.isnan(y.data)
    assert torch.isnan(z)
    assert np.isnan(x.grad).all()
    assert (t.grad == 0).all()


def test_certain_probabilities():
    p, target = [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]
    x, t = Value(p), torch.tensor(p, dtype=torch.float64, requires_grad=True)
    with np.errstate(divide="ignore"):
        y = ours.binary_cross_entropy(x, target, reduction="none")
        y.backward(np.ones(3))
    z = theirs.binary_cross_entropy(t, torch.tensor(target, dtype=torch.float64), reduction="none")
    z.sum().backward()
    np.testing.assert_array_equal(y.data, [0, 0, np.inf])
    np.testing.assert_array_equal(x.grad, [1, -1, -np.inf])
    np.testing.assert_array_equal(z.detach().numpy(), [0, 0, 100])
    np.testing.assert_allclose(t.grad.numpy(), [0, 0, -1e12])

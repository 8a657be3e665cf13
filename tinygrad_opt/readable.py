"""What the fused functions compute, written out in ordinary operations, to be read and compared.

Each has the name of its twin in `tinygrad_opt.functional` and gives its values, gradients and second
derivatives, as the tests hold; the twin takes fewer steps and stays accurate for extreme numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .functional import sigmoid


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over rows of -log of the probability of the right class.

    >>> from tinygrad_opt import Value, explain
    >>> x = Value([[0.0, 1.0]], name="x")
    >>> [step.op for step in explain(cross_entropy(x, np.array([1]))).steps]
    ['negative', 'mean', 'log', 'getitem', 'divide', 'sum', 'exp']
    """
    e = np.exp(logits)
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


def cross_entropy_of_probabilities(logits: Any, target: Any) -> Any:
    """The mean over rows of -sum(target * log(p)), for target probabilities of all classes."""
    e = np.exp(logits)
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.sum(target * np.log(p), axis=1))


def binary_cross_entropy(p: Any, target: Any) -> Any:
    """The mean of -log of the probability of what happened."""
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


def binary_cross_entropy_with_logits(logits: Any, target: Any) -> Any:
    """binary_cross_entropy of sigmoid(logits)."""
    return binary_cross_entropy(sigmoid(logits), target)


def squareplus(x: Any, b: float = 4.0) -> Any:
    """A hyperbola that comes near 0 on the left and x on the right."""
    return (x + np.sqrt(x * x + b)) / 2


def standardize(x: Any, axis: Any = -1, eps: float = 1e-5) -> Any:
    """x with mean 0 and variance 1 over axis: the core of layer and batch normalization."""
    mean = np.mean(x, axis=axis, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps)


def layer_norm(x: Any, normalized_shape: int, weight: Any, bias: Any, eps: float = 1e-5) -> Any:
    """Each row standardized, then times weight plus bias."""
    return standardize(x, -1, eps) * weight + bias


def batch_norm(x: Any, weight: Any, bias: Any, eps: float = 1e-5) -> Any:
    """Each column of a batch (N, C) standardized, then times weight plus bias, as in training."""
    return standardize(x, 0, eps) * weight + bias


def group_norm(x: Any, num_groups: int, weight: Any, bias: Any, eps: float = 1e-5) -> Any:
    """Each row of a batch (N, C) standardized in groups of C/num_groups neighbours, then times weight plus bias."""
    n, channels = np.shape(x)
    groups = standardize(np.reshape(x, (n, num_groups, channels // num_groups)), -1, eps)
    return np.reshape(groups, (n, channels)) * weight + bias


def rms_norm(x: Any, normalized_shape: int, weight: Any, eps: float = 1e-5) -> Any:
    """Each row divided by its root mean square, then times weight."""
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps) * weight

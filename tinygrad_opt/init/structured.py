"""Initializers whose numbers depend on each other: orthogonal and sparse weights."""

from __future__ import annotations

import math

import numpy as np

from ..settings import AT_LEAST_0, FROM_0_TO_1
from .fans import weight_shape
from .request import Array, Request, Shape


def orthogonal(
    shape: Shape, gain: float = 1.0, *, rng: np.random.Generator | None = None, dtype: np.typing.DTypeLike = np.float64
) -> Array:
    """gain times an orthogonal matrix Q, drawn so that none is likelier than another.

    Q^T Q = I for a tall matrix, Q Q^T = I for a wide one; a convolution's weight (out, in, *kernel) is a matrix of out
    rows.  Q comes from the QR of normal draws, its columns turned so that the diagonal of R is positive: else it would
    not be uniform (Mezzadri, How to generate random matrices from the classical compact groups, 2007).
    Such weights keep the length of a signal through deep linear nets (Saxe, McClelland & Ganguli, 2014,
    arXiv:1312.6120).

    >>> q = orthogonal((3, 2), rng=np.random.default_rng(0))
    >>> np.allclose(q.T @ q, np.eye(2))
    True
    """
    request = Request("orthogonal", shape, rng, dtype)
    gain = request.number("gain", gain)
    rows, *others = weight_shape("orthogonal", request.shape)
    columns = math.prod(others)
    q, r = np.linalg.qr(request.rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    matrix = q if rows >= columns else q.T
    return request.give(gain * matrix.reshape(request.shape))


def sparse(
    shape: Shape,
    sparsity: float,
    std: float = 0.01,
    *,
    rng: np.random.Generator | None = None,
    dtype: np.typing.DTypeLike = np.float64,
) -> Array:
    """Normal of that standard deviation, but for ceil(sparsity * rows) zeros in each column, at random places.

    Raises ValueError unless shape has 2 axes, and for a sparsity outside [0, 1].
    Martens, Deep learning via Hessian-free optimization, 2010, section 5.

    >>> w = sparse((4, 3), 0.5, rng=np.random.default_rng(0))
    >>> (w == 0).sum(axis=0)
    array([2, 2, 2])
    """
    request = Request("sparse", shape, rng, dtype)
    if len(request.shape) != 2:
        raise ValueError(f"sparse needs a shape of 2 axes, (out, in); got {request.shape}")
    sparsity, std = request.number("sparsity", sparsity, FROM_0_TO_1), request.number("std", std, AT_LEAST_0)
    zeros = math.ceil(sparsity * request.shape[0])
    weight = request.rng.normal(0, std, request.shape)
    places = request.rng.random(request.shape).argsort(axis=0)  # each column: 0, 1, ... in random order
    weight[places < zeros] = 0
    return request.give(weight)

"""Adafactor and SM3: running squares of a matrix kept as one number a row and one a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Optimizer
from ..core.vocabulary import named, total, where


class Adafactor(Optimizer):
    """Steps scaled by running squares whose table has rank one, by the size of the parameter, and clipped.

    Shazeer, Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost (2018), arXiv 1804.04235,
    Algorithms 4 and 5, without momentum.  For a parameter with two axes or more, the mean squares of the rows
    and columns of its last two axes are kept, n + m numbers for n m entries; for a vector all of them.

    beta2_decay    the share of the newest square is t ** beta2_decay: all at first, ever less
    relative_step  the rate is at most 1 / sqrt(t)
    eps2           the least size that a parameter is taken to have
    clip           the largest root mean square of a step, before the rate and the size
    eps_mode       "added": eps1 is added to each square (paper, Keras, optax); "clamped": the estimate is kept
                   above eps1 ** 2 (PyTorch, whose eps1 is the machine epsilon; the preset has that of float64)
    min_size       the last two axes must have at least this many entries each, else every square is kept; optax
                   asks for 128, and of the two largest axes
    decay_times_lr the share of p that a step takes away is lr * weight_decay; in optax (False) weight_decay itself

    optax' learning rate is None unless given, which leaves steps as they are, as lr=1 does; the preset has 0.01.
    Keras with weight_decay takes the size of the parameter after the decay; the others, and this, before it.
    """

    slots = ("rows", "columns")
    granularity = "array"
    lr: Rate = 1e-2
    beta2_decay: Rate = -0.8
    eps1: Rate = 1e-30
    eps2: Rate = 1e-3
    clip: Rate = 1.0
    weight_decay: Rate = 0.0
    decay_times_lr: bool = True
    relative_step: bool = True
    eps_mode: Literal["added", "clamped"] = "added"
    min_size: Rate = 1
    positive: ClassVar = ("eps1", "clip")
    presets: ClassVar = {
        "torch": {"eps_mode": "clamped", "eps1": 2.220446049250313e-16},
        "keras": {"lr": 1e-3},
        "optax": {"relative_step": False, "min_size": 128, "decay_times_lr": False},
    }

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        if p.ndim < 2 or min(p.shape[-2:]) < h.min_size:
            return {"columns": np.zeros(0)}
        return {"rows": np.zeros_like(p[..., :, :1]), "columns": np.zeros_like(p[..., :1, :])}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, rows: Any, columns: Any) -> Any:
        new = t**h.beta2_decay
        squares = g**2 + h.eps1 if h.eps_mode == "added" else g**2
        if columns.size:
            rows = (1 - new) * rows + new * np.mean(squares, axis=-1, keepdims=True)
            columns = (1 - new) * columns + new * np.mean(squares, axis=-2, keepdims=True)
            level = np.mean(rows, axis=-2, keepdims=True)
            v = rows / (np.maximum(level, h.eps1) if h.eps_mode == "clamped" else level) * columns
        else:
            v = rows = (1 - new) * rows + new * squares
        u = g / np.sqrt(np.maximum(v, h.eps1**2) if h.eps_mode == "clamped" else v)
        rms_p, rms_u = (total(p * p) / p.size) ** 0.5, (total(u * u) / p.size) ** 0.5
        rate = min(h.lr, t**-0.5) if h.relative_step else h.lr
        rate = rate * where(rms_p > h.eps2, rms_p, h.eps2) / where(rms_u > h.clip, rms_u / h.clip, 1.0)
        decay = h.lr * h.weight_decay if h.decay_times_lr else h.weight_decay
        return p * (1 - decay) - rate * u, rows, columns


class SM3(Optimizer):
    """Adagrad whose sums of squares are bounded by one number for each row, each column, each slice of any axis.

    Anil, Gupta, Koren, Singer: Memory-Efficient Adaptive Optimization (NeurIPS 2019), arXiv 1901.11150,
    Algorithm SM3-II, with momentum, where m is a running average of the divided gradients (optax), and with eps inside
    the root, which the paper does not have.  An entry's sum is taken to be the least of the numbers that cover it:
    cover holds n + m of them for a matrix of n rows and m columns, and all for a vector.
    """

    slots = ("m", "cover")
    granularity = "array"
    lr: Rate = 0.1
    momentum: Rate = 0.9
    eps: Rate = 1e-8
    presets: ClassVar = {"optax": {}}

    @staticmethod
    def initial(h: Any, p: Array) -> Mapping[str, Any]:
        return {"cover": np.zeros(sum(p.shape) or 1)}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, m: Any, cover: Any) -> Any:
        v = least_cover(cover, g) + g**2
        cover = largest_by_slice(v)
        u = np.where(v > 0, g / np.sqrt(v + h.eps), 0.0)
        m = h.momentum * m + (1 - h.momentum) * u
        return p - h.lr * m, m, cover


@named
def least_cover(cover: Array, like: Array) -> Array:
    """For each entry the least of the numbers that cover it, one for every axis; cover holds those of all axes."""
    least = np.full_like(like, np.inf)
    for _, shape, numbers in by_axis(cover, like):
        np.minimum(least, numbers.reshape(shape), out=least)
    return least


@named
def largest_by_slice(x: Array) -> Array:
    """For every axis the largest entry at each of its positions, one axis after the other in one array."""
    cover = np.empty(sum(x.shape) or 1, x.dtype)
    for others, _, numbers in by_axis(cover, x):
        numbers[...] = np.max(x, axis=others)
    return cover


def by_axis(cover: Array, like: Array) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], Array]]:
    """For each axis: the other axes, the shape in which its numbers broadcast, and its part of cover."""
    start = 0
    for axis, n in enumerate(like.shape):
        others = tuple(i for i in range(like.ndim) if i != axis)
        yield others, tuple(n if i == axis else 1 for i in range(like.ndim)), cover[start : start + n]
        start += n
    if like.ndim == 0:
        yield (), (), cover[0:1].reshape(())

"""Samples of the losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import binary_losses, losses, regression_losses

from .case import Case, case, plain, seeds

REDUCTIONS = st.sampled_from([{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}])
TABLES = st.sampled_from([(1, 1), (4, 3), (3, 2), (2, 70)])


@st.composite
def labelled(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    rows, classes = draw(TABLES)
    params = dict(draw(REDUCTIONS))
    if draw(st.booleans()):
        params["weight"] = rng.uniform(0, 2, rows)
    return case(
        seed, losses.label_nll, [rng.normal(size=(rows, classes)), rng.integers(0, classes, rows)], (0,), **params
    )


@st.composite
def scored(draw: Any) -> Case:
    """Labels of any kind of integer, or weights of all classes, which need not add up to 1."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    rows, classes = draw(TABLES)
    x = rng.normal(0, 2, (rows, classes))
    params = draw(REDUCTIONS)
    if draw(st.booleans()):
        labels = rng.integers(0, classes, rows).astype(draw(st.sampled_from([np.int64, np.uint8])))
        return case(seed, losses.softmax_cross_entropy, [x, labels], (0,), **params)
    operands = [x, rng.uniform(0, 1, (rows, classes))]
    return case(seed, losses.softmax_cross_entropy, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])), **params)


@st.composite
def binary(draw: Any, fn: Any, low: float, high: float, *weights: str) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = draw(st.sampled_from([(3,), (), (1,), (2, 3), (2, 1, 3)]))
    params = dict(draw(REDUCTIONS))
    for name in weights:
        if draw(st.booleans()):
            params[name] = rng.uniform(0.5, 2, draw(st.sampled_from([shape, shape[-1:], (1,) * len(shape)])))
    operands = [plain(draw, rng.uniform(low, high, shape)), plain(draw, rng.uniform(0, 1, shape))]
    return case(seed, fn, operands, draw(st.sampled_from([(0, 1), (0,), (1,)])), **params)


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    losses.label_nll: labelled(),
    losses.softmax_cross_entropy: scored(),
    binary_losses.sigmoid_cross_entropy: binary(binary_losses.sigmoid_cross_entropy, -3, 3, "weight", "pos_weight"),
    binary_losses.bernoulli_cross_entropy: binary(binary_losses.bernoulli_cross_entropy, 0.1, 0.9, "weight"),
    regression_losses.squared_error: binary(regression_losses.squared_error, -3, 3),
}

"""Samples of convolution: over images of several sizes, every setting alone and all of them mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import convolution, signals

from .case import (
    Case,
    Shape,
    any_number,
    case,
    seeds,
)

# (x, weight, stride, padding, dilation, groups); what is None is left out of the call
CONVOLUTIONS: list[tuple[Shape, Shape, Any, Any, Any, Any]] = [
    ((2, 3, 5, 4), (2, 3, 3, 2), None, None, None, None),
    ((1, 1, 1, 1), (1, 1, 1, 1), None, None, None, None),
    ((2, 2, 4, 3), (3, 2, 1, 1), None, None, None, None),
    ((0, 2, 4, 3), (3, 2, 2, 2), None, None, None, None),
    ((2, 2, 5, 6), (2, 2, 2, 3), (2, 1), None, None, None),
    ((1, 2, 7, 6), (3, 2, 3, 2), (3, 2), ((1, 1), (1, 1)), None, None),
    ((2, 1, 3, 2), (2, 1, 3, 3), None, ((1, 2), (0, 3)), None, None),
    ((1, 2, 6, 7), (2, 2, 2, 3), None, None, (2, 3), None),
    ((1, 1, 8, 5), (1, 1, 2, 2), (2, 3), ((2, 1), (0, 2)), (3, 2), None),
    ((2, 4, 4, 3), (4, 2, 2, 2), None, None, None, 2),
    ((1, 3, 4, 5), (6, 1, 3, 2), (2, 2), ((1, 1), (1, 1)), (1, 2), 3),
    ((2, 2, 1, 6), (3, 2, 1, 3), (1, 2), ((0, 0), (2, 2)), None, None),
]  # fmt: skip
LINES: list[tuple[Shape, Shape]] = [((5,), (3,)), ((3,), (5,)), ((1,), (1,)), ((4,), (1,)), ((2,), (2,))]


@st.composite
def trilinear(draw: Any, fn: Any) -> Case:
    """A call of one of the three forms, on the two operands that are not its result."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    x, weight, *settings = draw(st.sampled_from(CONVOLUTIONS))
    names = ("stride", "padding", "dilation", "groups")
    how = {name: value for name, value in zip(names, settings, strict=True) if value is not None}
    operands = {convolution.conv: (x, weight)}
    if fn is not convolution.conv:
        out = np.shape(convolution.conv(np.zeros(x), np.zeros(weight), **how))
        operands |= {convolution.conv_weight: (x, out), convolution.conv_input: (out, weight)}
    sizes = {
        convolution.conv: {},
        convolution.conv_weight: {"kernel": weight[2:]},
        convolution.conv_input: {"size": x[2:]},
    }
    arrays = [any_number(rng, shape) for shape in operands[fn]]
    return case(seed, fn, arrays, draw(st.sampled_from([(0, 1), (0,), (1,)])), **sizes[fn], **how)


@st.composite
def biased(draw: Any) -> Case:
    """A call of the layer: conv and a bias."""
    plain = draw(trilinear(convolution.conv))
    bias = any_number(plain.rng(), plain.operands[1].shape[:1])
    live = draw(st.sampled_from([(0, 1, 2), (0,), (1,), (2,)]))
    return case(plain.seed, convolution.biased_conv, [*plain.operands, bias], live, **plain.params)


@st.composite
def lines(draw: Any) -> Case:
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    arrays = [any_number(rng, shape) for shape in draw(st.sampled_from(LINES))]
    return case(seed, signals.convolve, arrays, draw(st.sampled_from([(0, 1), (0,), (1,)])))


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    convolution.conv: trilinear(convolution.conv),
    convolution.biased_conv: biased(),
    convolution.conv_weight: trilinear(convolution.conv_weight),
    convolution.conv_input: trilinear(convolution.conv_input),
    signals.convolve: lines(),
}

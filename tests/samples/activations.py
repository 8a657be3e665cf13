"""Samples of the activations that have a rule of their own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tinygrad_opt.ops import activations

from .case import Case, any_number, between, binary, unary

alphas = st.sampled_from([{}, {"alpha": 0.5}])
bounds = st.sampled_from([{}, {"min_val": -0.5, "max_val": 1.5}])
curves = st.sampled_from([{}, {"approximate": "none"}, {"approximate": "tanh"}])
pluses = st.sampled_from([{}, {"beta": 2.0}, {"beta": -0.5, "threshold": 1.0}])
slopes = st.sampled_from([{}, {"slope": 0.2}])

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    activations.relu: unary(activations.relu),
    activations.leaky_relu: unary(activations.leaky_relu, params=slopes),
    activations.prelu: binary(activations.prelu),
    activations.hardtanh: unary(activations.hardtanh, params=bounds),
    activations.softplus: unary(activations.softplus, between(-8, 8), pluses),
    activations.squareplus: unary(activations.squareplus, between(-15, 15), st.sampled_from([{}, {"b": 0.5}])),
    activations.logsigmoid: unary(activations.logsigmoid, between(-30, 30)),
    activations.logit: unary(activations.logit, between(0.05, 0.95)),
    activations.silu: unary(activations.silu, between(-30, 30)),
    activations.hardswish: unary(activations.hardswish, between(-5, 5)),
    activations.elu: unary(activations.elu, params=alphas),
    activations.gelu: unary(activations.gelu, any_number, curves),
}

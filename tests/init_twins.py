"""Ours for the initializers of PyTorch and Keras that differ from a plain distribution by one factor.

The factor, for a shape, is what a library's draws are over the plain draws of the same seed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_opt import init

SHAPES = [(4, 3), (3, 8), (1, 1), (6, 2, 3), (8, 4, 3, 5)]
"""In PyTorch's layout, (out, in, *kernel)."""

PLAIN = {
    "uniform": functools.partial(init.uniform, a=-1.0, b=1.0),
    "normal": init.normal,
    "truncated": init.truncated_normal,
}

SCALINGS: dict[str, dict[str, Any]] = {
    f"{mode} {distribution}": {"scale": 1.7, "mode": mode, "distribution": distribution}
    for mode in ("fan_in", "fan_out", "fan_avg")
    for distribution in ("uniform", "untruncated_normal", "truncated_normal")
}
"""Settings of Keras' VarianceScaling."""

KAIMINGS: dict[str, dict[str, Any]] = {
    "": {},
    " of slope 0.2": {"a": 0.2},
    " fan_out": {"mode": "fan_out"},
    " relu": {"nonlinearity": "relu"},
    " tanh": {"nonlinearity": "tanh"},
    " selu fan_out": {"nonlinearity": "selu", "mode": "fan_out"},
    " of slope sqrt(5)": {"a": math.sqrt(5)},
}
"""Settings of PyTorch's kaiming_uniform_ and kaiming_normal_."""

OURS: dict[str, tuple[Callable[..., Any], str]] = {
    "torch xavier_uniform_": (init.xavier_uniform, "uniform"),
    "torch xavier_uniform_ of gain 5/3": (functools.partial(init.xavier_uniform, gain=5 / 3), "uniform"),
    "torch xavier_normal_": (init.xavier_normal, "normal"),
    "torch xavier_normal_ of gain 5/3": (functools.partial(init.xavier_normal, gain=5 / 3), "normal"),
    **{
        f"torch kaiming_{kind}_{name}": (functools.partial(getattr(init, f"kaiming_{kind}"), **settings), kind)
        for kind in ("uniform", "normal")
        for name, settings in KAIMINGS.items()
    },
    "torch weight of a layer": (init.torch_default, "uniform"),
    "torch bias of a layer": (
        lambda shape, rng: init.torch_default(shape[0], fan_in=init.fan_in_and_fan_out(shape)[0], rng=rng),
        "uniform",
    ),
    "keras GlorotUniform": (init.xavier_uniform, "uniform"),
    "keras GlorotNormal": (functools.partial(init.xavier_normal, truncated=True), "truncated"),
    "keras HeUniform": (init.kaiming_uniform, "uniform"),
    "keras HeNormal": (functools.partial(init.kaiming_normal, truncated=True), "truncated"),
    "keras LecunUniform": (init.lecun_uniform, "uniform"),
    "keras LecunNormal": (functools.partial(init.lecun_normal, truncated=True), "truncated"),
    "keras VarianceScaling": (init.variance_scaling, "truncated"),
    **{
        f"keras VarianceScaling {name}": (
            functools.partial(init.variance_scaling, **settings),
            {"untruncated_normal": "normal", "truncated_normal": "truncated"}.get(settings["distribution"], "uniform"),
        )
        for name, settings in SCALINGS.items()
    },
}


def factor(drawn: Any, plain: Any) -> float:
    """What all draws are over the plain ones."""
    drawn, plain = np.ravel(drawn), np.ravel(plain)
    ratio = float(drawn[0] / plain[0])
    np.testing.assert_allclose(drawn, ratio * plain, rtol=1e-12)
    return ratio


def our_factor(name: str, shape: tuple[int, ...]) -> float:
    initializer, kind = OURS[name]
    drawn = initializer(shape, rng=np.random.default_rng(1))
    return factor(drawn, PLAIN[kind](drawn.shape, rng=np.random.default_rng(1)))

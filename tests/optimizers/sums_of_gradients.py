"""Rules that keep where they began and sums of gradients: dual averaging, and rates found from distances."""

import numpy as np

from optimizers.cases import Case
from tinygrad_opt.optim import FTRL, MADGRAD, DoG, DoWG, Prodigy

EARLY = 1e-9  # p0 - p starts at 1e-6 here, which leaves ten of its digits


def rounded(lr, eps=1e-6):
    """The rate for which the weight of a gradient is optax's, which that computes in float32."""
    return lambda step: float(np.float32(lr + eps) * np.sqrt(np.float32(step + 1))) / (step + 1) ** 0.5 - eps


def prodigyopt(_, ps, **options):
    from prodigyopt import Prodigy as Official

    return Official(ps, **options)


CASES = [
    Case("ftrl keras", FTRL.keras, "keras", lambda keras: keras.optimizers.Ftrl()),
    Case(
        "ftrl options",
        lambda ps: FTRL(
            ps, lr=0.1, lr_power=-0.7, initial_accumulator=0.5, l1=0.1, l2=0.2, l2_shrinkage=0.3, lr_beta=0.4
        ),
        "keras",
        lambda keras: keras.optimizers.Ftrl(0.1, -0.7, 0.5, 0.1, 0.2, 0.3, 0.4),
    ),
    Case(
        "madgrad optax",
        lambda ps: MADGRAD.optax(ps, lr=rounded(0.01)),
        "optax",
        lambda optax: optax.contrib.madgrad(0.01),
    ),
    Case(
        "madgrad options",
        lambda ps: MADGRAD(ps, lr=rounded(0.1, 1e-3), momentum=0.5, eps=1e-3, weight_decay=0.1),
        "optax",
        lambda optax: optax.contrib.madgrad(0.1, momentum=0.5, eps=1e-3, weight_decay=0.1),
    ),
    Case("prodigy optax", Prodigy.optax, "optax", lambda optax: optax.contrib.prodigy(), EARLY),
    Case(
        "prodigy options",
        lambda ps: Prodigy.optax(
            ps, lr=0.5, beta1=0.8, beta2=0.99, beta3=0.9, eps=1e-3, d0=1e-3, d_coef=2.0, weight_decay=0.1
        ),
        "optax",
        lambda optax: optax.contrib.prodigy(
            0.5, (0.8, 0.99), 0.9, eps=1e-3, estim_lr0=1e-3, estim_lr_coef=2.0, weight_decay=0.1
        ),
    ),
    Case(
        "prodigy safeguard",
        lambda ps: Prodigy.optax(ps, lr=0.5, d0=1e-3, safeguard_warmup=True),
        "optax",
        lambda optax: optax.contrib.prodigy(0.5, estim_lr0=1e-3, safeguard_warmup=True),
    ),
    Case("prodigy official", Prodigy, "prodigyopt", prodigyopt, EARLY),
    Case(
        "prodigy official decay",
        lambda ps: Prodigy(ps, d0=1e-3, weight_decay=0.1),
        "prodigyopt",
        lambda torch, ps: prodigyopt(torch, ps, d0=1e-3, weight_decay=0.1),
    ),
    Case("dog optax", DoG.optax, "optax", lambda optax: optax.contrib.dog()),
    Case(
        "dog options",
        lambda ps: DoG(ps, lr=2.0, first=1e-2, eps=1.0, weight_decay=0.1),
        "optax",
        lambda optax: optax.contrib.dog(2.0, ("heuristic", 1e-2), 1.0, 0.1),
    ),
    Case("dowg optax", DoWG.optax, "optax", lambda optax: optax.contrib.dowg()),
    Case(
        "dowg options",
        lambda ps: DoWG(ps, lr=2.0, first=1e-2, eps=1.0, weight_decay=0.1),
        "optax",
        lambda optax: optax.contrib.dowg(2.0, 1e-2, 1.0, 0.1),
    ),
]

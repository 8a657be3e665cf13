"""Rules that keep running squares by row and column."""

import math

import numpy as np

from optimizers.cases import Case
from tinygrad_opt.optim import SM3, Adafactor

SHAPES = ((5,), (4, 3), (2, 3, 4))
SINGLE = 1e-5  # Keras computes means in float32


def rounded(step, beta2_decay=-0.8):
    """The exponent that gives the share of the newest square as optax computes it, in float32."""
    one, t = np.float32(1), np.float32(step + 1)
    share = float(one - (one - t**beta2_decay))
    return math.log(share) / math.log(step + 1) if step else beta2_decay


CASES = [
    Case("adafactor torch", Adafactor.torch, "torch", lambda torch, ps: torch.optim.Adafactor(ps), shapes=SHAPES),
    Case(
        "adafactor torch options",
        lambda ps: Adafactor.torch(ps, lr=0.5, beta2_decay=-0.6, eps2=0.5, clip=1.3, weight_decay=0.1),
        "torch",
        lambda torch, ps: torch.optim.Adafactor(ps, lr=0.5, beta2_decay=-0.6, eps=(None, 0.5), d=1.3, weight_decay=0.1),
    ),
    Case("adafactor keras", Adafactor.keras, "keras", lambda keras: keras.optimizers.Adafactor(), SINGLE, SHAPES),
    Case(
        "adafactor keras options",
        lambda ps: Adafactor.keras(ps, lr=0.5, beta2_decay=-0.6, eps1=1e-3, eps2=0.5, clip=0.7),
        "keras",
        lambda keras: keras.optimizers.Adafactor(
            0.5, beta_2_decay=-0.6, epsilon_1=1e-3, epsilon_2=0.5, clip_threshold=0.7
        ),
        rtol=SINGLE,
    ),
    Case(
        "adafactor optax factored",
        lambda ps: Adafactor.optax(ps, lr=0.3, min_size=1, beta2_decay=rounded),
        "optax",
        lambda optax: optax.adafactor(0.3, min_dim_size_to_factor=1),
    ),
    Case(
        "adafactor optax small",
        lambda ps: Adafactor.optax(ps, beta2_decay=rounded),
        "optax",
        lambda optax: optax.adafactor(0.01),
    ),
    Case(
        "adafactor optax weight decay",
        lambda ps: Adafactor.optax(ps, lr=0.3, min_size=1, weight_decay=0.01, beta2_decay=rounded),
        "optax",
        lambda optax: optax.adafactor(0.3, min_dim_size_to_factor=1, weight_decay_rate=0.01),
    ),
    Case("sm3 optax", SM3.optax, "optax", lambda optax: optax.sm3(0.1), shapes=SHAPES),
    Case(
        "sm3 momentum",
        lambda ps: SM3(ps, lr=0.01, momentum=0.5),
        "optax",
        lambda optax: optax.sm3(0.01, momentum=0.5),
        shapes=SHAPES,
    ),
]

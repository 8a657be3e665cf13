"""Relatives of Adam; Adan, which optax has with another weight, is tested beside its paper instead."""

from optimizers.cases import Case
from tinygrad_opt.optim import ADOPT, AdaBelief, AdEMAMix, Lion, Yogi

CASES = [
    Case("adabelief optax", lambda ps: AdaBelief.optax(ps, lr=0.01), "optax", lambda optax: optax.adabelief(0.01)),
    Case(
        "adabelief optax with eps",
        lambda ps: AdaBelief.optax(ps, eps=1e-3),
        "optax",
        lambda optax: optax.adabelief(1e-3, eps=1e-3, eps_root=1e-3),
    ),
    Case("yogi optax", lambda ps: Yogi.optax(ps), "optax", lambda optax: optax.yogi(0.01)),
    Case("ademamix optax", lambda ps: AdEMAMix.optax(ps), "optax", lambda optax: optax.contrib.ademamix(1e-3)),
    Case(
        "ademamix optax with a faster mean",
        lambda ps: AdEMAMix.optax(ps, beta3=0.99, alpha=2.0),
        "optax",
        lambda optax: optax.contrib.ademamix(1e-3, b3=0.99, alpha=2.0),
    ),
    Case("adopt optax", lambda ps: ADOPT.optax(ps, lr=0.01), "optax", lambda optax: optax.contrib.adopt(0.01)),
    Case(
        "adopt optax without clipping",
        lambda ps: ADOPT.optax(ps, lr=0.01, beta2=0.9, clip=False),
        "optax",
        lambda optax: optax.contrib.adopt(0.01, b2=0.9, use_clipping=False),
    ),
    Case("lion optax", lambda ps: Lion.optax(ps), "optax", lambda optax: optax.lion(1e-4)),
    Case(
        "lion optax with weight decay",
        lambda ps: Lion.optax(ps, lr=0.01, weight_decay=0.5),
        "optax",
        lambda optax: optax.lion(0.01, weight_decay=0.5),
    ),
    Case("lion keras", lambda ps: Lion.keras(ps), "keras", lambda keras: keras.optimizers.Lion()),
]

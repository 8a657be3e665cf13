"""Orthogonalized momentum, on wide and tall matrices."""

from optimizers.cases import Case
from tinygrad_opt.optim import Muon

SHAPES = ((4, 3), (3, 5))
HALF = 1e-3  # PyTorch iterates in bfloat16, with 8 bits
SINGLE = 1e-6  # Keras computes the norm in float32

CASES = [
    Case("muon optax", Muon.optax, "optax", lambda optax: optax.contrib.muon(1e-3), shapes=SHAPES),
    Case(
        "muon optax options",
        lambda ps: Muon.optax(ps, lr=0.02, momentum=0.9, weight_decay=0.1, nesterov=False, steps=4, eps=1e-2),
        "optax",
        lambda optax: optax.contrib.muon(0.02, beta=0.9, weight_decay=0.1, nesterov=False, ns_steps=4, eps=1e-2),
        shapes=SHAPES,
    ),
    Case(
        "muon optax rms",
        lambda ps: Muon.optax(ps, scale="rms"),
        "optax",
        lambda optax: optax.contrib.muon(1e-3, consistent_rms=0.2),
        shapes=SHAPES,
    ),
    Case("muon keras", Muon.keras, "keras", lambda keras: keras.optimizers.Muon(), SINGLE, SHAPES),
    Case(
        "muon keras options",
        lambda ps: Muon.keras(ps, lr=0.02, weight_decay=0.1, nesterov=False, scale="none"),
        "keras",
        lambda keras: keras.optimizers.Muon(0.02, weight_decay=0.1, nesterov=False, rms_rate=None),
        rtol=SINGLE,
        shapes=SHAPES,
    ),
    Case("muon torch", Muon.torch, "torch", lambda torch, ps: torch.optim.Muon(ps), rtol=HALF, shapes=SHAPES),
    Case(
        "muon torch rms",
        lambda ps: Muon.torch(ps, scale="rms", nesterov=False, weight_decay=0.0),
        "torch",
        lambda torch, ps: torch.optim.Muon(ps, adjust_lr_fn="match_rms_adamw", nesterov=False, weight_decay=0.0),
        rtol=HALF,
        shapes=SHAPES,
    ),
]

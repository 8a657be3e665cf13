"""Adam and its relatives."""

from optimizers.cases import Case
from tinygrad_opt.optim import Adam

CASES = [
    Case("adam torch", lambda ps: Adam(ps, lr=0.01), "torch", lambda torch, ps: torch.optim.Adam(ps, lr=0.01)),
    Case("adam optax", lambda ps: Adam(ps, lr=0.01), "optax", lambda optax: optax.adam(0.01)),
]

"""Rules whose steps are scaled by norms of the parameter and of its gradient."""

from optimizers.cases import Case
from tinygrad_opt.optim import LAMB, LARS, NovoGrad

CASES = [
    Case("lars optax", lambda ps: LARS.optax(ps, lr=3.0), "optax", lambda optax: optax.lars(3.0)),
    Case(
        "lars decay nesterov eps",
        lambda ps: LARS.optax(ps, weight_decay=0.1, nesterov=True, eps=0.1, trust=0.01, momentum=0.8),
        "optax",
        lambda optax: optax.lars(1.0, weight_decay=0.1, nesterov=True, eps=0.1, trust_coefficient=0.01, momentum=0.8),
    ),
    Case(
        "lars without the ratio",
        lambda ps: LARS.optax(ps, lr=0.01, adapt=False),
        "optax",
        lambda optax: optax.lars(0.01, trust_ratio_mask=False),
    ),
    Case("lamb optax", lambda ps: LAMB.optax(ps, lr=0.01), "optax", lambda optax: optax.lamb(0.01)),
    Case(
        "lamb optax decay",
        lambda ps: LAMB.optax(ps, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.99, eps=1e-3),
        "optax",
        lambda optax: optax.lamb(0.01, b1=0.8, b2=0.99, eps=1e-3, weight_decay=0.1),
    ),
    Case("lamb keras", lambda ps: LAMB.keras(ps, lr=0.01), "keras", lambda keras: keras.optimizers.Lamb(0.01)),
    Case(
        "lamb keras decay",
        lambda ps: LAMB.keras(ps, lr=0.01, weight_decay=0.1),
        "keras",
        lambda keras: keras.optimizers.Lamb(0.01, weight_decay=0.1),
    ),
    Case("novograd optax", lambda ps: NovoGrad.optax(ps), "optax", lambda optax: optax.novograd(0.01)),
    Case(
        "novograd decay",
        lambda ps: NovoGrad(ps, weight_decay=0.1, eps=1e-2),
        "optax",
        lambda optax: optax.novograd(0.01, b1=0.95, b2=0.98, eps=1e-2, weight_decay=0.1),
    ),
]

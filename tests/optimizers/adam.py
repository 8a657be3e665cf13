"""Adam and its variants."""

from optimizers.cases import Case
from tinygrad_opt.optim import Adam, Adamax, AdamW, AMSGrad, NAdam, RAdam

CASES = [
    Case("adam torch", lambda ps: Adam(ps, lr=0.01), "torch", lambda torch, ps: torch.optim.Adam(ps, lr=0.01)),
    Case(
        "adam torch with betas and eps",
        lambda ps: Adam.torch(ps, lr=0.01, beta1=0.8, beta2=0.95, eps=1e-3),
        "torch",
        lambda torch, ps: torch.optim.Adam(ps, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    ),
    Case("adam optax", lambda ps: Adam.optax(ps, lr=0.01), "optax", lambda optax: optax.adam(0.01)),
    Case(
        "adam optax, eps inside",
        lambda ps: Adam.optax(ps, lr=0.01, eps=1e-3, eps_mode="inside"),
        "optax",
        lambda optax: optax.adam(0.01, eps=0.0, eps_root=1e-3),
    ),
    Case("adam keras", lambda ps: Adam.keras(ps), "keras", lambda keras: keras.optimizers.Adam()),
    Case(
        "adam keras with eps",
        lambda ps: Adam.keras(ps, lr=0.01, eps=1e-3),
        "keras",
        lambda keras: keras.optimizers.Adam(0.01, epsilon=1e-3),
    ),
    Case(
        "adam eps of 1e-7",
        lambda ps: Adam.seed(ps, eps=1e-7),
        "torch",
        lambda torch, ps: torch.optim.Adam(ps, eps=1e-7),
    ),
    Case("adam slides", lambda ps: Adam.seed(ps), "torch", lambda torch, ps: torch.optim.Adam(ps)),
    Case("adamw torch", lambda ps: AdamW.torch(ps), "torch", lambda torch, ps: torch.optim.AdamW(ps)),
    Case(
        "adamw torch with weight decay",
        lambda ps: AdamW.torch(ps, lr=0.01, weight_decay=0.5),
        "torch",
        lambda torch, ps: torch.optim.AdamW(ps, lr=0.01, weight_decay=0.5),
    ),
    Case("adamw keras", lambda ps: AdamW.keras(ps), "keras", lambda keras: keras.optimizers.AdamW()),
    Case(
        "adamw keras with weight decay",
        lambda ps: AdamW.keras(ps, lr=0.01, weight_decay=0.5),
        "keras",
        lambda keras: keras.optimizers.AdamW(0.01, weight_decay=0.5),
    ),
    Case("adamw optax", lambda ps: AdamW.optax(ps, lr=0.01), "optax", lambda optax: optax.adamw(0.01)),
    Case(
        "amsgrad torch",
        lambda ps: AMSGrad.torch(ps, lr=0.01, beta2=0.9),
        "torch",
        lambda torch, ps: torch.optim.Adam(ps, lr=0.01, betas=(0.9, 0.9), amsgrad=True),
    ),
    Case(
        "amsgrad keras",
        lambda ps: AMSGrad.keras(ps, lr=0.01, eps=1e-3),
        "keras",
        lambda keras: keras.optimizers.Adam(0.01, epsilon=1e-3, amsgrad=True),
    ),
    Case("amsgrad optax", lambda ps: AMSGrad.optax(ps, lr=0.01), "optax", lambda optax: optax.amsgrad(0.01)),
    Case("adamax torch", lambda ps: Adamax.torch(ps), "torch", lambda torch, ps: torch.optim.Adamax(ps)),
    Case(
        "adamax torch with eps",
        lambda ps: Adamax.torch(ps, lr=0.01, eps=0.1),
        "torch",
        lambda torch, ps: torch.optim.Adamax(ps, lr=0.01, eps=0.1),
    ),
    Case("adamax keras", lambda ps: Adamax.keras(ps), "keras", lambda keras: keras.optimizers.Adamax()),
    Case(
        "adamax keras with eps",
        lambda ps: Adamax.keras(ps, eps=0.1),
        "keras",
        lambda keras: keras.optimizers.Adamax(epsilon=0.1),
    ),
    Case("adamax optax", lambda ps: Adamax.optax(ps), "optax", lambda optax: optax.adamax(0.002)),
    # PyTorch keeps the product of the momenta in float32: with that rounding put into ours, both agree to 1e-14.
    Case("nadam torch", lambda ps: NAdam.torch(ps), "torch", lambda torch, ps: torch.optim.NAdam(ps), 1e-9),
    Case(
        "nadam torch with momentum_decay",
        lambda ps: NAdam.torch(ps, lr=0.01, momentum_decay=0.1, eps=1e-3),
        "torch",
        lambda torch, ps: torch.optim.NAdam(ps, lr=0.01, momentum_decay=0.1, eps=1e-3),
        1e-7,
    ),
    Case("nadam keras", lambda ps: NAdam.keras(ps), "keras", lambda keras: keras.optimizers.Nadam()),
    Case("nadam optax", lambda ps: NAdam.optax(ps), "optax", lambda optax: optax.nadam(0.002)),
    Case("radam torch", lambda ps: RAdam.torch(ps, lr=0.01), "torch", lambda torch, ps: torch.optim.RAdam(ps, lr=0.01)),
    Case(
        "radam torch with eps and beta2",
        lambda ps: RAdam.torch(ps, beta2=0.9, eps=1e-3),
        "torch",
        lambda torch, ps: torch.optim.RAdam(ps, betas=(0.9, 0.9), eps=1e-3),
    ),
    Case("radam optax", lambda ps: RAdam.optax(ps, lr=0.01), "optax", lambda optax: optax.radam(0.01)),
    Case(
        "radam optax with eps and threshold",
        lambda ps: RAdam.optax(ps, lr=0.01, eps=1e-3, threshold=8.0),
        "optax",
        lambda optax: optax.radam(0.01, eps=1e-3, threshold=8.0),
    ),
]

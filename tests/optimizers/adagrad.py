"""Adagrad and Adadelta."""

from optimizers.cases import Case
from tinygrad_opt.optim import Adadelta, Adagrad

CASES = [
    Case("adagrad torch", lambda ps: Adagrad.torch(ps), "torch", lambda torch, ps: torch.optim.Adagrad(ps)),
    Case(
        "adagrad torch with lr_decay and a start",
        lambda ps: Adagrad.torch(ps, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.1, eps=1e-3),
        "torch",
        lambda torch, ps: torch.optim.Adagrad(ps, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.1, eps=1e-3),
    ),
    Case("adagrad keras", lambda ps: Adagrad.keras(ps), "keras", lambda keras: keras.optimizers.Adagrad()),
    Case(
        "adagrad keras with eps",
        lambda ps: Adagrad.keras(ps, lr=0.1, eps=1e-3),
        "keras",
        lambda keras: keras.optimizers.Adagrad(0.1, epsilon=1e-3),
    ),
    Case("adagrad optax", lambda ps: Adagrad.optax(ps, lr=0.1), "optax", lambda optax: optax.adagrad(0.1)),
    Case(
        "adagrad slides",
        lambda ps: Adagrad.seed(ps),
        "torch",
        lambda torch, ps: torch.optim.Adagrad(ps, eps=1e-7),
    ),
    Case(
        "adagrad eps inside, start at 0",
        lambda ps: Adagrad(ps, eps=1e-7, eps_mode="inside"),
        "optax",
        lambda optax: optax.adagrad(0.01, initial_accumulator_value=0.0, eps=1e-7),
    ),
    Case("adadelta torch", lambda ps: Adadelta.torch(ps), "torch", lambda torch, ps: torch.optim.Adadelta(ps)),
    Case(
        "adadelta torch with rho and eps",
        lambda ps: Adadelta.torch(ps, lr=0.5, rho=0.95, eps=1e-5),
        "torch",
        lambda torch, ps: torch.optim.Adadelta(ps, lr=0.5, rho=0.95, eps=1e-5),
    ),
    Case(
        "adadelta slides",
        lambda ps: Adadelta.seed(ps),
        "torch",
        lambda torch, ps: torch.optim.Adadelta(ps, eps=1e-5),
    ),
    Case("adadelta keras", lambda ps: Adadelta.keras(ps), "keras", lambda keras: keras.optimizers.Adadelta()),
    Case("adadelta optax", lambda ps: Adadelta.optax(ps, lr=0.5), "optax", lambda optax: optax.adadelta(0.5)),
]

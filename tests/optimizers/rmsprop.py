"""RMSprop in its many forms."""

from optimizers.cases import Case
from tinygrad_opt.optim import RMSprop


def in_torch(name, **options):
    theirs = {{"rho": "alpha"}.get(key, key): value for key, value in options.items()}
    return Case(
        f"rmsprop torch {name}",
        lambda ps: RMSprop.torch(ps, **options),
        "torch",
        lambda torch, ps: torch.optim.RMSprop(ps, **theirs),
    )


def in_keras(name, **options):
    theirs = {{"eps": "epsilon", "lr": "learning_rate"}.get(key, key): value for key, value in options.items()}
    return Case(
        f"rmsprop keras {name}",
        lambda ps: RMSprop.keras(ps, **options),
        "keras",
        lambda keras: keras.optimizers.RMSprop(**theirs),
    )


def in_optax(name, rtol=1e-12, **options):
    words = {"rho": "decay", "eps_mode": "eps_in_sqrt"}
    theirs = {words.get(key, key): value == "inside" if key == "eps_mode" else value for key, value in options.items()}
    return Case(
        f"rmsprop optax {name}",
        lambda ps: RMSprop.optax(ps, lr=0.01, **options),
        "optax",
        lambda optax: optax.rmsprop(0.01, **theirs),
        rtol,
    )


CASES = [
    in_torch("defaults"),
    in_torch("eps of 1e-7", eps=1e-7),
    in_torch("centered", centered=True),
    in_torch("momentum", momentum=0.9, lr=1e-3),
    in_torch("centered, momentum, eps", centered=True, momentum=0.5, rho=0.9, eps=1e-3),
    in_keras("defaults"),
    in_keras("centered", centered=True, eps=1e-3),
    in_keras("momentum", momentum=0.9),
    in_keras("centered, momentum", centered=True, momentum=0.5, lr=0.01),
    in_optax("defaults"),
    in_optax("rho of 0.95, eps inside", rho=0.95, eps_mode="inside"),
    in_optax("eps outside", eps_mode="outside", eps=1e-3),
    in_optax("eps inside", eps=1e-3),
    in_optax("centered, momentum", centered=True, momentum=0.9),
    in_optax("start at 1", initial_scale=1.0, rho=0.95),
    # At the first step the corrected variance is the difference of two equal numbers, and rounding is all of it.
    in_optax("bias corrected, centered", bias_correction=True, centered=True, eps=1e-3, rtol=1e-10),
    Case(
        "rmsprop slides",
        lambda ps: RMSprop.seed(ps, lr=0.01),
        "torch",
        lambda torch, ps: torch.optim.RMSprop(ps, eps=1e-8),
    ),
    Case(
        "rmsprop bias corrected",
        lambda ps: RMSprop(ps, lr=0.01, rho=0.95, bias_correction=True),
        "optax",
        lambda optax: optax.rmsprop(0.01, decay=0.95, eps_in_sqrt=False, bias_correction=True),
    ),
    Case(
        "rmsprop momentum while lr falls, lr in the buffer",
        lambda ps: RMSprop.optax(ps, lr=lambda step: 0.1 / (1 + step), momentum=0.9),
        "optax",
        lambda optax: optax.rmsprop(lambda step: 0.1 / (1 + step), momentum=0.9),
    ),
]

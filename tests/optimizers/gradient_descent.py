"""Gradient descent, momentum in all its forms, averages and signs, Rprop and Polyak's step."""

from optimizers.cases import Case
from tinygrad_opt.optim import ASGD, SGD, Momentum, Nesterov, PolyakSGD, Rprop, SignSGD, Signum


def halving(step):
    """A falling rate that float32 has exactly, in which optax computes it."""
    return 0.125 * 0.5 ** (step // 10)


def torch_sgd(**settings):
    return lambda torch, ps: torch.optim.SGD(ps, **settings)


def keras_sgd(**settings):
    return lambda keras: keras.optimizers.SGD(**settings)


def falling(keras):
    return keras.optimizers.schedules.ExponentialDecay(0.125, 10, 0.5, staircase=True)


CASES = [
    Case("sgd torch preset", SGD.torch, "torch", torch_sgd()),
    Case("sgd keras preset", SGD.keras, "keras", keras_sgd()),
    Case("sgd optax preset", lambda ps: SGD.optax(ps, lr=0.02), "optax", lambda optax: optax.sgd(0.02)),
    Case("momentum torch", Momentum, "torch", torch_sgd(lr=0.01, momentum=0.9)),
    Case(
        "dampening torch",
        lambda ps: SGD.torch(ps, momentum=0.8, dampening=0.3),
        "torch",
        torch_sgd(momentum=0.8, dampening=0.3),
    ),
    Case(
        "average of gradients torch",
        lambda ps: Momentum.seed(ps, lr=0.1),
        "torch",
        torch_sgd(lr=0.1 * (1 - 0.9), momentum=0.9),
    ),
    Case("nesterov torch", Nesterov.torch, "torch", torch_sgd(lr=1e-3, momentum=0.9, nesterov=True)),
    Case(
        "average of gradients, nesterov torch",
        lambda ps: Nesterov(ps, lr=0.1, momentum_form="ewma"),
        "torch",
        torch_sgd(lr=0.1 * (1 - 0.9), momentum=0.9, nesterov=True),
    ),
    Case("momentum keras", lambda ps: SGD.keras(ps, momentum=0.9), "keras", keras_sgd(momentum=0.9)),
    Case("nesterov keras", Nesterov.keras, "keras", keras_sgd(momentum=0.9, nesterov=True)),
    Case("momentum optax", Momentum.optax, "optax", lambda optax: optax.sgd(0.01, momentum=0.9)),
    Case(
        "nesterov, falling rate optax",
        lambda ps: Nesterov(ps, lr=halving),
        "optax",
        lambda optax: optax.sgd(halving, momentum=0.9, nesterov=True),
    ),
    Case(
        "velocity, falling rate keras",
        lambda ps: SGD.keras(ps, lr=halving, momentum=0.9),
        "keras",
        lambda keras: keras.optimizers.SGD(falling(keras), momentum=0.9),
    ),
    # PyTorch keeps the falling rate in float32, which has 0.01 only to 2e-8, and the walks part by up
    # to 6e-7 where they are near zero; it has 1/64 exactly
    Case("asgd torch preset", ASGD.torch, "torch", lambda torch, ps: torch.optim.ASGD(ps), rtol=1e-6),
    Case(
        "asgd torch, falling fast",
        lambda ps: ASGD(ps, lr=0.1, lambd=0.5, alpha=0.6, t0=3),
        "torch",
        lambda torch, ps: torch.optim.ASGD(ps, lr=0.1, lambd=0.5, alpha=0.6, t0=3),
        rtol=1e-6,
    ),
    Case(
        "asgd torch, a constant rate",
        lambda ps: ASGD(ps, lr=1 / 64, lambd=0.5, alpha=0),
        "torch",
        lambda torch, ps: torch.optim.ASGD(ps, lr=1 / 64, lambd=0.5, alpha=0),
    ),
    Case("signsgd optax", lambda ps: SignSGD.optax(ps, lr=0.02), "optax", lambda optax: optax.sign_sgd(0.02)),
    Case("signum optax", lambda ps: Signum.optax(ps, lr=0.02), "optax", lambda optax: optax.signum(0.02)),
    Case("signum optax, beta", lambda ps: Signum(ps, beta=0.5), "optax", lambda optax: optax.signum(1e-3, beta=0.5)),
    Case("rprop torch preset", Rprop.torch, "torch", lambda torch, ps: torch.optim.Rprop(ps)),
    Case(
        "rprop torch, bounds",
        lambda ps: Rprop(ps, lr=0.05, eta_minus=0.3, eta_plus=1.5, step_min=0.04, step_max=0.2),
        "torch",
        lambda torch, ps: torch.optim.Rprop(ps, lr=0.05, etas=(0.3, 1.5), step_sizes=(0.04, 0.2)),
    ),
    # optax' scaling is not our lr: it scales the gradient before its norm is taken
    Case(
        "polyak optax",
        lambda ps: PolyakSGD.optax(ps, max_lr=0.2, f_min=1.5, eps=0.1),
        "optax",
        lambda optax: optax.polyak_sgd(max_learning_rate=0.2, f_min=1.5, eps=0.1),
    ),
    Case(
        "polyak optax, the minimum overestimated",
        lambda ps: PolyakSGD(ps, f_min=5.0),
        "optax",
        lambda optax: optax.polyak_sgd(f_min=5.0, variant="sps+"),
    ),
]

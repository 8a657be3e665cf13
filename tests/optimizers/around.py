"""What stands around a rule: clipping, decay, constraints; and wrappers."""

from typing import NamedTuple

from optimizers.cases import Case
from tinygrad_opt.optim import (
    L2,
    Accumulate,
    Adam,
    AdaptiveClip,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    DecoupledDecay,
    Lookahead,
    MaxNorm,
    MinMaxNorm,
    NonNegative,
    Optimizer,
    Rate,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
    UnitNorm,
)

MATRICES = ((4, 3), (3, 5))  # what needs an axis of its own in the library


class Descent(Optimizer):
    """The plainest rule, which shows best what stands around it."""

    lr: Rate = 0.05

    @staticmethod
    def rule(h, t, p, g):
        return p - h.lr * g


class Before(NamedTuple):
    """PyTorch's functions of gradients, called before every step."""

    optimizer: object
    change: object

    def step(self):
        self.change()
        self.optimizer.step()


class Projected:
    """Keras' constraints belong to variables, not to its optimizers."""

    def __init__(self, optimizer, constraint):
        self.optimizer, self.constraint = optimizer, constraint

    def apply(self, gradients, params):
        self.optimizer.apply(gradients, params)
        for p in params:
            p.assign(self.constraint(p.value))


def adam(*transforms):
    return lambda ps: Adam(ps, lr=0.01, transforms=transforms)


def descent(*transforms):
    return lambda ps: Descent(ps, transforms=transforms)


def constrained(constraint):
    return lambda ps: Descent(ps, constraints=[constraint])


def torch_clipped(name, *limits):
    def theirs(torch, ps):
        clip = getattr(torch.nn.utils, name)
        return Before(torch.optim.Adam(ps, lr=0.01), lambda: clip(ps, *limits))

    return theirs


def torch_clipped_each(torch, ps):
    def clip():
        for p in ps:
            torch.nn.utils.clip_grad_norm_([p], 0.3)

    return Before(torch.optim.Adam(ps, lr=0.01), clip)


def keras_sgd(**settings):
    return lambda keras: keras.optimizers.SGD(learning_rate=0.05, **settings)


def projected(name, **settings):
    return lambda keras: Projected(keras_sgd()(keras), getattr(keras.constraints, name)(**settings))


def optax_descent(name, *args, **kwargs):
    return lambda optax: optax.chain(getattr(optax, name)(*args, **kwargs), optax.sgd(0.05))


def optax_lookahead(optax):
    """optax's walks pairs of fast and slow parameters; here the slow ones are part of its state."""
    inner = optax.lookahead(optax.adam(0.01), 5, 0.5)

    def init(params):
        both = optax.LookaheadParams.init_synced(params)
        return inner.init(both), both

    def update(gradients, state, params):
        own, both = state
        updates, own = inner.update(gradients, own, both)
        return updates.fast, (own, optax.apply_updates(both, updates))

    return optax.GradientTransformation(init, update)


def optax_schedule_free(name, **settings):
    return lambda optax: getattr(optax.contrib, name)(**settings)


def keras_schedule_free(**settings):
    return lambda keras: keras.optimizers.ScheduleFreeAdamW(learning_rate=0.01, **settings)


CASES = [
    Case("value torch", adam(ClipValue(0.2)), "torch", torch_clipped("clip_grad_value_", 0.2)),
    Case("value keras", descent(ClipValue(0.2)), "keras", keras_sgd(clipvalue=0.2)),
    Case("norm torch", adam(ClipNorm(0.3, eps=1e-6)), "torch", torch_clipped_each),
    Case("norm keras", descent(ClipNorm(0.3)), "keras", keras_sgd(clipnorm=0.3)),
    Case("global torch", adam(ClipGlobalNorm(0.5, eps=1e-6)), "torch", torch_clipped("clip_grad_norm_", 0.5)),
    Case("global keras", descent(ClipGlobalNorm(0.5)), "keras", keras_sgd(global_clipnorm=0.5)),
    Case("global optax", descent(ClipGlobalNorm(0.5)), "optax", optax_descent("clip_by_global_norm", 0.5)),
    Case(
        "adaptive optax",
        descent(AdaptiveClip(0.05)),
        "optax",
        optax_descent("adaptive_grad_clip", 0.05, axis=1),
        shapes=MATRICES,
    ),
    Case(
        "adaptive optax axis 0",
        descent(AdaptiveClip(0.05, axis=0)),
        "optax",
        optax_descent("adaptive_grad_clip", 0.05, axis=0),
        shapes=MATRICES,
    ),
    Case("L2 torch", adam(L2(0.1)), "torch", lambda torch, ps: torch.optim.Adam(ps, lr=0.01, weight_decay=0.1)),
    Case(
        "decay torch",
        adam(DecoupledDecay(0.1)),
        "torch",
        lambda torch, ps: torch.optim.AdamW(ps, lr=0.01, weight_decay=0.1),
    ),
    Case("decay keras", descent(DecoupledDecay(0.1)), "keras", keras_sgd(weight_decay=0.1)),
    Case(
        "clip, then decay keras",
        descent(ClipGlobalNorm(0.5), DecoupledDecay(0.1)),
        "keras",
        keras_sgd(global_clipnorm=0.5, weight_decay=0.1),
    ),
    Case("non-negative keras", constrained(NonNegative()), "keras", projected("NonNeg")),
    Case(
        "max norm keras",
        constrained(MaxNorm(0.7, axis=0)),
        "keras",
        projected("MaxNorm", max_value=0.7),
        shapes=MATRICES,
    ),
    Case(
        "max norm keras (out, in)",
        constrained(MaxNorm(0.7)),
        "keras",
        projected("MaxNorm", max_value=0.7, axis=1),
        shapes=MATRICES,
    ),
    Case("unit norm keras", constrained(UnitNorm()), "keras", projected("UnitNorm", axis=1), shapes=MATRICES),
    Case(
        "min max norm keras",
        constrained(MinMaxNorm(0.8, 0.9, 0.3)),
        "keras",
        projected("MinMaxNorm", min_value=0.8, max_value=0.9, rate=0.3, axis=1),
        shapes=MATRICES,
    ),
    Case("lookahead optax", lambda ps: Lookahead(Adam(ps, lr=0.01)), "optax", optax_lookahead),
    Case(
        "accumulate optax",
        lambda ps: Accumulate(Adam(ps, lr=0.01), 4),
        "optax",
        lambda optax: optax.MultiSteps(optax.adam(0.01), 4, accumulator_dtype="float64").gradient_transformation(),
    ),
    Case(
        "schedule-free sgd optax",
        lambda ps: ScheduleFreeSGD.optax(ps, lr=0.1),
        "optax",
        optax_schedule_free("schedule_free_sgd", learning_rate=0.1),
    ),
    Case(
        "schedule-free adamw optax",
        lambda ps: ScheduleFreeAdamW.optax(ps, lr=0.01, weight_decay=0.1),
        "optax",
        optax_schedule_free("schedule_free_adamw", learning_rate=0.01, weight_decay=0.1),
    ),
    Case("schedule-free adamw keras", lambda ps: ScheduleFreeAdamW.keras(ps, lr=0.01), "keras", keras_schedule_free()),
]

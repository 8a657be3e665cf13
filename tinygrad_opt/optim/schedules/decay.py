"""Schedules that go down: by steps, exponentially, as 1/t, by a power, along a cosine.

What the libraries call them, and where they differ (t counts from 0 before the first update):

======================  ==========================================  =========================================
ours                    libraries                                   where they differ
======================  ==========================================  =========================================
step                    torch StepLR; keras ExponentialDecay,       all: new rate at t = every
                        staircase; optax exponential_decay
multi_step, piecewise   torch MultiStepLR, optax                    at a milestone: the new rate, ``at="new"``
                        piecewise_constant_schedule
                        keras PiecewiseConstantDecay                at a boundary: still the old, ``at="old"``
exponential             torch ExponentialLR; keras                  torch: gamma for each step; keras, optax:
                        ExponentialDecay; optax exponential_decay   rate for steps of them
inverse_time            keras InverseTimeDecay                      only keras has it
polynomial, linear      torch PolynomialLR, LinearLR; keras         after steps: all hold the end; keras
                        PolynomialDecay; optax                      ``cycle`` starts longer rounds; its end is
                        polynomial_schedule, linear_schedule        1e-4, elsewhere 0
cosine                  torch CosineAnnealingLR                     after steps: back up, ``after="oscillate"``
                        keras CosineDecay, optax                    after steps: held, ``after="hold"``; their
                        cosine_decay_schedule                       alpha is end / lr; optax's exponent: power
======================  ==========================================  =========================================
"""

from __future__ import annotations

import bisect
import math
from typing import Literal

from .arguments import Boundaries, Count, Positive, Rate, Rates
from .schedule import between, progress, schedule


@schedule
def constant(t: int, lr: Rate) -> float:
    """The same rate for ever.

    >>> constant(0.1).values(3)
    array([0.1, 0.1, 0.1])
    """
    return lr


@schedule
def step(t: int, lr: Rate, *, every: Count, factor: Rate = 0.1) -> float:
    """Times factor after every so many updates: lr * factor**floor(t / every).

    >>> step(0.1, every=2, factor=0.5).values(5)  # halved every two
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """
    return lr * factor ** (t // every)


@schedule
def multi_step(
    t: int, lr: Rate, *, milestones: Boundaries, factor: Rate = 0.1, at: Literal["new", "old"] = "new"
) -> float:
    """Times factor at each milestone; at says which rate the milestone itself has.

    >>> multi_step(1.0, milestones=[1, 3]).values(4), multi_step(1.0, milestones=[1, 3], at="old").values(4)
    (array([1.  , 0.1 , 0.1 , 0.01]), array([1. , 1. , 0.1, 0.1]))
    """
    return lr * factor ** passed(t, milestones, at)


@schedule
def piecewise(t: int, values: Rates, *, boundaries: Boundaries, at: Literal["new", "old"] = "new") -> float:
    """values[0] up to the first boundary, values[1] up to the second, ...; at says which a boundary itself has.

    Raises ValueError unless there is one value more than boundaries.

    >>> piecewise([0.1, 0.5, 0.2], boundaries=[1, 3]).values(4)
    array([0.1, 0.5, 0.5, 0.2])
    """
    if len(values) != len(boundaries) + 1:
        raise ValueError(
            f"piecewise: values must be one more than boundaries; got {len(values)} values, "
            f"{len(boundaries)} boundaries"
        )
    return values[passed(t, boundaries, at)]


def passed(t: int, boundaries: Boundaries, at: Literal["new", "old"]) -> int:
    """How many boundaries t has behind it; one that it stands on counts where at is "new"."""
    return bisect.bisect_right(boundaries, t) if at == "new" else bisect.bisect_left(boundaries, t)


@schedule
def exponential(
    t: int,
    lr: Rate,
    *,
    k: Rate | None = None,
    factor: Positive | None = None,
    steps: Count = 1,
    staircase: bool = False,
) -> float:
    """lr * exp(-k t / steps), or lr * factor**(t / steps): give k or factor.

    staircase takes t / steps without its fraction, as step does.

    >>> exponential(0.1, k=0.5).values(3), exponential(0.1, factor=0.5).values(3)
    (array([0.1       , 0.06065307, 0.03678794]), array([0.1  , 0.05 , 0.025]))
    """
    x = t // steps if staircase else t / steps
    if k is not None and factor is None:
        return lr * math.exp(-k * x)
    if factor is not None and k is None:
        return lr * factor**x
    raise ValueError(f"exponential: give k, for exp(-k t), or factor, for factor**t; got k={k}, factor={factor}")


@schedule
def inverse_time(t: int, lr: Rate, *, k: Rate, steps: Count = 1, staircase: bool = False) -> float:
    """lr / (1 + k t / steps), the 1/t decay; staircase takes t / steps without its fraction.

    >>> inverse_time(0.1, k=1).values(4)
    array([0.1       , 0.05      , 0.03333333, 0.025     ])
    """
    return lr / (1 + k * (t // steps if staircase else t / steps))


@schedule
def polynomial(t: int, lr: Rate, *, steps: Count, end: Rate = 0.0, power: Positive = 1.0, cycle: bool = False) -> float:
    """From lr to end in so many steps: end + (lr - end) * (1 - t / steps)**power, then end.

    With cycle the way is stretched to the next multiple of steps whenever its end is passed, so the rate
    jumps up and goes down again.

    >>> polynomial(1.0, steps=4, power=2).values(6)
    array([1.    , 0.5625, 0.25  , 0.0625, 0.    , 0.    ])
    """
    rounds = max(1, -(-t // steps)) if cycle else 1
    return between(end, lr, (1 - progress(t, 0, rounds * steps)) ** power)


@schedule
def linear(t: int, start: Rate, *, end: Rate, steps: Count) -> float:
    """From start to end, up or down, in so many equal steps, then end.

    >>> linear(0.0, end=1.0, steps=4).values(6)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ])
    """
    return between(start, end, progress(t, 0, steps))


@schedule
def cosine(
    t: int,
    lr: Rate,
    *,
    steps: Count,
    end: Rate = 0.0,
    power: Positive = 1.0,
    after: Literal["hold", "oscillate"] = "hold",
) -> float:
    """From lr to end along half a cosine: end + (lr - end) * ((1 + cos(pi t / steps)) / 2)**power.

    After so many steps the rate is held at end, or oscillates: back up to lr at 2 steps, and so on.
    Loshchilov & Hutter, SGDR, 2017, equation 5, arXiv:1608.03983, without the restarts.

    >>> cosine(1.0, steps=2, end=0.5).values(4), cosine(1.0, steps=2, end=0.5, after="oscillate").values(4)
    (array([1.  , 0.75, 0.5 , 0.5 ]), array([1.  , 0.75, 0.5 , 0.75]))
    """
    x = min(t, steps) if after == "hold" else t
    return between(end, lr, ((1 + math.cos(math.pi * x / steps)) / 2) ** power)


@schedule
def noam(t: int, d_model: Count, *, warmup: Count, scale: Rate = 1.0) -> float:
    """The Transformer's: scale * d_model**-0.5 * min(s**-0.5, s * warmup**-1.5), with s = t + 1.

    It rises for warmup updates, then falls as 1 / sqrt(s). Vaswani et al., 2017, equation 3, arXiv:1706.03762.

    >>> noam(4, warmup=4).values(5)
    array([0.0625   , 0.125    , 0.1875   , 0.25     , 0.2236068])
    """
    s = t + 1
    return scale / math.sqrt(d_model) * min(1 / math.sqrt(s), s / warmup / math.sqrt(warmup))

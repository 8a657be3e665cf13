"""Schedules made of schedules: a warm-up before one, several in a row, a product, limits.

Wherever a schedule is taken, a number will do.

======================  ==========================================  =========================================
ours                    libraries                                   where they differ
======================  ==========================================  =========================================
warmup                  keras CosineDecay(warmup_steps=)            decay_steps counts after the warm-up:
                                                                    ``cosine(peak, steps=decay_steps)``
                        optax warmup_cosine_decay_schedule          decay_steps counts the warm-up too:
                                                                    ``steps=decay_steps - warmup_steps``
                        torch LinearLR                              alone: ``warmup(lr, start=lr / 3, steps=5)``
join                    torch SequentialLR, optax join_schedules    each counts from its boundary, restart=True
scale                   torch ChainedScheduler, LambdaLR            all multiply
clip                    optax exponential_decay(end_value=)         others have no bound
======================  ==========================================  =========================================
"""

from __future__ import annotations

import bisect

from .arguments import Boundaries, Count, Rate
from .schedule import AllScheduled, Scheduled, between, rate, schedule


@schedule
def warmup(t: int, base: Scheduled, *, steps: Count, start: Rate = 0.0, restart: bool = True) -> float:
    """A line from start, at t = 0, to the base's rate, reached exactly at t = steps; then the base.

    restart True: the base counts from the end of the warm-up and loses nothing of its course;
    False: it counts from the first update, and the warm-up hides its beginning.
    With start 0 the first update stands still. Goyal et al., 2017, section 2.2, arXiv:1706.02677.

    >>> from tinygrad_opt.optim.schedules import cosine
    >>> warmup(cosine(1.0, steps=4), steps=2).values(7)
    array([0.        , 0.5       , 1.        , 0.85355339, 0.5       ,
           0.14644661, 0.        ])
    >>> warmup(cosine(1.0, steps=4), steps=2, restart=False).values(5)
    array([0.        , 0.25      , 0.5       , 0.14644661, 0.        ])
    """
    hidden = 0 if restart else steps
    if t >= steps:
        return rate(base, t - steps + hidden)
    return between(start, rate(base, hidden), t / steps)


@schedule
def join(t: int, schedules: AllScheduled, *, boundaries: Boundaries, restart: bool = True) -> float:
    """The first schedule up to the first boundary, from there the second, ...

    restart True: each counts from its own boundary; False: all count from the first update.
    Raises ValueError unless there is one schedule more than boundaries.

    >>> from tinygrad_opt.optim.schedules import linear
    >>> join([0.1, linear(1.0, end=0.0, steps=2)], boundaries=[2]).values(6)
    array([0.1, 0.1, 1. , 0.5, 0. , 0. ])
    """
    if len(schedules) != len(boundaries) + 1:
        raise ValueError(
            f"join: schedules must be one more than boundaries; got {len(schedules)} schedules, "
            f"{len(boundaries)} boundaries"
        )
    i = bisect.bisect_right(boundaries, t)
    return rate(schedules[i], t - boundaries[i - 1] if restart and i else t)


@schedule
def scale(t: int, base: Scheduled, *, by: Scheduled) -> float:
    """The product of two schedules, or of a schedule and a number.

    >>> from tinygrad_opt.optim.schedules import constant
    >>> scale(constant(0.1), by=0.5)(0)
    0.05
    """
    return rate(base, t) * rate(by, t)


@schedule
def clip(t: int, base: Scheduled, *, lowest: Rate = 0.0, highest: Rate | None = None) -> float:
    """The base, held at lowest where it is lower, and at highest where it is higher.

    Raises ValueError for highest below lowest.

    >>> from tinygrad_opt.optim.schedules import step
    >>> clip(step(1.0, every=1), lowest=0.01).values(4)
    array([1.  , 0.1 , 0.01, 0.01])
    """
    held = max(rate(base, t), lowest)
    if highest is None:
        return held
    if highest < lowest:
        raise ValueError(f"clip: highest must be at least lowest, {lowest}; got {highest}")
    return min(held, highest)

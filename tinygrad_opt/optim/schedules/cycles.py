"""Schedules that go up and down: restarts, one cycle, triangles.

======================  ==========================================  =========================================
ours                    libraries                                   where they differ
======================  ==========================================  =========================================
cosine_restarts         torch CosineAnnealingWarmRestarts           t_mult whole, default 1
                        keras CosineDecayRestarts                   t_mul any, default 2; m_mul
                        optax sgdr_schedule                         a list of rounds
one_cycle               torch OneCycleLR                            ``convention="torch"``: the last rate is
                                                                    reached at t = steps - 1, and a later t
                                                                    is an error (here it is held)
                        optax cosine_onecycle_schedule,             ``convention="optax"``: at t = steps; turns
                        linear_onecycle_schedule                    at whole numbers of updates
cyclic                  torch CyclicLR                              only torch has it
======================  ==========================================  =========================================
"""

from __future__ import annotations

import math
from typing import Literal

from .arguments import Count, Fraction, Growth, Positive, Rate
from .schedule import between, progress, schedule


@schedule
def cosine_restarts(
    t: int, lr: Rate, *, steps: Count, t_mult: Growth = 1.0, m_mult: Rate = 1.0, end: Rate = 0.0
) -> float:
    """Rounds of a cosine from lr to end: the first of so many steps, each next t_mult times as long.

    Round i starts at end + (lr - end) * m_mult**i. Loshchilov & Hutter, SGDR, 2017, equation 5, arXiv:1608.03983.

    >>> cosine_restarts(1.0, steps=2, t_mult=2, m_mult=0.5).values(7)
    array([1.       , 0.5      , 0.5      , 0.4267767, 0.25     , 0.0732233,
           0.25     ])
    """
    i, x = which_round(t, steps, t_mult)
    return between(end, lr, m_mult**i * (1 + math.cos(math.pi * x)) / 2)


def which_round(t: int, steps: int, t_mult: float) -> tuple[int, float]:
    """The number of the round that t is in, and the part of it that lies behind."""
    if t_mult == 1:
        return t // steps, t % steps / steps
    # Counted, not by a logarithm: rounding would put a restart one update late.
    i, start, length = 0, 0.0, float(steps)
    while t >= start + length:
        i, start, length = i + 1, start + length, length * t_mult
    return i, (t - start) / length


@schedule
def one_cycle(
    t: int,
    peak: Rate,
    *,
    steps: Count,
    convention: Literal["torch", "optax"] = "torch",
    shape: Literal["cosine", "linear"] = "cosine",
    pct_start: Fraction = 0.3,
    pct_final: Fraction | None = None,
    div_factor: Positive = 25.0,
    final_div_factor: Positive = 1e4,
) -> float:
    """Up from peak / div_factor to peak, then down to peak / (div_factor * final_div_factor), in steps updates.

    pct_start   the part of the updates that goes up
    pct_final   None: one way down. A fraction: down to the first rate by then, and on to the last rate;
                torch's three_phase=True is pct_final = 2 * pct_start, optax's linear form has 0.85
    convention  torch: turns at pct_start * steps - 1 (and pct_final * steps - 2), ends at steps - 1;
                optax: turns at int(pct_start * steps) (and int(pct_final * steps)), ends at steps

    The last rate is held. Raises ValueError for pct_final below pct_start.
    Smith & Topin, Super-Convergence, 2018, arXiv:1708.07120.

    >>> one_cycle(1.0, steps=5, pct_start=0.6, shape="linear", div_factor=10, final_div_factor=10).values(6)
    array([0.1  , 0.55 , 1.   , 0.505, 0.01 , 0.01 ])
    """
    first, last = peak / div_factor, peak / (div_factor * final_div_factor)
    early = convention == "torch"
    corners = [(0.0, first), (pct_start * steps - 1 if early else int(pct_start * steps), peak)]
    if pct_final is not None:
        if pct_final < pct_start:
            raise ValueError(f"one_cycle: pct_final must be at least pct_start, {pct_start}; got {pct_final}")
        corners.append((pct_final * steps - 2 if early else int(pct_final * steps), first))
    corners.append((steps - 1 if early else steps, last))
    i = next((i for i in range(1, len(corners)) if t <= corners[i][0]), len(corners) - 1)
    (begin, start), (stop, end) = corners[i - 1], corners[i]
    part = progress(t, begin, stop)
    return between(start, end, part if shape == "linear" else (1 - math.cos(math.pi * part)) / 2)


@schedule
def cyclic(
    t: int,
    low: Rate,
    *,
    high: Rate,
    steps_up: Count = 2000,
    steps_down: Count | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: Fraction = 1.0,
) -> float:
    """Triangles from low up to high in steps_up and down again in steps_down, by default as many.

    triangular   all triangles alike
    triangular2  each half as high as the one before
    exp_range    heights times gamma**t

    Raises ValueError for high below low. Smith, Cyclical Learning Rates, 2017, arXiv:1506.01186.

    >>> cyclic(0.0, high=1.0, steps_up=2, mode="triangular2").values(8)
    array([0.  , 0.5 , 1.  , 0.5 , 0.  , 0.25, 0.5 , 0.25])
    """
    if high < low:
        raise ValueError(f"cyclic: high must be at least low, {low}; got {high}")
    steps_down = steps_up if steps_down is None else steps_down
    cycle, x = divmod(t, steps_up + steps_down)
    height = x / steps_up if x <= steps_up else 1 - (x - steps_up) / steps_down
    if mode == "triangular2":
        height *= 0.5**cycle
    elif mode == "exp_range":
        height *= gamma**t
    return between(low, high, height)

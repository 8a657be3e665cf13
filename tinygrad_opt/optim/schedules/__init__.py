"""Learning rates, or other rates, as pure functions of the step: ``lr = cosine(0.1, steps=1000)``, then ``lr(t)``.

t counts from 0 before the first update. Nothing is stored between calls, so there is no ``step()`` to forget.
"""

from .arguments import Boundaries, Count, Fraction, Growth, Positive, Rate, Rates
from .composed import clip, join, scale, warmup
from .cycles import cosine_restarts, cyclic, one_cycle
from .decay import (
    constant,
    cosine,
    exponential,
    inverse_time,
    linear,
    multi_step,
    noam,
    piecewise,
    polynomial,
    step,
)
from .schedule import AllScheduled, Schedule, Scheduled, rate, schedule

__all__ = [
    "AllScheduled",
    "Boundaries",
    "Count",
    "Fraction",
    "Growth",
    "Positive",
    "Rate",
    "Rates",
    "Schedule",
    "Scheduled",
    "clip",
    "constant",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "exponential",
    "inverse_time",
    "join",
    "linear",
    "multi_step",
    "noam",
    "one_cycle",
    "piecewise",
    "polynomial",
    "rate",
    "scale",
    "schedule",
    "step",
    "warmup",
]

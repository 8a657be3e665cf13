"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import (
    activations,
    diagonals,
    elementwise,
    indexing,
    joining,
    ordering,
    padding,
    products,
    reductions,
    scans,
    shapes,
    special,
)
from .case import Case

SAMPLES = {
    **elementwise.SAMPLES,
    **activations.SAMPLES,
    **special.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **scans.SAMPLES,
    **ordering.SAMPLES,
    **shapes.SAMPLES,
    **joining.SAMPLES,
    **padding.SAMPLES,
    **diagonals.SAMPLES,
    **indexing.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

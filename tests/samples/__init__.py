"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import (
    activations,
    diagonals,
    elementwise,
    indexing,
    joining,
    losses,
    normalization,
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
    **activations.SAMPLES,
    **diagonals.SAMPLES,
    **elementwise.SAMPLES,
    **indexing.SAMPLES,
    **joining.SAMPLES,
    **losses.SAMPLES,
    **normalization.SAMPLES,
    **ordering.SAMPLES,
    **padding.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **scans.SAMPLES,
    **shapes.SAMPLES,
    **special.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

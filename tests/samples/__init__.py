"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import (
    activations,
    contractions,
    convolution,
    diagonals,
    elementwise,
    indexing,
    joining,
    linalg,
    losses,
    normalization,
    ordering,
    padding,
    products,
    reductions,
    scans,
    shapes,
    special,
    windows,
)
from .case import Case

SAMPLES = {
    **activations.SAMPLES,
    **contractions.SAMPLES,
    **convolution.SAMPLES,
    **diagonals.SAMPLES,
    **elementwise.SAMPLES,
    **indexing.SAMPLES,
    **joining.SAMPLES,
    **linalg.SAMPLES,
    **losses.SAMPLES,
    **normalization.SAMPLES,
    **ordering.SAMPLES,
    **padding.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **scans.SAMPLES,
    **shapes.SAMPLES,
    **special.SAMPLES,
    **windows.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

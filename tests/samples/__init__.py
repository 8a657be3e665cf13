"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import elementwise, indexing, losses, normalization, products, reductions, shapes
from .case import Case

SAMPLES = {
    **elementwise.SAMPLES,
    **losses.SAMPLES,
    **normalization.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **shapes.SAMPLES,
    **indexing.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

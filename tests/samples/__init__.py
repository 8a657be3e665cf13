"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import contractions, elementwise, indexing, linalg, products, reductions, shapes
from .case import Case

SAMPLES = {
    **elementwise.SAMPLES,
    **products.SAMPLES,
    **contractions.SAMPLES,
    **linalg.SAMPLES,
    **reductions.SAMPLES,
    **shapes.SAMPLES,
    **indexing.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

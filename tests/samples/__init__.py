"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import activations, elementwise, indexing, products, reductions, shapes, special
from .case import Case

SAMPLES = {
    **elementwise.SAMPLES,
    **activations.SAMPLES,
    **special.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **shapes.SAMPLES,
    **indexing.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

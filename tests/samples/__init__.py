"""SAMPLES: for every operation of the rule table, how Hypothesis draws calls of it."""

from . import convolution, elementwise, indexing, products, reductions, shapes, windows
from .case import Case

SAMPLES = {
    **elementwise.SAMPLES,
    **products.SAMPLES,
    **reductions.SAMPLES,
    **shapes.SAMPLES,
    **indexing.SAMPLES,
    **windows.SAMPLES,
    **convolution.SAMPLES,
}

__all__ = ["SAMPLES", "Case"]

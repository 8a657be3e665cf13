"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from .deterministic import least_squares

__all__ = ["least_squares"]

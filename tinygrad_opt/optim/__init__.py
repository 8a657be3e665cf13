"""Optimizers: rules that read like their papers and run in place, and what stands around them."""

from .deterministic import minimize

__all__ = ["minimize"]

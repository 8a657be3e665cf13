"""Backprop told step by step, from the rules that ran."""

from .explanation import Explanation, explain
from .steps import Contribution, Forward, Step

__all__ = ["Contribution", "Explanation", "Forward", "Step", "explain"]

"""Losses beside PyTorch's and Keras': one table of cases for the recorded numbers and for the live comparison."""

from losses.table import CASES

__all__ = ["CASES"]

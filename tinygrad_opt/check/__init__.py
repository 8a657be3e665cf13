"""Checks that gradients are what they claim to be."""

from .gradcheck import gradcheck
from .report import Entry, Report

__all__ = ["Entry", "Report", "gradcheck"]

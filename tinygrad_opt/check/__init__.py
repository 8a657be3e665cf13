"""Checks that gradients are what they claim to be."""

from .gradcheck import gradcheck
from .graph import GraphReport, gradcheck_graph
from .report import Entry, InputReport, Report

__all__ = ["Entry", "GraphReport", "InputReport", "Report", "gradcheck", "gradcheck_graph"]

"""Checks that gradients are what they claim to be."""

from .audit import Audit, Finding, audit
from .gradcheck import gradcheck
from .graph import GraphReport, gradcheck_graph
from .report import Entry, InputReport, Report

__all__ = ["Audit", "Entry", "Finding", "GraphReport", "InputReport", "Report", "audit", "gradcheck", "gradcheck_graph"]

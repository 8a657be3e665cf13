"""Programs: a training step as the straight line of NumPy that its graph is."""

from .compiled import Program, compile
from .refusal import NotStatic

__all__ = ["NotStatic", "Program", "compile"]

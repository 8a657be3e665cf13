"""Arguments that do not fit a module's constructor, and what their writer may have meant."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from .. import functional
from ..ops import Operand
from .description import constructor

ELSEWHERE = {
    "inplace": "leave it out, for nothing is computed in place",
    "device": "leave it out, for everything is computed on the CPU",
    "padding_mode": "leave it out, and pad with np.pad(x, ..., mode=...) before the layer",
}
"""What PyTorch's modules take and none here does."""


def check_arguments(kind: type, given: tuple[Any, ...], settings: dict[str, Any]) -> None:
    """Refuse in the name of the class what its constructor, which may be that of a base class, does not take."""
    signature = constructor(kind)
    try:
        signature.bind(*given, **settings)
    except TypeError as error:
        if any(isinstance(x, Operand | np.ndarray | list) for x in given):
            raise TypeError(f"{kind.__name__} is made first, then called with data: write {in_use(kind)}") from None
        takes = ", ".join(signature.parameters) or "no arguments"
        advice = next((f": {ELSEWHERE[name]}" for name in settings if name in ELSEWHERE), "")
        raise TypeError(f"{kind.__name__} takes {takes}: {error}{advice}") from None


def in_use(kind: Any) -> str:
    """How a module of this class is made and called, and the function that does the same, if there is one."""
    home = "nn." if kind.__module__.startswith(f"{__package__}.") else ""
    fn = getattr(kind, "function", kind.forward)
    where = "np" if isinstance(fn, np.ufunc) else "functional"
    alike = where == "np" or getattr(functional, fn.__name__, None) is fn
    operands = required(fn) if alike and where == "functional" else "x"
    made = f"{home}{kind.__name__}({required(kind)})({operands})"
    return f"{made} or {where}.{fn.__name__}({operands})" if alike else made


def required(fn: Any) -> str:
    """The arguments that have no default."""
    parameters = (constructor(fn) if isinstance(fn, type) else inspect.signature(fn)).parameters.values()
    return ", ".join(p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD)

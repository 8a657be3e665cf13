"""How a module is written in one line."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

SHOWN = (int, float, str, tuple, list, type(None), np.number)
SAID = ("kernel_size", "output_size", "dim", "unflattened_size")  # arguments that nobody knows by their place
UNSAID = ("rng", "dtype", "init", "bias_init")  # settings that show in what the parameters are


def constructor(kind: type) -> inspect.Signature:
    """What a class is made with, by its own word or by its __init__.

    Not inspect.signature(kind): that of Python 3.11.2 tells what __new__ takes, and a module's takes anything.
    """
    told: inspect.Signature | None = getattr(kind, "__signature__", None)
    if told is not None:
        return told
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]  # that of this class, whichever it is
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def settings_of(module: Any) -> str:
    """The arguments of its constructor that it keeps under their names, without defaults."""
    shown = []
    for name, p in constructor(type(module)).parameters.items():
        value = vars(module).get(name, p.default)
        if name in vars(module) and isinstance(value, np.ndarray):
            shown.append(f"{name}=array of shape {value.shape}")
        if name in UNSAID or name not in vars(module) or not isinstance(value, SHOWN):
            continue
        value = False if value is None and p.default is True else value  # bias=False keeps no bias
        value = value.item() if isinstance(value, np.generic) else value
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and name not in SAID:
            shown.append(repr(value))
        elif value != p.default:
            shown.append(f"{name}={value!r}")
    return ", ".join(shown)

"""The names of a model's parts: paths from the outermost module, such as layers.0.weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..value import Value

if TYPE_CHECKING:
    from .attributes import Attributes
    from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]


def walk(module: Any, path: str) -> Iterator[tuple[str, Module]]:
    """Every module under its path, outer before inner; one that stands in two places twice."""
    yield path, module
    for name, part in module._modules.items():
        yield from walk(part, joined(path, name))


def joined(path: str, name: str) -> str:
    """A name within a path, either of which may be empty."""
    return f"{path}.{name}" if path and name else path or name


def rename(module: Attributes, name: str) -> None:
    """Tell a new parameter or part, and all within it, their paths from the outermost module.

    A parameter that is shared goes by its first path: one that has a place in a model keeps its name in a second.
    """
    path = joined(module._path, name)
    if name in module._parameters:
        parameter = module._parameters[name]
        if "." not in (parameter.name or ""):
            parameter.name = path
        return
    for inner, part in module._modules[name].named_modules():
        vars(part)["_path"] = joined(path, inner)
    for inner, parameter in module._modules[name].named_parameters():
        parameter.name = joined(path, inner)


def entries(module: Module) -> dict[str, Value | Array]:
    """Every parameter and buffer under its path, as a state names them; a shared one under each."""
    found: dict[str, Value | Array] = {}
    for path, part in walk(module, ""):
        found |= {joined(path, name): p for name, p in part._parameters.items()}
        found |= {joined(path, name): b for name, b in part._buffers.items()}
    return found

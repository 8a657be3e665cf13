"""Modules made of modules: one after the other, in a list, around a detour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, overload

import numpy as np

from .module import Module


class ModuleList(Module):
    """Modules in a list, whose parameters are found; what runs when is for the owner's `forward` to say."""

    def __init__(self, modules: Any = ()):
        for i, module in enumerate(modules):
            setattr(self, str(i), checked(type(self).__name__, i, module))

    def append(self, module: Module) -> None:
        """Put one more module at the end."""
        setattr(self, str(len(self)), checked(type(self).__name__, len(self), module))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int) -> Module:
        return self.children()[index]


class Sequential(Module):
    """Modules one after the other: each is given what the one before it returned.

    Takes the modules, or one dict of modules by name.  ``model[0]`` is the first; ``model[:2]`` is a Sequential
    of the first two, which are the same modules under the same names.

    >>> from tinygrad_opt.nn import Linear, ReLU
    >>> model = Sequential(Linear(2, 16), ReLU(), Linear(16, 2))
    >>> model(np.zeros((5, 2))).shape
    (5, 2)
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Any):
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = dict(modules[0])
        else:
            named = {str(i): module for i, module in enumerate(modules)}
        for name, module in named.items():
            setattr(self, name, checked(type(self).__name__, name, module))

    def forward(self, x: Any) -> Any:
        for module in self._modules.values():
            x = module(x)
        return x

    def append(self, module: Module) -> Sequential:
        """Put one more module at the end."""
        name = str(len(self))
        setattr(self, name, checked(type(self).__name__, name, module))
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            part = Sequential()
            part._modules.update(list(self._modules.items())[index])
            vars(part).update(part._modules, training=self.training, _path=self._path)
            return part
        return self.children()[index]


class Residual(Module):
    """x + module(x): the module learns what is to be added to its input (He et al., 2016, equation 1).

    shortcut takes x to the shape of the module's output where the two differ: shortcut(x) + module(x), equation 2.
    Raises ValueError if the shapes differ: adding would repeat one of them.
    """

    def __init__(self, module: Module, shortcut: Module | None = None):
        self.module, self.shortcut = checked("Residual", "module", module), shortcut

    def forward(self, x: Any) -> Any:
        kept = x if self.shortcut is None else self.shortcut(x)
        added = self.module(x)
        if np.shape(kept) != np.shape(added):
            raise ValueError(
                f"{self.where} adds its input to the module's output, which must have its shape; "
                f"got {np.shape(kept)} and {np.shape(added)}: give a shortcut that changes the shape alike"
            )
        return kept + added


def checked(kind: str, place: Any, module: Any) -> Module:
    """module, if it is one."""
    if not isinstance(module, Module):
        advice = f": write {module.__name__}()" if isinstance(module, type) and issubclass(module, Module) else ""
        raise TypeError(f"{kind} takes modules; got {module!r} as {place}{advice}")
    return module

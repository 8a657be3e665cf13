"""Modules made of modules: one after the other, in a list, around a detour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

import numpy as np

from .module import Module


class ModuleList(Module):
    """Modules in a list, whose parameters are found; what runs when is for the owner's `forward` to say.

    An item can be replaced, and a slice is a list of the same modules under the same names.
    """

    def __init__(self, modules: Any = ()):
        if isinstance(modules, Module) or not isinstance(modules, Iterable):
            raise TypeError(f"{type(self).__name__} takes a list of modules; got {modules!r}")
        for i, module in enumerate(modules):
            setattr(self, str(i), checked(type(self).__name__, i, module))

    def append(self, module: Module) -> Self:
        """Put one more module at the end, under the next number that is free."""
        number = len(self)
        while str(number) in self._modules:
            number += 1
        setattr(self, str(number), checked(type(self).__name__, number, module))
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            part = type(self).__new__(type(self))  # the modules are made: there is nothing to initialize
            part._modules.update(list(self._modules.items())[index])
            vars(part).update(part._modules, training=self.training, _path=self._path)
            return part
        return self._modules[name_at(self, index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, name_at(self, index), checked(type(self).__name__, index, module))


class Sequential(ModuleList):
    """Modules one after the other: each is given what the one before it returned.

    Takes the modules, or one dict of modules by name.  ``model[0]`` is the first; ``model[:2]`` is a Sequential
    of the first two, which are the same modules under the same names; ``model[-1] = Linear(16, 3)`` replaces the last.

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
            if not isinstance(name, str):
                raise TypeError(f"the modules of Sequential have strings for names; got {name!r}")
            setattr(self, name, checked(type(self).__name__, name, module))

    def forward(self, x: Any) -> Any:
        for module in self._modules.values():
            x = module(x)
        return x


class Residual(Module):
    """x + module(x): the module learns what is to be added to its input (He et al., 2016, equation 1).

    shortcut takes x to the shape of the module's output where the two differ: shortcut(x) + module(x), equation 2.
    Raises ValueError if the shapes differ: adding would repeat one of them.
    """

    def __init__(self, module: Module, shortcut: Module | None = None):
        self.module = checked("Residual", "module", module)
        self.shortcut = None if shortcut is None else checked("Residual", "shortcut", shortcut)

    def forward(self, x: Any) -> Any:
        kept = x if self.shortcut is None else self.shortcut(x)
        added = self.module(x)
        if np.shape(kept) != np.shape(added):
            raise ValueError(
                f"{self.where} adds its input to the module's output, which must have its shape; "
                f"got {np.shape(kept)} and {np.shape(added)}: give a shortcut that changes the shape alike"
            )
        return kept + added


def name_at(modules: ModuleList, index: Any) -> str:
    """The name of the module at an index, which may count from the end."""
    names = list(modules._modules)
    try:
        name: str = names[index]
    except (IndexError, TypeError):
        kind = type(modules).__name__
        raise IndexError(f"{kind} has {len(names)} modules, indexed by whole numbers; got {index!r}") from None
    return name


def checked(kind: str, place: Any, module: Any) -> Module:
    """module, if it is one."""
    if isinstance(module, Module):
        return module
    advice = ""
    if isinstance(module, type) and issubclass(module, Module):
        advice = f": write {module.__name__}()"
    elif isinstance(module, list | tuple):
        advice = f": write {kind}(*modules)"
    raise TypeError(f"{kind} takes modules; got {module!r} as {place}{advice}")

"""What a module knows of its attributes: which are parameters, buffers and parts, and which it must not have."""

from __future__ import annotations

import inspect
import itertools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..engine import newest_first
from ..value import Value
from .arguments import check_arguments
from .paths import rename, walk

if TYPE_CHECKING:
    from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]
KEPT = ("_parameters", "_buffers", "_modules", "_derived", "_perturbed")  # what a module holds, by name
UNSEEN = (*KEPT, "_switched", "_entered", "_has_run")
HOLDERS = (list, tuple, set, dict)
PASSING = (types.GeneratorType, map, filter)  # what gives its items once, and cannot be looked into


class Changes:
    """The latest change of any module: who remembers what modules hold looks again when it is another."""

    latest = object()

    @classmethod
    def note(cls) -> None:
        cls.latest = object()


class Attributes:
    """The account that a module keeps of its parameters, buffers and parts, which are ordinary attributes."""

    training: bool
    _parameters: dict[str, Value]
    _buffers: dict[str, Array]
    _modules: dict[str, Module]
    _derived: dict[str, Callable[[Any], Value]]
    _perturbed: dict[str, tuple[Callable[[Any, Value], Value], ...]]
    _path: str
    _has_run: bool

    def __init_subclass__(cls) -> None:
        """Refuse parts and parameters of a class, which all its modules would share and none would find."""
        super().__init_subclass__()
        for name, value in vars(cls).items():
            if isinstance(value, Attributes) or is_parameter(value):
                raise TypeError(
                    f"{cls.__name__}.{name}: an attribute of the class would be shared by all that are made of it, and "
                    f"its parameters not found: assign self.{name} in __init__"
                )

    def __new__(cls, *given: Any, **settings: Any) -> Self:
        """What a module keeps account of stands before any __init__ runs: none needs to call super's.

        Given nothing where a copy is made or a pickle read, and then there is nothing to check.
        """
        if given or settings:
            check_arguments(cls, given, settings)
        self = super().__new__(cls)
        vars(self).update(training=True, _parameters={}, _buffers={}, _modules={}, _derived={}, _perturbed={})
        vars(self).update(_path="", _switched=None, _entered=[], _has_run=False)
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy, or what was pickled, keeps account of its own, and stands in no `with`."""
        vars(self).update(state)
        vars(self).update({name: dict(state[name]) for name in KEPT}, _switched=None, _entered=[])
        self._compute_derived()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: not the derived attributes, which are computed anew."""
        return {name: x for name, x in vars(self).items() if name not in self._derived}

    def __setattr__(self, name: str, value: Any) -> None:
        check_attribute(self, name, value)
        Changes.note()
        kept = self._modules if isinstance(value, Attributes) else self._parameters if is_parameter(value) else None
        if name in self._parameters and isinstance(value, Value):
            kept = self._parameters
        for holder in (self._parameters, self._modules):
            if holder is not kept:
                holder.pop(name, None)
        if name in self._buffers and isinstance(value, np.ndarray):
            self._buffers[name] = value
        vars(self)[name] = value
        if kept is not None:
            kept[name] = value
            rename(self, name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        Changes.note()
        for holder in (self._parameters, self._buffers, self._modules):
            holder.pop(name, None)

    def register_buffer(self, name: str, array: Any) -> None:
        """Keep an array that is saved with the parameters and is none: no gradient, no optimizer."""
        if not isinstance(array, np.ndarray):
            raise TypeError(f"a buffer is an array; got {type(array).__name__} for {name!r}")
        Changes.note()
        if name not in self._buffers:
            check_name(self, name)
            if name in vars(self):
                raise ValueError(f"{type(self).__name__}.{name} is there already: a buffer needs a name of its own")
        self._buffers[name] = array
        vars(self)[name] = array

    def derive(self, name: str, parameter: Callable[[Any], Value]) -> None:
        """From now on compute an attribute anew before each forward: ``parameter(self)``, in a parameter's place."""
        self._parameters.pop(name, None)
        self._derived[name] = parameter
        Changes.note()

    def _compute_derived(self) -> dict[str, Value]:
        """Set the derived attributes to what they are now."""
        found = {}
        for name, parameter in self._derived.items():
            vars(self)[name] = found[name] = parameter(self)
        return found

    def perturb(self, name: str, change: Callable[[Any, Value], Value]) -> None:
        """From now on let forward find ``change(self, parameter)`` in a parameter's place, such as a noisy weight.

        Outside of forward nothing changes: the parameter itself is learned and saved.  Several changes of one
        parameter are made one after the other.
        """
        self._perturbed[name] = (*self._perturbed.get(name, ()), change)
        Changes.note()


def is_parameter(x: Any) -> bool:
    """Whether x is a Value to be learned: one that was not computed."""
    return isinstance(x, Value) and x.op is None and x.requires_grad


def is_lost(x: Any) -> bool:
    """Whether x is a Value computed from Values to be learned, none of which has a name, as every parameter has."""
    if not isinstance(x, Value) or x.op is None or not x.requires_grad:
        return False
    return not any(leaf.name for leaf in newest_first(x) if is_parameter(leaf))


def check_attribute(module: Attributes, name: str, value: Any) -> None:
    """Refuse what would quietly take parameters out of sight."""
    kind = type(module).__name__
    if isinstance(value, HOLDERS):
        check_held(module, name, value)
    if isinstance(value, PASSING):
        raise TypeError(
            f"{kind}.{name}: what a {type(value).__name__} yields cannot be found: "
            "take nn.ModuleList(...) for modules, a list for anything else"
        )
    if isinstance(value, type) and issubclass(value, Attributes):
        raise TypeError(f"{kind}.{name}: {value.__name__} is a class of modules: write {value.__name__}(...)")
    if isinstance(value, Attributes) or is_parameter(value):
        check_name(module, name)
    if isinstance(value, Attributes) and any(part is module for _, part in walk(value, "")):
        raise ValueError(f"{kind}.{name}: a module cannot be a part of itself")
    if name in module._parameters and not (value is None or (isinstance(value, Value) and value.op is None)):
        seen = "a computed Value" if isinstance(value, Value) else f"a {type(value).__name__}"
        raise TypeError(
            f"{kind}.{name} is a parameter; got {seen} in its place: set {name}.data to change its numbers, "
            f"or assign a new Value"
        )
    if name in module._derived:
        raise TypeError(f"{kind}.{name} is computed before each forward: change what it is computed from")
    if name in module._buffers and not isinstance(value, np.ndarray):
        raise TypeError(f"{kind}.{name} is a buffer, an array; got a {type(value).__name__} in its place")
    if not module._has_run and is_lost(value):
        raise TypeError(
            f"{kind}.{name} is a computed Value, and what it was computed from is no parameter of any module: "
            "it would never be learned; compute the numbers first, as Value(0.1 * np.random.randn(2, 2))"
        )


def check_held(module: Attributes, name: str, value: Any) -> None:
    """Refuse modules and parameters in a list, tuple, set or dict, or in such within it."""
    place = f"{type(module).__name__}.{name}"
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, Attributes):
            raise TypeError(
                f"{place}: the parameters of modules in a {type(value).__name__} would not be found: "
                "take nn.ModuleList([...]) or nn.Sequential(...)"
            )
        if is_parameter(part):
            raise TypeError(
                f"{place}: parameters in a {type(value).__name__} would not be found: give each its own attribute"
            )
        if isinstance(part, HOLDERS):
            check_held(module, name, part)


def check_appended(module: Attributes) -> None:
    """Refuse what came into a list or dict after it was assigned: `self.layers = []`, then `self.layers.append(...)`.

    Only the newest entry is looked at, for a list may be long: a vocabulary.
    """
    for name, value in vars(module).items():
        if isinstance(value, list) and name not in UNSEEN:
            check_held(module, name, value[-1:])
        elif isinstance(value, dict) and name not in UNSEEN:
            check_held(module, name, dict(itertools.islice(reversed(value.items()), 1)))


def check_name(module: Attributes, name: str) -> None:
    """Refuse a name that is no part of a path, or that stands for something else."""
    kind = type(module).__name__
    if not name or "." in name:
        raise ValueError(f"{kind}: a name stands between the points of a path, so it has none; got {name!r}")
    own = getattr(type(module), name, None)
    if inspect.isroutine(own) or isinstance(own, property) or name == "training" or name in UNSEEN:
        raise ValueError(f"{kind}.{name} is what every {kind} has: take another name")

"""Hyperparameters: declared as annotated class attributes, checked by name, fixed numbers or schedules of the step."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from types import FunctionType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from ...spelling import closest
from .kinds import Kind, Rate, is_class_variable, kind_of, resolved

__all__ = ["Configured", "Rate", "Settings", "is_choice"]

REQUIRED = inspect.Parameter.empty
LARGEST = sys.float_info.max

ADVICE = {
    "weight_decay": "for L2, g + lambda p, pass transforms=[L2(lambda)]; for p - lr lambda p, [DecoupledDecay(lambda)]",
    "betas": "give beta1= and beta2=",
    "learning_rate": "the learning rate is lr=",
    "clipnorm": "pass transforms=[ClipNorm(c)]",
    "global_clipnorm": "pass transforms=[ClipGlobalNorm(c)]",
    "clipvalue": "pass transforms=[ClipValue(c)]",
    "max_norm": "pass constraints=[MaxNorm(c)]",
    "params": "the parameters are the first argument",
}


class Hyper(SimpleNamespace):
    """The numbers and choices of one step, as a rule sees them: h.lr, h.momentum."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"the rule asks for h.{name}, and has {', '.join(vars(self)) or 'nothing'}: declare it in the class "
            f"with its type and default, as in {name}: Rate = 0.1"
        )


class Closed(type):
    """The type of classes whose instances, once they are made, take no attributes of other names."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        made.__dict__["is_made"] = True
        return made


class Configured(metaclass=Closed):
    """A class whose annotated attributes are its hyperparameters, with their defaults.

    settings holds those of an instance; presets those that other libraries would choose; kinds what the
    annotations allow; positive names those by which the rule divides.
    """

    fields: ClassVar[dict[str, Any]] = {}
    kinds: ClassVar[dict[str, Kind]] = {}
    positive: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    settings: Settings
    rule: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        found = {name: resolved(kind, cls.__module__) for name, kind in inspect.get_annotations(cls).items()}
        own = {name: kind for name, kind in found.items() if not is_class_variable(kind)}
        declared = {name: cls.__dict__.get(name, REQUIRED) for name in own}
        changed = {name: cls.__dict__[name] for name in cls.fields if name in cls.__dict__}
        for name in {**declared, **changed}:
            if name in cls.__dict__:
                delattr(cls, name)
        cls.fields = {**cls.fields, **changed, **declared}
        cls.kinds = {**cls.kinds, **{name: declared_kind(cls, name, kind) for name, kind in own.items()}}
        rule = cls.__dict__.get("rule")
        if isinstance(rule, FunctionType) and "self" not in inspect.signature(rule).parameters:
            cls.rule = staticmethod(rule)  # a rule has no self, whether its author has said so or not

    def __getattr__(self, name: str) -> Any:
        if name in type(self).fields and "settings" in self.__dict__:
            return self.settings[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """A hyperparameter is checked; a name that means nothing is refused."""
        if name in self.fields:
            self.change(name, value)
        elif "is_made" in self.__dict__ and not name.startswith("_") and not hasattr(self, name):
            raise AttributeError(self.unknown(name))
        else:
            super().__setattr__(name, value)

    def change(self, name: str, value: Any) -> None:
        """Set a hyperparameter."""
        self.settings[name] = value

    @classmethod
    def configured(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """All hyperparameters: the defaults, with those given in their places."""
        for name in given:
            if name not in cls.fields:
                raise TypeError(cls.unknown(name))
        settings = {**cls.fields, **given}
        missing = [name for name, value in settings.items() if value is REQUIRED]
        if missing:
            raise TypeError(f"{cls.__name__} needs {', '.join(f'{name}=' for name in missing)}")
        return {name: cls.setting(name, value) for name, value in settings.items()}

    @classmethod
    def unknown(cls, name: str) -> str:
        has = ", ".join(cls.fields) or "none"
        close = closest(name, cls.fields)
        advice = ADVICE.get(name) or (f"did you mean {close}=?" if close else "")
        return f"{cls.__name__} has no hyperparameter {name!r}; it has {has}" + (f": {advice}" if advice else "")

    @classmethod
    def setting(cls, name: str, value: Any) -> Any:
        """One hyperparameter as a Python number, a choice (bool, string, None) or a schedule."""
        kind = cls.kinds[name]
        if isinstance(value, np.bool_):
            value = bool(value)
        if is_choice(value) and (value in kind.choices or (kind.text and isinstance(value, str))):
            return value
        if callable(value) and kind.schedule:
            return value
        if not kind.number and not kind.schedule:
            raise ValueError(f"{cls.__name__}: {name} is {kind}; got {value!r}")
        number = as_number(value, kind.whole)
        if number is None:
            seen = "" if is_choice(value) else f" ({type(value).__name__})"
            raise TypeError(f"{cls.__name__}: {name} is {kind}; got {value!r}{seen}")
        cls.check_limits(name, number)
        return number

    @classmethod
    def check_limits(cls, name: str, number: float) -> None:
        """Raise ValueError for a number that the hyperparameter may not be."""
        if abs(number) > LARGEST and isinstance(number, int):
            raise ValueError(f"{cls.__name__}: {name} is an integer above {LARGEST:.2g}, the largest float")
        if number != number:
            raise ValueError(f"{cls.__name__}: {name} is nan")
        if number < 0 and not cls.may_be_negative(name):
            raise ValueError(f"{cls.__name__}: {name} must not be negative; got {number:g}")
        if number == 0 and name in cls.positive:
            raise ValueError(f"{cls.__name__}: {name} must be above 0; got 0")
        if is_share(name) and number >= 1:
            raise ValueError(
                f"{cls.__name__}: {name} must be below 1, the share of the old that is kept; got {number:g}"
            )

    @classmethod
    def may_be_negative(cls, name: str) -> bool:
        return isinstance(cls.fields[name], int | float) and cls.fields[name] < 0

    @classmethod
    def at_step(cls, settings: Mapping[str, Any], step: int) -> dict[str, Any]:
        """The hyperparameters at a step, which counts from 0: schedules asked for their value."""
        return {
            name: cls.scheduled(name, value, step) if callable(value) else value for name, value in settings.items()
        }

    @classmethod
    def scheduled(cls, name: str, schedule: Any, step: int) -> float:
        """What a schedule gives at a step, which must be what the number itself could be."""
        given = schedule(step)
        try:
            if callable(given) or is_choice(given):
                raise TypeError(f"{cls.__name__}: {name} must be a number; got {given!r}")
            return float(cls.setting(name, given))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error}, which its schedule gives for step {step}, counted from 0") from None


class Settings(MutableMapping[str, Any]):
    """The hyperparameters of a class by name; whatever is set is checked before anything is changed.

    current is the plain dict that steps read.
    """

    def __init__(self, kind: type[Configured], given: Mapping[str, Any]):
        self.kind, self.current = kind, kind.configured(given)

    def update(self, *args: Any, **given: Any) -> None:
        """Set several, all or none."""
        self.current.update(self.kind.configured({**self.current, **dict(*args, **given)}))

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{self.kind.__name__} cannot do without {name}: set it to another value")

    def __getitem__(self, name: str) -> Any:
        return self.current[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)

    def __repr__(self) -> str:
        return repr(self.current)


def declared_kind(cls: type[Configured], name: str, annotation: Any) -> Kind:
    try:
        return kind_of(annotation)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}: {name} is annotated {annotation}; of hyperparameters {error}") from None


def as_number(value: Any, whole: bool = False) -> float | int | None:
    """A real number as a Python one, whole numbers as int; None for anything else."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    if whole or isinstance(value, str | bytes | bool) or getattr(value, "ndim", None):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def is_share(name: str) -> bool:
    """Whether a hyperparameter is, by its name, the share of the old that a running mean keeps."""
    return name.startswith(("beta", "momentum", "rho")) and not name.endswith("_decay")


CHOICES = frozenset({str, bool, type(None)})
"""The types of the hyperparameters that select between forms of a rule, rather than being numbers in it."""


def is_choice(value: Any) -> bool:
    return type(value) in CHOICES

"""Hyperparameters: declared as annotated class attributes, checked by name, fixed numbers or schedules of the step."""

from __future__ import annotations

import ast
import difflib
import inspect
import typing
from collections.abc import Callable, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any, ClassVar, Literal

Rate = float | Callable[[int], float]
"""A number, or a schedule: a function of the step, which counts from 0, that gives one."""

REQUIRED = inspect.Parameter.empty

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


class Configured:
    """A class whose annotated attributes are its hyperparameters, with their defaults.

    settings holds those of an instance; presets those that other libraries would choose; choices the words
    allowed for a hyperparameter that is annotated as a Literal; positive names those by which the rule divides.
    """

    fields: ClassVar[dict[str, Any]] = {}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {}
    positive: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    settings: dict[str, Any]
    rule: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        own = inspect.get_annotations(cls)
        declared = {name: cls.__dict__.get(name, REQUIRED) for name, kind in own.items() if not is_class_variable(kind)}
        for name in declared:
            if name in cls.__dict__:
                delattr(cls, name)
        changed = {name: cls.__dict__[name] for name in cls.fields if name in cls.__dict__}
        for name in changed:
            delattr(cls, name)
        cls.fields = {**cls.fields, **changed, **declared}
        rule = cls.__dict__.get("rule")
        if isinstance(rule, FunctionType) and "self" not in inspect.signature(rule).parameters:
            cls.rule = staticmethod(rule)  # a rule has no self, whether its author has said so or not
        cls.choices = {**cls.choices, **{name: words for name, kind in own.items() if (words := literal(kind))}}

    def __getattr__(self, name: str) -> Any:
        if name in type(self).fields and "settings" in self.__dict__:
            return self.settings[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

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
        close = difflib.get_close_matches(name, cls.fields, 1)
        advice = ADVICE.get(name) or (f"did you mean {close[0]}=?" if close else "")
        return f"{cls.__name__} has no hyperparameter {name!r}; it has {has}" + (f": {advice}" if advice else "")

    @classmethod
    def setting(cls, name: str, value: Any) -> Any:
        """One hyperparameter as a Python number, a choice (bool, string, None) or a schedule."""
        default = cls.fields[name]
        allowed = (True, False) if isinstance(default, bool) else cls.choices.get(name, ())
        if allowed and not (is_choice(value) and value in allowed):
            *words, last = map(repr, allowed)
            raise ValueError(f"{cls.__name__}: {name} is {', '.join(words)} or {last}; got {value!r}")
        if callable(value) or value is None or isinstance(value, str | bool):
            if isinstance(default, float) and not callable(value):
                raise TypeError(f"{cls.__name__}: {name} is a number or a schedule; got {value!r}")
            return value
        try:
            number = float(value)
        except (TypeError, ValueError):
            kind = type(value).__name__
            raise TypeError(f"{cls.__name__}: {name} is a number or a schedule; got {value!r} ({kind})") from None
        if number != number:
            raise ValueError(f"{cls.__name__}: {name} is nan")
        if number < 0 and not cls.may_be_negative(name):
            raise ValueError(f"{cls.__name__}: {name} must not be negative; got {number:g}")
        if number == 0 and name in cls.positive:
            raise ValueError(f"{cls.__name__}: {name} must be above 0; got 0")
        if is_share(name) and number >= 1 and isinstance(default, float):
            raise ValueError(
                f"{cls.__name__}: {name} must be below 1, the share of the old that is kept; got {number:g}"
            )
        return int(value) if isinstance(value, int) else number

    @classmethod
    def may_be_negative(cls, name: str) -> bool:
        return isinstance(cls.fields[name], int | float) and cls.fields[name] < 0


def is_class_variable(kind: Any) -> bool:
    return str(kind).startswith("ClassVar") or typing.get_origin(kind) is ClassVar


def is_share(name: str) -> bool:
    """Whether a hyperparameter is, by its name, the share of the old that a running mean keeps."""
    return name.startswith(("beta", "momentum", "rho")) and not name.endswith("_decay")


def literal(kind: Any) -> tuple[Any, ...]:
    """The words that a Literal annotation allows, also where it is still text."""
    if isinstance(kind, str):
        return tuple(ast.literal_eval(kind.removeprefix("Literal"))) if kind.startswith("Literal[") else ()
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def at_step(settings: Mapping[str, Any], step: int) -> SimpleNamespace:
    """The hyperparameters at a step, which counts from 0: schedules asked for their value."""
    values = {}
    for name, value in settings.items():
        if callable(value):
            value = float(value(step))
        values[name] = value
    return SimpleNamespace(**values)


CHOICES = frozenset({str, bool, type(None)})
"""The types of the hyperparameters that select between forms of a rule, rather than being numbers in it."""


def is_choice(value: Any) -> bool:
    return type(value) in CHOICES

"""What the annotation of a hyperparameter allows: numbers, schedules, strings, choices."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, NamedTuple, Union

Rate = float | Callable[[int], float]
"""A number, or a schedule: a function of the step, which counts from 0, that gives one."""


class Kind(NamedTuple):
    """What a hyperparameter may be.

    whole: of the numbers integers alone; text: any string; choices: values such as None or "outside".
    """

    number: bool
    whole: bool
    schedule: bool
    text: bool
    choices: tuple[Any, ...]

    def __str__(self) -> str:
        words = ["an integer" if self.whole else "a number"] * self.number
        words += ["a schedule"] * self.schedule + ["a string"] * self.text + [repr(word) for word in self.choices]
        return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


ANYTHING = Kind(True, False, True, True, (None, True, False))


def kind_of(annotation: Any) -> Kind:
    """What an annotation allows: of float, int, bool, str, Literal, None, a function and unions of them, or Any.

    Raises TypeError for another.
    """
    if annotation is Any:
        return ANYTHING
    parts = typing.get_args(annotation) if typing.get_origin(annotation) in (Union, UnionType) else (annotation,)
    choices: list[Any] = []
    for part in parts:
        if typing.get_origin(part) is Literal:
            choices += typing.get_args(part)
        elif part is bool:
            choices += [True, False]
        elif part in (None, NoneType):
            choices.append(None)
        elif part not in (float, int, str) and not is_function(part):
            raise TypeError(
                "the types are Rate, float, int, bool, str, Literal[...], None and their unions; "
                "other attributes are ClassVar"
            )
    whole = int in parts and float not in parts
    return Kind(whole or float in parts, whole, any(map(is_function, parts)), str in parts, tuple(choices))


def is_function(annotation: Any) -> bool:
    return Callable in (annotation, typing.get_origin(annotation))


def is_class_variable(annotation: Any) -> bool:
    return ClassVar in (annotation, typing.get_origin(annotation))


def resolved(annotation: Any, module: str) -> Any:
    """An annotation as an object, also where ``from __future__ import annotations`` has left it as text."""
    if not isinstance(annotation, str):
        return annotation
    known = {**vars(typing), "typing": typing, "Rate": Rate, **vars(sys.modules.get(module, typing))}
    try:
        return eval(annotation, known)
    except NameError as error:
        if annotation.partition("[")[0].endswith("ClassVar"):
            return ClassVar
        raise TypeError(f"{error}, where hyperparameters are declared: define it at the top of the module") from None

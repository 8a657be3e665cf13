"""Settings of functions as Python numbers, whose dtype gives way to that of the data.

A NumPy scalar keeps its own: with eps=np.float64(1e-5), an entry of np.linspace say, float32 would become float64.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


def as_setting(x: Any) -> Any:
    """A NumPy scalar as the Python number that it holds; anything else as it is."""
    return x.item() if isinstance(x, np.generic) else x


def plain_settings(fn: Function) -> Function:
    """fn, given its settings as Python numbers: for functions that are composed, and so have no entry of their own."""

    @functools.wraps(fn)
    def call(*args: Any, **settings: Any) -> Any:
        first, rest = args[:1], args[1:]  # the first is what is computed with
        return fn(*first, *map(as_setting, rest), **{name: as_setting(x) for name, x in settings.items()})

    return cast(Function, call)

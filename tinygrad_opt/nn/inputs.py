"""What layers take: data in their dtype, a batch or one sample; and whose error it is when that is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..data import as_array
from ..ops import Operand
from ..ops.operand import converted
from ..value import Value
from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]


@contextlib.contextmanager
def named(layer: Module) -> Iterator[None]:
    """What an operation refuses within is refused in the name of the layer."""
    try:
        yield
    except (IndexError, TypeError, ValueError) as error:
        raise type(error)(f"{layer.where}: {error}") from None


def as_input(layer: Module, x: Any, held: Value | Array | None) -> Any:
    """x as a layer takes it: data come in the dtype of what it holds, or in floats of their own where it holds nothing.

    What was computed keeps its dtype.  Raises TypeError or ValueError for what is no array of real numbers.
    """
    if isinstance(x, Operand):
        return x
    if held is not None and type(x) is np.ndarray and x.dtype == held.dtype:
        return x
    with named(layer):
        data = as_array(x, "the input")
    dtype = np.result_type(data, np.float32) if held is None else held.dtype
    return data if data.dtype == dtype else converted(data, dtype)


def over_batch(layer: Module, axes: str, fn: Callable[[Any], Any], x: Any) -> Any:
    """fn of a batch x (N, C, axes); of one sample (C, axes) as of a batch of one."""
    dims = axes.count(",") + 3
    if np.ndim(x) not in (dims - 1, dims):
        raise ValueError(f"{layer.where} takes (N, C, {axes}), or (C, {axes}) for one sample; got shape {np.shape(x)}")
    single = np.ndim(x) == dims - 1
    with named(layer):
        out = fn(np.expand_dims(x, 0) if single else x)
    return np.squeeze(out, 0) if single else out

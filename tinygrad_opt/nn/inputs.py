"""What layers take, a batch or one sample, and whose error it is when an operation refuses it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .module import Module


@contextlib.contextmanager
def named(layer: Module) -> Iterator[None]:
    """What an operation refuses within is refused in the name of the layer."""
    try:
        yield
    except (IndexError, TypeError, ValueError) as error:
        raise type(error)(f"{layer.where}: {error}") from None


def over_batch(layer: Module, axes: str, fn: Callable[[Any], Any], x: Any) -> Any:
    """fn of a batch x (N, C, axes); of one sample (C, axes) as of a batch of one."""
    dims = axes.count(",") + 3
    if np.ndim(x) not in (dims - 1, dims):
        raise ValueError(f"{layer.where} takes (N, C, {axes}), or (C, {axes}) for one sample; got shape {np.shape(x)}")
    single = np.ndim(x) == dims - 1
    with named(layer):
        out = fn(np.expand_dims(x, 0) if single else x)
    return np.squeeze(out, 0) if single else out

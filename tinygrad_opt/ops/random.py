"""Where random numbers come from: a NumPy Generator that is passed, or one that the whole process shares."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

G = TypeVar("G")
drawing: contextvars.ContextVar[np.random.Generator | None] = contextvars.ContextVar("drawing", default=None)


def default_rng() -> np.random.Generator:
    """What draws where no rng is passed: one generator a process, seeded by the system, so that no run repeats another.

    Within `drawing_from` it is that one's.
    """
    return drawing.get() or of_process()


@functools.cache
def of_process() -> np.random.Generator:
    """Made when it is first asked for: NumPy takes a while to load its generators."""
    return np.random.default_rng()


@contextlib.contextmanager
def drawing_from(seed: int | None) -> Iterator[None]:
    """Let what is given no rng draw from one generator of that seed, within; from the process' own for None."""
    token = drawing.set(None if seed is None else np.random.default_rng(seed))
    try:
        yield
    finally:
        drawing.reset(token)


def generator(rng: Any, asker: str) -> np.random.Generator:
    """rng itself, or `default_rng()` for None; raises TypeError, in the name of who asks, for what is no Generator."""
    return default_rng() if rng is None else checked_rng(rng, asker)


def checked_rng(rng: G, asker: str) -> G:
    """rng as a layer keeps it: None stays None, so that a copy of the layer does not copy the process's generator."""
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"{asker} needs a NumPy Generator: rng=np.random.default_rng(seed); got {rng!r}")
    return rng

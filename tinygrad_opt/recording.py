"""Whether results remember how they were made: always, except inside no_grad."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

recording = contextvars.ContextVar("recording", default=True)
is_recording = recording.get


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results made inside have no history and need no gradient.

    A context manager, and with the call brackets a decorator.

    >>> from tinygrad_opt import Value, no_grad
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    token = recording.set(False)
    try:
        yield
    finally:
        recording.reset(token)


@contextlib.contextmanager
def enable_grad() -> Iterator[None]:
    """Record again inside no_grad: whoever asks for a gradient needs the graph."""
    token = recording.set(True)
    try:
        yield
    finally:
        recording.reset(token)

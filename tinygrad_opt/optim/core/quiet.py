"""Arithmetic without warnings: a step must not stop halfway, and inf and nan are results like others."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


class Own(threading.local):
    """Each thread's context in which NumPy reports nothing.

    To enter it takes a twentieth of a microsecond, to enter np.errstate more than one: as long as two calls in a small
    kernel.
    """

    def __init__(self) -> None:
        self.context = contextvars.copy_context()
        self.context.run(np.seterr, all="ignore")


OWN = Own()


def quietly(fn: Callable[[], Any]) -> Any:
    """fn(), with overflows, divisions by zero and invalid operations unreported."""
    return OWN.context.run(fn)

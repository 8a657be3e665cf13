"""Ctrl-C while a run goes on: noticed at the border of a batch, where nothing is half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from types import FrameType


class Interrupts(contextlib.AbstractContextManager["Interrupts"]):
    """Counts Ctrl-C within a ``with`` block: the first is only `seen`, a second raises KeyboardInterrupt at once.

    In the main thread alone, which is where Python handles signals, and where Ctrl-C does what it does by default: a
    program that has a handler of its own, or ignores it, keeps that.

    seen  how often Ctrl-C was pressed
    """

    def __init__(self) -> None:
        self.seen = 0
        self.handles = False

    def __enter__(self) -> Interrupts:
        self.seen = 0
        in_main_thread = threading.current_thread() is threading.main_thread()
        self.handles = in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.handles:
            signal.signal(signal.SIGINT, self.notice)
        return self

    def __exit__(self, *_: object) -> None:
        if self.handles:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def notice(self, number: int, frame: FrameType | None) -> None:
        self.seen += 1
        if self.seen > 1:
            signal.default_int_handler(number, frame)

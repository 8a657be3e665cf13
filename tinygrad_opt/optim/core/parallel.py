"""A few threads for the blocks of large arrays: NumPy lets go of the interpreter while it computes."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

WORKERS = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)

_pool: ThreadPoolExecutor | None = None


def pool() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        from concurrent.futures import ThreadPoolExecutor  # a tenth of NumPy's own import, for large models only

        _pool = ThreadPoolExecutor(WORKERS - 1, thread_name_prefix="tinygrad_opt")
    return _pool


def forget_pool() -> None:
    """A forked child has none of its parent's threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_pool)


def on_workers(work: Callable[[int], Any], workers: int) -> None:
    """work(0), ..., work(workers - 1) side by side, the first of them here; an error of any is raised."""
    others = [pool().submit(contextvars.copy_context().run, work, i) for i in range(1, workers)]
    try:
        work(0)
    finally:
        errors = [other.exception() for other in others]  # waits for each
    for error in errors:
        if error is not None:
            raise error

"""gradcheck as an assertion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..check import Report, gradcheck


def assert_gradients(f: Callable[..., Any], *inputs: Any, **options: Any) -> Report:
    """Assert that the gradient of f is its slope at these inputs; returns the report.

    inputs and options are those of `gradcheck`.

    Raises AssertionError with the report's text if it does not pass.

    >>> import numpy as np
    >>> from tinygrad_opt.testing import assert_gradients
    >>> assert_gradients(lambda x, w: np.tanh(x @ w), np.ones((2, 3)), np.ones(3), order=2).status
    'OK'
    >>> assert_gradients(lambda x: x * 2.0, 3.0, gradient=lambda x: 1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: gradcheck FAIL: the gradient is wrong at 1 of 1 entry
    ...
    """
    report = gradcheck(f, *inputs, **options)
    if not report:
        raise AssertionError(str(report))
    return report

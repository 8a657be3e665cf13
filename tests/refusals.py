"""How tests state what is refused: a call, the exact kind of its error, and the words in which it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refusals = dict[str, tuple[Callable[[], Any], type[Exception], str]]


def refused(call: Callable[[], Any], error: type[Exception]) -> str:
    """The words in which a call is refused with exactly this kind of error."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    return str(caught.value)

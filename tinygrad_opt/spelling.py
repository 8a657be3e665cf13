"""Names as people write them: "leaky_relu", "LeakyReLU" and "leaky relu" are one, and a slip is close to another."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def plain(name: str) -> str:
    """A name without what spellings differ in: upper and lower case, hyphens, underscores and spaces."""
    return "".join(c for c in name.lower() if c.isalnum())


def closest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, if any is like it."""
    return next(iter(difflib.get_close_matches(str(name), list(known), 1)), None)


def meant(name: object, known: Iterable[str]) -> str:
    """The end of a message about a name that is none of those known: a question, where one of them is like it."""
    close = closest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def named(
    kind: str,
    name: str,
    known: dict[str, T],
    elsewhere: Mapping[str, str] | None = None,
    *,
    bare: Callable[[str], str] = plain,
) -> T:
    """What is known by a name, in any spelling that bare takes for the same.

    elsewhere says of names in bare spelling what they are or where they are found, as "is a method of minimize".
    Raises ValueError, with the closest name, for one that is not known.

    >>> named("shape", "Round_Box", {"box": 1, "round box": 2})
    2
    >>> named("shape", "bix", {"box": 1, "round box": 2})
    Traceback (most recent call last):
    ValueError: there is no shape 'bix': did you mean 'box'?
    """
    spelled = {bare(other): other for other in reversed(known)}  # of two names for one spelling the first is shown
    if bare(name) in spelled:
        return known[spelled[bare(name)]]
    if elsewhere and bare(name) in elsewhere:
        raise ValueError(f"{name!r} {elsewhere[bare(name)]}")
    close = closest(bare(name), spelled)
    advice = f"did you mean {spelled[close]!r}?" if close else f"there are {', '.join(sorted(known))}"
    raise ValueError(f"there is no {kind} {name!r}: {advice}")

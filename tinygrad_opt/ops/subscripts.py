"""The subscripts of einsum, read: every axis gets a letter, and what does not fit is refused."""

from __future__ import annotations

import functools
import string

LETTERS = string.ascii_letters
Shape = tuple[int, ...]


@functools.lru_cache(maxsize=1024)
def parsed(subscripts: str, shapes: tuple[Shape, ...]) -> tuple[tuple[str, ...], str]:
    """The letters of each operand's axes and of the result's, ellipses written out.

    >>> parsed("...ij,jk", ((5, 2, 3), (3, 4)))
    (('aij', 'jk'), 'aik')
    """
    inputs, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum {subscripts!r} names {len(terms)} operands; {len(shapes)} were given")
    check_characters(subscripts, [*terms, out])
    unused = [c for c in LETTERS if c not in subscripts]
    extra = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=True)]
    for term, shape, n in zip(terms, shapes, extra, strict=True):
        if n < 0 or (n and "..." not in term):
            raise ValueError(f"einsum {subscripts!r}: {term!r} does not fit an operand of shape {shape}")
    broadcast = "".join(unused[: max(extra)])
    terms = [term.replace("...", broadcast[len(broadcast) - n :]) for term, n in zip(terms, extra, strict=True)]
    out = out.replace("...", broadcast) if arrow else broadcast + once("".join(terms), broadcast)
    check_result(subscripts, terms, out, broadcast)
    check_lengths(subscripts, terms, shapes)
    return tuple(terms), out


def once(letters: str, besides: str) -> str:
    """The letters that stand once, in alphabetical order: the result that is meant if none is given."""
    return "".join(sorted(c for c in letters if letters.count(c) == 1 and c not in besides))


def check_characters(subscripts: str, terms: list[str]) -> None:
    for term in terms:
        letters = term.replace("...", "", 1)
        if letters and not (letters.isascii() and letters.isalpha()):
            raise ValueError(f"einsum {subscripts!r}: subscripts are letters and one ellipsis; got {term!r}")


def check_result(subscripts: str, terms: list[str], out: str, broadcast: str) -> None:
    if not set(broadcast) <= set(out):
        raise ValueError(f"einsum {subscripts!r}: axes under an ellipsis must stand in the result: write ->...")
    for c in out:
        if out.count(c) > 1 or not any(c in term for term in terms):
            why = "stands twice in the result" if out.count(c) > 1 else "is in the result, but in no operand"
            raise ValueError(f"einsum {subscripts!r}: {c!r} {why}")


def check_lengths(subscripts: str, terms: list[str], shapes: tuple[Shape, ...]) -> None:
    """Axes of one subscript are equally long; one of length 1 is repeated to fit those of other operands."""
    for c in dict.fromkeys("".join(terms)):
        within = [{n for d, n in zip(*operand, strict=True) if d == c} for operand in zip(terms, shapes, strict=True)]
        lengths = set().union(*within)
        if len(lengths - {1}) > 1 or any(len(own) > 1 for own in within):
            seen = " and ".join(map(str, sorted(lengths)))
            raise ValueError(f"einsum {subscripts!r}: axes {c!r} have lengths {seen}; they must be equal")

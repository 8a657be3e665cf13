"""NumPy statements that compute arrays of a traced rule in place, with as few buffers as they need.

A result may overwrite an array whose last use has passed; the gradient is never overwritten.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...notation import INFIX, NEGATIVE, sides, wrap
from .trace import POWERS, Symbol

GRADIENT = "g"
OURS = re.compile(r"np|block_sum|(n|sum|scratch|mask)\d+")
"""What a kernel calls its own variables."""


def in_order(results: Iterable[Any], numbers_too: bool = False) -> list[Symbol]:
    """What the results are computed from and they themselves, each after its arguments.

    The arrays, and with numbers_too also what the numbers among their arguments are computed from.
    """
    found: dict[Symbol, None] = {}

    def visit(x: Any) -> None:
        if isinstance(x, Symbol) and x not in found and (numbers_too or not x.is_number):
            for a in x.args:
                visit(a)
            found[x] = None

    for result in results:
        visit(result)
    return list(found)


def may_be_variable(name: str) -> bool:
    """Whether a kernel can have a variable of that name beside its own."""
    return name.isidentifier() and not keyword.iskeyword(name) and not OURS.fullmatch(name)


class NumberNames:
    """Names and source text for the numbers of a rule.

    given maps symbols to their source, wishes to the names of the rule's local variables; taken are names in use for
    something else.
    """

    def __init__(self, given: Mapping[Symbol, str], wishes: Mapping[Symbol, str], taken: Iterable[str] = ()):
        self.given, self.wishes, self.taken = given, wishes, set(taken)
        self.used: dict[Symbol, str] = {}

    def variable(self, x: Any) -> str:
        """The variable that holds a number while the arrays are computed; a constant as it is."""
        if not isinstance(x, Symbol):
            return constant(x)
        if x not in self.used:
            wish = self.wishes.get(x) or (x.name if x.fn is None else None)
            free = wish and wish not in self.taken and may_be_variable(wish)
            self.used[x] = wish if wish and free else f"n{len(self.used)}"
            self.taken.add(self.used[x])
        return self.used[x]

    def text(self, x: Any, outer: int = 0) -> str:
        """A number as Python source, exact."""
        if not isinstance(x, Symbol):
            return wrap(constant(x), x < 0 and outer > 0)
        if x in self.given:
            return self.given[x]
        if x.fn == "choose":
            condition, yes, no = (self.text(a, 1) for a in x.args)
            return f"({yes} if {condition} else {no})"
        if x.fn in ("negative", "positive"):
            return wrap(f"{'-' if x.fn == 'negative' else '+'}{self.text(x.args[0], NEGATIVE)}", outer > NEGATIVE)
        if x.fn == "absolute":
            return f"abs({self.text(x.args[0])})"
        sign, strength = INFIX[str(x.fn)]
        left, right = (self.text(a, side) for a, side in zip(x.args, sides(sign, strength), strict=True))
        return wrap(f"{left} {sign} {right}", strength < outer)


def constant(x: Any) -> str:
    """A Python number as source; repr would call inf and nan by names that source does not know."""
    return repr(x) if math.isfinite(x) else f"-np.{-x}" if x < 0 else f"np.{x}"


def last_uses(order: Sequence[Symbol], wanted: Iterable[Symbol]) -> dict[Symbol, int]:
    """Which statement is the last to read each symbol; one after all for those that are wanted."""
    found = {a: i for i, x in enumerate(order) for a in x.args if isinstance(a, Symbol)}
    return found | dict.fromkeys(wanted, len(order))


class Writer:
    """The statements for some arrays of a trace.

    given and wishes name the numbers.  homes maps the names of inputs to the new values that must end there;
    without it the inputs are only read.  buffer tells afterwards where an array is.
    """

    def __init__(
        self, inputs: Mapping[str, Symbol], wanted: Sequence[Symbol], given: Mapping[Symbol, str],
        wishes: Mapping[Symbol, str], homes: Mapping[str, Any],
    ):  # fmt: skip
        order = [x for x in in_order(wanted) if x.fn is not None]
        self.names = NumberNames(given, wishes, [*inputs, *(str(x.fn) for x in order)])
        self.functions: dict[str, Any] = {}
        self.lines: list[str] = []
        self.scratch = self.masks = 0
        self.buffer = {x: name for name, x in inputs.items()}
        self.last = last_uses(order, wanted)
        self.writable = set(homes)
        self.free = [n for n, x in inputs.items() if n in self.writable and x not in self.last and n != GRADIENT]
        self.write(order, homes)

    def write(self, order: Sequence[Symbol], homes: Mapping[str, Any]) -> None:
        home = {x: name for name, x in homes.items() if isinstance(x, Symbol)}
        for i, x in enumerate(order):
            args = [self.operand(a) for a in x.args]
            self.buffer[x] = self.mask(i, x, args) if x.value.dtype == bool else self.statement(i, x, args, home.get(x))
        self.move_home(homes)

    def mask(self, i: int, x: Symbol, args: list[str]) -> str:
        """Write an array of booleans, each to a mask of its own."""
        self.masks += 1
        out = f"mask{self.masks}"
        self.release(i, x)
        if x.fn == "where":
            return self.choice(args, out)
        self.lines.append(f"np.{x.fn}({', '.join(args)}, out={out})")
        return out

    def statement(self, i: int, x: Symbol, args: list[str], home: str | None) -> str:
        """Write x; returns the buffer that holds it."""
        dying = self.release(i, x)
        if x.fn == "where":
            return self.choice(args, self.claim(home, [d for d in dying if d != args[1]], avoid=args[1]))
        out = self.claim(home, dying)
        name = str(x.fn)
        if name == "power" and x.args[1] in POWERS:
            name, args = POWERS[x.args[1]], args[:1]
        if name == "clip" or isinstance(getattr(np, name, None), np.ufunc):
            self.lines.append(f"np.{name}({', '.join(args)}, out={out})")
        else:
            settings = "".join(f", {key}={value!r}" for key, value in x.params.items())
            self.functions[name] = x.function
            self.lines.append(f"{out}[...] = {name}({', '.join(args)}{settings})")
        return out

    def choice(self, args: list[str], out: str) -> str:
        condition, x, y = args
        if out != y:
            self.lines.append(f"np.copyto({out}, {y})")
        self.lines.append(f"np.copyto({out}, {x}, where={condition})")
        return out

    def operand(self, a: Any) -> str:
        return self.buffer[a] if isinstance(a, Symbol) and not a.is_number else self.names.variable(a)

    def release(self, i: int, x: Symbol) -> list[str]:
        """Free the buffers whose last use statement i is; they are returned."""
        dying = [
            self.buffer[a]
            for a in dict.fromkeys(x.args)
            if isinstance(a, Symbol) and self.last[a] == i and not a.is_number
        ]
        dying = [b for b in dying if b != GRADIENT and not b.startswith("mask") and self.may_overwrite(b)]
        self.free += dying
        return dying

    def may_overwrite(self, buffer: str) -> bool:
        return buffer in self.writable or buffer.startswith("scratch")

    def claim(self, home: str | None, dying: list[str], avoid: str | None = None) -> str:
        """A buffer to write to: the result's own home if that is free, else one that has just become free."""
        usable = [b for b in self.free if b != avoid]
        if home in usable:
            out = str(home)
        elif dying or usable:
            out = (dying or usable)[-1]
        else:
            self.scratch += 1
            return f"scratch{self.scratch}"
        self.free.remove(out)
        return out

    def move_home(self, homes: Mapping[str, Any]) -> None:
        """Copy what is not yet where it must end; where two change places, by way of a scratch array."""
        moves = {home: self.operand(x) for home, x in homes.items() if self.operand(x) != home}
        while moves:
            ready = [home for home in moves if home not in moves.values()]
            if ready:
                self.lines.append(f"np.copyto({ready[0]}, {moves.pop(ready[0])})")
                continue
            home, source = next(iter(moves.items()))
            self.scratch += 1
            self.lines.append(f"np.copyto(scratch{self.scratch}, {source})")
            moves[home] = f"scratch{self.scratch}"

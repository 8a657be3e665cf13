"""Names for the nodes of a graph: their own where they have one, else v1, v2, ... in order of making."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .engine import Node

Array = np.ndarray[Any, np.dtype[Any]]
LONGEST = 40


class Names:
    """The name of each node and of each constant array; no two share one, and none depends on id().

    constants maps the names given to the arrays among the arguments: c1, c2, ...
    """

    def __init__(self, oldest_first: Iterable[Node]):
        nodes = list(oldest_first)
        self.of: dict[Node, str] = {}
        self.constants: dict[str, Array] = {}
        self._of_array: dict[int, str] = {}
        taken: dict[str, int] = {}
        for node in nodes:
            if node.name:
                self.of[node] = distinct(one_line(node.name), taken)
        given = set(self.of.values())
        results, arrays = numbered("v", given), numbered("c", given)
        for node in nodes:
            if node not in self.of:
                self.of[node] = next(results)
            for a in node.args:
                if isinstance(a, np.ndarray) and id(a) not in self._of_array:
                    name = self._of_array[id(a)] = next(arrays)
                    self.constants[name] = a

    def __getitem__(self, x: Any) -> str:
        return self.of[x] if isinstance(x, Node) else self._of_array[id(x)]


def numbered(letter: str, given: set[str]) -> Iterator[str]:
    """v1, v2, ... without those that users have given."""
    return (name for i in itertools.count(1) if (name := f"{letter}{i}") not in given)


def one_line(name: str) -> str:
    """A name fit for a line of text: control characters as spaces, cut where it would fill the line."""
    line = "".join(c if c.isprintable() else " " for c in str(name)[: LONGEST + 1])
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def distinct(name: str, taken: dict[str, int]) -> str:
    """name itself the first time, then name'2, name'3."""
    candidate = name
    while candidate in taken:
        taken[name] += 1
        candidate = f"{name}'{taken[name]}"
    taken[candidate] = 1
    return candidate

"""Names for the nodes of a graph: their own where they have one, else v1, v2, ... in order of making."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .engine import Node

LONGEST = 40


def constants(node: Node) -> list[Any]:
    """The array constants among a node's arguments; numbers need no name."""
    return [a for a in node.args if isinstance(a, np.ndarray)]


class Names:
    """The name of each node and of each constant array; no two share one, and none depends on id()."""

    def __init__(self, oldest_first: Iterable[Node]):
        nodes = list(oldest_first)
        self.of: dict[Any, str] = {}
        self._constants: dict[int, str] = {}
        taken: dict[str, int] = {}
        for node in nodes:
            if node.name:
                self.of[node] = distinct(one_line(node.name), taken)
        reserved = set(self.of.values())
        results, arrays = 0, 0
        for node in nodes:
            if node not in self.of:
                results += 1
                while f"v{results}" in reserved:
                    results += 1
                self.of[node] = f"v{results}"
            for array in constants(node):
                if id(array) not in self._constants:
                    arrays += 1
                    while f"c{arrays}" in reserved:
                        arrays += 1
                    self._constants[id(array)] = f"c{arrays}"

    def __getitem__(self, x: Any) -> str:
        return self.of[x] if isinstance(x, Node) else self._constants[id(x)]


def one_line(name: str) -> str:
    """A name fit for a line of text: control characters as spaces, cut where it would fill the line."""
    line = "".join(c if c.isprintable() else " " for c in str(name)[: LONGEST + 1])
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def distinct(name: str, taken: dict[str, int]) -> str:
    """name itself the first time, then name'2, name'3."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}'{taken[name]}"

"""The graph to be drawn, as numbered vertices: results, leaves, and the constants among the arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..engine import Node, newest_first
from ..naming import Names


class Constant:
    """An argument that is no node: a number, once for each place it stands in, or an array, once."""

    __slots__ = ("data",)

    def __init__(self, data: Any):
        self.data = data


Vertex = Node | Constant
Kind = Literal["operation", "input", "constant"]


class Graph:
    """Everything that root was computed from, each vertex after all of its inputs.

    vertices   the nodes, oldest first, each preceded by the constants that are new with it
    inputs     for each vertex the numbers of its inputs, in the order of its arguments
    ids        for each vertex what DOT calls it: n0, n1, ... by age, and c0, c1, ... for constants
    """

    def __init__(self, root: Node, names: Names | None = None):
        nodes = newest_first(root)[::-1]
        self.names = names or Names(nodes)
        self.vertices: list[Vertex] = []
        self.inputs: list[list[int]] = []
        self.ids: list[str] = []
        self.number: dict[Any, int] = {}
        self.constants = 0
        for age, node in enumerate(nodes):
            inputs = [self.number[a] if isinstance(a, Node) else self.constant(a) for a in node.args]
            self.number[node] = self.add(node, inputs, f"n{age}")

    def add(self, vertex: Vertex, inputs: list[int], name: str) -> int:
        self.vertices.append(vertex)
        self.inputs.append(inputs)
        self.ids.append(name)
        return len(self.vertices) - 1

    def constant(self, data: Any) -> int:
        """The vertex of a constant: a new one, but for an array that was met before."""
        shared = isinstance(data, np.ndarray)
        if shared and id(data) in self.number:
            return self.number[id(data)]
        place = self.add(Constant(data), [], f"c{self.constants}")
        self.constants += 1
        if shared:
            self.number[id(data)] = place
        return place

    def kind(self, i: int) -> Kind:
        vertex = self.vertices[i]
        if isinstance(vertex, Constant):
            return "constant"
        if vertex.op is not None:
            return "operation"
        return "input" if vertex.requires_grad else "constant"

    def says(self, i: int) -> str:
        """What a vertex is, in a word: its operation, or the kind of leaf."""
        vertex = self.vertices[i]
        return vertex.op.name if isinstance(vertex, Node) and vertex.op is not None else self.kind(i)

    def is_number(self, i: int) -> bool:
        """Whether the vertex is a number among the arguments, which has no name."""
        vertex = self.vertices[i]
        return isinstance(vertex, Constant) and not isinstance(vertex.data, np.ndarray)


def consumers_of(inputs: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each vertex those that take it as an input, each once."""
    consumers: list[list[int]] = [[] for _ in inputs]
    for i, places in enumerate(inputs):
        for j in dict.fromkeys(places):
            consumers[j].append(i)
    return consumers

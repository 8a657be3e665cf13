"""Scopes: which part of a model each vertex belongs to, told by dotted names like ``layers.0.weight``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..engine import Node
from .graph import Graph, consumers_of

Scope = tuple[str, ...]
NOWHERE: Scope = ()
DEEPEST = 8  # boxes nested deeper than this cannot be read
dotted = re.compile(r"[^\W\d]\w*(\.\w+)+").fullmatch


def path(name: str | None) -> Scope:
    """The scope that a name stands in: ``layers.0.weight`` in ``layers``, ``0``."""
    return tuple(name.split(".")[:-1][:DEEPEST]) if name and dotted(name) else NOWHERE


def common(scopes: Iterable[Scope]) -> Scope:
    """The innermost scope that holds all the given ones."""
    shared: Scope | None = None
    for scope in scopes:
        if shared is None:
            shared = scope
        while shared != scope[: len(shared)]:
            shared = shared[:-1]
    return shared or NOWHERE


def scopes(graph: Graph) -> list[Scope]:
    """The scope of every vertex.

    A dotted name says it.  An operation on parameters of a scope belongs to that scope; what lies between
    two scopes belongs to the innermost one around both: the relu between ``layers.0`` and ``layers.1``
    to ``layers``.
    """
    named = [path(vertex.name) if isinstance(vertex, Node) else NOWHERE for vertex in graph.vertices]
    if not any(named):
        return named
    own = owners(graph, named)
    before, after = own[:], own[:]
    for i, inputs in enumerate(graph.inputs):
        before[i] = own[i] or common(before[j] for j in inputs if graph.inputs[j])
    consumers = consumers_of(graph.inputs)
    for i in reversed(range(len(own))):
        after[i] = own[i] or common(after[c] for c in consumers[i])
    found = [own[i] or common((before[i], after[i])) for i in range(len(own))]
    return [found[consumers[i][0]] if graph.is_number(i) else scope for i, scope in enumerate(found)]


def owners(graph: Graph, named: list[Scope]) -> list[Scope]:
    """The scope of each vertex that has a dotted name or works on parameters that have one."""
    own: list[Scope] = []
    from_parameters: list[bool] = []  # a named leaf, or computed from such leaves alone
    for i, inputs in enumerate(graph.inputs):
        given = [j for j in inputs if not graph.is_number(j)]
        own.append(named[i] or common(own[j] for j in given if from_parameters[j]))
        from_parameters.append(all(from_parameters[j] for j in given) if given else bool(named[i]))
    return own

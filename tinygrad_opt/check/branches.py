"""What the graph of f tells of a run: the branches it took, where a gradient was lost, what it read besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from ..engine import Node, concretes, newest_first
from ..value import Value


def sides_of(root: Node) -> tuple[Any, ...]:
    """The operations that made root, and on which side of its kink each was."""
    return tuple(side(node) for node in reversed(newest_first(root)) if node.op is not None)


def side(node: Node) -> Any:
    op = node.op
    assert op is not None
    if op.kink is None:
        return op.name
    out, *inputs = concretes(node)
    return op.name, hash(np.asarray(op.kink(out, *inputs, **node.params)).tobytes())


def lost_in(y: Any, grads: dict[Any, Any]) -> str | None:
    """The newest operation that was given a finite gradient and handed on one that is not."""
    finite = {node for node, g in grads.items() if np.all(np.isfinite(g))}
    for node in newest_first(y) if grads else ():
        if node.op is not None and node in finite and any(a in grads and a not in finite for a in nodes_of(node)):
            return node.op.name
    return None


def nodes_of(node: Node) -> Iterator[Node]:
    return (a for a in node.args if isinstance(a, Node))


def captured(y: Any, again: Any, operands: Collection[Any]) -> list[Value]:
    """Leaves that f reads and that are none of its inputs: they are the same objects in two runs."""
    if not (isinstance(y, Value) and isinstance(again, Value)):
        return []
    inputs = set(map(id, operands))
    before = {node for node in newest_first(y) if node.op is None and node.requires_grad}
    found = [node for node in newest_first(again) if node in before and id(node) not in inputs]
    return [node for node in reversed(found) if isinstance(node, Value)]

"""Pictures of a graph: draw(root) is a graphviz.Digraph of what root was computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..engine import Node

if TYPE_CHECKING:
    from .picture import Picture

LEAST = 10  # room for the root, an active step and its inputs, and two summaries
DIRECTIONS = ("LR", "RL", "TB", "BT")


def draw(
    root: Any,
    *,
    step: int | None = None,
    gradient: Any = None,
    budget: int = 150,
    rankdir: Literal["LR", "RL", "TB", "BT"] = "LR",
) -> Picture:
    """Draw how root was computed: names, operations, shapes, data and gradients.

    step       show the backward pass as it stands after this step, counted from 1 as explain() does;
               else the gradients that the nodes hold
    gradient   d(loss)/d(root), needed for a step when root is not a scalar
    budget     a larger graph is folded into this many boxes: scopes such as ``layers.0``, runs of one
               operation, alike operations, and last what is farthest from root
    rankdir    the direction of the arrows: "LR", "RL", "TB" or "BT"

    Raises TypeError if root is no Value, ValueError for a step that the backward pass does not have,
    a budget below 10 or an unknown direction.

    >>> from tinygrad_opt import Value
    >>> a = Value(2.0, name="a")
    >>> picture = draw(a + a)
    >>> picture.source.count("n0 -> n1")
    2
    """
    if not isinstance(root, Node):
        raise TypeError(f"draw() draws a Value and what it was computed from; got {type(root).__name__}")
    if budget < LEAST:
        raise ValueError(f"budget is the number of boxes to draw, at least {LEAST}; got {budget}")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(DIRECTIONS)}; got {rankdir!r}")
    from ..explain.explanation import explain
    from .graph import Graph
    from .look import picture
    from .snapshot import AfterStep, Snapshot

    if step is None:
        return picture(Graph(root), Snapshot(), budget, rankdir)
    explanation = explain(root, gradient)
    return picture(Graph(root, explanation.names), AfterStep(explanation, step), budget, rankdir)

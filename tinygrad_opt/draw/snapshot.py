"""What a picture shows of the backward pass: as it ended, or as it stood after one of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..engine import Node
from ..explain.explanation import Explanation
from ..explain.steps import Step
from ..ops.operand import concrete

State = Literal["done", "active", "waiting"]


class Snapshot:
    """The gradients that the nodes hold now."""

    step: Step | None = None
    captions: Sequence[str] = ()

    def gradient(self, node: Node) -> Any:
        return concrete(node.grad)

    def state(self, node: Node) -> State | None:
        """How far the node has come; None where the question does not arise."""
        return None

    def reports(self, node: Node) -> str:
        """How many of a waiting node's consumers have reported: ``1/2``."""
        return ""

    def part(self, node: Node, place: int) -> Any:
        """What node hands to its argument at place in this step; None for nothing."""
        return None


class AfterStep(Snapshot):
    """The backward pass as it stands when its step of the given number has been made."""

    def __init__(self, explanation: Explanation, number: int):
        total = len(explanation.steps)
        if number not in range(1, total + 1):
            root = explanation.names[explanation.root]
            raise ValueError(
                f"step={number!r}: the backward pass from {root} has steps 1 to {total}"
                if total
                else f"step={number!r}: the backward pass from {root} has no steps, for {root} was not computed "
                "from anything that requires a gradient"
            )
        ran = explanation.steps[:number]
        self.step = ran[-1]
        self.captions = [
            f"backward step {number} of {total}: {self.step.name} passes its gradient on",
            "waiting 1/2: one of two uses has reported",
        ]
        self.awaited = explanation.awaited
        self.done = {step.node for step in ran[:-1]}
        self.gradients: dict[Node, Any] = {explanation.root: explanation.seed}
        self.reported: dict[Node, int] = {}
        for step in ran:
            for c in step.contributions:
                self.gradients[c.to_node] = c.after
                self.reported[c.to_node] = c.reported
        self.parts = {c.index: c.part for c in self.step.contributions}

    def gradient(self, node: Node) -> Any:
        return self.gradients.get(node)

    def state(self, node: Node) -> State | None:
        assert self.step is not None
        if node is self.step.node:
            return "active"
        if node in self.done:
            return "done"
        if node not in self.awaited:
            return None
        complete_leaf = node.op is None and self.reported.get(node) == self.awaited[node]
        return "done" if complete_leaf else "waiting"

    def reports(self, node: Node) -> str:
        return f"{self.reported.get(node, 0)}/{self.awaited[node]}"

    def part(self, node: Node, place: int) -> Any:
        assert self.step is not None
        return self.parts.get(place) if node is self.step.node else None

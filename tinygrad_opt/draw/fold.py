"""Folding: a graph too large to be read becomes few enough boxes, before any layout is tried.

Each way of folding gives every box a key, and boxes of equal keys become one.  The keys of scopes, runs and
alike nodes are such that no cycle closes: every box still stands after its inputs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import numpy as np

from ..engine import Node
from .graph import Graph, consumers_of
from .scopes import NOWHERE, Scope, common
from .snapshot import Snapshot

How = Literal["scope", "run", "alike", "earlier", "later"]
WORTH = 0.9  # a round that leaves more than this share of the boxes is the last, so all rounds take linear time


class Box:
    """One shape in the picture: a vertex, or several that were folded.

    members   the numbers of its vertices
    inputs    the positions of its input boxes: of one vertex in order and repeated, of several each once
    how       the way the members were folded; None for a single vertex
    """

    __slots__ = ("how", "inputs", "members")

    def __init__(self, members: list[int], inputs: Sequence[int], how: How | None = None):
        self.members, self.inputs, self.how = members, inputs, how


def fold(graph: Graph, scopes: list[Scope], snapshot: Snapshot, budget: int) -> list[Box]:
    """The whole graph in at most budget boxes; scopes fold first, the deepest before those around them."""
    boxes = [Box([i], inputs) for i, inputs in enumerate(graph.inputs)]
    if len(boxes) <= budget:
        return boxes
    folding = Folding(graph, scopes, snapshot, budget)
    for depth in range(max(map(len, scopes)), -1, -1):
        boxes = folding.by_scope(boxes, depth)
        boxes = folding.by_structure(boxes)
        if len(boxes) <= budget:
            return boxes
    return folding.around_focus(boxes)


class Folding:
    """The ways to fold one graph.

    focus    what the picture is about: the root, or the active node of a step
    fixed    what stays unfolded: the root, the focus, and of an active node the inputs
    facts    what alike vertices share: operation or kind of leaf, shape, state
    """

    def __init__(self, graph: Graph, scopes: list[Scope], snapshot: Snapshot, budget: int):
        self.graph, self.scopes, self.budget = graph, scopes, budget
        self.focus = root = len(graph.vertices) - 1
        self.fixed = {root}
        if snapshot.step is not None:
            self.focus = graph.number[snapshot.step.node]
            self.fixed |= {self.focus, *graph.inputs[self.focus][: budget // 3]}
        self.facts = [
            (graph.says(i), np.shape(v.data), snapshot.state(v) if isinstance(v, Node) else None)
            for i, v in enumerate(graph.vertices)
        ]

    def is_fixed(self, box: Box) -> bool:
        return box.how is None and box.members[0] in self.fixed

    # -- scopes --------------------------------------------------------------------------------
    def by_scope(self, boxes: list[Box], depth: int) -> list[Box]:
        """Fold every scope of that depth; one that is left and entered again, once for each visit."""
        if depth == 0:
            return boxes
        scoped = [NOWHERE if self.is_fixed(box) else self.scope(box)[:depth] for box in boxes]
        scoped = [scope if len(scope) == depth else NOWHERE for scope in scoped]
        level = visits(boxes, scoped)
        keys = [(scope, level[i]) if scope else i for i, scope in enumerate(scoped)]
        return in_order(merged(boxes, keys, "scope"))

    def scope(self, box: Box) -> Scope:
        return common(self.scopes[i] for i in box.members)

    # -- structure -----------------------------------------------------------------------------
    def by_structure(self, boxes: list[Box]) -> list[Box]:
        """Fold runs and alike boxes in turn, for as long as it is needed and worth it."""
        before = float("inf")
        while self.budget < len(boxes) <= WORTH * before:
            before = len(boxes)
            boxes = in_order(merged(boxes, self.runs(boxes), "run"))
            if len(boxes) > self.budget:
                boxes = in_order(merged(boxes, self.alike(boxes), "alike"))
        return boxes

    def runs(self, boxes: list[Box]) -> list[Hashable]:
        """One key for operations of one kind of which each feeds only the next.

        Nothing outside can stand between two of them, for it would be another consumer of the first.
        """
        consumers = consumers_of([box.inputs for box in boxes])
        keys: list[Hashable] = list(range(len(boxes)))
        for i in range(len(boxes) - 1, -1, -1):
            if len(consumers[i]) == 1 and self.continues(boxes[i], boxes[consumers[i][0]]):
                keys[i] = keys[consumers[i][0]]
        return keys

    def continues(self, box: Box, then: Box) -> bool:
        """Whether both are the same operation, in the same state."""
        if not box.inputs or "scope" in (box.how, then.how) or self.is_fixed(box) or self.is_fixed(then):
            return False
        (op, _, state), (next_op, _, next_state) = self.facts[box.members[-1]], self.facts[then.members[-1]]
        return op == next_op and state == next_state

    def alike(self, boxes: list[Box]) -> list[Hashable]:
        """One key for operations on alike inputs, and for leaves that alike operations take at one place.

        Alike boxes are equally far from their leaves, so none of them depends on another.
        """
        traits = [self.traits(box) for box in boxes]
        depth = [0] * len(boxes)
        uses: list[set[Hashable]] = [set() for _ in boxes]
        for i, box in enumerate(boxes):
            depth[i] = 1 + max((depth[j] for j in box.inputs), default=-1)
            placed = self.keeps_places(box)
            for place, j in enumerate(box.inputs):
                if not boxes[j].inputs:
                    uses[j].add((traits[i], depth[i], place if placed else 0))
        classes: dict[Hashable, int] = {}
        keys: list[Hashable] = []
        for i, box in enumerate(boxes):
            around = tuple(keys[j] for j in box.inputs) or frozenset(uses[i])
            key = i if self.is_fixed(box) else (traits[i], around)
            keys.append(classes.setdefault(key, len(classes)))
        return keys

    def traits(self, box: Box) -> Hashable:
        """What alike boxes share apart from their inputs."""
        scope = self.scope(box) if box.how == "scope" else NOWHERE
        return self.facts[box.members[-1]], len(box.members), box.how, scope

    def keeps_places(self, box: Box) -> bool:
        """Whether the order of a box's inputs still tells them apart."""
        vertex = self.graph.vertices[box.members[0]]
        sequence = isinstance(vertex, Node) and vertex.op is not None and vertex.op.sequence
        return box.how in (None, "alike") and not sequence

    # -- the rest ------------------------------------------------------------------------------
    def around_focus(self, boxes: list[Box]) -> list[Box]:
        """Keep what is nearest to the focus; all before it becomes one box, and all after it another."""
        distance = [0] * len(boxes)
        for i in range(len(boxes) - 1, -1, -1):
            for j in boxes[i].inputs:
                distance[j] = max(distance[j], distance[i] + 1)
        order = sorted(range(len(boxes)), key=lambda i: (distance[i], -boxes[i].members[-1]))
        focus = next(place for place, i in enumerate(order) if boxes[i].members == [self.focus])
        size = self.budget - len(self.fixed) - 2
        start = max(0, focus - size // 2)
        last = [boxes[i].members[-1] for i in order]  # names a box through both merges
        rest: dict[How, list[int]] = {"later": last[:start], "earlier": last[start + size :]}
        for fixed in (self.fixed, set()):
            kept = boxes
            for how, part in rest.items():
                folded = set(part) - fixed
                keys = [how if box.members[-1] in folded else i for i, box in enumerate(kept)]
                kept = merged(kept, keys, how)
            if len(sorted_boxes(kept)) == len(kept):  # else a fixed box stood in the midst of what is folded
                break
        return kept


def visits(boxes: list[Box], scoped: Sequence[Scope]) -> list[int]:
    """A level for every box that grows along each path whenever the scope changes.

    So boxes of one scope and level can be one box.  What depends on nothing outside its scope, such as a
    parameter, takes the level of its first use.
    """
    level = [0] * len(boxes)
    for i, box in enumerate(boxes):
        level[i] = max((level[j] + (scoped[j] != scoped[i]) for j in box.inputs), default=0)
    consumers = consumers_of([box.inputs for box in boxes])
    for i in range(len(boxes) - 1, -1, -1):
        if level[i] == 0 and scoped[i]:
            level[i] = min((level[c] - (scoped[c] != scoped[i]) for c in consumers[i]), default=0)
    return level


def merged(boxes: list[Box], keys: Iterable[Hashable], how: How) -> list[Box]:
    """Boxes of one key as one box, in the order of the first of each."""
    groups: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    if len(groups) == len(boxes):
        return boxes
    place = [0] * len(boxes)
    for g, group in enumerate(groups.values()):
        for i in group:
            place[i] = g
    return [joined([boxes[i] for i in group], place, g, how) for g, group in enumerate(groups.values())]


def joined(boxes: list[Box], place: list[int], own: int, how: How) -> Box:
    """One box for several; place tells where each of their inputs has gone."""
    if len(boxes) == 1 and boxes[0].how is None:
        return Box(boxes[0].members, [place[j] for j in boxes[0].inputs])
    members = sorted(i for box in boxes for i in box.members)
    inputs = dict.fromkeys(place[j] for box in boxes for j in box.inputs)
    inputs.pop(own, None)
    keeps = len(boxes) == 1 or how == "alike"  # alike runs are a run, only wider
    return Box(members, list(inputs), boxes[0].how or how if keeps else how)


def in_order(boxes: list[Box]) -> list[Box]:
    """The boxes with each after its inputs."""
    order = sorted_boxes(boxes)
    place = [0] * len(boxes)
    for new, i in enumerate(order):
        place[i] = new
    return [Box(boxes[i].members, [place[j] for j in boxes[i].inputs], boxes[i].how) for i in order]


def sorted_boxes(boxes: list[Box]) -> list[int]:
    """Where the boxes stand when each follows its inputs; those on a cycle are missing."""
    consumers = consumers_of([box.inputs for box in boxes])
    missing = [len(set(box.inputs)) for box in boxes]
    order = [i for i, count in enumerate(missing) if count == 0]
    for i in order:  # grows as boxes become ready
        for c in consumers[i]:
            missing[c] -= 1
            if missing[c] == 0:
                order.append(c)
    return order

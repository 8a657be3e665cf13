"""The look of a graph: what each box and each arrow is in DOT.

Kinds differ in shape as well as in colour.  Shapes are light with dark text, and all that stands outside them
is of a middle grey, so that a picture can be read on a light and on a dark page.
"""

from __future__ import annotations

from ..engine import Node
from .fold import Box, fold
from .graph import Graph
from .labels import Labels, escape, value
from .picture import Picture
from .scopes import NOWHERE, Scope, common, scopes
from .snapshot import Snapshot

INK, LINE, ACTIVE = "#1b1f24", "#7a7f87", "#d55e00"
FONT = {"fontname": "Helvetica", "fontsize": "11"}
GRAPH = {"bgcolor": "transparent", "pad": "0.2", "fontcolor": LINE, **FONT}
NODE = {"style": "filled", "penwidth": "1.2", "fontcolor": INK, **FONT}
EDGE = {"arrowsize": "0.7", "color": LINE, "fontcolor": LINE, **FONT}
CLUSTER = {"style": "rounded,dashed", "color": LINE}

COLOURS = {
    "input": {"fillcolor": "#dbe9fb", "color": "#3b6fb6"},
    "constant": {"fillcolor": "#e8e8ec", "color": "#8a8f98"},
    "operation": {"fillcolor": "#fdf3d6", "color": "#b8860b"},
}
SHAPES = {
    "input": {"shape": "box"},
    "constant": {"shape": "note"},
    "operation": {"shape": "box", "style": "filled,rounded"},
}
NUMBER = {"shape": "ellipse", "width": "0.4", "height": "0.3", "margin": "0.05,0.02"}
ROOT = {"shape": "box", "style": "filled,rounded", "peripheries": "2", "fillcolor": "#d9f2e0", "color": "#228833"}
SCOPE = {"shape": "folder", "fillcolor": "#ece4f7", "color": "#7a5bb0"}
FEW = 1000  # a graph of so many nodes can be laid out whole
REST = {"shape": "tab", **COLOURS["constant"]}


def picture(graph: Graph, snapshot: Snapshot, budget: int, rankdir: str) -> Picture:
    """The graph in at most budget boxes, each in the cluster of its scope."""
    scope_of = scopes(graph)
    boxes = fold(graph, scope_of, snapshot, budget)
    labels = Labels(graph, scope_of, snapshot)
    drawn = Picture(format="svg", graph_attr=GRAPH | {"rankdir": rankdir}, node_attr=NODE, edge_attr=EDGE)
    caption = captions(graph, snapshot, boxes, budget)
    if caption:
        drawn.attr(label=f"<{'<BR/>'.join(map(escape, caption))}>")
    clusters = Clusters(drawn)
    for box in boxes:
        within = clusters[surroundings(box, scope_of)]
        within.node(box_id(graph, box), label=labels.of(box), **style(graph, snapshot, box))
    clusters.close()
    for box in boxes:
        add_arrows(drawn, graph, snapshot, boxes, box)
    return drawn


def box_id(graph: Graph, box: Box) -> str:
    """The id of a box: that of its newest vertex."""
    return graph.ids[box.members[-1]]


def captions(graph: Graph, snapshot: Snapshot, boxes: list[Box], budget: int) -> list[str]:
    """What the picture says beneath: which step it shows, and what it folds."""
    lines = list(snapshot.captions)
    folded, total = [box for box in boxes if box.how], len(graph.vertices)
    if folded:
        lines.append(f"{sum(len(box.members) for box in folded)} of {total} nodes are folded into {len(folded)}")
        more = total if total <= FEW else 2 * budget
        lines.append(f"to see more: draw(node, budget={more}), or draw an intermediate node")
    return lines


def style(graph: Graph, snapshot: Snapshot, box: Box) -> dict[str, str]:
    """The shape, colour and outline of a box."""
    last = box.members[-1]
    kind, vertex = graph.kind(last), graph.vertices[last]
    if box.how == "scope":
        return SCOPE
    if box.how in ("earlier", "later"):
        return REST
    if box.how is not None:
        look = COLOURS[kind] | {"shape": "box3d"}
    elif last == len(graph.vertices) - 1:
        look = ROOT
    else:
        look = COLOURS[kind] | (NUMBER if graph.is_number(last) else SHAPES[kind])
    return look | (outline(snapshot, vertex, look) if isinstance(vertex, Node) else {})


def outline(snapshot: Snapshot, node: Node, look: dict[str, str]) -> dict[str, str]:
    """A bold outline for the active node of a step, a dashed one for those that wait."""
    state = snapshot.state(node)
    if state == "active":
        return {"color": ACTIVE, "penwidth": "3"}
    return {"style": f"{look.get('style', 'filled')},dashed"} if state == "waiting" else {}


def add_arrows(drawn: Picture, graph: Graph, snapshot: Snapshot, boxes: list[Box], box: Box) -> None:
    """An arrow for each argument; between a box and a folded one, one arrow for all."""
    into, vertex = box_id(graph, box), graph.vertices[box.members[-1]]
    met: set[int] = set()
    for place, j in enumerate(box.inputs):
        if j in met and (box.how or boxes[j].how):
            continue
        met.add(j)
        out_of = box_id(graph, boxes[j])
        part = snapshot.part(vertex, place) if isinstance(vertex, Node) and box.how is None else None
        if part is None:
            drawn.edge(out_of, into)
        else:
            flow = {"dir": "back", "color": ACTIVE, "fontcolor": ACTIVE, "penwidth": "2"}
            drawn.edge(out_of, into, label=f"<+= {escape(value(part))}>", **flow)


def surroundings(box: Box, scopes: list[Scope]) -> Scope:
    """The scope whose cluster a box is drawn in."""
    if box.how in ("earlier", "later"):
        return NOWHERE
    scope = common(scopes[i] for i in box.members)
    return scope[:-1] if box.how == "scope" else scope


class Clusters:
    """The nested clusters of a picture, one for each scope that has a box in it."""

    def __init__(self, drawn: Picture):
        self.of: dict[Scope, Picture] = {NOWHERE: drawn}

    def __getitem__(self, scope: Scope) -> Picture:
        for depth in range(1, len(scope) + 1):
            path = scope[:depth]
            if path not in self.of:
                cluster = Picture(name=f"cluster_{len(self.of)}")
                cluster.attr(label=f"<{escape('.'.join(path))}>", **CLUSTER)
                self.of[path] = cluster
        return self.of[scope]

    def close(self) -> None:
        """Put each cluster into the one around it, the innermost first."""
        for scope in sorted(self.of, key=len, reverse=True)[:-1]:
            self.of[scope[:-1]].subgraph(self.of[scope])

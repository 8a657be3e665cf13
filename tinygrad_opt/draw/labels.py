"""What stands inside the shapes of a picture, as Graphviz's HTML-like labels."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import Node
from ..expr import Expr
from ..naming import LONGEST, one_line
from ..notation import SMALL, number, settings
from .fold import Box
from .graph import Constant, Graph
from .scopes import Scope, common
from .snapshot import Snapshot

Row = tuple[str, ...]
TIMES, NONE = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
MOST = 6  # lines that a folded box is broken down into
WIDE = 34  # data and gradient stand side by side up to this many characters


def escape(text: str) -> str:
    """Any text as part of a label: no markup, no DOT escape, no control character, all on one line."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return html.escape(printable).replace("\\", "\\\\")


def table(title: str, rows: Iterable[Row]) -> str:
    """A label: a title, a line, and rows of one or two cells."""
    lines = [f'<TR><TD COLSPAN="3">{title}</TD></TR>']
    for i, row in enumerate(rows):
        cells = f'<TD COLSPAN="3">{row[0]}</TD>' if len(row) == 1 else f"<TD>{row[0]}</TD><VR/><TD>{row[1]}</TD>"
        lines.append(f"{'' if i else '<HR/>'}<TR>{cells}</TR>")
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">{"".join(lines)}</TABLE>>'


class Labels:
    """The labels of the boxes of one graph at one moment of the backward pass."""

    def __init__(self, graph: Graph, scopes: list[Scope], snapshot: Snapshot):
        self.graph, self.scopes, self.snapshot = graph, scopes, snapshot

    def of(self, box: Box) -> str:
        if box.how is None:
            return self.single(box.members[0])
        return self.repeated(box) if box.how in ("run", "alike") and self.one_kind(box) else self.mixed(box)

    # -- one vertex ----------------------------------------------------------------------------
    def single(self, i: int) -> str:
        """Name, operation, shape, data and gradient; a number among the arguments is the number alone."""
        vertex = self.graph.vertices[i]
        if self.graph.is_number(i):
            return f"<{escape(value(vertex.data))}>"
        title = f"<B>{escape(self.name(i))}</B>"
        if isinstance(vertex, Node) and vertex.op is not None:
            title += f"&#160; {escape(one_line(call(vertex)))}"
        contents = {"data": vertex.data}
        if isinstance(vertex, Node) and vertex.requires_grad:
            contents["grad"] = self.snapshot.gradient(vertex)
        return table(title, rows_of(contents) + self.progress(vertex))

    def name(self, i: int) -> str:
        vertex = self.graph.vertices[i]
        return self.graph.names[vertex.data if isinstance(vertex, Constant) else vertex]

    def progress(self, vertex: Node | Constant) -> list[Row]:
        """How far a node has come in the step that is pictured."""
        if not isinstance(vertex, Node) or (state := self.snapshot.state(vertex)) is None:
            return []
        return [(f"waiting {self.snapshot.reports(vertex)}" if state == "waiting" else state,)]

    # -- several -------------------------------------------------------------------------------
    def one_kind(self, box: Box) -> bool:
        return len({self.graph.says(i) for i in box.members}) == 1

    def repeated(self, box: Box) -> str:
        """What there are so many of: the first and the last name and, of arrays, the shape they share."""
        first, last = box.members[0], box.members[-1]
        title = f"<B>{escape(self.graph.says(first))} {TIMES}{len(box.members)}</B>"
        if self.graph.is_number(first):
            values = {value(self.graph.vertices[i].data): None for i in box.members}
            return table(title, [(ends(*list(values)[:: max(1, len(values) - 1)]),)])
        shapes = {np.shape(self.graph.vertices[i].data) for i in box.members}
        rows: list[Row] = [(ends(self.name(first), self.name(last)),)]
        if shapes != {()}:
            rows.append((f"shape {shapes.pop()}" if len(shapes) == 1 else f"{len(shapes)} shapes",))
        return table(title, rows + self.states(box))

    def mixed(self, box: Box) -> str:
        """A scope or the rest of the graph, by what it is made of."""
        count = len(box.members)
        scope = ".".join(common(self.scopes[i] for i in box.members))
        title = f"<B>{escape(one_line(scope))}</B>" if box.how == "scope" else f"<B>{count} {box.how} nodes</B>"
        kinds = Counter(self.graph.says(i) for i in box.members).most_common()
        lines = [f"{times} {escape(plural(kind, times))}" for kind, times in kinds[:MOST]]
        if len(kinds) > MOST:
            lines.append(f"{sum(times for _, times in kinds[MOST:])} others")
        return table(title, [("<BR/>".join(lines),), *self.states(box)])

    def states(self, box: Box) -> list[Row]:
        """How many of the members have come how far in the step that is pictured."""
        nodes = (self.graph.vertices[i] for i in box.members)
        states = Counter(self.snapshot.state(node) for node in nodes if isinstance(node, Node))
        states.pop(None, None)
        return [(", ".join(f"{times} {state}" for state, times in states.items()),)] if states else []


def ends(first: str, *last: str) -> str:
    return " … ".join(escape(text) for text in dict.fromkeys((first, *last)))


def call(node: Node) -> str:
    """A node's operation with the settings that are not the defaults: ``sum(axis=0)``."""
    assert node.op is not None
    params = node.op.given(node.params)
    chosen = settings(Expr(node.data, None, node.op.name, (), params, node.op.defaults)) if params else []
    return node.op.name + (f"({', '.join(chosen)})" if chosen else "")


def plural(kind: str, times: int) -> str:
    """Leaves are counted in the plural; an operation keeps its name."""
    return f"{kind}s" if kind in ("input", "constant") and times > 1 else kind


def rows_of(contents: dict[str, Any]) -> list[Row]:
    """Data and gradient, side by side where there is room; of large arrays the shape alone."""
    shape = np.shape(contents["data"])
    large = any(is_large(x) for x in contents.values())
    cells = [f"{what} {escape(str(shape) if large and x is not None else value(x))}" for what, x in contents.items()]
    rows: list[Row] = [(f"shape {shape}",)] if shape and not large else []
    return rows + ([tuple(cells)] if sum(map(len, cells)) <= WIDE else [(cell,) for cell in cells])


def value(x: Any) -> str:
    """A number, a small array in full, a large one by its shape; a dash for none."""
    if x is None:
        return NONE
    return str(np.shape(x)) if is_large(x) else number(x)


def is_large(x: Any) -> bool:
    return np.ndim(x) > 0 and (np.size(x) > SMALL or len(number(x)) > LONGEST)

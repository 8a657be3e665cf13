"""explain(root): backprop on one expression, told step by step."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ..engine import Node, newest_first
from ..naming import Names
from ..notation import SMALL, in_full, plain
from .steps import Forward, Step, awaited_reports, backward_steps


class Explanation:
    """A forward pass and the backward pass over it, one record for each step.

    forward    how each result was computed, in order
    steps      the backward steps in order, each with its contributions
    gradients  the resulting gradient of every leaf that requires one, by name

    Values are shown as the nodes hold them when it is told: tell it before the data are changed.
    ``print(explanation)`` tells it in text; ``to_html(path)`` writes a page; a notebook shows the page.
    """

    def __init__(self, root: Node, seed: Any, entries: int = SMALL):
        nodes = newest_first(root)[::-1]
        self.root = root
        self.names = Names(nodes)
        self.leaves = [node for node in nodes if node.op is None]
        self.forward = [Forward(node, self.names) for node in nodes if node.op is not None]
        self.awaited = awaited_reports(nodes)
        self.seed = seed
        self.entries = entries

    @functools.cached_property
    def steps(self) -> list[Step]:
        return list(backward_steps(self.root, self.seed, self.names, self.awaited))

    @functools.cached_property
    def gradients(self) -> dict[str, Any]:
        totals = {c.to_node: c.after for step in self.steps for c in step.contributions if c.to_node.op is None}
        if self.root.op is None:
            totals[self.root] = self.seed
        return {self.names[leaf]: totals[leaf] for leaf in self.leaves if leaf in totals}

    def record(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        return {
            "root": self.names[self.root],
            "inputs": {self.names[leaf]: plain(leaf.data) for leaf in self.leaves},
            "constants": {name: plain(array) for name, array in self.names.constants.items()},
            "forward": [entry.record() for entry in self.forward],
            "backward": [step.record() for step in self.steps],
            "gradients": {name: plain(g) for name, g in self.gradients.items()},
        }

    def __str__(self) -> str:
        from .text import told

        with in_full(self.entries):
            return told(self)

    def __repr__(self) -> str:
        return f"<explanation of {self.names[self.root]}: {len(self.forward)} operations>"

    def _repr_html_(self) -> str:
        from .html import page

        with in_full(self.entries):
            return page(self)

    def to_html(self, path: str | Path) -> Path:
        """Write the explanation as one self-contained page and return its path."""
        path = Path(path)
        path.write_text(self._repr_html_(), encoding="utf-8")
        return path


def explain(root: Any, gradient: Any = None, entries: int = SMALL) -> Explanation:
    """Tell how root was computed and how its gradient reaches every input, step by step.

    gradient is d(loss)/d(root), needed when root is not a scalar.  No .grad is read or changed.
    Arrays of at most so many entries are shown in full, larger ones by their shape, as array(4, 4).

    >>> from tinygrad_opt import Value, explain
    >>> x, y = Value(2.0, name="x"), Value(-3.0, name="y")
    >>> explanation = explain(x * y + x)
    >>> explanation.steps[1].contributions[0].formula
    'v1.grad * y'
    >>> explanation.gradients
    {'x': -2.0, 'y': 2.0}
    """
    if not isinstance(root, Node):
        raise TypeError(f"explain tells how a Value was computed; got {type(root).__name__}")
    if isinstance(entries, bool) or not isinstance(entries, int) or entries < 0:
        raise ValueError(f"explain shows arrays of so many entries in full, 0 or more; got entries={entries!r}")
    return Explanation(root, root.seed(gradient), entries)  # type: ignore[attr-defined]  # every node is a Value

"""A model at a glance: its layers, their parameters and memory, and the shapes that run through them."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..recording import no_grad
from ..value import Value
from .description import settings_of
from .watching import watching

if TYPE_CHECKING:
    from .module import Module

WIDEST = 1000  # characters of a line: names are never cut


class Row(NamedTuple):
    """One layer: its path, kind, output shape (None if not run), number of parameters and of those that learn."""

    name: str
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    trainable: int
    memory: int


@dataclasses.dataclass(frozen=True)
class Summary:
    """The rows of a model's layers and their sums; what two layers share counts once.  memory is in bytes."""

    rows: list[Row]
    parameters: int
    trainable: int
    memory: int

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__


def summarize(model: Module, x: Any = None) -> Summary:
    """The rows of every module that has parameters or buffers of its own, or no parts."""
    shapes = output_shapes(model, x)
    rows, seen = [], set[int]()
    for path, module in model.named_modules():
        own = [p for p in module._parameters.values() if id(p) not in seen]
        seen.update(map(id, own))
        held = [*own, *module._buffers.values()]
        if held or not module._modules:
            kind = f"{type(module).__name__}({settings_of(module)})"
            learned = sum(p.size for p in own if p.requires_grad)
            row = Row(path, kind, shapes.get(id(module)), sum(p.size for p in own), learned, sum(map(nbytes, held)))
            rows.append(row)
    return Summary(
        rows, sum(row.parameters for row in rows), sum(row.trainable for row in rows), sum(row.memory for row in rows)
    )


def output_shapes(model: Module, x: Any) -> dict[int, tuple[int, ...]]:
    """The shape of what each module last returned for x, by its id; of nothing if there is no x.

    What is no single array, such as a pair of outputs, has none.  The model is run in evaluation mode, so that nothing
    in it changes.
    """
    shapes: dict[int, tuple[int, ...]] = {}

    def see(module: Module, out: Any) -> None:
        if isinstance(out, Value | np.ndarray | float):
            shapes[id(module)] = np.shape(out)

    if x is not None:
        with no_grad(), model.eval(), watching(model, see):
            model(x)
    return shapes


def nbytes(x: Any) -> int:
    return int(np.asarray(x.data if isinstance(x, Value) else x).nbytes)


def text(summary: Summary) -> str:
    """The table in plain text."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    shapes = any(row.shape is not None for row in summary.rows)
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False, show_footer=True)
    table.add_column("layer", "total", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    if shapes:
        table.add_column("output shape", no_wrap=True)
    table.add_column("parameters", f"{summary.parameters:,}", justify="right")
    table.add_column("memory", in_bytes(summary.memory), justify="right")
    for row in summary.rows:
        shape = [str(row.shape) if row.shape is not None else ""] if shapes else []
        memory = in_bytes(row.memory) if row.memory else ""
        table.add_row(row.name, row.kind, *shape, f"{row.parameters:,}" if row.parameters else "", memory)
    console = Console(file=io.StringIO(), width=WIDEST, highlight=False, markup=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines() if line.strip()]
    frozen = summary.parameters - summary.trainable
    return "\n".join([*lines, *([f"{frozen:,} parameters are frozen"] if frozen else [])])


def in_bytes(n: float) -> str:
    """A size as people write it."""
    for unit in ("B", "KiB", "MiB"):
        if n < 1024:
            return f"{n:.4g} {unit}"
        n /= 1024
    return f"{n:.4g} GiB"

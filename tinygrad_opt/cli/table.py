"""Tables as the commands print them: without lines between the rows, and without blanks at the ends of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH = 140


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings: the first column to the left, numbers to the right."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(headings[0], box=SIMPLE, pad_edge=False)
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False, width=WIDTH)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))

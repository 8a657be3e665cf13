"""Picture: a graphviz.Digraph that renders itself with whatever Graphviz there is."""

from __future__ import annotations

import os
from pathlib import Path

import graphviz  # type: ignore[import-untyped, unused-ignore]

from .render import layout

Name = str | os.PathLike[str]


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no type hints
    """A drawn graph: a graphviz.Digraph that shows itself in notebooks and needs no system Graphviz.

    source       the DOT text, the same on every run
    time_limit   seconds that a layout may take: 30 unless set, None for no limit

    Rendering raises TimeoutError after time_limit, RuntimeError where Graphviz refuses or is missing.

    >>> from tinygrad_opt import Value
    >>> from tinygrad_opt.draw import draw
    >>> picture = draw(Value(2.0, name="x") * 3)
    >>> picture.svg()[:5], picture.png()[1:4]
    ('<?xml', b'PNG')
    """

    time_limit: float | None = 30.0

    def svg(self) -> str:
        """The picture as SVG text."""
        return self.data("svg").decode()

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        return self.data("png")

    def data(self, format: str | None = None, engine: str | None = None) -> bytes:
        """The picture in any format of the Graphviz at hand."""
        return layout(self.source, format or self.format, engine or self.engine, self.time_limit)

    def write(self, path: Name) -> Path:
        """Write the picture to path, as the suffix says: .svg, .png, or .gv and .dot for the DOT text.

        Raises ValueError for another suffix.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix in (".gv", ".dot"):
            path.write_text(self.source, encoding="utf-8")
        elif suffix in (".svg", ".png"):
            path.write_bytes(self.data(suffix[1:]))
        else:
            raise ValueError(f"a picture is written as .svg, .png, .gv or .dot; got {str(path)!r}")
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, filename: Name | None = None, directory: Name | None = None, *, skip_existing: bool = False) -> str:
        """Save the DOT text; under a picture's name, such as graph.svg, write the picture itself."""
        if filename is not None and Path(filename).suffix.lower() in (".svg", ".png"):
            return str(self.write(Path(directory or "") / filename))
        return str(super().save(filename, directory=directory, skip_existing=skip_existing))

    # -- what Digraph does with a dot on PATH, done with ours -----------------------------------
    def pipe(
        self,
        format: str | None = None,
        *,
        engine: str | None = None,
        encoding: str | None = None,
        quiet: bool = True,
    ) -> bytes | str:
        """The picture as bytes, or as text if an encoding is given; warnings are never shown."""
        data = self.data(format, engine)
        return data if encoding is None else data.decode(encoding)

    def render(
        self,
        filename: Name | None = None,
        directory: Name | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: Name | None = None,
        engine: str | None = None,
        quiet: bool = True,
        quiet_view: bool = False,
    ) -> str:
        """Save the DOT text to filename and the picture beside it, or to outfile; return the picture's path."""
        if outfile is not None:
            filename = filename or Path(outfile).with_suffix(".gv")
            format = format or Path(outfile).suffix[1:]
        text = self.save(filename, directory=directory)
        rendered = os.fspath(outfile or f"{text}.{format or self.format}")
        Path(rendered).write_bytes(self.data(format, engine))
        if cleanup:
            os.remove(text)
        if view or quiet_view:
            graphviz.view(rendered, quiet=quiet_view)
        return rendered

"""An explanation as one self-contained HTML page: no network, light and dark, printable."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..notation import numbers, text
from .steps import value_of
from .text import MOST, change, ends, said, shown

if TYPE_CHECKING:
    from .explanation import Explanation


@functools.cache
def template() -> Any:
    """The page's template, escaping whatever is put in."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("tinygrad_opt.explain", "."), autoescape=True, trim_blocks=True)
    environment.filters |= {"shown": shown, "text": text, "numbers": numbers}
    return environment.get_template("page.html.j2")


def page(explanation: Explanation) -> str:
    """The whole page as text."""
    html: str = template().render(
        explanation=explanation,
        root=explanation.names[explanation.root],
        forward=list(ends(explanation.forward)),
        steps=list(ends(explanation.steps)),
        most=MOST,
        said=said,
        change=change,
        value_of=value_of,
    )
    return html

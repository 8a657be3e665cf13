"""Pictures by matplotlib, which the extra `plots` installs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .optim.landscapes import Landscape
from .optim.race import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOOR = 1e-16
"""Heights are drawn on a logarithmic scale above the lowest; equal to it is drawn here."""


def figure_of_matplotlib() -> type[Figure]:
    """The class of figures; ImportError says what to install."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'tinygrad_opt[plots]'") from None
    return Figure


def new_figure(width: float, height: float) -> Figure:
    """A figure that belongs to no window."""
    return figure_of_matplotlib()(figsize=(width, height), layout="constrained")


def race(landscape: Landscape, runs: Sequence[Run]) -> Figure:
    """The paths on the landscape's contours, and beside them how the heights fall.

    Returns a figure: ``race(...).savefig("race.svg")``; notebooks show it.
    """
    figure = new_figure(12, 5)
    ground, fall = figure.subplots(1, 2)
    x, y, z = landscape.grid(201)
    lowest = float(z.min()) if landscape.lowest is None else landscape.lowest
    ground.contourf(x, y, np.log1p(z - z.min()), levels=24, cmap="Greys", alpha=0.6)
    for run in runs:
        label = f"{run.name}, lr {run.lr:g}"
        ground.plot(*run.path.T, linewidth=1.2, label=label)
        fall.plot(np.maximum(run.heights - lowest, FLOOR), linewidth=1.5, label=label)
    for point in landscape.minima:
        ground.plot(*point, "k*", markersize=12)
    ground.plot(*runs[0].path[0], "ko", markersize=6)
    window = landscape.window
    ground.set(xlim=(window.left, window.right), ylim=(window.bottom, window.top), xlabel="x", ylabel="y")
    ground.set_title(landscape.name)
    fall.set(yscale="log", xlabel="step", ylabel="height above the lowest point")
    fall.legend()
    return figure


def curves(history: Mapping[str, Sequence[float | None]]) -> Figure:
    """How a run went, epoch by epoch: a picture for the loss and one for each metric, with validation beside training.

    history is a `History` or a dict of lists: ``curves(fit(...)).savefig("curves.svg")``.  Names with a slash, such as
    gradient_norm/0, are left out.
    """
    names = [name for name in history if not name.startswith("val_") and "/" not in name]
    if not names:
        raise ValueError("curves needs at least one epoch; this history has none")
    figure = new_figure(5.5 * len(names), 4)
    for name, axes in zip(names, figure.subplots(1, len(names), squeeze=False)[0], strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in history:
                heights = [np.nan if height is None else height for height in history[key]]
                axes.plot(range(1, len(heights) + 1), heights, marker="." if len(heights) < 40 else "", label=label)
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return figure

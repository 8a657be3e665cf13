"""A step by the rule itself, on new arrays that are copied into place: for whole arrays, and to compare with."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .blocks import cut_like
from .hyper import Hyper
from .members import Array
from .passes import Unit
from .pipeline import Pipeline


def run_rule(pipeline: Pipeline, h: Hyper, unit: Unit, by_array: bool) -> None:
    """Run the pipeline on the members of a unit, one by one; unit.new_scalars becomes the new state."""
    scalars = unit.scalars
    for m in unit.members:
        if m.size:  # a rule of whole arrays may take means, which nothing has none of
            g = m.gathered if m.gathered is not None else m.gradient.reshape(m.shape)
            arrays = [m.view, g, *m.slots.values()]
            p, g, *slots = arrays if by_array else [array.reshape(-1) for array in arrays]
            results = pipeline.update(h, unit.t, p, g, *slots, *unit.scalars)
            put((p, *slots), results)
            scalars = [float(x) for x in results[1 + len(slots) :]]
    unit.new_scalars = scalars


def run_joint_rule(pipeline: Pipeline, h: Hyper, unit: Unit) -> None:
    """Run the pipeline on all members as one array, summed in the pieces in which a kernel sums."""
    unit.new_scalars = unit.scalars
    if not unit.blocks:
        return
    columns = zip(*([block.p, block.gradient, *block.slots] for block in unit.blocks), strict=True)
    p, g, *slots = map(np.concatenate, columns)
    ends = np.cumsum([0, *(block.p.size for block in unit.blocks)]).tolist()
    cuts = list(itertools.pairwise(ends))
    with cut_like(cuts):
        results = pipeline.update(h, unit.t, p, g, *slots, *unit.scalars)
    for block, (start, stop) in zip(unit.blocks, cuts, strict=True):
        put((block.p, *block.slots), [np.broadcast_to(x, p.shape)[start:stop] for x in results[: 1 + len(slots)]])
    unit.new_scalars = [float(x) for x in results[1 + len(slots) :]]


def put(homes: tuple[Array, ...], results: Any) -> None:
    """Copy results into their arrays; one that lies in such an array itself is copied first."""
    owned = [own(result, homes) for result, _ in zip(results, homes, strict=False)]
    for home, result in zip(homes, owned, strict=True):
        np.copyto(home, result)


def own(result: Any, homes: tuple[Array, ...]) -> Any:
    inside = isinstance(result, np.ndarray) and any(np.may_share_memory(result, home) for home in homes)
    return result.copy() if inside else result

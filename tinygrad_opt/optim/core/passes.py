"""The passes of a kernel over blocks, on one thread or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any

from .blocks import sum_of
from .kernel import Kernel, Stage
from .members import Array, Member
from .packing import Block
from .parallel import WORKERS, on_workers

PARALLEL = 2**18
"""From this many entries on, a second thread gains more than it costs."""

Scratch = Callable[[Kernel, int, int], list[Array]]
"""Gives the scratch arrays and masks of a kernel for one worker and one length of blocks."""


@dataclass
class Unit:
    """Members that are updated with the same numbers: same step count, same sums."""

    members: list[Member]
    blocks: list[Block]
    t: int = 0
    scalars: list[float] = field(default_factory=list)
    kernel: Kernel | None = None
    numbers: tuple[Any, ...] | None = None

    @cached_property
    def size(self) -> int:
        return sum(block.p.size for block in self.blocks)


def workers_for(entries: int) -> int:
    return WORKERS if entries >= PARALLEL else 1


def run_units(h: SimpleNamespace, units: list[Unit], scratch: Scratch) -> None:
    """Update all units: large ones block by block on all workers, many of them side by side."""
    workers = workers_for(sum(unit.size for unit in units))
    if workers == 1 or len(units) == 1:
        for unit in units:
            run_unit(h, unit, scratch, workers)
        return
    todo = iter(units)

    def work(worker: int) -> None:
        for unit in todo:
            run_unit(h, unit, lambda kernel, _, length: scratch(kernel, worker, length), 1)

    on_workers(work, workers)


def run_unit(h: SimpleNamespace, unit: Unit, scratch: Scratch, workers: int) -> None:
    """Pass over the blocks once for each stage of the kernel; each knows the sums of those before."""
    kernel, numbers, sums = unit.kernel, unit.numbers, list[float]()
    assert kernel is not None
    if not unit.blocks:
        return  # a parameter without entries
    for stage in kernel.stages:
        if stage is not kernel.stages[0]:
            numbers = stage.numbers(h, unit.t, *unit.scalars, *sums)
        parts = run_stage(stage, unit.blocks, numbers or (), partial(scratch, kernel), workers)
        if stage is not kernel.stages[-1]:
            sums += [sum_of([part[i] for part in parts]) for i in range(len(parts[0]))]
    if unit.scalars:
        unit.scalars = list(kernel.new_scalars(h, unit.t, *unit.scalars, *sums))


def run_stage(
    stage: Stage, blocks: Sequence[Block], numbers: tuple[Any, ...], scratch: Callable[..., list[Array]], workers: int
) -> list[Any]:
    """Run one stage over the blocks; their results in order, whichever worker came to them."""

    def run(worker: int, block: Block) -> Any:
        return stage.run(block.p, block.gradient, *block.slots, *scratch(worker, block.p.size), *numbers)

    if workers == 1:
        return [run(0, block) for block in blocks]
    results: list[Any] = [None] * len(blocks)
    todo = iter(enumerate(blocks))

    def work(worker: int) -> None:
        for i, block in todo:
            results[i] = run(worker, block)

    on_workers(work, workers)
    return results

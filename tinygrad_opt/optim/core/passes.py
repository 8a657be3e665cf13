"""The passes of a kernel over blocks, on one thread or several."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .blocks import PARALLEL, sum_of
from .kernel import Kernel, Stage
from .members import Member
from .packing import Block
from .parallel import WORKERS, on_workers
from .scratch import Scratch


@dataclass
class Unit:
    """Members that are updated with the same numbers: same step count, same sums.

    numbers are what the next stage of the kernel is to be given; sums what the stages before it have found.
    """

    members: list[Member]
    blocks: list[Block]
    t: int = 0
    scalars: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    new_scalars: list[float] = field(default_factory=list)
    kernel: Kernel | None = None
    numbers: tuple[Any, ...] = ()

    @cached_property
    def size(self) -> int:
        return sum(block.p.size for block in self.blocks)


def workers_for(entries: int) -> int:
    return WORKERS if entries > PARALLEL else 1


def sum_units(units: list[Unit], computed: Callable[[Callable[..., Any], Unit], Any], scratch: Scratch) -> None:
    """Run all stages but the last, which only read: afterwards all numbers of the update are known.

    computed gives the numbers of a unit for the next stage.
    """

    def sums(unit: Unit, worker: int, workers: int) -> None:
        kernel = unit.kernel
        assert kernel is not None
        for stage, following in itertools.pairwise(kernel.stages if unit.blocks else ()):
            parts = run_stage(stage, unit, scratch, worker, workers)
            unit.sums += [sum_of([part[i] for part in parts]) for i in range(len(parts[0]))]
            unit.numbers = computed(following.numbers, unit)

    side_by_side(units, sums)


def update_units(units: list[Unit], scratch: Scratch) -> None:
    """Run the last stage, which writes."""

    def update(unit: Unit, worker: int, workers: int) -> None:
        assert unit.kernel is not None
        run_stage(unit.kernel.stages[-1], unit, scratch, worker, workers)

    side_by_side(units, update)


def side_by_side(units: list[Unit], work: Callable[[Unit, int, int], None]) -> None:
    """Do the work on each unit: a single one with all workers, several with one worker each."""
    workers = workers_for(sum([unit.size for unit in units]))
    if workers == 1 or len(units) == 1:
        for unit in units:
            work(unit, 0, workers)
        return
    todo = iter(units)

    def share(worker: int) -> None:
        for unit in todo:
            work(unit, worker, 1)

    on_workers(share, workers)


def run_stage(stage: Stage, unit: Unit, scratch: Scratch, worker: int, workers: int) -> list[Any]:
    """Run one stage over the blocks; their results in order, whichever worker came to them."""
    kernel, numbers, blocks = unit.kernel, unit.numbers, unit.blocks
    assert kernel is not None

    def run(worker: int, block: Block) -> Any:
        return stage.run(block.p, block.gradient, *block.slots, *scratch(kernel, worker, block.p.size), *numbers)

    if workers == 1:
        return [run(worker, block) for block in blocks]
    results: list[Any] = [None] * len(blocks)
    todo = iter(enumerate(blocks))

    def share(worker: int) -> None:
        for i, block in todo:
            results[i] = run(worker, block)

    on_workers(share, workers)
    return results

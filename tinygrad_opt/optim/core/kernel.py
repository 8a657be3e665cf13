"""A traced rule as NumPy source that works in place, and the functions made of it.

A rule that needs sums over a tensor is run in stages: those before the last only read, and what they
computed on the way is computed again, block by block, so that nothing the size of the tensor is stored.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .blocks import block_sum
from .trace import Symbol, Trace
from .traced import Traced
from .writer import Numbers, Writer, in_order

serial = itertools.count(1).__next__


@dataclass(frozen=True)
class Stage:
    """One pass over the blocks.

    numbers(h, t, *scalars, *sums) gives what run needs beside arrays, or None where a branch would be taken
    otherwise than in the trace; run(p, g, *slots, *scratch, *masks, *numbers) gives the sums of a block, or updates it.
    """

    numbers: Callable[..., tuple[Any, ...] | None]
    run: Callable[..., Any]


@dataclass(frozen=True)
class Kernel:
    """The passes over the blocks, the scratch arrays and masks they need, and the update of the scalar state."""

    stages: tuple[Stage, ...]
    scratch: int
    masks: int
    new_scalars: Callable[..., tuple[float, ...]]
    source: str


def compiled(traced: Traced) -> Kernel:
    """The kernel of a traced pipeline."""
    trace, arrays, scalars, results = traced.trace, traced.arrays, traced.scalars, traced.results
    sums = [x for x in in_order(results.values(), numbers_too=True) if x.fn == "total"]
    sums.sort(key=lambda x: x.depth)
    given = {x: name for name, x in {**traced.numbers, **scalars}.items()} | {
        x: f"sum{i}" for i, x in enumerate(sums, 1)
    }
    homes = {name: x for name, x in results.items() if name in arrays}
    passes: list[tuple[str, list[Symbol], Writer]] = []
    for depth, level in itertools.groupby(sums, key=lambda x: x.depth):
        summed = [x.args[0] for x in level]
        passes.append((f"sums{depth}", summed, Writer(arrays, summed, Numbers(given, trace.names), {})))
    wanted = [x for x in homes.values() if isinstance(x, Symbol) and not x.is_number]
    passes.append(("update", [], Writer(arrays, wanted, Numbers(given, trace.names), homes)))
    scratch = max(writer.scratch for _, _, writer in passes)
    masks = max(writer.masks for _, _, writer in passes)
    spare = [f"scratch{k + 1}" for k in range(scratch)] + [f"mask{k + 1}" for k in range(masks)]
    scope: dict[str, Any] = {"np": np, "block_sum": block_sum}
    source, known = [], 0
    for i, (name, summed, writer) in enumerate(passes):
        scope |= writer.scope
        used = writer.numbers.used
        inputs = ", ".join(["h", "t", *scalars, *(f"sum{k}" for k in range(1, known + 1))])
        leave = refusals(trace, writer.numbers) if i == 0 else []
        source.append(function(f"numbers_for_{name}", inputs, [*leave, returned(map(writer.numbers.text, used))]))
        inputs = ", ".join([*arrays, *spare, *used.values()])
        ending = [returned(f"block_sum({writer.buffer[x]})" for x in summed)] if summed else []
        source.append(function(name, inputs, writer.lines + ending))
        known += len(summed)
    inputs = ", ".join(["h", "t", *scalars, *(f"sum{k}" for k in range(1, known + 1))])
    text = Numbers(given, trace.names).text
    source.append(function("new_scalars", inputs, [returned(text(results[name]) for name in scalars)]))
    define("\n".join(source), scope)
    stages = tuple(Stage(scope[f"numbers_for_{name}"], scope[name]) for name, _, _ in passes)
    return Kernel(stages, scratch, masks, scope["new_scalars"], "\n".join(source[: None if scalars else -1]))


def refusals(trace: Trace, numbers: Numbers) -> Iterator[str]:
    """Give up where a branch of the trace would now go the other way."""
    for x, outcome in trace.conditions.items():
        yield f"if {f'not ({numbers.text(x)})' if outcome else numbers.text(x)}:"
        yield "    return None"


def returned(entries: Iterable[str]) -> str:
    return f"return ({''.join(f'{entry}, ' for entry in entries).rstrip()})"


def function(name: str, parameters: str, lines: Iterable[str]) -> str:
    return f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in [*lines] or ["pass"])


def define(source: str, scope: dict[str, Any]) -> None:
    """Run the source; a traceback through its functions shows their lines."""
    filename = f"<kernel {serial()}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), scope)

"""A traced rule as NumPy source that works in place, and the functions made of it.

A rule that needs sums over a tensor is run in stages: those before the last only read, and what they
computed on the way is computed again, block by block, so that nothing the size of the tensor is stored.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .blocks import block_sum
from .trace import Symbol, Trace
from .traced import Traced
from .writer import NumberNames, Writer, in_order

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


@dataclass(frozen=True)
class Part:
    """A stage as it is written: the arrays that it sums, or none, its statements, and the inputs of its numbers."""

    name: str
    summed: list[Symbol]
    writer: Writer
    inputs: list[str]


def compiled(traced: Traced) -> Kernel:
    """The kernel of a traced pipeline."""
    sums = sums_of(traced)
    parts = list(parts_of(traced, sums))
    scratch = max(part.writer.scratch for part in parts)
    masks = max(part.writer.masks for part in parts)
    spare = [f"scratch{k + 1}" for k in range(scratch)] + [f"mask{k + 1}" for k in range(masks)]
    leave = refusals(traced.trace, parts[0].writer.names)
    source = []
    for part in parts:
        source += [numbers_source(part, leave), run_source(part, [*traced.arrays, *spare])]
        leave = []
    source.append(scalars_source(traced, sums))
    functions = {name: fn for part in parts for name, fn in part.writer.functions.items()}
    made = define("\n".join(source), frozenset(functions.items()))
    stages = tuple(Stage(made[f"numbers_for_{part.name}"], made[part.name]) for part in parts)
    return Kernel(stages, scratch, masks, made["new_scalars"], "\n".join(source[: None if traced.scalars else -1]))


def sums_of(traced: Traced) -> list[Symbol]:
    """The sums over a tensor, those first that must be known first."""
    found = [x for x in in_order(traced.results.values(), numbers_too=True) if x.fn == "total"]
    return sorted(found, key=lambda x: x.depth)


def inputs_of(traced: Traced, known: int) -> list[str]:
    """What numbers are computed from, once so many sums are known."""
    return ["h", "t", *traced.scalars, *(f"sum{k + 1}" for k in range(known))]


def given_numbers(traced: Traced, sums: Sequence[Symbol]) -> dict[Symbol, str]:
    """What the inputs among the numbers are called in the source."""
    given = {x: name for name, x in {**traced.hyper, **traced.scalars}.items()}
    return given | {x: f"sum{k}" for k, x in enumerate(sums, 1)}


def parts_of(traced: Traced, sums: Sequence[Symbol]) -> Iterator[Part]:
    """One part for the sums of each depth, and the update."""
    given, wishes, known = given_numbers(traced, sums), traced.trace.names, 0
    for depth, level in itertools.groupby(sums, key=lambda x: x.depth):
        summed = [x.args[0] for x in level]
        writer = Writer(traced.arrays, summed, given, wishes, {})
        yield Part(f"sums{depth}", summed, writer, inputs_of(traced, known))
        known += len(summed)
    homes = {name: x for name, x in traced.results.items() if name in traced.arrays}
    wanted = [x for x in homes.values() if isinstance(x, Symbol) and not x.is_number]
    yield Part("update", [], Writer(traced.arrays, wanted, given, wishes, homes), inputs_of(traced, known))


def numbers_source(part: Part, leave: Iterable[str]) -> str:
    names = part.writer.names
    return function(f"numbers_for_{part.name}", part.inputs, [*leave, returned(map(names.text, names.used))])


def run_source(part: Part, arrays: Sequence[str]) -> str:
    writer = part.writer
    ending = [returned(f"block_sum({writer.buffer[x]})" for x in part.summed)] if part.summed else []
    return function(part.name, [*arrays, *writer.names.used.values()], writer.lines + ending)


def scalars_source(traced: Traced, sums: Sequence[Symbol]) -> str:
    names = NumberNames(given_numbers(traced, sums), traced.trace.names)
    results = [names.text(traced.results[name]) for name in traced.scalars]
    return function("new_scalars", inputs_of(traced, len(sums)), [returned(results)])


def refusals(trace: Trace, names: NumberNames) -> list[str]:
    """Give up where a branch of the trace would now go the other way."""
    lines = []
    for x, outcome in trace.conditions.items():
        lines += [f"if {f'not ({names.text(x)})' if outcome else names.text(x)}:", "    return None"]
    return lines


def returned(entries: Iterable[str]) -> str:
    return f"return ({''.join(f'{entry}, ' for entry in entries).rstrip()})"


def function(name: str, parameters: Iterable[str], lines: Iterable[str]) -> str:
    return f"def {name}({', '.join(parameters)}):\n" + "".join(f"    {line}\n" for line in [*lines] or ["pass"])


@functools.lru_cache(maxsize=256)
def define(source: str, functions: frozenset[tuple[str, Callable[..., Any]]]) -> dict[str, Any]:
    """What the source defines, made once for all optimizers of that source; a traceback shows its lines.

    Python keeps those for as long as the functions live.
    """
    filename = f"<kernel {serial()}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np, "block_sum": block_sum, **dict(functions)}
    exec(compile(source, filename, "exec"), scope)
    weakref.finalize(scope["new_scalars"], linecache.cache.pop, filename, None)
    return scope

"""Parameters that are updated alike, and the three parts of a step: make ready, update, count."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from .blocks import block_length
from .hyper import is_choice
from .kernel import Kernel, compiled
from .members import Array, Member
from .memory import REMEMBERED, Memory
from .packing import Gather, Packing, aligned_zeros
from .passes import Unit, run_units, workers_for
from .pipeline import Measured, Pipeline, check_count
from .traced import traced_pipeline


class Lane:
    """Members of one dtype that share hyperparameters and pipeline.

    hyper maps hyperparameters to numbers or schedules and is read at every step.  Without kernels the rule
    itself is run, on new arrays, and the results are copied.
    """

    def __init__(self, pipeline: Pipeline, hyper: dict[str, Any], members: list[Member], kernels: bool, remember: bool):
        self.pipeline, self.hyper, self.members = pipeline, hyper, members
        self.slots, self.scalars = tuple(pipeline.optimizer.slots), tuple(pipeline.optimizer.scalars)
        self.h = self.hyper_at(0)
        self.choices = [name for name, value in vars(self.h).items() if is_choice(value)]
        self.by_array = pipeline.granularity == "array"
        self.uses_kernels = kernels and not self.by_array
        self.kernels: list[tuple[tuple[Any, ...], Kernel]] = []
        self.spare: dict[tuple[int, Any], list[Array]] = {}
        self.scratch: dict[tuple[int, int, int], list[Array]] = {}
        self.joint = False
        if not self.by_array:
            stages = self.compile(1, [0.0] * len(self.scalars)).stages
            self.joint = pipeline.granularity == "element" and len(stages) > 1
        self.packing = Packing(members, () if self.by_array else self.slots, self.gathering())
        self.in_step = True
        self.plans: dict[Any, list[Unit]] = {}
        self.units: list[Unit] = []
        self.memory = Memory(self.packing) if remember or self.packing.p.size <= REMEMBERED else None
        for m in members:
            self.fill(m)
        for _, kernel in self.kernels:
            self.reserve(kernel)

    def gathering(self) -> Gather:
        """Whose gradients are copied together before a step."""
        if self.joint:
            return "all"
        return "small" if self.pipeline.granularity == "element" else "none"

    def hyper_at(self, step: int, loss: float | None = 1.0, measured: Measured | None = None) -> SimpleNamespace:
        """The hyperparameters at a step, and what was measured; h.loss where the rule asks for it."""
        h = self.pipeline.at_step(self.hyper, measured or {}, step)
        if self.pipeline.optimizer.uses_loss:
            h.loss = loss
        return h

    def fill(self, m: Member) -> None:
        """Give a member the state it starts with: zeros, or what the optimizer says."""
        initial = self.pipeline.optimizer.initial(self.h, m.view)
        unknown = set(initial) - {*self.slots, *self.scalars}
        if unknown:
            raise ValueError(f"initial() gives {', '.join(unknown)}, which neither slots nor scalars names")
        m.scalars = {name: float(initial.get(name, 0.0)) for name in self.scalars}
        for name in self.slots:
            if self.by_array:
                m.slots[name] = np.array(initial.get(name, np.zeros_like(m.view)), self.packing.dtype)
            elif name in initial:  # zeros that are never written take no memory
                m.slots[name][...] = initial[name]

    # -- one step ------------------------------------------------------------------------------
    def prepare(self, step: int, loss: float | None, measured: Measured) -> list[Member]:
        """Read hyperparameters, data and gradients, choose kernels; returns the members without a gradient."""
        self.h = self.hyper_at(step, loss, measured)
        missing = []
        for m in self.members:
            if m.parameter.data is not m.view:
                m.adopt()
            if not m.take_gradient():
                missing.append(m)
        self.in_step = self.in_step and not missing
        self.units = self.plan([m for m in self.members if m not in missing] if missing else self.members)
        if self.uses_kernels:
            for unit in self.units:
                self.choose_kernel(unit)
        return missing

    def plan(self, present: list[Member]) -> list[Unit]:
        """The units of a step; made once for every way in which the members fall into groups."""
        groups = None if self.in_step else self.groups(present)
        key = None if groups is None else tuple(tuple(map(id, group)) for group in groups)
        if key not in self.plans:
            self.plans[key] = [Unit(group, self.packing.blocks(group)) for group in groups or self.groups(present)]
        for unit in self.plans[key]:
            unit.t = unit.members[0].steps + 1
            unit.scalars = list(unit.members[0].scalars.values())
        return self.plans[key]

    def groups(self, present: list[Member]) -> list[list[Member]]:
        """The members that can be updated with the same numbers."""
        if self.joint:
            return [present] if present else []
        if self.pipeline.granularity != "element":
            return [[m] for m in present]
        alike: dict[tuple[float, ...], list[Member]] = {}
        for m in present:
            alike.setdefault(m.numbers, []).append(m)
        return list(alike.values())

    def update(self) -> None:
        """Run the step on what prepare has found."""
        if self.memory:
            self.memory.note(self.h, self.units)
        if self.uses_kernels:
            run_units(self.h, self.units, self.scratch_of)
        else:
            for unit in self.units:
                self.run_rule(unit)

    def count(self) -> None:
        """After the update: another step for each, and Python floats handed back."""
        for unit in self.units:
            for m in unit.members:
                m.steps += 1
                if m.is_float:
                    m.publish()
                if self.scalars:
                    m.scalars = dict(zip(self.scalars, unit.scalars, strict=True))

    # -- by kernel -----------------------------------------------------------------------------
    def choose_kernel(self, unit: Unit) -> None:
        """The kernel whose branches are those of this step, and its first numbers."""
        choices = self.chosen()
        for made_for, kernel in self.kernels:
            if made_for == choices:
                numbers = self.first_numbers(kernel, unit)
                if numbers is not None:
                    unit.kernel, unit.numbers = kernel, numbers
                    return
        unit.kernel = self.compile(unit.t, unit.scalars)
        self.reserve(unit.kernel)
        unit.numbers = self.first_numbers(unit.kernel, unit)

    def first_numbers(self, kernel: Kernel, unit: Unit) -> tuple[Any, ...] | None:
        """What the first stage of a kernel needs; None if its branches are not those of this step."""
        try:
            return kernel.stages[0].numbers(self.h, unit.t, *unit.scalars)
        except ArithmeticError as error:
            optimizer, settings = type(self.pipeline.optimizer).__name__, vars(self.h).items()
            given = ", ".join(f"{name}={value}" for name, value in settings)
            raise ValueError(f"{optimizer}, step {unit.t} of {unit.members[0].name}: {error}, with {given}") from None

    def chosen(self) -> tuple[Any, ...]:
        """The hyperparameters that select between forms of the rule, which a kernel is made for."""
        return tuple([getattr(self.h, name) for name in self.choices])

    def compile(self, t: int, scalars: list[float]) -> Kernel:
        """Trace the pipeline at step t and make a kernel of it."""
        traced = traced_pipeline(self.pipeline, self.h, t, dict(zip(self.scalars, scalars, strict=True)))
        kernel = compiled(traced)
        self.kernels.append((self.chosen(), kernel))
        return kernel

    def scratch_of(self, kernel: Kernel, worker: int, length: int) -> list[Array]:
        """Scratch arrays and masks of a length; their memory is the same for every call of one worker."""
        key = id(kernel), worker, length
        if key not in self.scratch:
            self.scratch[key] = [array[:length] for array in self.memory_of(worker, kernel)]
        return self.scratch[key]

    def reserve(self, kernel: Kernel) -> None:
        """Make the scratch memory of every worker now, so that no step has to."""
        for worker in range(workers_for(self.packing.p.size)):
            self.memory_of(worker, kernel)

    def memory_of(self, worker: int, kernel: Kernel) -> list[Array]:
        """As many arrays and masks of the longest block as a kernel needs, made once for each worker."""
        longest = min(block_length(self.packing.dtype), self.packing.p.size)
        found: list[Array] = []
        for dtype, count in ((self.packing.dtype, kernel.scratch), (np.dtype(bool), kernel.masks)):
            have = self.spare.setdefault((worker, dtype), [])
            have += list(aligned_zeros((max(count - len(have), 0), longest), dtype))
            found += have[:count]
        return found

    # -- by the rule itself --------------------------------------------------------------------
    def run_rule(self, unit: Unit) -> None:
        """Run the pipeline on arrays: on the members one by one, or where sums join them on all as one array."""
        scalars = unit.scalars
        for p, g, slots in self.operands(unit):
            if not p.size:
                continue  # a rule of whole arrays may take means, which nothing has none of
            results = self.pipeline.update(self.h, unit.t, p, g, *slots, *unit.scalars)
            check_count(results, self.pipeline.optimizer)
            homes = (p, *slots)
            owned = [own(result, homes) for result in results[: len(homes)]]
            for home, result in zip(homes, owned, strict=True):
                np.copyto(home, result)
            scalars = [float(x) for x in results[len(homes) :]]
        unit.scalars = scalars

    def operands(self, unit: Unit) -> Iterator[tuple[Array, Array, list[Array]]]:
        if self.joint:
            stop = unit.members[-1].start + unit.members[-1].size
            flat = [self.packing.p, self.packing.gradients, *self.packing.slots.values()]
            p, g, *slots = (array[:stop] for array in flat)
            yield p, g, slots
            return
        for m in unit.members:
            g = m.gathered if m.gathered is not None else m.gradient.reshape(m.shape)
            arrays = [m.view, g, *m.slots.values()]
            p, g, *slots = arrays if self.by_array else [array.reshape(-1) for array in arrays]
            yield p, g, slots


def own(result: Any, homes: tuple[Array, ...]) -> Any:
    """A result, copied if it lies in an array that is about to be overwritten."""
    inside = isinstance(result, np.ndarray) and any(np.may_share_memory(result, home) for home in homes)
    return result.copy() if inside else result

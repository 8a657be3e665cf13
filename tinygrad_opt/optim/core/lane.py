"""Parameters that are updated alike, and the three parts of a step: make ready, update, count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .hyper import CHOICES, Hyper
from .kernel import Kernel, compiled
from .members import Member
from .memory import REMEMBERED, Memory
from .packing import Gather, Packing
from .passes import Unit, sum_units, update_units, workers_for
from .pipeline import Measured, Pipeline
from .reference import run_joint_rule, run_rule
from .scratch import Scratch
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
        self.by_array = pipeline.granularity == "array"
        self.uses_kernels = kernels and not self.by_array
        self.kernels: list[tuple[Any, Kernel]] = []
        self.has_sums = False
        if not self.by_array:
            self.compile(1, [0.0] * len(self.scalars))
        self.joint = self.has_sums and pipeline.granularity == "element"
        self.packing = Packing(members, () if self.by_array else self.slots, self.gathering())
        self.scratch = Scratch(self.packing.longest, self.packing.dtype)
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

    def hyper_at(self, step: int, loss: float | None = 1.0, measured: Measured | None = None) -> Hyper:
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
        present: list[Member] = []
        missing: list[Member] = []
        for m in self.members:
            if m.parameter.data is not m.view:
                m.adopt()
            (present if m.take_gradient() else missing).append(m)
        self.in_step = self.in_step and not missing
        self.units = self.plan(present)
        if self.uses_kernels:
            for unit in self.units:
                self.choose_kernel(unit)
        return missing

    def plan(self, present: list[Member]) -> list[Unit]:
        """The units of a step, which are those of the step before if the members fall into the same groups."""
        groups = None if self.in_step else self.groups(present)
        key = None if groups is None else tuple(tuple(map(id, group)) for group in groups)
        if key not in self.plans:
            made = [Unit(group, self.packing.blocks(group)) for group in groups or self.groups(present)]
            self.plans = {key: made}
        for unit in self.plans[key]:
            first = unit.members[0]
            unit.t = 1 + (max(m.steps for m in self.members) if self.joint else first.steps)
            unit.scalars, unit.sums = list(first.scalars.values()), []
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

    def sum(self) -> None:
        """Find out what the update must know of whole tensors, and the new state numbers; this only reads."""
        if not self.uses_kernels:
            return
        if self.has_sums:
            sum_units(self.units, self.computed, self.scratch)
        if self.scalars:
            for unit in self.units:
                assert unit.kernel is not None
                unit.new_scalars = list(self.computed(unit.kernel.new_scalars, unit) if unit.blocks else unit.scalars)

    def update(self) -> None:
        """Run the step on what was prepared."""
        if self.memory:
            self.memory.note(self.h, self.units)
        if self.uses_kernels:
            update_units(self.units, self.scratch)
        else:
            for unit in self.units:
                if self.joint:
                    run_joint_rule(self.pipeline, self.h, unit)
                else:
                    run_rule(self.pipeline, self.h, unit, self.by_array)

    def count(self) -> None:
        """After the update: another step for each, and Python floats handed back.

        What joint members have learned is known to all of them, also to those that had no gradient.
        """
        for unit in self.units:
            for m in unit.members:
                m.steps = unit.t
                m.gradient = None
                if m.is_float:
                    m.publish()
            if self.scalars:
                for m in self.members if self.joint else unit.members:
                    m.scalars = dict(zip(self.scalars, unit.new_scalars, strict=True))

    # -- by kernel -----------------------------------------------------------------------------
    def choose_kernel(self, unit: Unit) -> None:
        """The kernel whose branches are those of this step, and its first numbers."""
        choices = self.chosen()
        for made_for, kernel in self.kernels:
            if made_for == choices:
                numbers = self.computed(kernel.stages[0].numbers, unit)
                if numbers is not None:
                    unit.kernel, unit.numbers = kernel, numbers
                    return
        unit.kernel = self.compile(unit.t, unit.scalars)
        self.reserve(unit.kernel)
        unit.numbers = self.computed(unit.kernel.stages[0].numbers, unit)

    def computed(self, fn: Callable[..., Any], unit: Unit) -> Any:
        """What a function of a kernel makes of a unit's numbers; an error says what they were."""
        try:
            return fn(self.h, unit.t, *unit.scalars, *unit.sums)
        except ArithmeticError as error:
            optimizer, names = type(self.pipeline.optimizer).__name__, ", ".join(m.name for m in unit.members[:3])
            sums = {f"sum{i}": x for i, x in enumerate(unit.sums, 1)}
            given = ", ".join(f"{name}={value}" for name, value in {**vars(self.h), **sums}.items())
            raise ValueError(f"{optimizer}, step {unit.t} of {names}: {error}, with {given}") from None

    def chosen(self) -> Any:
        """The hyperparameters that select between forms of the rule, which a kernel is made for."""
        return [item for item in vars(self.h).items() if type(item[1]) in CHOICES]

    def compile(self, t: int, scalars: list[float]) -> Kernel:
        """Trace the pipeline at step t and make a kernel of it."""
        traced = traced_pipeline(self.pipeline, self.h, t, dict(zip(self.scalars, scalars, strict=True)))
        kernel = compiled(traced)
        self.kernels.append((self.chosen(), kernel))
        self.has_sums = self.has_sums or len(kernel.stages) > 1
        return kernel

    def reserve(self, kernel: Kernel) -> None:
        """Make the scratch memory of every worker now, so that no step has to."""
        for worker in range(workers_for(self.packing.p.size)):
            self.scratch.reserve(kernel, worker)

"""Optimizer: parameters, their state, and one pure rule that updates them in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from ..deterministic.result import Status
from .formula import as_latex, as_text
from .groups import Grouped
from .lane import Lane
from .members import Member
from .pipeline import Constraint, Granularity, Measured, Pipeline, Transform
from .quiet import quietly
from .state import read, state_of
from .story import Story, told
from .traced import traced_pipeline, whole_arrays
from .writer import may_be_variable

Piece = TypeVar("Piece", bound=Transform)
RESERVED = frozenset({"p", "g", "t", "h"})


class Report(NamedTuple):
    """What a step did: its number, how many parameters it updated, and the names of those without a gradient.

    loss is the one before the step.  status and message are of methods that call a closure again and again: why
    they stopped.
    """

    step: int
    updated: int
    skipped: tuple[str, ...] = ()
    loss: float | None = None
    status: Status | None = None
    message: str = ""


class Optimizer(Grouped):
    """Updates parameters by a rule.

    A subclass declares its hyperparameters as annotated attributes and defines

    slots        names of the state arrays, one of each for every parameter, zeros at first
    rule         ``rule(h, t, p, g, *slots)``: the new parameter and the new slots, in plain NumPy; h holds
                 the hyperparameters, t = 1, 2, ... counts the parameter's updates
    scalars      names of further state that is one number; the rule is given it, and returns it, after the slots
    granularity  "element": the rule works entry by entry; "tensor": its sums (optim.total, optim.norm)
                 are those of one parameter; "array": it is given whole arrays, for matrices
    initial      ``initial(h, p)``: a dict of the state that does not start at zero

    params is an iterable of parameters (anything with .data and .grad), of (name, parameter) pairs, a dict
    by name, or a list of dicts {"params": ..., "lr": ...}, groups with hyperparameters of their own.
    Constants among them (requires_grad=False) are skipped as long as they get no gradient; not all may be constants.
    transforms change the gradient before the rule, constraints the parameter after it.  A
    hyperparameter may be a schedule, a function of the step (from 0).

    step() runs a kernel made from the rule, in place; kernels=False runs the rule itself.  The last step can be
    explained if there are at most 1,024 entries, or remember is true.

    >>> from tinygrad_opt import Value
    >>> class Momentum(Optimizer):
    ...     slots = ("v",)
    ...     lr: Rate = 0.1
    ...     momentum: Rate = 0.9
    ...
    ...     @staticmethod
    ...     def rule(h, t, p, g, v):
    ...         v = h.momentum * v + g
    ...         return p - h.lr * v, v
    >>> w = Value(1.0, name="w")
    >>> opt = Momentum([w])
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (w * w).backward()
    ...     report = opt.step()
    >>> round(w.data, 12), report.step
    (0.46, 2)
    >>> print(opt.formula())
    v[t] = momentum * v[t-1] + g[t]
    p[t] = p[t-1] - lr * v[t]
    """

    slots: ClassVar[tuple[str, ...]] = ()
    scalars: ClassVar[tuple[str, ...]] = ()
    granularity: ClassVar[Granularity] = "element"
    uses_loss: ClassVar[bool] = False

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any, *state: Any) -> Any:
        raise NotImplementedError("an optimizer defines rule(h, t, p, g, *slots)")

    @staticmethod
    def initial(h: Any, p: Any) -> Mapping[str, Any]:
        """State that does not start at zero, by name."""
        return {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in ("slots", "scalars"):
            if isinstance(getattr(cls, name), str):
                raise TypeError(f"{cls.__name__}: {name} is a tuple of names: write ({getattr(cls, name)!r},)")
        taken = RESERVED.intersection((*cls.slots, *cls.scalars))
        if taken:
            raise TypeError(
                f"{cls.__name__}: a slot cannot be called {', '.join(sorted(taken))}, as the rule's inputs are"
            )
        ours = [name for name in (*cls.slots, *cls.scalars) if not may_be_variable(name)]
        if ours:
            raise TypeError(
                f"{cls.__name__}: a slot cannot be called {', '.join(ours)}: kernels have a variable of that name, or "
                "Python allows none"
            )

    def __init__(
        self,
        params: Any,
        *unnamed: Any,
        transforms: Sequence[Transform] = (),
        constraints: Sequence[Constraint] = (),
        kernels: bool = True,
        remember: bool = False,
        **hyper: Any,
    ):
        super().__init__(params, unnamed, hyper)
        self.transforms, self.constraints = checked(transforms, constraints)
        self.refuse_misuse()
        self.options = {"kernels": kernels, "remember": remember}
        self.measuring = [
            (piece, [m for m in self.members if piece.applies_to(m.name, m.parameter)])
            for piece in self.transforms
            if type(piece).measure is not Transform.measure
        ]
        self.lanes = [
            Lane(Pipeline(self, *around), group.hyper.current, members, kernels, remember)
            for group in self.groups
            for around, members in self.alike(group.members)
        ]
        for group in self.groups:
            self.refuse_parts([lane for lane in self.lanes if lane.members[0] in group.members])

    def refuse_misuse(self) -> None:
        """Raise if the rule is not meant for such parameters, or for what stands around it."""

    def refuse_parts(self, lanes: list[Lane]) -> None:
        """Raise if the rule's sums are over a whole group, and a group cannot be run over as one."""
        if len(lanes) > 1 and any(lane.joint for lane in lanes):
            parts = "; ".join(", ".join(m.name for m in lane.members) for lane in lanes)
            raise ValueError(
                f"{type(self).__name__} sums over all parameters of a group, and these differ in dtype or in what "
                f"transforms and constraints apply to them: {parts}. Make a group, or an optimizer, of each"
            )

    def alike(self, members: list[Member]) -> list[tuple[tuple[Any, Any], list[Member]]]:
        """Members sorted by dtype and by what applies to them."""
        found: dict[Any, tuple[tuple[Any, Any], list[Member]]] = {}
        for m in members:
            around = tuple(
                [piece for piece in pieces if piece.applies_to(m.name, m.parameter)]
                for pieces in (self.transforms, self.constraints)
            )
            key = m.dtype, *(tuple(map(id, pieces)) for pieces in around)
            found.setdefault(key, ((around[0], around[1]), []))[1].append(m)
        return list(found.values())

    # -- a step --------------------------------------------------------------------------------
    def step(self, loss: Any = None) -> Report:
        """Update every parameter that has a gradient, in place.

        loss is the value of the function, or a closure that computes it together with the gradients; only
        some rules ask for it.

        Raises, before anything is changed, ValueError for a gradient or data of another shape and for a schedule that
        gives what the hyperparameter may not be, TypeError for a gradient that does not hold real numbers.
        """
        value = self.evaluated(loss)
        measured = self.measured()
        skipped = [m for lane in self.lanes for m in lane.prepare(self.t, value, measured)]
        quietly(self.run)
        for lane in self.lanes:
            lane.count()
        self.t += 1
        updated = sum([len(unit.members) for lane in self.lanes for unit in lane.units])
        return Report(self.t, updated, tuple([m.name for m in skipped]), value)

    def run(self) -> None:
        """Compute all that can fail, and only then write."""
        for lane in self.lanes:
            lane.sum()
        for lane in self.lanes:
            lane.update()

    def measured(self) -> Measured:
        """What transforms measure of all gradients together."""
        found: dict[Transform, Mapping[str, float]] = {}
        for transform, members in self.measuring:
            present = [m for m in members if m.parameter.grad is not None]
            for m in present:
                m.check_gradient()
            gradients = [(m.name, np.asarray(m.parameter.grad)) for m in present]
            with np.errstate(all="ignore"):
                found[transform] = transform.measure(gradients)
        return found

    def evaluated(self, loss: Any) -> float | None:
        """The loss as a number; a closure is called for it."""
        if callable(loss):
            loss = loss()
        if loss is None and self.uses_loss:
            raise TypeError(f"{type(self).__name__} needs the value of the loss: call step(loss)")
        return None if loss is None else float(loss)

    # -- what it does --------------------------------------------------------------------------
    @property
    def source(self) -> str:
        """The kernel: the NumPy statements that a step runs, in place, on each block of the arrays."""
        return "\n".join(dict.fromkeys(kernel.source for lane in self.lanes for _, kernel in lane.kernels))

    def formula(self, latex: bool = False) -> str:
        """The update as equations, as text or LaTeX, from the rule itself.

        Choices that are off leave no trace in it; a branch is shown as it is taken at the latest step.  Where it is
        not the same for all parameters, each form comes with the names of those that it is for.
        """
        forms: dict[str, list[str]] = {}
        for lane in self.lanes:
            forms.setdefault(self.formula_of(lane, latex), []).extend(m.name for m in lane.members)
        if len(forms) == 1:
            return next(iter(forms))
        mark = "% " if latex else ""
        return "\n\n".join(f"{mark}for {', '.join(names)}:\n{form}" for form, names in forms.items())

    def formula_of(self, lane: Lane, latex: bool) -> str:
        first, measured = lane.members[0], lane.pipeline.measured_in(lane.h)
        h = lane.hyper_at(max(self.t - 1, 0), getattr(lane.h, "loss", None), measured)
        arrays = whole_arrays(lane.pipeline, h, first.view) if lane.by_array else None
        traced = traced_pipeline(lane.pipeline, h, max(first.steps, 1), first.scalars, arrays)
        return as_latex(traced) if latex else as_text(traced)

    def explain(self, parameter: Any = None, index: int | tuple[int, ...] = 0) -> Story:
        """The last step of one entry of one parameter, equation by equation, with the numbers put in.

        parameter is one of them, or its name; index counts its entries in a row, or is a tuple of the indices.
        """
        return told(self.lanes, parameter, index)

    # -- state ---------------------------------------------------------------------------------
    def __reduce__(self) -> Any:
        """How it is copied and pickled: made anew of (copied) parameters and settings, with this state."""
        groups = [{"params": [(m.name, m.parameter) for m in g.members], **g.hyper} for g in self.groups]
        around = {"transforms": self.transforms, "constraints": self.constraints}
        return made, (type(self), groups, {**around, **self.options}), self.state_dict()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Step counts, hyperparameters and state arrays (copies), for load_state_dict."""
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another optimizer of the same kind and parameters left off, bit for bit.

        Schedules are functions and are not saved: those of this optimizer remain.
        The settings of transforms and constraints are put in place like hyperparameters.
        Raises ValueError, before anything is changed, if the state is of other parameters, of other transforms or
        constraints, or cannot be one.
        """
        read(self, state).put(self)
        for lane in self.lanes:
            lane.in_step = len({m.numbers for m in lane.members}) == 1


def made(kind: type[Optimizer], groups: list[dict[str, Any]], settings: Mapping[str, Any]) -> Optimizer:
    return kind(groups, **settings)


def checked(transforms: Any, constraints: Any) -> tuple[list[Transform], list[Constraint]]:
    """Both as lists, each thing in its place."""
    return listed(transforms, Transform, "transforms"), listed(constraints, Constraint, "constraints")


def listed(given: Any, kind: type[Piece], name: str) -> list[Piece]:
    if isinstance(given, Transform) or not isinstance(given, Iterable):
        raise TypeError(f"{name} is a list; got {given!r}")
    pieces = list(given)
    for piece in pieces:
        if not isinstance(piece, kind) or (kind is Transform and isinstance(piece, Constraint)):
            advice = f": make one of it, {piece.__name__}(...)" if isinstance(piece, type) else ""
            raise TypeError(f"{piece!r} is not one of the {name}{advice}")
    return pieces

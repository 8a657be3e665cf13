"""Quasi-Newton methods as optimizers: a step calls a closure as often as it needs to."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..core.groups import Grouped
from ..core.hyper import Rate
from ..core.members import Array
from ..core.optimizer import Report
from ..core.state import read, state_of, whole
from ..deterministic.descent import gave_up
from ..deterministic.line_search import Failed, LineSearch, Point, Trial, along, fixed_step, strong_wolfe
from ..deterministic.result import Status
from .closure import EXAMPLE, Closure
from .curvature import Learned, Matrix, Pairs, loaded

LARGEST_MATRIX = 30_000  # rows: 7 GB, and 10^9 multiplications a direction


class Done(NamedTuple):
    """What a call of step has done so far: its iterations, the last step, and by how much that lowered the loss."""

    iterations: int = 0
    s: Array | None = None
    fell: float = np.inf


class QuasiNewton(Grouped):
    """Goes along directions that earlier steps have shown, by fixed steps or ones that are searched for.

    lr                how far along a direction, or how far the search tries first; along the very first one,
                      the gradient, min(1, 1 / the sum of its absolute entries) times as far
    max_iter          how many directions one call of step takes
    max_eval          after how many calls of the closure it begins no other; None: 1.25 max_iter
    tolerance_grad    it ends where no entry of the gradient is larger
    tolerance_change  it ends where the loss, or every parameter, changed by less, or the slope is less
    line_search       None or "strong_wolfe"
    """

    needs_closure = True
    lr: Rate = 1.0
    max_iter: int = 20
    max_eval: int | None = None
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    line_search: Literal[None, "strong_wolfe"] = None

    def __init__(self, params: Any, *unnamed: Any, **hyper: Any):
        super().__init__(params, unnamed, hyper)
        kind, groups = type(self).__name__, len(self.groups)
        if groups != 1:
            raise ValueError(f"{kind} goes along one direction for all parameters: give one group, not {groups}")
        self.size = sum(m.size for m in self.members)
        if not self.size:
            raise ValueError(f"{kind} has nothing to vary: the parameters have no entries")
        for m in self.members:
            m.view = m.view.copy()
        self.evaluations = 0
        self.best: tuple[float, Array] | None = None
        self.forget()

    @classmethod
    def configured(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        settings = super().configured(given)
        for name in ("max_iter", "max_eval", "history_size"):
            value = settings.get(name, 1)
            if not (value is None and name == "max_eval") and (type(value) is not int or value < 1):
                raise ValueError(f"{cls.__name__}: {name} is an integer, 1 or more; got {value!r}")
        return settings

    def nothing_learned(self) -> Learned:
        """What chooses the directions, as it is at first."""
        raise NotImplementedError

    def forget(self) -> None:
        """Start again along the gradient."""
        self.directions = self.nothing_learned()
        self.iterations = 0
        self.last: tuple[Array, Array] | None = None

    # -- a step --------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Report:
        """Take up to max_iter steps; the report says what the loss was before, and why it stopped.

        closure clears the gradients, computes the loss, calls its backward() and returns it, as one for
        PyTorch does; where it leaves a parameter without a gradient, that counts as zero.  p.grad is from its
        last call, which was not always made where the parameters end.

        Where a line search fails, along the gradient too, the parameters are where it began, bit for bit, and the
        status is "line search" or, at a minimum within rounding, "stalled".  Where the loss or a gradient is not
        finite after a fixed step, they are at the best point of this call, or of the one before if it was that
        one's last step, and the status is "not finite".  If the closure raises an error, they are at the last
        point that was accepted.

        Raises TypeError without a closure and if it returns no number; ValueError if it computes no gradient and
        if the loss or a gradient is not finite at the very first point.
        """
        kind = type(self).__name__
        if not callable(closure):
            raise TypeError(f"{kind}.step takes a closure, which computes the loss anew; got {closure!r}:\n{EXAMPLE}")
        h = SimpleNamespace(**self.at_step(self.groups[0].hyper, self.t))
        if not 0 < h.lr < np.inf:
            raise ValueError(f"{kind}: lr must be positive and finite; got {h.lr:g} at step {self.t + 1}")
        f = Closure(closure, self.members)
        try:
            start = Point(0.0, f.home, *f())
            why = not_finite(start)
            status, message = self.back(f, why) if why else self.walk(f, h, start)
        finally:
            self.evaluations += f.calls
        self.t += 1
        skipped = tuple([m.name for m in f.skipped])
        return Report(self.t, len(self.members) - len(skipped), skipped, start.value, status, message)

    def walk(self, f: Closure, h: SimpleNamespace, here: Point) -> tuple[Status, str]:
        """One direction after another, until there is a reason to stop."""
        self.best = here.value, here.x
        done = Done()
        while not (ended := reason(h, f.calls, here, done)):
            self.learn(here.gradient)
            with np.errstate(all="ignore"):
                direction = self.directions.direction(here.gradient)
                slope = float(here.gradient @ direction)
            if slope == 0 or -h.tolerance_change < slope < 0:
                return Status.STALLED, f"the slope, {slope:.3g}, is within tolerance_change {h.tolerance_change:g}"
            found = self.along(f, h, here, direction, slope, done)
            if isinstance(found, Point):
                self.last, self.iterations = (found.step * direction, here.gradient), self.iterations + 1
                done = Done(done.iterations + 1, self.last[0], here.value - found.value)
                here = found
                self.accept(f, here)
            else:
                f.move_to(here.x)
                if h.line_search is None:
                    return self.back(f, found.reason)
                given_up = self.directions.fresh
                self.forget()
                if given_up:
                    return gave_up(here.value, here.gradient, slope, found, h.tolerance_grad, f.rounding)
        return ended

    def along(
        self, f: Closure, h: SimpleNamespace, here: Point, direction: Array, slope: float, done: Done
    ) -> Point | Failed:
        """A step along a direction.

        Where the last fixed step leads is not looked at, as in PyTorch: the next call does, perhaps with other data.
        """
        if not -np.inf < slope < 0:
            return Failed(f"the slope along the direction is {slope}", (Trial(0.0, here.value, slope),))
        length = h.lr if self.iterations else h.lr * min(1.0, 1 / float(np.abs(here.gradient).sum()))
        if h.line_search is None and done.iterations + 1 == h.max_iter:
            f.move_to(here.x + length * direction)
            return dataclasses.replace(here, step=length, x=f.vector())
        search: LineSearch = functools.partial(strong_wolfe, rounding=f.rounding)
        if h.line_search is None:
            search = fixed_step(length)
        elif not self.directions.fresh:
            length *= self.directions.first_step(slope, done.fell)
        found = along(f, here.x, direction, here.value, here.gradient, search, length)
        return found if isinstance(found, Failed) else dataclasses.replace(found, x=f.vector())

    def learn(self, gradient: Array) -> None:
        """Take in the last step, now that the gradient after it is known."""
        if self.last is not None:
            s, before = self.last
            self.last = None
            with np.errstate(all="ignore"):
                self.directions.learn(1.0, s, gradient - before)

    def accept(self, f: Closure, here: Point) -> None:
        f.home = here.x
        if self.best is None or here.value < self.best[0]:
            self.best = here.value, here.x

    def back(self, f: Closure, why: str) -> tuple[Status, str]:
        """Put the parameters back to the best point."""
        if self.best is None:
            raise ValueError(f"{type(self).__name__} starts where the loss and its gradient are finite: {why}")
        loss, x = self.best
        f.move_to(x)
        self.forget()
        return Status.NOT_FINITE, f"{why}; the parameters are back where the loss was {loss!r}, and start anew"

    # -- state ---------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """Step counts, hyperparameters and what was learned (copies), for load_state_dict."""
        memory = {
            "evaluations": self.evaluations,
            "iterations": self.iterations,
            "last": None if self.last is None else [part.copy() for part in self.last],
            "best": None if self.best is None else [self.best[0], self.best[1].copy()],
        }
        return {**state_of(self), "memory": {**memory, **self.directions.saved()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another optimizer of the same kind and parameters left off, bit for bit.

        Raises ValueError, before anything is changed, if the state is of other parameters.
        """
        saved = read(self, state)
        memory, directions = state.get("memory", {}), self.nothing_learned()
        names = ["evaluations", "iterations", "last", "best", *directions.saved()]
        if missing := [name for name in names if name not in memory]:
            raise ValueError(f"the memory in the state has no {', '.join(missing)}")
        directions.load(memory, self.size)
        last, best = memory["last"], memory["best"]
        last = None if last is None else (loaded(last[0], self.size), loaded(last[1], self.size))
        best = None if best is None else (float(best[0]), loaded(best[1], self.size))
        evaluations, iterations = (whole(name, memory[name]) for name in ("evaluations", "iterations"))
        saved.put(self)
        self.evaluations, self.iterations = evaluations, iterations
        self.last, self.best, self.directions = last, best, directions


def reason(h: SimpleNamespace, calls: int, here: Point, done: Done) -> tuple[Status, str] | None:
    """Why to take no other direction; None if there is no reason."""
    largest, limit = float(np.abs(here.gradient).max()), h.max_eval or h.max_iter * 5 // 4
    if largest <= h.tolerance_grad:
        within = f"within tolerance_grad {h.tolerance_grad:g}"
        return Status.CONVERGED, f"the largest entry of the gradient, {largest:.3g}, is {within}"
    if done.iterations == h.max_iter:
        return Status.ITERATIONS, f"max_iter={h.max_iter} is reached"
    if done.iterations and calls >= limit:
        return Status.EVALUATIONS, f"the closure was called {calls} times, and max_eval is {limit}"
    if done.s is not None and (longest := float(np.abs(done.s).max())) <= h.tolerance_change:
        within = f"within tolerance_change {h.tolerance_change:g}"
        return Status.STALLED, f"no parameter changed by more than {longest:.3g}, {within}"
    if (change := abs(done.fell)) < h.tolerance_change:
        return Status.STALLED, f"the loss changed by {change:.3g}, below tolerance_change {h.tolerance_change:g}"
    return None


def not_finite(point: Point) -> str:
    """What is not finite at a point; empty if all is."""
    if not np.isfinite(point.value):
        return f"the loss is {point.value}"
    return "" if np.isfinite(point.gradient).all() else "the gradient has entries that are not finite"


# -- the optimizers ----------------------------------------------------------------------------
class LBFGS(QuasiNewton):
    """L-BFGS: the inverse Hessian of the last history_size steps, two vectors of float64 each.

    Follows PyTorch's LBFGS: fixed steps unless line_search is "strong_wolfe".  The hyperparameters are those of
    `QuasiNewton`.  Where the objective changes between calls, as with batches, the first step that a call learns
    from compares gradients of two objectives.

    Liu & Nocedal, On the limited memory BFGS method, 1989; Nocedal & Wright,
    Numerical Optimization, 2006, Algorithm 7.5.

    >>> from tinygrad_opt import Value
    >>> x, y = Value(-1.2), Value(1.0)
    >>> optimizer = LBFGS([x, y], max_iter=100, line_search="strong_wolfe", tolerance_change=0)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> report = optimizer.step(closure)
    >>> str(report.status), round(x.data, 6), round(y.data, 6), optimizer.evaluations < 60
    ('converged', 1.0, 1.0, True)
    """

    presets: ClassVar = {"torch": {}}
    history_size: int = 100

    def nothing_learned(self) -> Pairs:
        return Pairs(self.groups[0].hyper)


class BFGS(QuasiNewton):
    """BFGS: the whole inverse Hessian, an (n, n) matrix for parameters of n entries together.

    The hyperparameters are those of `QuasiNewton`; tolerance_change is 0, as the slope is small far from a
    minimum too while the matrix still grows.
    Raises ValueError for parameters of more than 30,000 entries.
    Nocedal & Wright, Numerical Optimization, 2006, Algorithm 6.1.
    """

    tolerance_change = 0.0
    line_search = "strong_wolfe"

    def nothing_learned(self) -> Matrix:
        if self.size > LARGEST_MATRIX:
            raise ValueError(
                f"BFGS keeps a matrix with {self.size:,} rows, as many as the parameters have entries, of "
                f"{self.size**2 * 8e-9:,.0f} GB; LBFGS keeps some vectors instead"
            )
        return Matrix(self.groups[0].hyper)

"""checkpoint: a part of the graph that is not kept, but computed again when its gradient is due.

It trades time for memory: Chen, Xu, Zhang & Guestrin, "Training deep nets with sublinear memory
cost", arXiv:1604.06174.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .engine import Node, made_since, next_age, sweep
from .ops import Operand, Operation, concrete
from .ops.operation import NO_PARAMS, Rule
from .recording import enable_grad, is_recording
from .value import Value, node

Function = Callable[..., Any]


def checkpoint(f: Function) -> Function:
    """f, but what it computes on the way is not kept: the backward pass computes it again.

    The result is one node of the graph.  Gradients reach every Value that f depends on, be it an
    argument or, as parameters are, found by f itself; they can be differentiated again, and
    checkpoints may be nested.  A backward pass runs f once more for each result it has given.

    f returns one Value and must compute the same when it runs again.  What is drawn in it, as by a
    dropout, must come from a generator that f itself makes, from one seed; parameters are to be
    changed only after backward().

    Raises TypeError if f returns several Values; in the backward pass RuntimeError if f then gives
    other numbers, or depends on other Values.

    >>> import numpy as np
    >>> x, w = Value([1.0, 2.0], name="x"), Value(0.5, name="w")
    >>> y = checkpoint(lambda x: np.sum(np.tanh(w * x) ** 2))(x)
    >>> y.args == (x, w)
    True
    >>> y.backward()
    >>> print(x.grad.round(4), round(w.grad, 4))
    [0.3634 0.3199] 2.0063
    """

    @functools.wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not is_recording():
            return f(*args, **kwargs)
        run = Run(f, args, kwargs)
        y, _, outside = run()
        if not outside:  # nothing to be differentiated was made here
            return y
        operation = Operation(checkpointed, Recomputation(run, outside))
        operation.name = run.name
        return node(y.data, operation, tuple(outside), NO_PARAMS, live=True, name=y.name)

    return checkpointed


class Run:
    """A call that can be made again."""

    __slots__ = ("args", "f", "kwargs", "name")

    def __init__(self, f: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]):
        self.f, self.args, self.kwargs = f, args, kwargs
        name = getattr(f, "__name__", type(f).__name__)
        self.name = name if name.isidentifier() else "checkpoint"  # a lambda's is none

    def __call__(self) -> tuple[Any, list[Node], list[Node]]:
        """The result, the nodes made on the way to it, and the older Values it was made from: arguments first."""
        age = next_age()
        with enable_grad():
            y = self.f(*self.args, **self.kwargs)
        if isinstance(y, tuple | list | dict):
            raise TypeError(
                f"checkpoint: {self.name} must return one Value; got a {type(y).__name__}: "
                "join them with np.stack or np.concatenate"
            )
        if not isinstance(y, Value) or y.age <= age:
            return y, [], []
        inside, outside = made_since(y, age)
        given = {id(a): i for i, a in enumerate((*self.args, *self.kwargs.values()))}
        return y, inside, sorted(outside, key=lambda a: (given.get(id(a), len(given)), a.age))


class Recomputation:
    """The rules of one checkpointed call, one for each Value it started from; those of one step share one run of f."""

    __slots__ = ("outside", "run")

    def __init__(self, run: Run, outside: list[Node]):
        self.run, self.outside = run, outside

    def __len__(self) -> int:
        return len(self.outside)

    def __iter__(self) -> Iterator[Rule]:
        shares: list[Any] = []

        def rule(i: int, g: Any, out: Any, *inputs: Any) -> Any:
            if isinstance(g, Operand) and not isinstance(g, Value):
                return self.formula(i, g, out, inputs)
            if not shares:
                shares.extend(self.gradients(g, concrete(out)))
            return shares[i]

        return (functools.partial(rule, i) for i in range(len(self)))

    def gradients(self, g: Any, out: Any) -> list[Any]:
        """Run f again, which must give out, and take g back through it; nodes if g is one."""
        y, inside, outside = self.run()
        if set(outside) != set(self.outside):
            raise RuntimeError(
                f"checkpoint: {self.run.name} depended on {len(self)} Values, and on others when it ran again "
                f"({len(outside)}): it must compute the same each time"
            )
        refuse_other_numbers(self.run.name, out, y.data)
        grads = sweep(y, g, graph=isinstance(g, Value), keep_all=False, order=inside)
        return [grads[a] if a in grads else np.zeros_like(a.data) for a in self.outside]

    def formula(self, i: int, g: Any, out: Any, inputs: tuple[Any, ...]) -> Any:
        """What can be told of a rule that is a whole backward pass: its name, what it is given, and its result."""

        def vjp(g: Any, *inputs: Any, argnum: int) -> Any:
            return self.gradients(g, concrete(out))[argnum]

        vjp.__name__ = f"{self.run.name}_vjp"
        return g.record(Operation(vjp, (vjp,)), (g, *inputs), {"argnum": i})


def refuse_other_numbers(name: str, before: Any, again: Any) -> None:
    """Raise unless both are the same, but for rounding, which may depend on where in memory arrays lie."""
    if np.shape(before) != np.shape(again):
        raise RuntimeError(f"checkpoint: {name} gave shape {np.shape(before)}, and {np.shape(again)} when it ran again")
    near = float(np.sqrt(np.finfo(np.result_type(before)).eps))
    if not np.allclose(again, before, rtol=near, atol=near * float(np.max(np.abs(before), initial=0)), equal_nan=True):
        raise RuntimeError(
            f"checkpoint: {name} gave other numbers when it ran again, off by up to "
            f"{np.max(np.abs(again - before)):.3g}: make the generator that it draws from inside it, from one seed, "
            "and change data only after backward()"
        )

"""What happens to a parameter in one step: gradient transforms, the rule, constraints, as one pure function."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from .hyper import Configured, Hyper, Settings

Granularity = Literal["element", "tensor", "array"]
"""What a rule is run on: entries of all parameters together; one tensor, for its sums; or arrays in their own shape."""

COARSENESS: tuple[Granularity, ...] = ("element", "tensor", "array")


def plain(rule: Callable[..., Any], *args: Any) -> Any:
    return rule(*args)


class Transform(Configured):
    """A change of the gradient, or of the parameter, before the rule.

    A subclass declares its settings as annotated attributes and defines ``rule(h, t, p, g)``, which returns
    the new p and g; h holds its settings, and under h.lr the optimizer's learning rate.  only, where
    given, says by name and parameter to which parameters it applies.

    One that must see all gradients before any is changed defines ``measure(gradients)``, which is called once
    a step with (name, gradient) pairs of the parameters to which it applies; the numbers that it returns, which
    measures names, are in h.  It stands before the transforms that would change what it has measured.
    """

    granularity: ClassVar[Granularity] = "element"
    measures: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: Any, only: Callable[[str, Any], bool] | None = None, **settings: Any):
        if len(values) > len(self.fields):
            raise TypeError(f"{type(self).__name__} takes {len(self.fields)} settings; got {len(values)}")
        by_place = dict(zip(self.fields, values, strict=False))
        for name in by_place:
            if name in settings:
                raise TypeError(
                    f"{type(self).__name__}: {name} was given twice, as {by_place[name]!r} and {settings[name]!r}"
                )
        self.only = only
        self.settings = Settings(type(self), {**by_place, **settings})

    def applies_to(self, name: str, parameter: Any) -> bool:
        return self.only is None or bool(self.only(name, parameter))

    def rule(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines rule(h, t, p, g)")

    def measure(self, gradients: Sequence[tuple[str, Any]]) -> dict[str, float]:
        """Numbers that depend on all gradients together, by name; or an error, before anything is changed."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """What a continued run needs, such as the state of a random generator."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a saved state."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"


class Constraint(Transform):
    """A change of the parameter after the rule: ``rule(h, t, p)`` returns the new p."""


Measured = Mapping[Transform, Mapping[str, float]]
"""What each transform that measures has found in this step's gradients."""


class Pipeline:
    """Transforms, the optimizer's rule, and constraints, composed."""

    def __init__(self, optimizer: Any, transforms: Sequence[Transform], constraints: Sequence[Constraint]):
        self.optimizer, self.transforms, self.constraints = optimizer, transforms, constraints
        for before, piece in itertools.pairwise(transforms):
            if piece.measures:
                raise ValueError(
                    f"{piece!r} measures the gradients as backward left them, and {before!r} would change them "
                    f"first: put {type(piece).__name__} first in transforms"
                )
        around = [*transforms, *constraints]
        self.granularity: Granularity = max((piece.granularity for piece in [optimizer, *around]), key=COARSENESS.index)
        self.prefix: dict[Transform, str] = {}
        for piece in around:
            kind = snake(type(piece).__name__)
            same = sum(snake(type(other).__name__) == kind for other in self.prefix)
            self.prefix[piece] = f"{kind}{same + 1 if same else ''}_"

    def at_step(self, hyper: Mapping[str, Any], measured: Measured, step: int) -> Hyper:
        """Every number of the pipeline at a step, under a name of its own; 1 for what has not been measured yet."""
        merged = self.optimizer.at_step(hyper, step)
        for piece, prefix in self.prefix.items():
            numbers = measured.get(piece) or dict.fromkeys(piece.measures, 1.0)
            settings = piece.at_step(piece.settings.current, step)
            merged |= {f"{prefix}{name}": value for name, value in {**settings, **numbers}.items()}
        return Hyper(**merged)

    def measured_in(self, h: Any) -> Measured:
        """What was measured, read back from the numbers made of it."""
        return {
            piece: {name: getattr(h, f"{prefix}{name}") for name in piece.measures}
            for piece, prefix in self.prefix.items()
        }

    def of_piece(self, h: Any, piece: Transform) -> Hyper:
        """What a transform sees of the hyperparameters: its own settings, and the learning rate."""
        own = {name: getattr(h, f"{self.prefix[piece]}{name}") for name in (*piece.settings, *piece.measures)}
        return Hyper(**{"lr": getattr(h, "lr", None), **own})

    def update(self, h: Any, t: Any, p: Any, g: Any, *state: Any, call: Callable[..., Any] = plain) -> tuple[Any, ...]:
        """The new parameter and the new state; call runs each rule, for one who wants to watch."""
        for transform in self.transforms:
            changed = call(transform.rule, self.of_piece(h, transform), t, p, g)
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise TypeError(f"{type(transform).__name__}.rule returns the new p and g: return p, g")
            p, g = changed
        result = call(self.optimizer.rule, h, t, p, g, *state)
        p, *new = result if isinstance(result, tuple | list) else (result,)
        self.refuse(p, *new)
        for constraint in self.constraints:
            p = call(constraint.rule, self.of_piece(h, constraint), t, p)
        return p, *new

    def refuse(self, *results: Any) -> None:
        """Raise for results of the rule that are not the new parameter and the new state."""
        expected = ("p", *self.optimizer.slots, *self.optimizer.scalars)
        rule, asked = f"{type(self.optimizer).__name__}.rule", f"it must return the new {', '.join(expected)}"
        if len(results) != len(expected):
            raise ValueError(f"{rule} returned {len(results)} values; {asked}")
        for name, result in zip(expected, results, strict=True):
            if result is None:
                raise TypeError(f"{rule} returned None for {name}; {asked}")
            if name in self.optimizer.scalars and np.ndim(result):
                raise TypeError(f"{rule} returned an array for {name}, which is one number: sum it with optim.total(x)")


def snake(name: str) -> str:
    """GradientNoise as gradient_noise."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

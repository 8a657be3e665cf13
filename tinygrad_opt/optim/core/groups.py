"""Parameters in groups, each with its hyperparameters: what all optimizers have in common."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Never, Self

from .hyper import Configured, Settings
from .members import Member, grouped, refuse_unfit
from .pipeline import Constraint, Transform


class Group(NamedTuple):
    """Parameters with hyperparameters of their own; those may be changed between steps."""

    hyper: Settings
    members: list[Member]


class Grouped(Configured):
    """Has hyperparameters and the parameters in groups; t counts the steps taken.

    needs_closure  whether step must be given a function that computes the loss and its gradients anew
    """

    needs_closure: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__signature__ = signature(cls)  # type: ignore[attr-defined]  # what help() shows

    def __init__(self, params: Any, unnamed: tuple[Any, ...], hyper: Mapping[str, Any]):
        if unnamed:
            kind = type(self).__name__
            named = ", ".join(f"{name}={value!r}" for name, value in zip(self.fields, unnamed, strict=False))
            raise TypeError(f"{kind} takes its hyperparameters by name: write {kind}(params, {named})")
        self.t = 0
        self.groups = [Group(Settings(type(self), {**hyper, **own}), members) for own, members in grouped(params)]
        self.settings = self.groups[0].hyper
        refuse_unfit(self.members)
        self.transforms: Sequence[Transform] = ()
        self.constraints: Sequence[Constraint] = ()

    # -- parameters and hyperparameters --------------------------------------------------------
    @property
    def members(self) -> list[Member]:
        return [m for group in self.groups for m in group.members]

    @property
    def params(self) -> list[Any]:
        """The parameters, in order."""
        return [m.parameter for m in self.members]

    def change(self, name: str, value: Any) -> None:
        """Set a hyperparameter for all groups."""
        changed = [self.configured({**group.hyper, name: value}) for group in self.groups]
        for group, new in zip(self.groups, changed, strict=True):
            group.hyper.update(new)

    def hyperparameters(self) -> list[dict[str, Any]]:
        """Those that the coming step will use, for each group: schedules are asked for their values."""
        return [self.at_step(group.hyper, self.t) for group in self.groups]

    def zero_grad(self, **other: Never) -> None:
        """Forget the gradients, before the next backward pass adds to them."""
        if other:
            seen = ", ".join(f"{name}=" for name in other)
            raise TypeError(f"{type(self).__name__}.zero_grad() takes nothing and sets every grad to None; got {seen}")
        for m in self.members:
            m.parameter.grad = None

    def __repr__(self) -> str:
        count = len(self.members)
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"<{type(self).__name__}({settings}) of {count} parameter{'s' * (count != 1)}, {self.t} steps taken>"

    # -- as other libraries have it ------------------------------------------------------------
    @classmethod
    def torch(cls, params: Any, **changes: Any) -> Self:
        """With PyTorch's defaults and conventions."""
        return cls.preset("torch", params, changes)

    @classmethod
    def keras(cls, params: Any, **changes: Any) -> Self:
        """With Keras' defaults and conventions."""
        return cls.preset("keras", params, changes)

    @classmethod
    def optax(cls, params: Any, **changes: Any) -> Self:
        """With optax's defaults and conventions."""
        return cls.preset("optax", params, changes)

    @classmethod
    def seed(cls, params: Any, **changes: Any) -> Self:
        """As lecture slides have it, corrected where they err."""
        return cls.preset("seed", params, changes)

    @classmethod
    def preset(cls, library: str, params: Any, changes: Mapping[str, Any]) -> Self:
        if library not in cls.presets:
            known = ", ".join(cls.presets) or "none"
            raise ValueError(f"{cls.__name__} has no preset {library!r}; it has {known}")
        return cls(params, **{**cls.presets[library], **changes})


def signature(cls: type[Grouped]) -> inspect.Signature:
    """The parameters of the constructor, with the hyperparameters by name."""
    known = inspect.signature(cls.__init__).parameters.values()
    given = [p for p in known if p.name not in ("self", "unnamed", "hyper")]
    keyword = inspect.Parameter.KEYWORD_ONLY
    hyper = [inspect.Parameter(name, keyword, default=value) for name, value in cls.fields.items()]
    return inspect.Signature([given[0], *hyper, *given[1:]])

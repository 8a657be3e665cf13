"""What is known of one differentiable function, and the table of them all."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .scalars import as_setting

Rule = Callable[..., Any]

NUMBERS = frozenset({float, int})
NO_PARAMS: Mapping[str, Any] = {}
AS_NUMPY = {"dim": "axis", "keepdim": "keepdims"}  # what PyTorch calls otherwise


class ForEach:
    """The rules of a function that takes a sequence: ``rules(xs, **params)`` yields one for each x.

    A rule so made knows its operand and is called ``rule(g, out)``.  They are made one after the
    other, so that what one needs of its predecessors, such as where its piece begins, is at hand.
    """

    def __init__(self, rules: Callable[..., Iterable[Rule]]):
        self.rules = rules

    def __iter__(self) -> Iterator[Rule]:
        """For those who ask for a single operand: each as ``rule(g, out, *inputs, **params)``."""
        for i in itertools.count():
            yield functools.partial(self.single, i)

    def single(self, i: int, g: Any, out: Any, *inputs: Any, **params: Any) -> Any:
        rule = next(itertools.islice(self.rules(inputs, **params), i, None))
        return rule(g, out)


class Operation:
    """A differentiable function: how it is computed, its rules, and the facts that readers need.

    fn           the function itself, NumPy's or our own
    rules        one rule per operand; None where no gradient flows (conditions, masks)
    scalar       the same function for Python floats, faster than NumPy's; operators serve arrays too
    elementwise  each output entry depends on the same entry of each (broadcast) operand only
    kink         ``kink(out, *inputs, **params)``: which side of a kink each entry is on
    domain       ``domain(*inputs)``: where the function is defined and finite
    analytic     has a derivative on the complex plane that NumPy computes (complex step allowed)
    optional     operands may be None, as the bounds of clip
    keeps        fn and its rules take ``kept=``: a list, empty for fn, in which it may leave for a rule run
                 on arrays what that would compute again; a rule run on operands has to compute it
    sequence     the operands stand in one list: ``fn([a, b, c])``
    name         what explanations and messages call it, unless it is fn's own name: that of the public function
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        rules: Iterable[Rule | None],
        *,
        scalar: Callable[..., Any] | None = None,
        elementwise: bool | None = None,
        kink: Rule | None = None,
        domain: Rule | None = None,
        analytic: bool = True,
        optional: bool = False,
        keeps: bool = False,
        name: str | None = None,
    ):
        self.fn = fn
        self.name: str = name or fn.__name__
        self.rules: Any = rules
        self.scalar = scalar
        self.elementwise = is_elementwise(fn) if elementwise is None else elementwise
        self.kink = kink
        self.domain = domain
        self.analytic = analytic and kink is None
        self.optional = optional
        self.keeps = keeps
        self.sequence = isinstance(rules, ForEach)
        # its slope may be infinite or undefined, where a zero upstream gradient is still to give zero
        self.guarded = self.elementwise and domain is not None
        # fit for the engine's short path on Python floats
        self.short = self.elementwise and isinstance(rules, tuple) and len(rules) <= 2 and None not in rules

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def evaluate(self, *args: Any, **params: Any) -> Any:
        """The concrete result: Python arithmetic on Python numbers, NumPy's on everything else.

        Where Python refuses what IEEE 754 defines (1/0.0, log(0.0), exp(1000.0)), NumPy answers.
        """
        if self.scalar is not None and type(args[0]) in NUMBERS and all(type(a) in NUMBERS for a in args):
            try:
                result = self.scalar(*args, **params)
            except (ArithmeticError, ValueError):
                pass
            else:
                if type(result) is not complex:
                    return result
        if self.sequence:
            return self.fn(args, **params)
        try:
            result = self.fn(*args, **params)
        except ArithmeticError:
            pass
        else:
            if type(result) is not complex:
                return result
        return self.fn(*(np.float64(a) if type(a) in NUMBERS else a for a in args), **params)

    @functools.cached_property
    def defaults(self) -> dict[str, Any]:
        """The parameters that the rules know, with their defaults; the order is the rules'."""
        if isinstance(self.rules, ForEach):
            rule, skip = self.rules.rules, 1
        else:
            rule = next(r for r in self.rules if r is not None)
            skip = 2 + len(self.rules)
        known = list(inspect.signature(rule).parameters.values())
        named = [p for p in known if p.kind is p.KEYWORD_ONLY]
        if not any(p.kind is p.VAR_POSITIONAL for p in known):
            named = known[skip:]
        return {p.name: p.default for p in named if p.name != "kept"}

    def given(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters that the call was given: without what it keeps for its rules."""
        return {name: value for name, value in params.items() if name != "kept"} if self.keeps else params

    def bind(self, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a call as the user wrote it into operands and named parameters."""
        count = 1 if self.sequence else len(self.rules)
        if len(args) > count:
            named = list(inspect.signature(self.fn).parameters)[count:]
            if len(args) - count > len(named):
                raise TypeError(self.refuse_call({}, len(args), count))
            params = dict(zip(named, args[count:], strict=False)) | params
            args = args[:count]
        elif len(args) < count and params:
            operands = list(inspect.signature(self.fn).parameters)[len(args) : count]
            if all(name in params for name in operands):
                args = (*args, *(params[name] for name in operands))
                params = {name: value for name, value in params.items() if name not in operands}
        live = [name for name, value in params.items() if hasattr(value, "__array_ufunc__") and not is_array(value)]
        if live:
            raise TypeError(f"{self.name} takes a plain {live[0]}, which gets no gradient; got {params[live[0]]!r}")
        unknown = {name: value for name, value in params.items() if name not in self.defaults}
        if unknown or len(args) < count:
            raise TypeError(self.refuse_call(unknown, len(args), count))
        return (tuple(args[0]) if self.sequence else args), {name: as_setting(x) for name, x in params.items()}

    def refuse_call(self, unknown: Mapping[str, Any], given: int, count: int) -> str:
        """The message for a call that has no rule in this form."""
        takes = ", ".join(self.defaults) or "no keyword"
        if unknown:
            seen = ", ".join(f"{name}=" for name in unknown)
            if all(AS_NUMPY.get(name) in self.defaults for name in unknown):
                meant = ", ".join(f"{AS_NUMPY[name]}={value!r}" for name, value in unknown.items())
                return f"{self.name} on a Value takes {takes}; got {seen}: write {meant}"
            return f"{self.name} on a Value takes {takes}; got {seen}. Leave it out, or compute on .data"
        return f"{self.name} on a Value takes {count} positional operands; got {given}"


def is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic)


def is_elementwise(fn: Callable[..., Any]) -> bool:
    return isinstance(fn, np.ufunc) and fn.signature is None


RULES: dict[Callable[..., Any], Operation] = {}

# NumPy functions that need no rule: each is written here in functions that have one.
COMPOSITIONS: dict[Callable[..., Any], Callable[..., Any]] = {}

"""audit: everything that a derivative rule must do beyond being right at one point."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops import RULES, Operation
from .call import Call
from .probes import PROBES, Probe
from .seen import told

OK, FAILED, UNASKED = "ok", "FAILED", "does not apply"


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something wrong: the code and the title of the probe that saw it, what it saw, and in which sample."""

    code: str
    probe: str
    message: str
    sample: int

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


@dataclasses.dataclass(frozen=True)
class Audit:
    """What an audit found: true if nothing.

    findings  one `Finding` for each thing that is wrong
    outcomes  for each probe in the order of their codes: (code, title, "ok", "FAILED", or
              why it was not run)
    """

    operation: str
    samples: int
    findings: list[Finding]
    outcomes: list[tuple[str, str, str]]

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, each once."""
        return sorted({finding.code for finding in self.findings})

    def __bool__(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        count, samples = len(self.findings), plural(self.samples, "sample")
        lines = [f"audit of {self.operation}, {samples}: {plural(count, 'finding') if count else 'OK'}"]
        width = max(len(title) for _, title, _ in self.outcomes)
        lines += [f"  {code}  {title:{width}}  {outcome}" for code, title, outcome in self.outcomes]
        return "\n".join([*lines, *map(str, self.findings)])


def audit(
    op: Callable[..., Any], samples: Sequence[tuple[Any, ...]] | tuple[Any, ...], *, seed: int = 0, **params: Any
) -> Audit:
    """Probe an operation made by `differentiable`, or a NumPy function of the rule table, on sample calls.

    op       the function as it is called
    samples  a list of tuples, each the positional arguments of one call; one tuple alone is one call.
             Floats get gradients; integers, masks and None stand as constants, and so does a Value
             that requires no gradient
    params   keyword parameters of every call

    Probes ask whether the rules add up when an operand is used twice (TG201), are linear in the
    upstream gradient (TG202), fit their operands' shapes (TG203) and dtypes (TG204), are the slope
    (TG205) and can be differentiated again (TG206); whether operands and results are left alone
    (TG207, TG208) and runs repeat (TG209); whether the formula can be printed (TG210) and the facts
    hold (TG211 to TG214).  A probe whose presuppositions failed is not run, so that one mistake is
    one finding.  A result may share memory with an operand, as that of reshape does: the engine copies.

    Raises TypeError if op has no rule, if samples are not tuples, if one has nothing to differentiate.

    >>> from tinygrad_opt import audit, differentiable
    >>> def cube(x):
    ...     return x**3
    >>> bool(audit(differentiable(cube, lambda g, out, x: g * 3 * x**2), [(2.0,), ([1.0, -0.5],)]))
    True
    >>> print(*audit(differentiable(cube, lambda g, out, x: 3 * x**2), (2.0,)).findings)
    TG202 cube: doubling the upstream gradient did not double the gradient for x: it was 12 and became 12 \
-> upstream gradient not multiplied in. Multiply the local derivative by g
    """
    operation = operation_of(op)
    given = as_samples(samples)
    outcomes: dict[str, str] = {}
    findings: list[Finding] = []
    for probe in PROBES:
        calls = [Call(op, operation, sample, dict(params), seed) for sample in given]
        missing = [code for code in probe.after if outcomes[code] not in (OK, UNASKED)]
        if missing:
            outcomes[probe.code] = f"not run, after {missing[0]}"
        elif not any(map(probe.when, calls)):
            outcomes[probe.code] = UNASKED
        else:
            found = first_findings(probe, calls, operation.name)
            outcomes[probe.code] = FAILED if found else OK
            findings += found
    lines = sorted((probe.code, probe.title, outcomes[probe.code]) for probe in PROBES)
    return Audit(operation.name, len(given), sorted(findings, key=lambda finding: finding.code), lines)


def operation_of(op: Any) -> Operation:
    """What the rule table knows of a function."""
    try:
        return RULES[op]
    except (KeyError, TypeError):
        name = getattr(op, "__name__", repr(op))
    raise TypeError(
        f"audit probes a function that has rules, and {name} has none: pass what differentiable({name}, ...) "
        "returned. A function composed of others has no rules of its own: check it with gradcheck"
    )


def as_samples(samples: Any) -> list[tuple[Any, ...]]:
    """The calls to probe, each as the tuple of its arguments."""
    given = [samples] if isinstance(samples, tuple) else samples
    if isinstance(given, list) and given and all(isinstance(sample, tuple) for sample in given):
        return given
    seen = type(samples).__name__
    if isinstance(given, list):
        seen = f"a list of {type(given[0]).__name__}" if given else "an empty list"
    raise TypeError(f"audit takes a list of tuples of arguments, such as [(x,), (y,)], or one tuple; got {seen}")


def first_findings(probe: Probe, calls: list[Call], name: str) -> list[Finding]:
    """What a probe finds in the first call in which it finds anything."""
    for k, call in enumerate(calls):
        if probe.when(call):
            try:
                with np.errstate(all="ignore"):  # what is not finite is reported
                    messages = list(dict.fromkeys(probe.run(call)))  # two uses of one fact may fail alike
            except Exception as error:
                messages = [f"the probe itself met {told(error)}"]
            if messages:
                return [Finding(probe.code, probe.title, f"{name}: {message}", k) for message in messages]
    return []


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

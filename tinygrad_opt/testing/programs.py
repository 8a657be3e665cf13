"""Random programs: expression graphs as NumPy source, with inputs at which they are tame."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from .strategies import Array, Shape, broadcastable_shapes, seeds

# Defined for every number, with slopes of moderate size.  {a} and {b} stand for variables.
UNARY = (
    "-{a}", "np.sin({a})", "np.cos({a})", "np.tanh({a})", "np.arctan({a})", "np.square({a})", "np.exp(np.sin({a}))",
    "np.log(2 + np.cos({a}))", "np.sqrt(1 + {a} ** 2)", "1 / (1 + {a} ** 2)", "0.5 * {a} + 0.3", "np.sum({a})",
    "np.mean({a})",
)  # fmt: skip
WITH_AXES = ("np.sum({a}, axis=-1, keepdims=True)", "np.mean({a}, axis=0)", "{a}[..., :1]", "{a}[0]")
MATRICES = ("{a} @ {a}.T", "{a}.T", "np.concatenate([{a}, {a}[:1]], axis=0)")
BINARY = (
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (2 + np.sin({b}))", "(2 + np.sin({a})) ** np.tanh({b})",
    "np.logaddexp({a}, {b})",
)  # fmt: skip
KINKED_UNARY = ("np.abs({a})", "np.clip({a}, -0.5, 0.7)", "np.where({a} > 0, {a}, 0.1 * {a})")
KINKED_BINARY = ("np.maximum({a}, {b})", "np.minimum({a}, {b})")

LARGE = 4.0  # what grows beyond is brought back by tanh
NEAR = 3  # a step draws on this many variables, the newest or those still unused: so they are shared


@dataclasses.dataclass(frozen=True)
class Program:
    """A function of several arrays, as source that NumPy runs on arrays and on Values.

    source  the text of ``def f(x0, x1, ...)``; what is printed is what runs
    inputs  arrays to call it with
    """

    source: str
    inputs: tuple[Array, ...]

    def __call__(self, *inputs: Any) -> Any:
        return self.on(np)(*inputs)

    def on(self, module: Any) -> Callable[..., Any]:
        """The function with another module in the place of NumPy, such as torch."""
        return compiled(self.source, module)

    def __repr__(self) -> str:
        shapes = ", ".join(f"x{i} {x.shape}" for i, x in enumerate(self.inputs))
        return f"# {shapes}\n{self.source}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis and IPython show it."""
        printer.text(repr(self))


@functools.lru_cache(maxsize=1024)
def compiled(source: str, module: Any) -> Callable[..., Any]:
    scope: dict[str, Any] = {"np": module}
    exec(source, scope)
    f: Callable[..., Any] = scope["f"]
    return f


@st.composite
def expression_graphs(
    draw: st.DrawFn,
    inputs: int | Sequence[Shape] = 2,
    *,
    size: int = 6,
    kinks: bool = False,
    scalar: bool = True,
) -> Program:
    """Random programs of size steps, or down to half as many, in which variables are shared and broadcast.

    inputs  how many, of drawn shapes that broadcast together; or their shapes, none of them empty
    kinks   whether abs, clip, maximum and the like occur; without them a program is smooth everywhere
    scalar  whether the result is a number; else it is an array of any shape

    Every step is defined for all numbers, and at ``program.inputs`` no variable exceeds 4 before it
    is used.  Every input and every step reaches the result, which is not constant at the inputs.

    >>> from hypothesis import given
    >>> from tinygrad_opt.testing import assert_gradients, expression_graphs
    >>> @given(expression_graphs(inputs=2, size=3))
    ... def test(program):
    ...     assert_gradients(program, *program.inputs)
    """
    shapes = draw(broadcastable_shapes(inputs, empty=False, max_side=3)) if isinstance(inputs, int) else inputs
    if any(0 in shape for shape in shapes):
        raise ValueError(f"expression_graphs needs inputs that have entries; got shapes {', '.join(map(str, shapes))}")
    rng = np.random.default_rng(draw(seeds))  # one for all: inputs that are equal would make ties
    x = tuple(np.asarray(rng.uniform(-2, 2, shape)) for shape in shapes)
    draft = Draft(x)
    for _ in range(draw(st.integers((size + 1) // 2, size))):
        a = draw(st.sampled_from(draft.names()[:NEAR]))
        if draw(st.integers(0, 3)):
            b = draw(st.sampled_from(draft.beside(a)[:NEAR]))
            template = draw(st.sampled_from(BINARY + KINKED_BINARY * kinks))
        else:
            b = a
            template = draw(st.sampled_from(draft.unary(a) + KINKED_UNARY * kinks))
        draft.add(template, a, b)
    program = Program(draft.source(scalar), x)
    assume(depends_on_inputs(program))
    return program


def depends_on_inputs(program: Program) -> bool:
    """Whether the result changes with the inputs, as that of x0 - x0 does not."""
    y, moved = program(*program.inputs), program(*(x + 1e-6 for x in program.inputs))
    return bool(np.max(np.abs(y - moved)) > 1e-10 * (1 + np.max(np.abs(y))))


class Draft:
    """A program in the making: its lines, and each variable with its value at the inputs."""

    def __init__(self, inputs: tuple[Array, ...]):
        self.values: dict[str, Any] = {f"x{i}": x for i, x in enumerate(inputs)}
        self.unused = dict.fromkeys(self.values)
        self.head = f"def f({', '.join(self.values)}):"
        self.lines: list[str] = []

    def names(self) -> list[str]:
        """The variables, the newest first: the likeliest to be drawn when an example shrinks."""
        return list(self.values)[::-1]

    def beside(self, a: str) -> list[str]:
        """The variables that broadcast with a, those that nothing uses yet in front."""
        fitting = [b for b in self.names() if broadcast(self.values[a], self.values[b])]
        return sorted(fitting, key=lambda b: b not in self.unused)

    def unary(self, a: str) -> tuple[str, ...]:
        ndim = np.ndim(self.values[a])
        return UNARY + WITH_AXES * (ndim > 0) + MATRICES * (ndim == 2)

    def add(self, template: str, a: str, b: str) -> None:
        """One more line; a result that has grown large is brought back by tanh."""
        line, name = template.format(a=a, b=b), f"v{len(self.lines)}"
        value = self.evaluated(line)
        if np.max(np.abs(value)) > LARGE:
            line = f"np.tanh({line})"
            value = self.evaluated(line)
        self.lines.append(f"    {name} = {line}")
        self.values[name] = value
        for used in (a, b):
            self.unused.pop(used, None)
        self.unused[name] = None

    def evaluated(self, line: str) -> Any:
        return eval(line, {"np": np}, self.values)

    def source(self, scalar: bool) -> str:
        """The whole text; what nothing uses is added to the result, so that it counts."""
        last = self.names()[0]
        loose = [f"np.mean({name})" for name in self.unused if name != last]
        result = " + ".join([f"np.sum({last})" if scalar else last, *loose])
        return "\n".join([self.head, *self.lines, f"    return {result}"])


def broadcast(a: Any, b: Any) -> bool:
    """Whether two arrays broadcast together."""
    try:
        np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return True

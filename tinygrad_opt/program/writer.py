"""The program of a tape: one function of the inputs and the numbers of the leaves, as source and to be run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Node
from .backward import Backward
from .forward import Forward
from .tape import Tape
from .terms import Term, together


class Written:
    """What a tape is as a program: ``run(*inputs, *(leaf.data for leaf in leaves))``.

    It returns what f returned, the loss first, as numbers, and the gradients of the parameters.

    parameters  the leaves that get a gradient
    leaves      these, and the other Values that were there before
    outside     arrays and generators that the source names
    """

    def __init__(self, tape: Tape, names: list[str]):
        self.tape = tape
        forward = Forward(tape, names)
        grads = Backward(forward).grads
        self.parameters = [leaf for leaf in forward.leaves if leaf in grads]
        self.leaves = [*self.parameters, *(leaf for leaf in forward.leaves if leaf not in grads)]
        self.outside, self.namespace = forward.book.outside, forward.book.namespace
        given = ", ".join(t.text for t in (*forward.inputs, *(forward.of[leaf] for leaf in self.leaves)))
        results = together(forward.operand(x, "what f returns").text for x in tape.returned)
        gradients = together(of_kind(grads[p], p) for p in self.parameters)
        lines = [*forward.book.lines, f"return {results}, {gradients}"]
        self.source = "\n    ".join([f"def program({given}):", *lines]) + "\n"
        self.run = self.function()

    def function(self) -> Callable[..., Any]:
        exec(compile(self.source, "<program>", "exec"), self.namespace)
        program: Callable[..., Any] = self.namespace["program"]
        return program


def of_kind(g: Term, leaf: Node) -> str:
    """A gradient as an array for an array, as a number for a number."""
    if type(g.value) is type(leaf.data):
        return g.text
    is_array = isinstance(leaf.data, np.ndarray)
    return f"np.asarray({g.text}, np.{leaf.data.dtype})" if is_array else f"float({g.text})"

"""A layer that two libraries can run: the same numbers put in, and everything that comes out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from differences import difference

from tinygrad_opt import Value


class Case(NamedTuple):
    """Ours and theirs, made to compute the same.

    ours      makes our module
    theirs    given PyTorch, makes its module, with the same names of parameters and buffers
    shape     of the input; or a function of a random generator that makes the input, for such as indices
    training  whether the modules are in training mode
    passes    how often each is run before what comes out is compared: running statistics add up
    rtol      looser than 1e-12 only with a reason beside it
    smooth    whether the inputs keep away from kinks and ties, and the layer is small enough, for differences
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[Any], Any]
    shape: Any
    training: bool = True
    passes: int = 1
    rtol: float = 1e-12
    smooth: bool = True


def modes(name, ours, theirs, shape, **settings):
    """The case in training and in evaluation."""
    return [Case(f"{name}, {mode}", ours, theirs, shape, mode == "train", **settings) for mode in ("train", "eval")]


def numbers_for(shapes):
    """Numbers for the floats of a state, from their names and shapes: always the same, and all different."""
    rng = np.random.default_rng(0)
    found = {}
    for name, shape in shapes.items():
        spread = rng.uniform(0.5, 1.5, shape) if name.endswith("running_var") else rng.normal(0, 0.7, shape)
        found[name] = np.asarray(spread)
    return found


def inputs(case):
    """The input of every pass."""
    rng = np.random.default_rng(1)
    make = case.shape if callable(case.shape) else lambda rng: rng.normal(size=case.shape)
    return [make(rng) for _ in range(case.passes)]


def upstream(shape):
    """The gradient of the loss with respect to the output."""
    return np.random.default_rng(2).normal(size=shape)


def filled(case):
    """Our module in its mode, with the numbers of the case."""
    module = case.ours().train(case.training)
    floats = {name: a.shape for name, a in module.state_dict().items() if a.dtype.kind == "f"}
    module.load_state_dict(numbers_for(floats), strict=False)
    return module


def run(case):
    """What our module gives: the output, all gradients and all buffers, by name."""
    module = filled(case)
    for x in inputs(case):
        x = Value(x, requires_grad=True) if x.dtype.kind == "f" else x
        module.zero_grad()
        out = module(x)
        out.backward(upstream(out.shape))
    found = {"output": out.data}
    if isinstance(x, Value):
        found["gradient of the input"] = x.grad
    found |= {f"gradient of {name}": p.grad for name, p in module.named_parameters()}
    found |= dict(module.named_buffers())
    return {name: np.asarray(a) for name, a in found.items()}


def furthest(ours, theirs):
    """The largest difference, relative to the largest number of what is compared, and its name."""
    assert ours.keys() == theirs.keys()
    return max((difference(a, theirs[name]), name) for name, a in ours.items())

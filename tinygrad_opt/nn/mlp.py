"""A multilayer perceptron: layers of neurons with an activation between them."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import init as initializers
from ..init.registry import Initializer
from ..ops.dropout import SHARE_DROPPED
from ..settings import count, number
from ..spelling import plain
from .activation_names import NAMED
from .activation_names import activation as activation_named
from .activations import Identity, LeakyReLU, RReLU
from .containers import Sequential
from .description import constructor
from .dropout import Dropout
from .linear import Linear
from .module import Module


class MLP(Sequential):
    """Linear layers from each size to the next, and an activation after each but the last.

    x (..., sizes[0])  ->  (..., sizes[-1]); parameters are called as in PyTorch's Sequential: 0.weight, 2.weight.
    With dropout, which takes a place after each activation, 0.weight, 3.weight.

    activation  the name of one, or what makes one: nn.GELU, or lambda: nn.LeakyReLU(0.2)
    dropout     the share of each activation's outputs that is dropped in training
    init        how all weights are drawn, as of `Linear`; left out, each by the activation that follows its layer

    Raises ValueError for fewer than two sizes, and for those that are no whole numbers of 1 or more.

    >>> model = MLP(3, 4, 2, 1)
    >>> model
    MLP(
      (0): Linear(3, 4)
      (1): ReLU()
      (2): Linear(4, 2)
      (3): ReLU()
      (4): Linear(2, 1)
    )
    >>> model.count_params()
    29
    """

    def __init__(
        self,
        *sizes: int,
        activation: str | Callable[[], Module] = "relu",
        dropout: float = 0.0,
        init: Any = None,
        bias: bool = True,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ):
        check_layers(sizes)
        p = number("MLP", "dropout", dropout, SHARE_DROPPED)
        for fan_in, fan_out in itertools.pairwise(sizes[:-1]):
            then = made(activation, rng).astype(dtype)
            drawn = initializer_before(then) if init is None else init
            self.append(Linear(fan_in, fan_out, bias, init=drawn, rng=rng, dtype=dtype))
            self.append(then)
            if p:
                self.append(Dropout(p, rng=rng))
        self.append(Linear(sizes[-2], sizes[-1], bias, init="linear" if init is None else init, rng=rng, dtype=dtype))


def check_layers(sizes: tuple[Any, ...]) -> None:
    """Refuse what is no list of at least two sizes, each an argument of its own."""
    if any(isinstance(n, list | tuple) for n in sizes):
        raise ValueError(f"MLP takes its sizes one by one, as MLP(784, 512, 10); got {', '.join(map(repr, sizes))}")
    for n in sizes:
        count("MLP", "each size", n)
    if len(sizes) < 2:
        raise ValueError(f"MLP takes two sizes or more, of its input and of each layer; got {sizes}")


def made(activation: Any, rng: np.random.Generator | None) -> Module:
    """A new activation, which draws from rng if it draws and was given nothing to draw from."""
    if isinstance(activation, Module) or not (isinstance(activation, str) or makes_itself(activation)):
        name = plain(getattr(activation, "__name__", ""))
        named = f": activation={name!r}" if name in NAMED else ""
        raise TypeError(
            "MLP makes an activation for each layer: give it a name or what makes one, "
            f"as nn.ELU or lambda: nn.ELU(0.5); got {activation!r}{named}"
        )
    then = activation_named(activation) if isinstance(activation, str) else activation()
    if not isinstance(then, Module):
        raise TypeError(f"MLP: activation must make a module; it made {then!r}")
    if isinstance(then, RReLU) and then.rng is None:
        then.rng = rng
    return then


def makes_itself(activation: Any) -> bool:
    """Whether this can be called without arguments, as what makes a module, and not with numbers, as a function."""
    try:
        (constructor(activation) if isinstance(activation, type) else inspect.signature(activation)).bind()
    except (TypeError, ValueError):
        return False
    return True


def initializer_before(then: Module) -> Initializer:
    """What draws the weights of a layer, by the activation that follows: the table of `init`."""
    if isinstance(then, Identity):
        return initializers.get("linear")
    name = type(then).__name__
    settings = {"a": then.negative_slope} if isinstance(then, LeakyReLU) else {}
    if name.lower() not in {known.replace("_", "") for known in initializers.ACTIVATIONS}:
        raise ValueError(f"MLP knows no initializer for weights before {name}: give one, as init='he_normal'")
    return initializers.get(name, **settings)

"""Optimizers by name."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from . import rules
from .closures.quasi_newton import BFGS, LBFGS, QuasiNewton
from .core.optimizer import Optimizer
from .deterministic.minimize import METHODS

FAMILIES = [import_module(f"{rules.__name__}.{file.name}") for file in iter_modules(rules.__path__)]
"""The modules of rules: a new one need not be named here."""

KINDS: dict[str, type[Optimizer]] = {
    name: kind
    for family in FAMILIES
    for name, kind in vars(family).items()
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind.__module__ == family.__name__
}
"""Optimizers whose step is a rule."""

CLOSURES: dict[str, type[QuasiNewton]] = {"BFGS": BFGS, "LBFGS": LBFGS}
"""Optimizers whose step calls a closure as often as it needs to."""

ELSEWHERE = {
    "conjugategradient": "a method of optim.minimize(f, x0, method='cg'); it needs f itself",
    "conjugategradients": "a method of optim.minimize(f, x0, method='cg'); it needs f itself",
    "newtonsmethod": "a method of optim.minimize(f, x0, method='newton'); it needs f itself",
    "gradientdescent": "SGD with the gradient of the loss over all points",
    "minibatchgradientdescent": "SGD with the gradient of the loss over some of the points",
    "perceptron": "SGD with the gradient of optim.perceptron_loss(z, target)",
}
"""Where to find what textbooks list among optimizers, and what is none here."""


def get(name: str, **settings: Any) -> Callable[[Any], Any]:
    """The optimizer of that name with these settings, as a function that makes it for some parameters.

    settings are hyperparameters and what else its constructor takes, such as transforms.  Upper and lower case,
    hyphens, underscores and spaces in the name do not matter.  Raises ValueError, with the closest name, for one that
    is not known, TypeError for a hyperparameter that it does not have.

    >>> from tinygrad_opt import Value
    >>> get("ada-max", lr=0.01)([Value(1.0)])
    <Adamax(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08, eps_mode='inside') of 1 parameter, 0 steps taken>
    """
    if not isinstance(name, str):
        raise TypeError(f"get takes the name of an optimizer, such as 'adam'; got {name!r}")
    kinds = {**KINDS, **CLOSURES}
    known = {plain(kind): kind for kind in kinds}
    if plain(name) not in known:
        methods = {plain(method): method for method in METHODS}
        if plain(name) in methods:
            method = methods[plain(name)]
            raise ValueError(f"{name!r} is a method of optim.minimize(f, x0, method={method!r}); it needs f itself")
        if plain(name) in ELSEWHERE:
            raise ValueError(f"{name!r} is {ELSEWHERE[plain(name)]}")
        close = difflib.get_close_matches(plain(name), known, 1)
        advice = f"did you mean {known[close[0]]}?" if close else f"there are {', '.join(sorted(kinds))}"
        raise ValueError(f"there is no optimizer {name!r}: {advice}")
    kind = kinds[known[plain(name)]]
    taken = inspect.signature(kind).parameters.values()
    options = {option.name for option in taken if option.kind is option.KEYWORD_ONLY} - set(kind.fields)
    kind.configured({setting: value for setting, value in settings.items() if setting not in options})
    return functools.partial(kind, **settings)


def plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())

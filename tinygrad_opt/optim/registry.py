"""Optimizers by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ..spelling import named, plain
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

METHODS_NAMED = {plain(method): method for method in METHODS} | {
    "conjugategradient": "cg",
    "conjugategradients": "cg",
    "newtonsmethod": "newton",
}
ELSEWHERE = {
    name: f"is a method of optim.minimize(f, x0, method={method!r}); it needs f itself"
    for name, method in METHODS_NAMED.items()
} | {
    "gradientdescent": "is SGD with the gradient of the loss over all points",
    "minibatchgradientdescent": "is SGD with the gradient of the loss over some of the points",
    "perceptron": "is SGD with the gradient of optim.perceptron_loss(z, target)",
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
    kind = named("optimizer", name, {**KINDS, **CLOSURES}, ELSEWHERE)
    taken = inspect.signature(kind).parameters.values()
    options = {option.name for option in taken if option.kind is option.KEYWORD_ONLY} - set(kind.fields)
    kind.configured({setting: value for setting, value in settings.items() if setting not in options})
    return functools.partial(kind, **settings)

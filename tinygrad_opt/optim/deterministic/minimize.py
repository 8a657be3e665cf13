"""One call for every method that searches for a minimum."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...spelling import closest, meant
from .conjugate_gradient import conjugate_gradient
from .gradient_descent import gradient_descent
from .newton import newton, newton_cg
from .problem import Callback, Problem
from .quasi_newton import bfgs, lbfgs
from .result import Result
from .trust_region import trust_region

METHODS: dict[str, Callable[..., Result]] = {
    "gd": gradient_descent,
    "cg": conjugate_gradient,
    "bfgs": bfgs,
    "lbfgs": lbfgs,
    "newton": newton,
    "newton-cg": newton_cg,
    "trust-region": trust_region,
}


def minimize(
    f: Callable[[Any], Any],
    x0: Any,
    method: str = "bfgs",
    *,
    gtol: float = 1e-8,
    max_iterations: int | None = None,
    callback: Callback | None = None,
    **options: Any,
) -> Result:
    """A minimum of f near x0, by the gradients that backprop gives.

    f takes what x0 is, a number, an array or a dict, list or tuple of them, and returns a scalar.
    It is searched until no entry of the gradient is larger than gtol, for at most max_iterations
    steps (by default as many as the method allows); after each, callback(x, value) is called.  options
    are those of the method.

    Raises ValueError for an unknown method and where f or its gradient is not finite at x0; TypeError
    for an option that the method does not have and if f does not return a scalar.

    >>> found = minimize(lambda p: (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2, {"x": -1.2, "y": 1.0})
    >>> found.converged, round(found.x["x"], 6), round(found.x["y"], 6)
    (True, 1.0, 1.0)
    """
    search = method_named(method)
    check_options(method, search, options)
    if not gtol >= 0:
        raise ValueError(f"gtol must be 0 or more; got {gtol}")
    if max_iterations is not None:
        if isinstance(max_iterations, bool) or not isinstance(max_iterations, int) or max_iterations < 0:
            raise ValueError(f"max_iterations must be an integer, 0 or more; got {max_iterations!r}")
        options["max_iterations"] = max_iterations
    return search(Problem(f, x0, callback), gtol=gtol, **options)


def method_named(name: str) -> Callable[..., Result]:
    if name in METHODS:
        return METHODS[name]
    hint = meant(str(name).lower(), METHODS) or ";"
    raise ValueError(f"unknown method {name!r}{hint} there are {', '.join(METHODS)}")


def check_options(method: str, search: Callable[..., Result], options: dict[str, Any]) -> None:
    """Refuse options that the method does not have."""
    parameters = inspect.signature(search).parameters.values()
    common = ["gtol", "max_iterations", "callback"]
    known = common + [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in common]
    unknown = [name for name in options if name not in known]
    if unknown:
        close = [match for name in unknown if (match := closest(name, known))]
        hint = f"; did you mean {', '.join(close)}?" if close else ";"
        raise TypeError(f"method {method!r} has no option {', '.join(unknown)}{hint} it has {', '.join(known)}")

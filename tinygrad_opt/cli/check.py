"""The command `tinygrad-opt check`: the gradient of a function of your own, checked from the command line."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..check import Report, gradcheck
from .expression import ExpressionError, parse_values

DESCRIPTION = """\
Check the gradient of FUNCTION by finite differences, at every entry of every argument.  FUNCTION is
module:name or file.py:name; it is written with NumPy's functions and operators, and returns a number
or an array.  With --gradient, check the gradient that another function computes by hand."""

EPILOG = """\
values:
  a number, a nested list of numbers, or @FILE.npy; a parameter with a default may be left out

examples:
  tinygrad-opt check losses.py:huber --at x=[0.5,-2,3] delta=1
  tinygrad-opt check mymodel:loss --at W=@weights.npy b=[0,0] --order 2
  tinygrad-opt check net.py:loss --gradient net.py:backprop --at W=[[1,2],[3,4]]

exit status:
  0  the gradient is right: OK, AT_KINK or CROSSED_KINK
  1  it is wrong, or cannot be trusted: FAIL, SHAPE, NONFINITE, NONDETERMINISTIC, DEGENERATE
  2  bad input, with one line on standard error"""


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="check the gradient of a function in a file or module",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("function", metavar="FUNCTION", help="module:name or file.py:name")
    parser.add_argument("--at", metavar="NAME=VALUE", nargs="+", action="extend", default=[], help="the point")
    parser.add_argument("--gradient", metavar="FUNCTION", help="what computes the gradient, of the same arguments")
    parser.add_argument("--order", type=int, default=1, choices=(1, 2), help="2 checks second derivatives too")
    parser.add_argument("--method", default="auto", choices=("auto", "central", "richardson", "complex"))
    parser.add_argument("--coverage", default="full", choices=("full", "random"), help="random checks a part")
    parser.add_argument("--rtol", type=float, default=1e-8, help="relative error allowed (default 1e-8)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the report as a web page")
    parser.set_defaults(run=run, values=[])


def run(options: argparse.Namespace) -> int:
    """Check one function; the exit status."""
    function = loaded(options.function)
    gradient = loaded(options.gradient) if options.gradient else None
    point = bound(function, options.function, read_files(options.at + options.values))
    report = checked(function, gradient, point, options)
    print(json.dumps(report.record(), indent=1, allow_nan=False) if options.json else report)
    if options.html:
        options.html.write_text(report._repr_html_(), encoding="utf-8")
    return 0 if report else 1


def by_name(f: Callable[..., Any], names: list[str]) -> Callable[..., Any]:
    """f as a function of its named parameters in this order."""
    kinds = {name: parameter.kind for name, parameter in inspect.signature(f).parameters.items()}

    def call(*values: Any) -> Any:
        given = dict(zip(names, values, strict=True))
        first = [given.pop(name) for name in names if kinds.get(name) is inspect.Parameter.POSITIONAL_ONLY]
        return f(*first, **given)

    return call


def checked(
    function: Callable[..., Any],
    gradient: Callable[..., Any] | None,
    point: dict[str, Any],
    options: argparse.Namespace,
) -> Report:
    """gradcheck of the function at the point; what goes wrong inside it is told as bad input."""

    try:
        return gradcheck(
            by_name(function, list(point)),
            *point.values(),
            gradient=by_name(gradient, list(point)) if gradient else None,
            order=options.order,
            method=options.method,
            coverage=options.coverage,
            rtol=options.rtol,
        )
    except Exception as error:  # the function is the user's: it may raise anything
        raise ExpressionError(f"{options.function}: {type(error).__name__}: {error}") from error


def loaded(reference: str) -> Callable[..., Any]:
    """The function that module:name or file.py:name stands for."""
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name:
        raise ExpressionError(f"{reference!r} is not module:function or file.py:function")
    try:
        module = from_file(Path(place)) if place.endswith(".py") else from_path(place)
    except FileNotFoundError:
        raise ExpressionError(f"there is no file {place}") from None
    except Exception as error:  # the module is the user's: importing it may raise anything
        raise ExpressionError(f"cannot import {place}: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        found = ", ".join(n for n, f in vars(module).items() if inspect.isfunction(f) and not n.startswith("_"))
        raise ExpressionError(f"{place} has no function {name}; it has {found or 'none'}")
    return cast(Callable[..., Any], function)


def from_path(name: str) -> Any:
    """A module by its name, from the current directory first."""
    sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(name)


def from_file(path: Path) -> Any:
    """A module by its file; its neighbours can be imported from it."""
    if not path.is_file():
        raise FileNotFoundError(path)
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def read_files(settings: list[str]) -> dict[str, Any]:
    """NAME=VALUE settings as values by name; @FILE.npy is read."""
    files = {}
    for setting in settings:
        name, _, written = setting.partition("=")
        if written.startswith("@"):
            try:
                files[name] = np.load(written[1:], allow_pickle=False)
            except (OSError, ValueError) as error:
                raise ExpressionError(f"{setting}: {error}") from None
    typed = parse_values([s for s in settings if not s.partition("=")[2].startswith("@")])
    return typed | files


def bound(function: Callable[..., Any], reference: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values in the order of the function's parameters, or an error that says which is missing or unknown."""
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    unknown = [name for name in values if name not in names]
    if unknown:
        raise ExpressionError(f"{reference} has no parameter {unknown[0]}; it has {', '.join(names) or 'none'}")
    missing = [p.name for p in parameters if p.name in names and p.default is p.empty and p.name not in values]
    if missing or not values:
        name = missing[0] if missing else "NAME"
        raise ExpressionError(f"no value for {', '.join(missing) or 'any parameter'}: add --at {name}=VALUE")
    return {name: values[name] for name in names if name in values}

"""The command `tinygrad-opt explain`: backprop on a formula of your own, told, checked and drawn."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..check import Report, gradcheck
from ..draw import draw
from ..engine import Node, newest_first
from ..explain import Explanation, explain
from ..explain.steps import forward_expr, input_exprs
from ..expr import Expr
from ..naming import Names
from ..notation import number, numbers, text
from ..ops import concrete
from ..value import Value
from .expression import Expression, ExpressionError, parse_values

NEURON = "tanh(w1*x1 + w2*x2 + b)"
NEURON_VALUES = ["w1=-3", "x1=2", "w2=1", "x2=0", "b=6.8813735870195432"]
MOST_ROWS = 40

DESCRIPTION = """\
Compute EXPRESSION, then differentiate it by backpropagation, and print every number on the way: the
forward values; each backward step with its formula, its local derivative and what it adds to the
gradient of each input; and the final gradients beside central finite differences.  Without
arguments, explain a neuron: tanh(w1*x1 + w2*x2 + b).

The formulas printed are the derivative rules that ran, applied to names instead of numbers."""

EPILOG = """\
expressions:
  numbers, names, + - * / // % ** @, comparisons, lists, indexing such as W[0, 1:],
  NumPy's functions by their bare names: exp, log, tanh, sum, mean, median, maximum, where, clip,
  concatenate, norm, det, einsum("ij,j->i", W, x), ... and those of tinygrad_opt.functional: relu,
  gelu(x, approximate="tanh"), softmax, cross_entropy(x, [2, 0], reduction="sum"), layer_norm, ...
  The result must be a scalar: wrap it in sum(...) or mean(...).
  Put -- before an expression that begins with a minus sign.

examples:
  tinygrad-opt explain
  tinygrad-opt explain "x**2 * y + sin(x)" x=2 y=-3 --svg picture.svg
  tinygrad-opt explain "mean((W @ x - y)**2)" "W=[[1,2],[3,4]]" "x=[1,-1]" "y=[0,1]" --json

exit status:
  0  explained
  1  the finite differences disagree (at a kink, or where rounding dominates)
  2  bad input: one line on standard error says what and where"""


def add_parser(commands: Any) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "explain",
        help="backpropagation through a formula, step by step",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("expression", nargs="?", metavar="EXPRESSION", help="the formula to differentiate")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="a number, or a nested list for an array")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw the graph with values and gradients as SVG")
    parser.add_argument("--png", metavar="FILE", type=Path, help="the same picture as PNG")
    parser.add_argument("--step", metavar="K", type=int, help="draw the moment of backward step K instead of the end")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the explanation as a web page")
    parser.add_argument("--json", action="store_true", help="print the records as JSON instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain one expression; the exit status."""
    if options.expression is None:
        options.expression, options.values = NEURON, NEURON_VALUES
    expression, values = Expression(options.expression), parse_values(options.values)
    if options.step is not None and not (options.svg or options.png):
        raise ExpressionError("--step chooses what is drawn: give --svg FILE or --png FILE too")
    with np.errstate(all="ignore"):  # what is not finite is reported by name, or printed
        root = evaluate(expression, values)
        explanation = explain(root)
        report = gradcheck(lambda *leaves: expression(dict(zip(values, leaves, strict=True))), *values.values())
        if options.json:
            print(json.dumps(explanation.record() | {"check": report.record()}, indent=1, allow_nan=False))
        else:
            print(explanation)
            print_check(report)
        write_files(options, root, explanation)
    return 0 if report else 1


def evaluate(expression: Expression, values: dict[str, Any]) -> Value:
    """The expression at the given values, or an error that says which of the two is wrong."""
    missing = [name for name in expression.names if name not in values]
    if missing and missing[0] in ("np", "numpy", "math"):
        raise ExpressionError(f"functions stand by their bare names: sin(x), not {missing[0]}.sin(x)")
    if missing:
        raise ExpressionError(f"no value for {', '.join(missing)}: add {missing[0]}=NUMBER after the expression")
    unknown = [name for name in values if name not in expression.names]
    if unknown:
        raise ExpressionError(f"unknown name {unknown[0]}: the expression uses {', '.join(expression.names) or 'none'}")
    root = expression(values)
    if not isinstance(root, Value) or not root.requires_grad:
        raise ExpressionError("nothing to differentiate: the result depends on no name smoothly")
    bad = first_non_finite(root)
    if bad:
        raise ExpressionError(bad)
    if root.size != 1:
        raise ExpressionError(
            f"the result has shape {root.shape}; backprop starts from a scalar: wrap it, sum({expression.source})"
        )
    if root.op is not None:
        root.name = "L" if "L" not in values else "out"
    return root


def first_non_finite(root: Node) -> str | None:
    """Name the operation that first made an infinity or a NaN, with its inputs and its domain."""
    nodes = newest_first(root)[::-1]
    names = Names(nodes)
    for node in nodes:
        if node.op is not None and not np.all(np.isfinite(node.data)):
            formula, domain = forward_expr(node, names), node.op.domain
            what = f"{text(formula)} = {numbers(formula)} = {number(node.data)}: the first non-finite result"
            made = [a for a in node.args if isinstance(a, Node) and a.op is not None]
            where = "".join(f", with {names[a]} = {text(forward_expr(a, names))}" for a in made)
            inputs = [x if isinstance(x, Expr) else Expr(x, number(x)) for x in input_exprs(node, names)]
            broken = domain and not np.all(domain(*(concrete(a) for a in node.args)))
            needs = f"; {node.op.name} needs {text(domain(*inputs))}" if domain and broken else ""
            return what + where + needs
    return None


def print_check(report: Report) -> None:
    """The gradients beside their finite differences, as a table."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table("", "backprop", "differences", "relative error", box=SIMPLE, pad_edge=False)
    for entry in report.entries[:MOST_ROWS]:
        row = (entry.place, f"{entry.analytic:.8g}", f"{entry.numeric:.8g}", f"{entry.relative:.1e}")
        table.add_row(*row, style=None if entry.ok else "bold red")
    console = Console(highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    print("\ngradients beside central differences")
    print("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))
    if len(report.entries) > MOST_ROWS:
        print(f"... and {len(report.entries) - MOST_ROWS} more entries")
    print("\n".join([report.verdict, *report.findings]))


def write_files(options: argparse.Namespace, root: Value, explanation: Explanation) -> None:
    """Write the files that were asked for."""
    root.backward()
    picture = draw(root, step=options.step)
    if options.svg:
        options.svg.write_text(picture.svg(), encoding="utf-8")
    if options.png:
        options.png.write_bytes(picture.png())
    if options.html:
        explanation.to_html(options.html)

"""An optimizer's update as equations, written from a trace of its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ...expr import Expr
from ...notation import latex, latex_name, text
from .hyper import is_choice
from .trace import Symbol, Trace
from .traced import Traced
from .writer import in_order

GREEK = {
    "lr": r"\eta", "beta1": r"\beta_1", "beta2": r"\beta_2", "beta3": r"\beta_3", "eps": r"\epsilon", "rho": r"\rho",
    "momentum": r"\mu", "weight_decay": r"\lambda", "alpha": r"\alpha", "gamma": r"\gamma", "p": r"\theta",
    "nu1": r"\nu_1", "nu2": r"\nu_2",
}  # fmt: skip


class Equation(NamedTuple):
    """One line of an update: what is computed, from what, and the value that the trace gave it."""

    name: str
    expression: Any
    value: Any


def equations(traced: Traced) -> list[Equation]:
    """The update, and what chose its form, in the order of computation; local variables have a line of their own."""
    names = equation_names(traced)
    deciding = [symbol for symbol, _ in conditions(traced)]
    found = [
        Equation(name, cut(symbol, names), symbol.value)
        for symbol in in_order([*list(traced.results.values())[1:], *deciding, traced.results["p"]], numbers_too=True)
        if (name := names.get(symbol)) and symbol.fn is not None
    ]
    plain = [
        Equation(f"{name}[t]", cut_root(result, names), getattr(result, "value", result))
        for name, result in traced.results.items()
        if is_moved(name, result, traced, names)
    ]
    return found + plain


def is_moved(name: str, result: Any, traced: Traced, names: Mapping[Symbol, str]) -> bool:
    """Whether a result is a constant, an input or another result, so that no computation names it.

    State that stays as it is goes without saying, a parameter does not.
    """
    stays = result is {**traced.arrays, **traced.scalars}[name]
    return (name == "p" or not stays) and (not isinstance(result, Symbol) or names[result] != f"{name}[t]")


def equation_names(traced: Traced) -> dict[Symbol, str]:
    """What each input, each result and each local variable of the rule is called in the equations."""
    names = {symbol: name.removeprefix("h.") for name, symbol in traced.hyper.items()}
    names |= {symbol: f"{name}[{'t' if name == 'g' else 't-1'}]" for name, symbol in traced.arrays.items()}
    names |= {symbol: f"{name}[t-1]" for name, symbol in traced.scalars.items()}
    states = {**traced.arrays, **traced.scalars}
    changed: dict[str, int] = {}
    for symbol, name in traced.trace.names.items():
        if name in states and symbol not in names:
            changed[name] = changed.get(name, 0) + 1
        names.setdefault(symbol, name + "'" * changed.get(name, 0))
    for name, result in reversed(list(traced.results.items())):  # p last: what is also a parameter is called so
        if isinstance(result, Symbol) and result.fn is not None:
            names[result] = f"{name}[t]"
    return names


def cut(x: Any, names: Mapping[Symbol, str]) -> Any:
    """The expression of x, in which whatever has a name is that name."""
    fn, args = as_written(x, names)
    return Expr(x.value, x.name, fn, tuple(cut_root(a, names) for a in args), x.params, x.defaults)


def as_written(x: Symbol, names: Mapping[Symbol, str]) -> tuple[str | None, tuple[Any, ...]]:
    """The function and the arguments of x, where optim.norm, optim.ratio or optim.where made it in their words."""
    match x.fn, x.args:
        case "power", (Symbol(fn="total", args=[Symbol(fn="multiply", args=[one, other])]) as squared, power):
            if one is other and squared not in names and is_constant(power, 0.5):
                return "norm", (one,)
        case "divide", (Symbol(fn="choose", args=[nonzero, top, otherwise]), Symbol(fn="choose", args=[same, y, one])):
            if nonzero is same and nonzero.fn == "not_equal" and nonzero.args[0] is y and is_constant(one, 1.0):
                return "ratio", (top, y) if is_constant(otherwise, 1.0) else (top, y, otherwise)
        case "choose", _:
            return "where", x.args
    return x.fn, x.args


def is_constant(x: Any, value: float) -> bool:
    """Whether x is that number itself; a symbol, whose == would be traced, never is."""
    return not isinstance(x, Symbol) and bool(x == value)


def cut_root(x: Any, names: Mapping[Symbol, str]) -> Any:
    if not isinstance(x, Symbol):
        return x
    return Expr(x.value, names[x]) if x in names else cut(x, names)


def conditions(traced: Traced) -> list[tuple[Symbol, bool]]:
    """The comparisons of the step count and of what follows from it that chose between the forms of a rule."""
    step = traced.hyper["t"]
    return [
        (symbol, outcome)
        for symbol, outcome in traced.trace.conditions.items()
        if any(x is step for x in in_order([symbol], numbers_too=True))  # == would be traced as well
    ]


def as_text(traced: Traced) -> str:
    lines = [f"{name} = {text(expression)}" for name, expression, _ in equations(traced)]
    names = equation_names(traced)
    notes = [f"as long as {'' if outcome else 'not '}({text(cut(x, names))})" for x, outcome in conditions(traced)]
    return "\n".join(lines + notes)


def as_latex(traced: Traced) -> str:
    rows = [rf"{symbol_latex(name)} &= {latex(x, leaf)}" for name, x, _ in equations(traced)]
    names = equation_names(traced)
    rows += [
        rf"&\text{{as long as {'' if outcome else 'not '}}} {latex(cut(x, names), leaf)}"
        for x, outcome in conditions(traced)
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def written(rule: Callable[..., Any], h: Mapping[str, float], names: Sequence[str], as_latex: bool) -> str:
    """What a rule around an optimizer computes of arrays with these names."""
    trace = Trace()
    settings = {name: value if is_choice(value) else trace.input(name, value) for name, value in h.items()}
    arrays = [trace.input(name, np.full(2, 0.5)) for name in names]
    result = trace.run(rule, SimpleNamespace(**settings), *arrays)
    expression = cut_root(result, {x: str(x.name) for x in [*settings.values(), *arrays] if isinstance(x, Symbol)})
    return latex(expression, leaf) if as_latex else text(expression)


def leaf(x: Any) -> str:
    return symbol_latex(str(x.name))


def symbol_latex(name: str) -> str:
    """m[t-1] as m_{t-1}, m_hat with its hat, beta1 as the Greek letter."""
    base, bracket, index = name.partition("[")
    base, prime = base.rstrip("'"), "'" * base.count("'")
    letters, hat, _ = base.partition("_hat")
    shown = GREEK.get(letters) or latex_name(letters)
    shown = rf"\hat{{{shown}}}" if hat else shown
    return f"{shown}{prime}" + (f"_{{{index.rstrip(']')}}}" if bracket else "")

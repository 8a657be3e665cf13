"""How formulas are written: an Expr as text or as LaTeX, with names or with numbers put in."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .expr import Expr

Show = Callable[[Any], str]

# Operators with their binding strength; a weaker one inside a stronger one stands in parentheses.
COMPARISON, OR, AND, SUM, PRODUCT, NEGATIVE, POWER, POSTFIX = range(1, 9)
INFIX = {
    "add": ("+", SUM), "subtract": ("-", SUM), "multiply": ("*", PRODUCT), "divide": ("/", PRODUCT),
    "matmul": ("@", PRODUCT), "remainder": ("%", PRODUCT), "floor_divide": ("//", PRODUCT), "power": ("**", POWER),
    "greater": (">", COMPARISON), "greater_equal": (">=", COMPARISON), "less": ("<", COMPARISON),
    "less_equal": ("<=", COMPARISON), "equal": ("==", COMPARISON), "not_equal": ("!=", COMPARISON),
    "bitwise_and": ("&", AND), "bitwise_or": ("|", OR),
}  # fmt: skip
SMALL = 12  # entries of an array that still fill no more than a line
most_entries = contextvars.ContextVar("most_entries", default=SMALL)


@contextlib.contextmanager
def in_full(entries: int) -> Iterator[None]:
    """Show arrays of at most this many entries in full, and larger ones by their shape."""
    token = most_entries.set(entries)
    try:
        yield
    finally:
        most_entries.reset(token)


def sides(sign: str, strength: int) -> tuple[int, int]:
    """How strongly the two operands must bind: a power groups to the right, a comparison to neither side."""
    return (strength + (strength in (COMPARISON, POWER)), strength + (strength != POWER))


def text(x: Any, show: Show | None = None, outer: int = 0) -> str:
    """x as NumPy source, with the fewest parentheses; show writes the leaves, by default their names."""
    if not isinstance(x, Expr) or x.fn is None:
        shown = number(x) if not isinstance(x, Expr) else show(x) if show else str(x.name)
        return wrap(shown, outer > SUM and shown.startswith("-"))
    if x.fn in INFIX:
        sign, strength = INFIX[x.fn]
        left, right = sides(sign, strength)
        return wrap(f"{text(x.args[0], show, left)} {sign} {text(x.args[1], show, right)}", strength < outer)
    if x.fn == "negative":
        return wrap(f"-{text(x.args[0], show, NEGATIVE)}", outer > SUM)
    if x.fn == "getitem":
        return f"{text(x.args[0], show, POSTFIX)}[{index_text(x.params['index'])}]"
    if swaps_two_axes(x):
        return f"{text(x.args[0], show, POSTFIX)}.T"
    inner = [text(a, show) for a in x.args] + settings(x)
    return f"{x.fn}({', '.join(inner)})"


def swaps_two_axes(x: Expr) -> bool:
    """Whether x is the transpose of a matrix."""
    if x.ndim != 2:
        return False
    return x.fn == "matrix_transpose" or (x.fn == "transpose" and x.params.get("axes") in (None, (1, 0), [1, 0]))


def wrap(inner: str, needed: bool) -> str:
    return f"({inner})" if needed else inner


def settings(x: Expr) -> list[str]:
    """The parameters of a call that differ from their defaults."""
    changed = {k: v for k, v in x.params.items() if k not in x.defaults or not same(v, x.defaults[k])}
    first = next(iter(changed), None)
    return [("" if k == first == "shape" else f"{k}=") + index_text(v, slices=False) for k, v in changed.items()]


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(np.array_equal(a, b))


def index_text(index: Any, slices: bool = True) -> str:
    """An index or a parameter as it would be typed."""
    if isinstance(index, tuple):
        inner = ", ".join(index_text(part, slices=False) for part in index)
        return inner if slices and index else f"({inner}{',' if len(index) == 1 else ''})"
    if isinstance(index, slice):
        ends = ("" if end is None else str(end) for end in (index.start, index.stop))
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if index is Ellipsis:
        return "..."
    if isinstance(index, type | np.dtype):
        return str(np.dtype(index))
    if isinstance(index, np.ndarray | list):
        return number(np.asarray(index))
    return repr(index) if isinstance(index, str) else str(index)


def number(x: Any) -> str:
    """A number to six digits; a small array in full, a large one by its shape."""
    if isinstance(x, bool | np.bool_ | int | str) or x is None:
        return str(x)
    if np.ndim(x) == 0:
        return f"{float(x):.6g}"
    array = np.asarray(x)
    if array.size > most_entries.get():
        return f"array{array.shape}" if array.ndim > 1 else f"array({array.shape[0]},)"
    return nested(array.tolist())


def nested(x: Any) -> str:
    """A nested list with four digits an entry."""
    if isinstance(x, list):
        return f"[{', '.join(map(nested, x))}]"
    return f"{x:.4g}" if isinstance(x, float) else str(x)


def numbers(x: Any) -> str:
    """x as text with the value of each leaf in its place."""
    return text(x, lambda leaf: number(leaf.value))


# -- LaTeX -------------------------------------------------------------------------------------
LATEX_INFIX = {
    "add": "+", "subtract": "-", "multiply": r"\,", "matmul": r"\,", "remainder": r"\bmod",
    "greater": ">", "greater_equal": r"\ge", "less": "<", "less_equal": r"\le", "equal": "=",
    "not_equal": r"\ne", "bitwise_and": r"\wedge", "bitwise_or": r"\vee",
}  # fmt: skip
LATEX_NAMES = {"log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "max", "min"}
LATEX_FORMS = {
    "divide": r"\frac{%s}{%s}", "reciprocal": r"\frac{1}{%s}", "sqrt": r"\sqrt{%s}", "exp": "e^{%s}",
    "absolute": r"\left|%s\right|", "floor": r"\left\lfloor %s\right\rfloor",
    "floor_divide": r"\left\lfloor\frac{%s}{%s}\right\rfloor",
}  # fmt: skip


def latex(x: Any, show: Show | None = None, outer: int = 0) -> str:
    """x as LaTeX; show writes the leaves, by default their names."""
    if not isinstance(x, Expr) or x.fn is None:
        shown = latex_number(x) if not isinstance(x, Expr) else show(x) if show else latex_name(str(x.name))
        return latex_wrap(shown, (outer > SUM and shown.startswith("-")) or (outer >= POSTFIX and "^" in shown))
    if x.fn in LATEX_FORMS:
        return latex_wrap(LATEX_FORMS[x.fn] % tuple(latex(a, show) for a in x.args), outer >= POSTFIX)
    if x.fn in ("power", "square"):
        exponent = latex(x.args[1], show) if x.fn == "power" else "2"
        return latex_wrap(f"{latex(x.args[0], show, POSTFIX)}^{{{exponent}}}", outer >= POSTFIX)
    if x.fn in LATEX_INFIX:
        sign, strength = INFIX[x.fn]
        left, right = sides(sign, strength)
        sign = r"\cdot" if show and x.fn == "multiply" else LATEX_INFIX[x.fn]
        inner = f"{latex(x.args[0], show, left)} {sign} {latex(x.args[1], show, right)}"
        return rf"\left[{inner}\right]" if strength == COMPARISON else latex_wrap(inner, strength < outer)
    if x.fn == "negative":
        return latex_wrap(f"-{latex(x.args[0], show, NEGATIVE)}", outer > SUM)
    if swaps_two_axes(x):
        return latex_wrap(rf"{latex(x.args[0], show, POSTFIX)}^{{\top}}", outer >= POSTFIX)
    if x.fn == "getitem":
        index = latex_escape(index_text(x.params["index"]))
        return rf"{{{latex(x.args[0], show, POSTFIX)}}}_{{\text{{{index}}}}}"
    name = rf"\{x.fn}" if x.fn in LATEX_NAMES else rf"\mathrm{{{latex_escape(x.fn)}}}"
    extra = "".join(rf",\ \text{{{latex_escape(s)}}}" for s in settings(x))
    return rf"{name}\left({', '.join(latex(a, show) for a in x.args)}{extra}\right)"


def latex_wrap(inner: str, needed: bool) -> str:
    return rf"\left({inner}\right)" if needed else inner


def latex_number(x: Any) -> str:
    shown = number(x)
    if x is None or np.ndim(x) or isinstance(x, bool | np.bool_):
        return rf"\text{{{latex_escape(shown)}}}"
    mantissa, exponent, power = shown.partition("e")
    if exponent and np.isfinite(float(x)):
        return rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return shown.replace("inf", r"\infty")


def latex_name(name: str) -> str:
    """x1 as x_{1}; the gradient of a node as the partial derivative it is; other names upright."""
    if name.endswith(".grad"):
        return rf"\frac{{\partial L}}{{\partial {latex_name(name.removesuffix('.grad'))}}}"
    letters = name.rstrip("0123456789")
    if len(letters) == 1 and letters.isalpha() and letters.isascii():
        return f"{letters}_{{{name[1:]}}}" if name[1:] else letters
    return rf"\text{{{latex_escape(name)}}}"


ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\n": " ",
}  # fmt: skip


def latex_escape(s: str) -> str:
    return "".join(ESCAPES.get(c, c) for c in s)


# -- JSON --------------------------------------------------------------------------------------
def plain(x: Any) -> Any:
    """A number or nested list for JSON, which has no NaN and no infinity: those as text."""
    if isinstance(x, np.ndarray):
        return [plain(entry) for entry in x] if x.ndim else plain(x.item())
    x = x.item() if isinstance(x, np.generic) else x
    return str(x) if isinstance(x, float) and not np.isfinite(x) else x

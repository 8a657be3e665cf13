"""Landscapes: functions of two numbers on which methods are compared, with what is known about them.

from tinygrad_opt.optim.landscapes import get, rosenbrock
rosenbrock([0.0, 0.0])      a list or an array of two entries, a Value, or arrays of x and of y
print(rosenbrock.text)      its formula, written by the function itself
"""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import notation
from ..expr import Expr
from ..ops.operand import Operand
from ..spelling import named

Array = np.ndarray[Any, np.dtype[Any]]
Point = tuple[float, float]


class Window(NamedTuple):
    """The part of the plane that a picture shows."""

    left: float
    right: float
    bottom: float
    top: float


class Grid(NamedTuple):
    """The points of a picture and the height at each: arrays (n, n), row by row from the bottom."""

    x: Array
    y: Array
    z: Array


@dataclass(frozen=True, repr=False)
class Landscape:
    """A function of two numbers: ``f(p)`` for a p that holds x and y.

    name     what `get` finds it by
    formula  the function of x and y
    minima   the points where it is lowest, to the last digit; none if it falls for ever
    lowest   its value there, or None
    start    a point from which a search is worth watching
    window   what a picture shows
    source   where it comes from

    >>> rosenbrock
    rosenbrock: (1 - x) ** 2 + 100 * (y - x ** 2) ** 2, lowest at (1, 1): 0
    >>> rosenbrock([0.0, 0.0])
    1.0
    >>> from tinygrad_opt import grad
    >>> grad(rosenbrock)(np.array([0.0, 0.0]))
    array([-2.,  0.])
    """

    name: str
    formula: Callable[[Any, Any], Any]
    minima: tuple[Point, ...]
    lowest: float | None
    start: Point
    window: Window
    source: str

    def __call__(self, p: Any) -> Any:
        """The height at p: a scalar for shape (2,), an array for an array of x and one of y, shape (2, ...)."""
        if not isinstance(p, Operand):
            p = np.asarray(p)
            if p.dtype.kind not in "biuf":
                raise TypeError(f"{self.name} takes real numbers; got {p.dtype}")
            p = p.astype(np.result_type(p, np.float32), copy=False)  # whole numbers as floats
        if np.ndim(p) == 0 or np.shape(p)[0] != 2:
            raise ValueError(f"{self.name} takes two entries, x and y; got shape {np.shape(p)}")
        height = self.formula(p[0], p[1])
        return height.item() if isinstance(height, np.generic) else height

    @property
    def text(self) -> str:
        """The formula as NumPy source."""
        return notation.text(self._written())

    @property
    def latex(self) -> str:
        """The formula as LaTeX."""
        return notation.latex(self._written())

    def _written(self) -> Any:
        x, y = self.start
        return self.formula(Expr(x, "x"), Expr(y, "y"))

    def grid(self, n: int = 101, window: tuple[float, float, float, float] | None = None) -> Grid:
        """The height at n times n points, the window's corners among them: ``plt.contour(*f.grid())``.

        Raises ValueError for n below 2, or a window that is none.
        """
        if not isinstance(n, int | np.integer) or n < 2:
            raise ValueError(f"{self.name}: a grid has a whole number of points a side, at least 2; got n={n!r}")
        edges = self.window if window is None else tuple(window)
        if len(edges) != 4 or not all(map(is_finite, edges)) or edges[0] >= edges[1] or edges[2] >= edges[3]:
            raise ValueError(f"{self.name}: a window is (left, right, bottom, top), in order; got {window!r}")
        left, right, bottom, top = edges
        x, y = np.meshgrid(np.linspace(left, right, n), np.linspace(bottom, top, n))
        return Grid(x, y, self([x, y]))

    def __repr__(self) -> str:
        points = ", ".join(f"({x:.6g}, {y:.6g})" for x, y in self.minima)
        return f"{self.name}: {self.text}, " + (f"lowest at {points}: {self.lowest:.6g}" if points else "no minimum")


# -- valleys -----------------------------------------------------------------------------------
def _rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


rosenbrock = Landscape(
    "rosenbrock", _rosenbrock, ((1.0, 1.0),), 0.0, (-1.2, 1.0), Window(-2.0, 2.0, -1.0, 3.0),
    "Rosenbrock, An automatic method for finding the greatest or least value of a function, 1960",
)  # fmt: skip


def _long_valley(x: Any, y: Any) -> Any:
    return x**2 / 20 + y**2


long_valley = Landscape(
    "long valley", _long_valley, ((0.0, 0.0),), 0.0, (-7.0, 2.0), Window(-10.0, 10.0, -5.0, 5.0),
    "a quadratic twenty times as steep along y as along x",
)  # fmt: skip


def _quadratic(x: Any, y: Any, condition: float, cos: float, sin: float) -> Any:
    return ((cos * x + sin * y) ** 2 + condition * (cos * y - sin * x) ** 2) / 2


def quadratic(condition: float = 100.0, angle: float = math.pi / 6) -> Landscape:
    """The quadratic whose Hessian has the eigenvalues 1 and condition, its flat axis turned by an angle (radians).

    Raises ValueError for a condition below 1 or an angle that is not finite.

    >>> quadratic(condition=9, angle=0.0)
    quadratic: ((1 * x + 0 * y) ** 2 + 9 * (1 * y - 0 * x) ** 2) / 2, lowest at (0, 0): 0
    """
    if not is_finite(condition) or condition < 1:
        raise ValueError(f"quadratic: condition must be a finite number, at least 1; got {condition!r}")
    if not is_finite(angle):
        raise ValueError(f"quadratic: angle must be a finite number of radians; got {angle!r}")
    turn = {"cos": math.cos(angle), "sin": math.sin(angle)}
    formula = functools.partial(_quadratic, condition=float(condition), **turn)
    # 2 along the flat axis and 0.2 along the steep one: a search zigzags first and creeps then.
    start = (2 * turn["cos"] - 0.2 * turn["sin"], 2 * turn["sin"] + 0.2 * turn["cos"])
    return Landscape(
        "quadratic", formula, ((0.0, 0.0),), 0.0, start, Window(-3.0, 3.0, -3.0, 3.0),
        f"eigenvalues 1 and {condition:g}",
    )  # fmt: skip


def is_finite(given: Any) -> bool:
    return isinstance(given, numbers.Real) and math.isfinite(given)


def _matyas(x: Any, y: Any) -> Any:
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


SURVEY = "Jamil & Yang, A literature survey of benchmark functions, 2013, arXiv:1308.4008"
matyas = Landscape("matyas", _matyas, ((0.0, 0.0),), 0.0, (-8.0, 6.0), Window(-10.0, 10.0, -10.0, 10.0), SURVEY)


def _booth(x: Any, y: Any) -> Any:
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


booth = Landscape("booth", _booth, ((1.0, 3.0),), 0.0, (-6.0, -4.0), Window(-10.0, 10.0, -10.0, 10.0), SURVEY)


def _beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


beale = Landscape(
    "beale", _beale, ((3.0, 0.5),), 0.0, (1.0, 1.5), Window(-4.5, 4.5, -4.5, 4.5),
    "Beale, On an iterative method for finding a local minimum of a function of more than one variable, 1958",
)  # fmt: skip


# -- several minima ----------------------------------------------------------------------------
def _himmelblau(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


himmelblau = Landscape(
    "himmelblau", _himmelblau,
    ((3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.2831859912861696),
     (3.5844283403304917, -1.8481265269644036)),
    0.0, (0.0, 0.0), Window(-6.0, 6.0, -6.0, 6.0), "Himmelblau, Applied Nonlinear Programming, 1972",
)  # fmt: skip


def _rastrigin(x: Any, y: Any) -> Any:
    return 20 + x**2 - 10 * np.cos(2 * np.pi * x) + y**2 - 10 * np.cos(2 * np.pi * y)


rastrigin = Landscape(
    "rastrigin", _rastrigin, ((0.0, 0.0),), 0.0, (3.2, -2.4), Window(-5.12, 5.12, -5.12, 5.12),
    "Rastrigin, Systems of Extremal Control, 1974; many local minima, near the whole numbers",
)  # fmt: skip


def _ackley(x: Any, y: Any) -> Any:
    waves = (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 2
    return 20 + np.e - 20 * np.exp(-np.hypot(x, y) / np.sqrt(50)) - np.exp(waves)


ackley = Landscape(
    "ackley", _ackley, ((0.0, 0.0),), 0.0, (2.3, -1.4), Window(-5.0, 5.0, -5.0, 5.0),
    "Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987; pointed at its minimum, gradient 0 by convention",
)  # fmt: skip


# -- none --------------------------------------------------------------------------------------
def _saddle(x: Any, y: Any) -> Any:
    return x**2 - y**2


saddle = Landscape(
    "saddle", _saddle, (), None, (1.0, 0.001), Window(-1.5, 1.5, -1.5, 1.5),
    "flat at the origin, up along x, down along y for ever",
)  # fmt: skip

LANDSCAPES = {
    landscape.name: landscape
    for landscape in (
        rosenbrock, long_valley, quadratic(), matyas, booth, beale, himmelblau, rastrigin, ackley, saddle
    )
}  # fmt: skip


def get(name: str) -> Landscape:
    """The landscape of a name; "long valley" may be written long_valley or Long-Valley.

    Raises ValueError for an unknown name, with the closest one.

    >>> get("booth").minima
    ((1.0, 3.0),)
    """
    if not isinstance(name, str):
        raise TypeError(f"get takes the name of a landscape, such as 'booth'; got {name!r}")
    return named("landscape", name, LANDSCAPES)

"""Nonlinear conjugate gradients: each direction keeps a part of the one before."""

from __future__ import annotations

import functools
from collections.abc import Callable

from .descent import descend, length_one
from .line_search import LineSearch, strong_wolfe
from .problem import Problem
from .result import Array, Result


def fletcher_reeves(new: Array, old: Array, direction: Array) -> float:
    """g+'g+ / g'g  (Fletcher & Reeves, 1964)."""
    return float(new @ new / (old @ old))


def polak_ribiere(new: Array, old: Array, direction: Array) -> float:
    """max(0, g+'y / g'g)  (Polak & Ribiere, 1969; Powell's bound, 1984)."""
    return max(0.0, float(new @ (new - old) / (old @ old)))


def hestenes_stiefel(new: Array, old: Array, direction: Array) -> float:
    """g+'y / d'y  (Hestenes & Stiefel, 1952)."""
    y = new - old
    return float(new @ y / (direction @ y))


def dai_yuan(new: Array, old: Array, direction: Array) -> float:
    """g+'g+ / d'y  (Dai & Yuan, 1999)."""
    return float(new @ new / (direction @ (new - old)))


Variant = Callable[[Array, Array, Array], float]
VARIANTS: dict[str, Variant] = {
    "fletcher-reeves": fletcher_reeves,
    "polak-ribiere+": polak_ribiere,
    "hestenes-stiefel": hestenes_stiefel,
    "dai-yuan": dai_yuan,
}
nearly_flat = functools.partial(strong_wolfe, c2=0.4)


class ConjugateDirections:
    """d <- -g + beta d, with beta by one of the variants.

    Steepest descent again where successive gradients are far from orthogonal, |g+'g| >= 0.2 g+'g+
    (Powell, 1977).
    """

    d: Array
    gradient: Array
    slope: float

    def __init__(self, beta: Variant):
        self.beta = beta
        self.fresh, self.step = True, 0.0

    def direction(self, gradient: Array) -> Array:
        d = -gradient
        if not self.fresh and abs(gradient @ self.gradient) < 0.2 * (gradient @ gradient):
            d = d + self.beta(gradient, self.gradient, self.d) * self.d
        self.d, self.gradient = d, gradient
        return d

    def first_step(self, slope: float, fell: float) -> float:
        """The step that promises the change of f of the step before (Nocedal & Wright, page 59)."""
        first = self.step * self.slope / slope if self.step else length_one(slope)
        self.slope = slope
        return first

    def learn(self, step: float, s: Array, y: Array) -> None:
        self.fresh, self.step = False, step

    def forget(self) -> None:
        self.fresh, self.step = True, 0.0


def conjugate_gradient(
    problem: Problem,
    *,
    gtol: float = 1e-8,
    max_iterations: int = 10_000,
    variant: str = "polak-ribiere+",
    line_search: LineSearch = nearly_flat,
) -> Result:
    """Nonlinear conjugate gradients: two vectors are all that is remembered.

    On a quadratic in n numbers, with an exact line search, all variants take the same n steps.  The line
    search has c2 = 0.4: Fletcher-Reeves goes downhill only if c2 < 1/2.
    Raises ValueError for an unknown variant.  Nocedal & Wright, section 5.2.
    """
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant of cg {variant!r}; there are {', '.join(VARIANTS)}")
    return descend(problem, ConjugateDirections(VARIANTS[variant]), line_search, gtol, max_iterations)

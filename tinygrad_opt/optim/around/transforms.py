"""Transforms: what is done to gradient or parameter before the rule, in the order in which they are given.

Each is one pure function, traced and compiled together with the optimizer's rule; those that need arrays in
their own shape (AdaptiveClip, Centralize, GradientNoise) make the whole step run without a kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..core.hyper import Rate
from ..core.pipeline import Granularity, Transform
from ..core.trace import Symbol
from ..core.vocabulary import norm, where
from .units import UnitWise


class Clip(Transform):
    """A transform with a limit, which is positive: at 0 nothing would be learned."""

    positive: ClassVar[tuple[str, ...]] = ("limit",)


class ClipValue(Clip):
    """Every entry of the gradient between -limit and limit; nan stays nan."""

    limit: Rate

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        return p, np.minimum(np.maximum(g, -h.limit), h.limit)


class ClipNorm(Clip):
    """Each parameter's gradient scaled down to a norm of at most limit.

    Pascanu et al., On the difficulty of training recurrent neural networks, 2013, Algorithm 1, arXiv:1211.5063, for
    one parameter at a time.
    With eps = 0 as in Keras (clipnorm) and optax; PyTorch adds 1e-6 to the norm, so that a clipped gradient
    is a little shorter than limit.
    """

    granularity: ClassVar[Granularity] = "tensor"
    limit: Rate
    eps: Rate = 0.0

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        size = norm(g) + h.eps
        return p, shortened(g, size, h.limit)


class ClipGlobalNorm(Clip):
    """All gradients scaled down together, so that their common norm is at most limit.

    Pascanu et al., 2013, Algorithm 1, arXiv:1211.5063.  The norm is one over all parameters to which this
    applies, of every group and dtype; it is measured before anything is changed, so this transform comes first.
    With eps = 0 as in Keras and optax; PyTorch's clip_grad_norm_ has 1e-6.  A nan anywhere makes all of them nan.
    """

    measures: ClassVar[tuple[str, ...]] = ("norm",)
    limit: Rate
    eps: Rate = 0.0

    def measure(self, gradients: Sequence[tuple[str, Any]]) -> dict[str, float]:
        # In float64, and joined by hypot: squares of large float32 gradients would overflow.
        return {"norm": math.hypot(*(float(np.linalg.norm(np.asarray(g, float))) for _, g in gradients))}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        size = h.norm + h.eps
        return p, shortened(g, size, h.limit)


def shortened(g: Any, size: Any, limit: Any) -> Any:
    """g, which is size long, scaled down to limit if it is longer."""
    return g * (limit / where(size <= limit, limit, size))


class AdaptiveClip(UnitWise, Clip):
    """The gradient of every unit scaled down to at most limit times the norm of the unit itself.

    Brock et al., 2021, section 4.1, arXiv:2102.06171.  eps stands for the norm of units that are nearly zero:
    without it they would stay zero.
    """

    limit: Rate = 0.01
    eps: Rate = 1e-3
    positive: ClassVar[tuple[str, ...]] = ("limit", "eps")

    def rule(self, h: Any, t: Any, p: Any, g: Any) -> Any:
        largest = h.limit * np.maximum(self.norm(p), h.eps)
        return p, g * (largest / np.maximum(self.norm(g), largest))


class L1(Transform):
    """The gradient of strength * sum|p| added: weights that are not needed become zero, or nearly.

    Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """

    strength: Rate

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        return p, g + h.strength * np.sign(p)


class L2(Transform):
    """The gradient of strength / 2 * sum p**2 added, before moments are taken of it: PyTorch's weight_decay.

    Keras' regularizer L2(l2) has no half: it is L2(2 * l2) here.  Only for plain SGD is this the same as
    DecoupledDecay.  Krogh & Hertz, A simple weight decay can improve generalization, 1991.
    """

    strength: Rate

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        return p, g + h.strength * p


class DecoupledDecay(Transform):
    """The parameter itself shrunk by lr * strength before the update: AdamW is Adam with this.

    Loshchilov & Hutter, 2019, Algorithm 2, arXiv:1711.05101, with the decay times lr, as PyTorch, Keras and
    optax have it.  Raises TypeError for an optimizer without lr.
    """

    strength: Rate

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        if h.lr is None:
            raise TypeError("DecoupledDecay shrinks by lr * strength, and this optimizer has no lr: use L2")
        return p - h.lr * h.strength * p, g


class Centralize(Transform):
    """The mean over every unit, all axes but the first, subtracted from the gradient; vectors are left alone.

    Yong et al., 2020, equation 1, arXiv:2004.01461.
    """

    granularity: ClassVar[Granularity] = "array"

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        if g.ndim < 2:
            return p, g
        return p, g - np.mean(g, axis=tuple(range(1, g.ndim)), keepdims=True)


class GradientNoise(Transform):
    """Gaussian noise of variance eta / t**gamma added, t = 1, 2, ...; the paper writes (1 + t) and counts from 0.

    Neelakantan et al., 2015, section 3, arXiv:1511.06807.  rng, a numpy Generator, is the only source of
    randomness; its state is saved with the optimizer's, so that a run continues with the same noise.  The
    noise itself is not kept: explain() shows nan for it.
    """

    granularity: ClassVar[Granularity] = "array"
    eta: Rate = 0.01
    gamma: Rate = 0.55

    def __init__(
        self,
        *values: Any,
        rng: np.random.Generator,
        only: Callable[[str, Any], bool] | None = None,
        **settings: Any,
    ):
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"GradientNoise: rng is a numpy Generator, such as np.random.default_rng(0); got {rng!r}")
        super().__init__(*values, only=only, **settings)
        self.rng = rng

    def rule(self, h: Any, t: Any, p: Any, g: Any) -> Any:
        noise = self.drawn(g)
        return p, g + (h.eta / t**h.gamma) ** 0.5 * noise

    def drawn(self, g: Any) -> Any:
        """Standard normal noise like g; a mere name where the rule is only read."""
        if isinstance(g, Symbol):
            return g.trace.input("noise", np.full(g.shape, np.nan))
        return self.rng.standard_normal(g.shape, g.dtype)

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        kind, own = state["rng"]["bit_generator"], type(self.rng.bit_generator).__name__
        if kind != own:
            raise ValueError(f"GradientNoise: the state is of a {kind} generator; rng here is {own}")
        self.rng.bit_generator.state = state["rng"]


class RequireFinite(Transform):
    """An error that names the parameter if a gradient holds nan or inf, before anything is changed.

    It looks at the gradients as backward left them, wherever it stands in the list.  Steps are not skipped
    silently: to go on, catch the ValueError.
    """

    def measure(self, gradients: Sequence[tuple[str, Any]]) -> dict[str, float]:
        for name, g in gradients:
            finite = np.isfinite(g)
            if finite.all():
                continue
            bad = np.argwhere(~finite)
            place = tuple(map(int, bad[0]))
            raise ValueError(
                f"the gradient of {name} is {g[place]} at {list(place)} ({len(bad)} of {g.size} entries are not "
                "finite); nothing was changed: a smaller lr or ClipGlobalNorm earlier in the run may prevent it"
            )
        return {}

    @staticmethod
    def rule(h: Any, t: Any, p: Any, g: Any) -> Any:
        return p, g

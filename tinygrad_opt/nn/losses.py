"""Losses as modules, under PyTorch's names: the functions of `functional`, with their settings kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, get_args

from .. import functional, spelling
from ..ops.loss_reduction import Reduction
from ..settings import ABOVE_0, AT_LEAST_0, FROM_0_TO_1, Numbers, flag, number, one_of
from ..value import Value
from .module import Module

PLAIN = ("weight", "pos_weight")  # settings that are no parameters


class Loss(Module):
    """A function of predictions and targets, with its settings: subclass it and name the function.

    The settings are what the function takes by name, with its defaults, such as ``reduction``.
    Raises TypeError for one that it does not take, ValueError for one out of its range.

    ranges      which numbers some of its settings may be
    reductions  the words that its reduction may be

    >>> criterion = HuberLoss(delta=0.5, reduction="sum")
    >>> criterion
    HuberLoss(delta=0.5, reduction='sum')
    >>> print(criterion([1.0, 3.0], [1.0, 1.0]))
    0.875
    """

    function: ClassVar[Callable[..., Any]]
    ranges: ClassVar[dict[str, Numbers]] = {}
    reductions: ClassVar[tuple[str, ...]] = get_args(Reduction)
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "function"):
            raise TypeError(f"{cls.__name__} is a Loss without its function: write function = functional.mse_loss")
        options = [p for p in inspect.signature(cls.function).parameters.values() if p.default is not p.empty]
        cls.__signature__ = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in options])

    def __init__(self, **settings: Any):
        for name, option in self.__signature__.parameters.items():
            setattr(self, name, checked(type(self), name, settings.get(name, option.default), option.default))

    def forward(self, *operands: Any) -> Any:
        return type(self).function(*operands, **{name: vars(self)[name] for name in self.__signature__.parameters})


def checked(kind: type[Loss], name: str, given: Any, default: Any) -> Any:
    """A setting of a loss, which is refused here rather than at the first batch."""
    if name == "reduction":
        return one_of(kind.__name__, name, given, kind.reductions)
    if name in kind.ranges:
        return number(kind.__name__, name, given, kind.ranges[name])
    if isinstance(default, bool):
        return flag(kind.__name__, name, given)
    if name in PLAIN and isinstance(given, Value):
        raise TypeError(f"{kind.__name__}: {name} is an array, which gets no gradient; got a Value: pass its .data")
    return given


class MSELoss(Loss):
    """`functional.mse_loss`: the mean of (prediction - target)^2."""

    function = functional.mse_loss


class HalfMSELoss(Loss):
    """`functional.half_mse_loss`: half of that, without the 2 in its gradient."""

    function = functional.half_mse_loss


class L1Loss(Loss):
    """`functional.l1_loss`: the mean of |prediction - target|."""

    function = functional.l1_loss


class HuberLoss(Loss):
    """`functional.huber_loss`: a parabola near 0, straight lines from delta on."""

    function = functional.huber_loss
    ranges: ClassVar[dict[str, Numbers]] = {"delta": ABOVE_0}


class SmoothL1Loss(Loss):
    """`functional.smooth_l1_loss`: a Huber loss divided by beta."""

    function = functional.smooth_l1_loss
    ranges: ClassVar[dict[str, Numbers]] = {"beta": AT_LEAST_0}


class LogCoshLoss(Loss):
    """`functional.log_cosh_loss`: a smooth step from square to absolute value."""

    function = functional.log_cosh_loss


class MAPELoss(Loss):
    """`functional.mean_absolute_percentage_error`: the error in percent of the target."""

    function = functional.mean_absolute_percentage_error
    ranges: ClassVar[dict[str, Numbers]] = {"eps": ABOVE_0}


class MSLELoss(Loss):
    """`functional.mean_squared_logarithmic_error`: the squared error of log(1 + x)."""

    function = functional.mean_squared_logarithmic_error
    ranges: ClassVar[dict[str, Numbers]] = {"eps": ABOVE_0}


class CrossEntropyLoss(Loss):
    """`functional.cross_entropy`: of logits and labels or probabilities."""

    function = functional.cross_entropy
    ranges: ClassVar[dict[str, Numbers]] = {"label_smoothing": FROM_0_TO_1}


class NLLLoss(Loss):
    """`functional.nll_loss`: of log-probabilities and labels."""

    function = functional.nll_loss


class BCELoss(Loss):
    """`functional.binary_cross_entropy`: of probabilities of yes."""

    function = functional.binary_cross_entropy


class BCEWithLogitsLoss(Loss):
    """`functional.binary_cross_entropy_with_logits`: of logits of yes."""

    function = functional.binary_cross_entropy_with_logits


class HingeLoss(Loss):
    """`functional.hinge_loss`: of scores and targets -1 and 1."""

    function = functional.hinge_loss


class SquaredHingeLoss(Loss):
    """`functional.squared_hinge_loss`: its square, without the kink."""

    function = functional.squared_hinge_loss


class SoftMarginLoss(Loss):
    """`functional.soft_margin_loss`: binary cross-entropy for targets -1 and 1."""

    function = functional.soft_margin_loss


class CategoricalHingeLoss(Loss):
    """`functional.categorical_hinge_loss`: the right class against the best of the others."""

    function = functional.categorical_hinge_loss


class MultiMarginLoss(Loss):
    """`functional.multi_margin_loss`: the right class against each of the others."""

    function = functional.multi_margin_loss


class HingeEmbeddingLoss(Loss):
    """`functional.hinge_embedding_loss`: of distances of pairs, alike or not."""

    function = functional.hinge_embedding_loss


class MarginRankingLoss(Loss):
    """`functional.margin_ranking_loss`: of two scores, and which is to be larger."""

    function = functional.margin_ranking_loss


class CosineEmbeddingLoss(Loss):
    """`functional.cosine_embedding_loss`: of pairs of vectors, alike or not."""

    function = functional.cosine_embedding_loss


class TripletMarginLoss(Loss):
    """`functional.triplet_margin_loss`: of an anchor, one that is like it and one that is not."""

    function = functional.triplet_margin_loss
    ranges: ClassVar[dict[str, Numbers]] = {"margin": ABOVE_0, "eps": ABOVE_0}


class KLDivLoss(Loss):
    """`functional.kl_div`: of log-probabilities and probabilities."""

    function = functional.kl_div
    reductions = (*Loss.reductions, "batchmean")


class PoissonNLLLoss(Loss):
    """`functional.poisson_nll_loss`: of counts."""

    function = functional.poisson_nll_loss


class GaussianNLLLoss(Loss):
    """`functional.gaussian_nll_loss`: of numbers with a predicted variance."""

    function = functional.gaussian_nll_loss
    ranges: ClassVar[dict[str, Numbers]] = {"eps": ABOVE_0}


def function_of(criterion: Any) -> Any:
    """The function that a loss computes: of a Loss the one of `functional`, of any other criterion itself.

    >>> function_of(MSELoss(reduction="sum")) is functional.mse_loss
    True
    """
    return type(criterion).function if isinstance(criterion, Loss) else criterion


# -- by name -----------------------------------------------------------------------------------
KINDS: dict[str, type[Loss]] = {kind.__name__: kind for kind in Loss.__subclasses__()}

SHORT: dict[str, type[Loss]] = {
    "mean_squared_error": MSELoss, "mean_absolute_error": L1Loss, "mae": L1Loss, "kl_divergence": KLDivLoss,
    "poisson": PoissonNLLLoss, "triplet": TripletMarginLoss, "ce": CrossEntropyLoss,
}  # fmt: skip
"""Other names in use for the same."""

NAMED = KINDS | {kind.function.__name__: kind for kind in KINDS.values()} | SHORT

KERAS = "takes probabilities in Keras; 'cross_entropy' takes logits: leave the softmax out"
ELSEWHERE = {
    "categoricalcrossentropy": KERAS,
    "sparsecategoricalcrossentropy": KERAS,
    "perceptron": "is optim.perceptron_loss(z, target)",
}
"""What would not do the same under a similar name, or stands elsewhere."""


def loss(name: str, **settings: Any) -> Loss:
    """The loss of that name, its class's or its function's, with these settings.

    Upper and lower case, hyphens, underscores, spaces and a final "loss" do not matter.
    Raises ValueError, with the closest name, for one that is not known, TypeError for a setting that it does not take.

    >>> loss("cross_entropy", label_smoothing=0.1)
    CrossEntropyLoss(label_smoothing=0.1)
    """
    if not isinstance(name, str):
        raise TypeError(f"loss takes the name of a loss, such as 'mse'; got {name!r}")
    return spelling.named("loss", name, NAMED, ELSEWHERE, bare=without_loss)(**settings)


def without_loss(name: str) -> str:
    """A name's plain spelling, less the "loss" at its end."""
    return spelling.plain(name).removesuffix("loss")

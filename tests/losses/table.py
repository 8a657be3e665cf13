"""Every loss with its options, away from kinks."""

import numpy as np

from losses.case import Case
from tinygrad_opt import functional

rng = np.random.default_rng(0)
X, Y = rng.normal(0, 2, (4, 3)), rng.normal(0, 2, (4, 3))
LOGITS, LABELS = rng.normal(0, 2, (5, 3)), np.array([2, 0, 1, 2, 0])
IMAGES, PLACES = rng.normal(0, 2, (2, 3, 2, 2)), rng.integers(0, 3, (2, 2, 2))
LOG_Q = np.log(rng.dirichlet(np.ones(3), 4))
P, MAPS = rng.dirichlet(np.ones(3), 4), np.moveaxis(rng.dirichlet(np.ones(3), (2, 2, 2)), -1, 1)
PROBABILITY, SHARES = rng.uniform(0.05, 0.95, (4, 3)), rng.uniform(0, 1, (4, 3))
SIGNS, ROW_SIGNS = np.where(rng.normal(size=(4, 3)) > 0, 1.0, -1.0), np.array([1.0, -1.0, 1.0, -1.0])
WEIGHT = np.array([0.5, 2.0, 1.25])
A, B, C = (rng.normal(0, 2, (4, 5)) for _ in range(3))
COUNTS, VARIANCE = np.array([[0.0, 1, 2], [7, 1, 0], [3, 4, 5], [0, 0, 20]]), rng.uniform(0.2, 3, (4, 3))
LARGE = 30 * X


def torch(name, operands, live=(0,), label="", **options):
    """A loss that has PyTorch's name and arguments."""
    tensors = {k for k, v in options.items() if isinstance(v, np.ndarray)}

    def theirs(F, *operands, reduction):
        import torch

        given = {k: torch.tensor(v) if k in tensors else v for k, v in options.items()}
        return getattr(F, name)(*operands, reduction=reduction, **given)

    said = ", ".join(f"{k}={'given' if k in tensors else v}" for k, v in options.items())
    inside = ", ".join(filter(None, (label, said)))
    title = f"{name}({inside})" if inside else name
    return Case(title, ours_of(name, options), "torch", theirs, operands, live)


def keras(name, theirs, operands, live=(0,)):
    """A loss that follows Keras, which averages over the last axis and takes the target first."""
    return Case(name, ours_of(name, {}), "keras", theirs, operands, live)


def ours_of(name, options):
    return lambda *operands, reduction: getattr(functional, name)(*operands, reduction=reduction, **options)


def entrywise(name):
    """Keras' loss of each entry: an axis of length 1 to average over."""
    return lambda losses, p, y: getattr(losses, name)(y[..., None], p[..., None])


def batchmean(F, log_q, p, reduction):
    return F.kl_div(log_q, p, reduction="batchmean")


def half(F, prediction, target, reduction):
    return F.mse_loss(prediction, target, reduction=reduction) / 2


CASES = [
    # -- numbers
    torch("mse_loss", (X, Y), (0, 1)),
    Case("half_mse_loss", ours_of("half_mse_loss", {}), "torch", half, (X, Y), (0, 1)),
    torch("l1_loss", (X, Y), (0, 1)),
    torch("huber_loss", (X, Y), (0, 1)),
    torch("huber_loss", (X, Y), delta=2.5),
    torch("smooth_l1_loss", (X, Y), (0, 1)),
    torch("smooth_l1_loss", (X, Y), beta=0.4),
    torch("smooth_l1_loss", (X, Y), beta=0.0),
    keras("log_cosh_loss", entrywise("log_cosh"), (X, Y), (0, 1)),
    keras("mean_absolute_percentage_error", entrywise("mean_absolute_percentage_error"), (X, Y)),
    keras("mean_squared_logarithmic_error", entrywise("mean_squared_logarithmic_error"), (X**2, Y**2), (0, 1)),
    keras("mean_squared_logarithmic_error", entrywise("mean_squared_logarithmic_error"), (X, Y))._replace(
        name="mean_squared_logarithmic_error(of negative numbers)"),
    # -- classes
    torch("cross_entropy", (LOGITS, LABELS), weight=WEIGHT, label_smoothing=0.1),
    torch("cross_entropy", (X, P), (0, 1), "probabilities"),
    torch("cross_entropy", (IMAGES, PLACES), (0,), "images"),
    torch("cross_entropy", (IMAGES, PLACES), (0,), "images", weight=WEIGHT, ignore_index=1, label_smoothing=0.2),
    torch("cross_entropy", (IMAGES, MAPS), (0, 1), "maps of probabilities", weight=WEIGHT),
    torch("cross_entropy", (LOGITS[0], np.array(1)), (0,), "one example"),
    torch("cross_entropy", (X[0], P[0]), (0,), "one example, probabilities"),
    torch("nll_loss", (LOG_Q, LABELS[:4])),
    torch("nll_loss", (LOG_Q, LABELS[:4]), weight=WEIGHT),
    torch("nll_loss", (LOG_Q, LABELS[:4]), ignore_index=2),
    torch("nll_loss", (LOG_Q, np.array([0, -100, 2, -100])), (0,), "some ignored", weight=WEIGHT),
    torch("nll_loss", (-np.abs(IMAGES), PLACES), (0,), "images", weight=WEIGHT, ignore_index=0),
    torch("nll_loss", (LOG_Q[0], np.array(1)), (0,), "one example"),
    torch("binary_cross_entropy", (PROBABILITY, SHARES), (0, 1)),
    torch("binary_cross_entropy", (PROBABILITY, SHARES), weight=WEIGHT),
    torch("binary_cross_entropy_with_logits", (X, SHARES), (0, 1)),
    torch("binary_cross_entropy_with_logits", (LARGE, SHARES), (0,), "large", weight=SHARES, pos_weight=WEIGHT),
    # -- margins
    keras("hinge_loss", entrywise("hinge"), (X, SIGNS)),
    keras("squared_hinge_loss", entrywise("squared_hinge"), (X, SIGNS)),
    keras("categorical_hinge_loss", lambda losses, x, y: losses.categorical_hinge(y, x), (LOGITS, np.eye(3)[LABELS])),
    torch("soft_margin_loss", (X, SIGNS)),
    torch("soft_margin_loss", (LARGE, SIGNS), (0,), "large"),
    torch("hinge_embedding_loss", (X, SIGNS)),
    torch("hinge_embedding_loss", (X, SIGNS), margin=2.5),
    torch("margin_ranking_loss", (X, Y, SIGNS), (0, 1)),
    torch("margin_ranking_loss", (X, Y, SIGNS), (0, 1), margin=1.5),
    torch("multi_margin_loss", (LOGITS, LABELS)),
    torch("multi_margin_loss", (LOGITS, LABELS), p=2, margin=2.5),
    torch("multi_margin_loss", (LOGITS, LABELS), weight=WEIGHT),
    # -- vectors
    torch("cosine_embedding_loss", (A, B, ROW_SIGNS), (0, 1)),
    torch("cosine_embedding_loss", (A, B, ROW_SIGNS), (0, 1), margin=-0.5),
    torch("cosine_embedding_loss", (A[0], B[0], np.array(1.0)), (0, 1), "one pair"),
    torch("triplet_margin_loss", (A, B, C), (0, 1, 2)),
    torch("triplet_margin_loss", (A, B, C), (0, 1, 2), margin=4.0, swap=True),
    torch("triplet_margin_loss", (A, B, C), (0, 1, 2), p=1.0, eps=1e-3, margin=5.0),
    torch("triplet_margin_loss", (A, B, C), (0, 1, 2), p=3.0, margin=3.0),
    torch("triplet_margin_loss", (A[0], B[0], C[0]), (0,), "one triplet", margin=6.0),
    # -- likelihoods
    torch("kl_div", (LOG_Q, P), (0, 1)),
    torch("kl_div", (LOG_Q, np.eye(3)[[0, 1, 2, 0]]), (0,), "certain targets"),
    torch("kl_div", (LOG_Q, np.log(P)), (0, 1), log_target=True),
    Case("kl_div(batchmean)", lambda q, p, reduction: functional.kl_div(q, p, reduction="batchmean"), "torch",
         batchmean, (LOG_Q, P), (0, 1), ("mean",)),
    torch("poisson_nll_loss", (X, COUNTS)),
    torch("poisson_nll_loss", (X, COUNTS), full=True),
    torch("poisson_nll_loss", (VARIANCE, COUNTS), log_input=False, full=True, eps=1e-3),
    torch("gaussian_nll_loss", (X, Y, VARIANCE), (0, 1, 2)),
    torch("gaussian_nll_loss", (X, Y, VARIANCE[:, :1]), (0, 1, 2), "one variance a row", full=True),
    torch("gaussian_nll_loss", (X[:3], Y[:3], VARIANCE[:3, 0]), (0, 1, 2), "a line of variances, one a row"),
    torch("gaussian_nll_loss", (X, Y, VARIANCE), (0, 2), "small variances", eps=1.0),
]  # fmt: skip

"""TORCH: for every operation that PyTorch has too, a function of tensors with our name, order and parameters."""

from tinygrad_opt.ops import indexing as index
from tinygrad_opt.ops import reductions as reduce
from tinygrad_opt.ops import scans as scan
from tinygrad_opt.ops import shapes as shape
from tinygrad_opt.ops import windows as window
from tinygrad_opt.ops.special import bessel_over_power

from . import (
    activations,
    convolution,
    diagonals,
    elementwise,
    indexing,
    joining,
    linalg,
    losses,
    normalization,
    ordering,
    padding,
    products,
    reductions,
    scans,
    shapes,
    special,
    windows,
)

TORCH = {
    **activations.TORCH,
    **convolution.TORCH,
    **diagonals.TORCH,
    **elementwise.TORCH,
    **indexing.TORCH,
    **joining.TORCH,
    **linalg.TORCH,
    **losses.TORCH,
    **normalization.TORCH,
    **ordering.TORCH,
    **padding.TORCH,
    **products.TORCH,
    **reductions.TORCH,
    **scans.TORCH,
    **shapes.TORCH,
    **special.TORCH,
    **windows.TORCH,
}
UNNAMED = {
    reduce.spread, reduce.product_of_others, scan.recurrence, index.scatter_add, index.add_along_axis, shape.cast,
    bessel_over_power, window.overlap_add, *linalg.UNNAMED,
}  # fmt: skip

__all__ = ["TORCH", "UNNAMED"]

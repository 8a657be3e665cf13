"""TORCH: for every operation that PyTorch has too, a function of tensors with our name, order and parameters."""

from tinygrad_opt.ops import indexing as index
from tinygrad_opt.ops import reductions as reduce
from tinygrad_opt.ops import shapes as shape
from tinygrad_opt.ops.special import bessel_over_power

from . import activations, elementwise, indexing, products, reductions, shapes, special

TORCH = {
    **elementwise.TORCH,
    **activations.TORCH,
    **special.TORCH,
    **products.TORCH,
    **reductions.TORCH,
    **shapes.TORCH,
    **indexing.TORCH,
}
UNNAMED = {reduce.spread, reduce.product_of_others, index.scatter_add, shape.cast, bessel_over_power}

__all__ = ["TORCH", "UNNAMED"]

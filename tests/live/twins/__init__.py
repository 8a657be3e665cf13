"""TORCH: for every operation that PyTorch has too, a function of tensors with our name, order and parameters."""

from tinygrad_opt.ops import indexing as index
from tinygrad_opt.ops import reductions as reduce
from tinygrad_opt.ops import shapes as shape

from . import elementwise, indexing, linalg, products, reductions, shapes

TORCH = {
    **elementwise.TORCH,
    **products.TORCH,
    **linalg.TORCH,
    **reductions.TORCH,
    **shapes.TORCH,
    **indexing.TORCH,
}
UNNAMED = {reduce.spread, reduce.product_of_others, index.scatter_add, shape.cast} | linalg.UNNAMED

__all__ = ["TORCH", "UNNAMED"]

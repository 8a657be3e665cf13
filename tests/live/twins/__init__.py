"""TORCH: for every operation that PyTorch has too, a function of tensors with our name, order and parameters."""

from tinygrad_opt.ops import indexing as index
from tinygrad_opt.ops import reductions as reduce
from tinygrad_opt.ops import shapes as shape
from tinygrad_opt.ops import windows as window

from . import convolution, elementwise, indexing, products, reductions, shapes, windows

TORCH = {
    **elementwise.TORCH,
    **products.TORCH,
    **reductions.TORCH,
    **shapes.TORCH,
    **indexing.TORCH,
    **windows.TORCH,
    **convolution.TORCH,
}
UNNAMED = {reduce.spread, reduce.product_of_others, index.scatter_add, shape.cast, window.overlap_add}

__all__ = ["TORCH", "UNNAMED"]

"""Data to learn with: points made from a seed, tables of gates, examples from lectures, real data from files.

Every function returns arrays (x, y): x (n, d), float64 (mnist float32), y (n,), int64 classes from 0 or float64
numbers.  A net with one output takes y[:, None].
"""

from .classics import load_breast_cancer, load_diabetes, load_digits, load_iris
from .everyday import make_housing, make_passing
from .gates import and_, make_xor, or_, xor
from .idx import read_idx
from .mnist import load_mnist, load_mnist_parts
from .points import make_blobs, make_circles, make_moons, make_regression, make_spirals
from .registry import DATASETS, get

__all__ = [
    "DATASETS",
    "and_",
    "get",
    "load_breast_cancer",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_mnist",
    "load_mnist_parts",
    "make_blobs",
    "make_circles",
    "make_housing",
    "make_moons",
    "make_passing",
    "make_regression",
    "make_spirals",
    "make_xor",
    "or_",
    "read_idx",
    "xor",
]

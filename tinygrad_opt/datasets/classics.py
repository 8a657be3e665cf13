"""Small real data that scikit-learn brings with it, which the extra `demos` installs: nothing is fetched.

All return x (n, d), float64, scaled for training, and y (n,): int64 classes from 0, or float64 numbers.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .points import Array, Points


def load_digits() -> Points:
    """1,797 handwritten digits: x (1797, 64) has 8 rows of 8 pixels from 0 to 1, y the digits from 0 to 9.

    scikit-learn's pixels from 0 to 16, divided by 16.
    """
    x, y = loaded("load_digits")
    return x / 16, y.astype(np.int64)


def load_iris() -> Points:
    """150 irises of three kinds: x (150, 4), lengths and widths of sepals and petals, y the kind from 0 to 2.

    Each column has mean 0 and standard deviation 1.
    """
    x, y = loaded("load_iris")
    return standardized(x), y.astype(np.int64)


def load_breast_cancer() -> Points:
    """569 tumours: x (569, 30), measures of the nuclei of their cells, y 0 for malignant and 1 for benign.

    Each column has mean 0 and standard deviation 1.
    """
    x, y = loaded("load_breast_cancer")
    return standardized(x), y.astype(np.int64)


def load_diabetes() -> Points:
    """442 patients: x (442, 10), age, sex, body and blood measures, y how far the disease went on in a year, 25 to 346.

    Each column of x has mean 0 and standard deviation 1; y is as it was measured.
    """
    x, y = loaded("load_diabetes", scaled=False)
    return standardized(x), y.astype(np.float64)


def loaded(name: str, **settings: Any) -> tuple[Array, Array]:
    """What scikit-learn's function of that name returns; ImportError says what to install."""
    try:
        sklearn = importlib.import_module("sklearn.datasets")
    except ImportError:
        raise ImportError(f"{name} needs scikit-learn: pip install 'tinygrad_opt[demos]'") from None
    x, y = getattr(sklearn, name)(return_X_y=True, **settings)
    return np.asarray(x, np.float64), np.asarray(y)


def standardized(x: Array) -> Array:
    scaled: Array = (x - x.mean(axis=0)) / x.std(axis=0)
    return scaled

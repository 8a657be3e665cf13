"""How far two arrays are apart, in one number that no nan and no infinity can hide from."""

import numpy as np

FLOOR = 1e-3  # numbers below it count as this large


def difference(ours, theirs, each=False):
    """The largest difference, relative to the largest number of theirs; with each=True, to the number itself.

    Infinite, where one has a nan or an infinity that the other lacks.  Shapes and dtypes must be the same.
    """
    a, b = np.asarray(ours), np.asarray(theirs)
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    finite = np.isfinite(b)
    if not np.array_equal(finite, np.isfinite(a)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return np.inf
    a, b = a[finite], b[finite]
    size = np.abs(b) if each else np.abs(b).max(initial=0.0)
    return float(np.max(np.abs(a - b) / (size + FLOOR), initial=0.0))

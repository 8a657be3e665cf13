"""Data by name, as a command line asks for them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..spelling import named
from .classics import load_breast_cancer, load_diabetes, load_digits, load_iris
from .everyday import make_housing, make_passing
from .gates import and_, make_xor, or_, xor
from .mnist import load_mnist
from .points import make_blobs, make_circles, make_moons, make_regression, make_spirals

# fmt: off
DATASETS: dict[str, Callable[..., Any]] = {
    "moons": make_moons, "circles": make_circles, "blobs": make_blobs, "spirals": make_spirals,
    "regression": make_regression, "housing": make_housing, "passing": make_passing,
    "and": and_, "or": or_, "xor": xor, "xor_cloud": make_xor,
    "digits": load_digits, "iris": load_iris, "breast_cancer": load_breast_cancer, "diabetes": load_diabetes,
    "mnist": load_mnist,
}
"""Functions that return (x, y), by their names without make and load."""
# fmt: on


def get(name: str, **settings: Any) -> Callable[..., Any]:
    """The function that makes or loads the data of that name, with these settings; call it to have (x, y).

    Upper and lower case, hyphens, underscores and spaces do not matter.
    settings are its arguments: get("moons", noise=0.1), get("mnist", folder="data").
    Raises ValueError, with the closest name, for one that is not known; TypeError for a setting that it does not take.

    >>> x, y = get("moons", n_samples=10)()
    >>> x.shape, y.shape
    ((10, 2), (10,))
    """
    if not isinstance(name, str):
        raise TypeError(f"datasets.get takes the name of data, such as 'moons'; got {name!r}")
    found = named("dataset", name, DATASETS)
    signature = inspect.signature(found)
    try:
        signature.bind_partial(**settings)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no settings"
        raise TypeError(f"the dataset {name!r} takes {takes}: {error}") from None
    return functools.partial(found, **settings) if settings else found

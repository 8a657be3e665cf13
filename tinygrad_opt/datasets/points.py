"""Points in the plane and beyond, and their classes, with the geometry that scikit-learn and CS231n gave them.

All return x (n, d), float64, and y (n,), int64 classes from 0; for regression, y is float64.  With one seed the
numbers are not scikit-learn's, whose generator is another.
rng is a NumPy Generator; left out, it is one of the process, which no seed repeats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import as_array
from ..ops.random import generator
from ..settings import AT_LEAST_0, FROM_0_BELOW_1, count, flag, number

Array = np.ndarray[Any, np.dtype[Any]]
Points = tuple[Array, Array]


def make_moons(
    n_samples: int = 100, *, shuffle: bool = True, noise: float | None = None, rng: np.random.Generator | None = None
) -> Points:
    """Two half circles that reach into one another: no line parts them.

    Class 0 is (cos a, sin a), class 1 is (1 - cos a, 1/2 - sin a), for n_samples // 2 and the remaining angles a from 0
    to pi.  x (n, 2) lies in [-1, 2] x [-1/2, 1] plus noise, the standard deviation of what is added to each coordinate.

    >>> x, y = make_moons(4, shuffle=False)
    >>> print(x.round(3) + 0, y)
    [[ 1.   0. ]
     [-1.   0. ]
     [ 0.   0.5]
     [ 2.   0.5]] [0 0 1 1]
    """
    counts = in_equal_parts("make_moons", n_samples, 2)
    upper, lower = (np.linspace(0, np.pi, n) for n in counts)
    parts = [circle(upper), np.array([1.0, 0.5]) - circle(lower)]
    return finished("make_moons", parts, noise, shuffle, rng)


def make_circles(
    n_samples: int = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    factor: float = 0.8,
    rng: np.random.Generator | None = None,
) -> Points:
    """A circle around another: class 0 of radius 1 and class 1 of radius factor, from 0 to below 1.

    x (n, 2) lies in [-1, 1] x [-1, 1] plus noise, the standard deviation of what is added to each coordinate.

    >>> x, y = make_circles(5, shuffle=False, factor=0.5)
    >>> np.hypot(*x.T), y
    (array([1. , 1. , 0.5, 0.5, 0.5]), array([0, 0, 1, 1, 1]))
    """
    factor = number("make_circles", "factor", factor, FROM_0_BELOW_1)
    counts = in_equal_parts("make_circles", n_samples, 2)
    outer, inner = (circle(np.linspace(0, 2 * np.pi, n, endpoint=False)) for n in counts)
    return finished("make_circles", [outer, factor * inner], noise, shuffle, rng)


def make_spirals(
    n_samples: int = 300,
    n_classes: int = 3,
    *,
    shuffle: bool = True,
    noise: float = 0.2,
    rng: np.random.Generator | None = None,
) -> Points:
    """The arms of a spiral, one a class: the toy data of CS231n's "Minimal Neural Network Case Study".

    Arm j is (r sin t, r cos t): r from 0 to 1, and t from 4 j to 4 (j + 1) radians plus noise, the standard deviation
    of what is added to t.  x (n, 2) lies in the unit circle; each arm has n_samples / n_classes points, the last ones
    one more where that is no whole number.

    >>> x, y = make_spirals(9, noise=0, shuffle=False)
    >>> np.hypot(*x.T).round(3), y
    (array([0. , 0.5, 1. , 0. , 0.5, 1. , 0. , 0.5, 1. ]), array([0, 0, 0, 1, 1, 1, 2, 2, 2]))
    """
    rng, noise = generator(rng, "make_spirals"), number("make_spirals", "noise", noise, AT_LEAST_0)
    arms = []
    for arm, n in enumerate(in_equal_parts("make_spirals", n_samples, count("make_spirals", "n_classes", n_classes))):
        angle = np.linspace(4 * arm, 4 * (arm + 1), n) + noise * rng.standard_normal(n)
        arms.append(np.linspace(0, 1, n)[:, None] * circle(angle)[:, ::-1])
    return finished("make_spirals", arms, None, shuffle, rng)


def make_blobs(
    n_samples: int = 100,
    n_features: int = 2,
    *,
    centers: Any = None,
    cluster_std: Any = 1.0,
    center_box: tuple[float, float] = (-10.0, 10.0),
    shuffle: bool = True,
    rng: np.random.Generator | None = None,
) -> Points:
    """Clouds of normally distributed points, one a class.

    centers      how many, 3 if left out, which are drawn from center_box in each of n_features; or the centers
                 themselves (k, d), which give the number of features
    cluster_std  the standard deviation around a center, one for all or one for each

    x is (n, n_features); each cloud has n_samples / k points, the first ones one more where that is no whole number.

    >>> x, y = make_blobs(5, centers=[[0, 0], [3, 4]], cluster_std=0, shuffle=False)
    >>> x.tolist(), y
    ([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [3.0, 4.0], [3.0, 4.0]], array([0, 0, 0, 1, 1]))
    """
    rng = generator(rng, "make_blobs")
    places = centers_of_blobs(3 if centers is None else centers, n_features, center_box, rng)
    given = np.ravel(as_array(cluster_std, "cluster_std of make_blobs")).tolist()
    if len(given) not in (1, len(places)):
        raise ValueError(f"make_blobs: {len(places)} centers take as many cluster_std, or 1; got {len(given)}")
    deviations = [number("make_blobs", "cluster_std", std, AT_LEAST_0) for std in given]
    deviations *= len(places) // len(deviations)
    counts = in_equal_parts("make_blobs", n_samples, len(places))[::-1]
    clouds = [
        center + std * rng.standard_normal((n, len(center)))
        for center, std, n in zip(places, deviations, counts, strict=True)
    ]
    return finished("make_blobs", clouds, None, shuffle, rng)


def make_regression(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    n_informative: int = 10,
    bias: float = 0.0,
    noise: float = 0.0,
    coef: bool = False,
    rng: np.random.Generator | None = None,
) -> Any:
    """A linear law, most of whose weights are 0: y = x @ weights + bias, plus noise.

    x (n, n_features) is normal, of mean 0 and standard deviation 1.  n_informative of the weights, or all if there are
    fewer, at random places, are uniform from 0 to 100.  noise is the standard deviation of what is added to y (n,).
    Returns (x, y) or, with coef=True, (x, y, weights).

    >>> x, y, weights = make_regression(50, 4, n_informative=2, bias=7, coef=True, rng=np.random.default_rng(0))
    >>> np.allclose(y, x @ weights + 7), np.count_nonzero(weights)
    (True, np.int64(2))
    """
    asker, rng = "make_regression", generator(rng, "make_regression")
    with_weights = flag(asker, "coef", coef)
    n, d = count(asker, "n_samples", n_samples), count(asker, "n_features", n_features)
    informative = min(count(asker, "n_informative", n_informative), d)
    weights = np.zeros(d)
    weights[rng.permutation(d)[:informative]] = rng.uniform(0, 100, informative)
    x = rng.standard_normal((n, d))
    y = x @ weights + number(asker, "bias", bias) + number(asker, "noise", noise, AT_LEAST_0) * rng.standard_normal(n)
    return (x, y, weights) if with_weights else (x, y)


def circle(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def centers_of_blobs(centers: Any, n_features: int, center_box: Any, rng: np.random.Generator) -> Array:
    """The centers that are given (k, d), or as many as are asked for, drawn from the box."""
    places = as_array(centers, "centers of make_blobs")
    if places.ndim == 0:
        shape = count("make_blobs", "centers", centers), count("make_blobs", "n_features", n_features)
        bounds = as_array(center_box, "center_box of make_blobs")
        if bounds.shape != (2,) or not -np.inf < bounds[0] <= bounds[1] < np.inf:
            raise ValueError(f"make_blobs: center_box is (lowest, highest), two finite numbers; got {center_box}")
        return rng.uniform(bounds[0], bounds[1], shape)
    if places.ndim != 2 or not places.size or not np.isfinite(places).all():
        raise ValueError(
            f"make_blobs: centers are a number of them, or finite points (k, d); got {places} of shape {places.shape}"
        )
    return places


def in_equal_parts(asker: str, n_samples: int, parts: int) -> list[int]:
    """How many points each of the classes gets: the last ones one more where they cannot be equal."""
    n = count(asker, "n_samples", n_samples)
    if n < parts:
        raise ValueError(f"{asker}: {parts} classes need at least as many samples; got n_samples={n}")
    return [(n + part) // parts for part in range(parts)]


def finished(
    asker: str, parts: list[Array], noise: float | None, shuffle: bool, rng: np.random.Generator | None
) -> Points:
    """The classes one after the other, or in random order, x and y alike; then noise."""
    rng = generator(rng, asker)
    x, y = np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    if flag(asker, "shuffle", shuffle):
        order = rng.permutation(len(y))
        x, y = x[order], y[order]
    if noise is not None:
        x = x + number(asker, "noise", noise, AT_LEAST_0) * rng.standard_normal(x.shape)
    return x, y

"""Datasets: scikit-learn's geometry, laws that are known, seeds, names, and what is refused."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Refusals, refused

from tinygrad_opt import datasets

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "datasets.json").read_text(encoding="utf-8"))
CASES = [(name, case) for name, cases in GOLDENS.items() if name != "versions" for case in cases]
RANDOM = [make for make in datasets.DATASETS.values() if "rng" in inspect.signature(make).parameters]


def seeded(seed=0):
    return np.random.default_rng(seed)


# -- scikit-learn's geometry -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name} {case['settings']['n_samples']}" for name, case in CASES]
)
def test_points_without_noise_are_those_of_scikit_learn(name, case):
    x, y = getattr(datasets, name)(**case["settings"], shuffle=False)
    np.testing.assert_allclose(x, case["x"], rtol=0, atol=1e-15)
    assert y.tolist() == case["y"]


@given(st.sampled_from(["make_moons", "make_circles"]), st.integers(2, 50), st.integers(0, 100))
def test_shuffling_moves_pairs(name, n, seed):
    make = getattr(datasets, name)
    x, y = make(n, rng=seeded(seed))
    ordered_x, ordered_y = make(n, shuffle=False)
    found = sorted(zip(x.tolist(), y.tolist(), strict=True))
    assert found == sorted(zip(ordered_x.tolist(), ordered_y.tolist(), strict=True))


@pytest.mark.parametrize("name", ["make_moons", "make_circles"])
def test_noise_has_its_standard_deviation(name):
    n, make = 20_000, getattr(datasets, name)
    noise = make(n, shuffle=False, noise=0.3, rng=seeded())[0] - make(n, shuffle=False)[0]
    assert abs(noise.std() - 0.3) < 5 * 0.3 / (4 * n) ** 0.5
    assert abs(noise.mean()) < 5 * 0.3 / (2 * n) ** 0.5


def test_spirals_are_those_of_cs231n():
    """The loop of its page, with the angles written without noise."""
    x, y = datasets.make_spirals(12, noise=0, shuffle=False)
    for j in range(3):
        r, t = np.linspace(0, 1, 4), np.linspace(j * 4, (j + 1) * 4, 4)
        np.testing.assert_allclose(x[4 * j : 4 * j + 4], np.c_[r * np.sin(t), r * np.cos(t)], atol=1e-15)
    assert y.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_noise_of_spirals_turns_and_does_not_stretch():
    x, _ = datasets.make_spirals(3000, noise=0.5, shuffle=False, rng=seeded())
    np.testing.assert_allclose(np.hypot(*x[:1000].T), np.linspace(0, 1, 1000), atol=1e-14)
    turn = np.arctan2(x[1:1000, 0], x[1:1000, 1]) - np.linspace(0, 4, 1000)[1:]
    assert abs(np.std((turn + np.pi) % (2 * np.pi) - np.pi) - 0.5) < 5 * 0.5 / 2000**0.5


def test_blobs_have_their_centers_and_deviations():
    centers = np.array([[-20.0, 0, 5], [20, 0, -5]])
    x, y = datasets.make_blobs(20_000, centers=centers, cluster_std=[1.0, 3.0], rng=seeded())
    for label, std in enumerate((1.0, 3.0)):
        cloud = x[y == label]
        assert len(cloud) == 10_000
        np.testing.assert_allclose(cloud.mean(axis=0), centers[label], atol=5 * std / 100)
        np.testing.assert_allclose(cloud.std(axis=0), std, rtol=5 / 2e4**0.5)


def test_centers_are_drawn_from_their_box():
    x, y = datasets.make_blobs(100, 5, centers=20, cluster_std=0, center_box=(2.0, 3.0), rng=seeded())
    assert x.shape == (100, 5)
    assert x.min() >= 2
    assert x.max() < 3
    assert set(y) == set(range(20))


# -- laws that are known -----------------------------------------------------------------------
def test_regression_is_linear():
    x, y, weights = datasets.make_regression(500, 20, n_informative=5, bias=3, noise=0.5, coef=True, rng=seeded())
    assert x.shape == (500, 20)
    assert np.count_nonzero(weights) == 5
    rest = y - x @ weights - 3
    assert abs(rest.std() - 0.5) < 5 * 0.5 / 1000**0.5
    assert abs(rest.mean()) < 5 * 0.5 / 500**0.5
    assert len(datasets.make_regression(3, rng=seeded())) == 2


def test_houses_lie_in_their_ranges():
    x, y = datasets.make_housing(5000, rng=seeded())
    size, bedrooms, age = x.T
    assert (size.min() >= 30, size.max() <= 250, age.min() >= 0, age.max() <= 80) == (True,) * 4
    assert set(bedrooms) == set(range(1, 9))
    rest = y - (3 * size + 12 * bedrooms - 0.8 * age + 40)
    assert abs(rest.std() - 20) < 5 * 20 / 1e4**0.5


def test_who_passes_follows_the_sigmoid():
    x, y = datasets.make_passing(50_000, rng=seeded())
    assert set(x[:, 0]) == set(range(11))
    assert x[:, 1].min() >= 0
    assert x[:, 1].max() <= 10
    chance = 1 / (1 + np.exp(8 - x.sum(axis=1)))
    for low in np.arange(0, 1, 0.1):
        some = (chance >= low) & (chance < low + 0.1)
        assert abs(y[some].mean() - chance[some].mean()) < 5 * 0.5 / some.sum() ** 0.5


def test_gates():
    for gate, law in (("and_", np.logical_and), ("or_", np.logical_or), ("xor", np.logical_xor)):
        x, y = getattr(datasets, gate)()
        assert (x.dtype, y.dtype) == (np.float64, np.int64)
        assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        np.testing.assert_array_equal(y, law(*x.astype(bool).T))


def test_the_cloud_of_xor_is_around_the_corners():
    x, y = datasets.make_xor(20_000, noise=0.1, rng=seeded())
    corners = np.round(x)
    np.testing.assert_array_equal(np.logical_xor(*corners.astype(bool).T), y)
    assert abs((x - corners).std() - 0.1) < 5 * 0.1 / 8e4**0.5


# -- all of them -------------------------------------------------------------------------------
@pytest.mark.parametrize("make", RANDOM)
def test_shapes_dtypes_and_seeds(make):
    x, y = make(30, rng=seeded(4))
    assert len(x) == len(y) == 30
    assert x.ndim == 2
    assert y.ndim == 1
    assert x.dtype == np.float64
    assert y.dtype in (np.int64, np.float64)
    for a, b in zip(make(30, rng=seeded(4)), (x, y), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(make(30, rng=seeded(5))[0], x)
    assert not np.array_equal(make(30)[0], make(30)[0])
    assert list(inspect.signature(make).parameters)[-1] == "rng"


@pytest.mark.parametrize("make", RANDOM)
@pytest.mark.parametrize("n", [0, -1, 2.5, True, "100"])
def test_a_number_of_samples_that_is_none(make, n):
    message = f"{make.__name__}: n_samples must be a whole number, at least 1; got {n!r}"
    assert refused(lambda: make(n), ValueError) == message


@pytest.mark.parametrize("make", RANDOM)
def test_a_seed_is_no_generator(make):
    message = f"{make.__name__} needs a NumPy Generator: rng=np.random.default_rng(seed); got 0"
    assert refused(lambda: make(10, rng=0), TypeError) == message


REFUSALS: Refusals = {
    "too few": (
        lambda: datasets.make_spirals(2),
        ValueError,
        "make_spirals: 3 classes need at least as many samples; got n_samples=2",
    ),
    "noise": (
        lambda: datasets.make_moons(noise=-0.1),
        ValueError,
        "make_moons: noise must be a finite number, at least 0; got -0.1",
    ),
    "shuffle": (
        lambda: datasets.make_moons(shuffle="no"),
        ValueError,
        "make_moons: shuffle must be True or False; got 'no'",
    ),
    "coef": (
        lambda: datasets.make_regression(coef=2),
        ValueError,
        "make_regression: coef must be True or False; got 2",
    ),
    "factor": (
        lambda: datasets.make_circles(factor=1.0),
        ValueError,
        "make_circles: factor must be a number of 0 or more and less than 1; got 1.0",
    ),
    "box": (
        lambda: datasets.make_blobs(center_box=(1.0, -1.0)),
        ValueError,
        "make_blobs: center_box is (lowest, highest), two finite numbers; got (1.0, -1.0)",
    ),
    "one number for a box": (
        lambda: datasets.make_blobs(center_box=3.0),
        ValueError,
        "make_blobs: center_box is (lowest, highest), two finite numbers; got 3.0",
    ),
    "centers": (
        lambda: datasets.make_blobs(centers=[1.0, 2.0]),
        ValueError,
        "make_blobs: centers are a number of them, or finite points (k, d); got [1. 2.] of shape (2,)",
    ),
    "no centers": (
        lambda: datasets.make_blobs(centers=np.zeros((0, 2))),
        ValueError,
        "make_blobs: centers are a number of them, or finite points (k, d); got [] of shape (0, 2)",
    ),
    "deviations": (
        lambda: datasets.make_blobs(centers=3, cluster_std=[1.0, 2.0]),
        ValueError,
        "make_blobs: 3 centers take as many cluster_std, or 1; got 2",
    ),
    "no name": (
        lambda: datasets.get(3),
        TypeError,
        "datasets.get takes the name of data, such as 'moons'; got 3",
    ),
    "closest": (
        lambda: datasets.get("mooons"),
        ValueError,
        "there is no dataset 'mooons': did you mean 'moons'?",
    ),
    "the function's name": (
        lambda: datasets.get("make_moons"),
        ValueError,
        "there is no dataset 'make_moons': did you mean 'moons'?",
    ),
    "far": (
        lambda: datasets.get("qqq"),
        ValueError,
        "there is no dataset 'qqq': there are and, blobs, breast_cancer, circles, diabetes, digits, housing, iris, "
        "mnist, moons, or, passing, regression, spirals, xor, xor_cloud",
    ),
    "setting": (
        lambda: datasets.get("passing", noise=1.0),
        TypeError,
        "the dataset 'passing' takes n_samples, rng: got an unexpected keyword argument 'noise'",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(call, error, message):
    assert refused(call, error) == message


def test_a_truth_of_numpy_is_one():
    assert datasets.make_moons(4, shuffle=np.bool_(False))[1].tolist() == [0, 0, 1, 1]
    assert len(datasets.make_regression(3, coef=np.bool_(True))) == 3


def test_names():
    assert datasets.get("moons") is datasets.get("Moons") is datasets.make_moons
    assert datasets.get("breast-cancer") is datasets.get("breast_cancer") is datasets.load_breast_cancer
    assert datasets.get("and") is datasets.get("and_") is datasets.and_
    assert datasets.get("xor") is datasets.xor
    assert datasets.get("xor cloud") is datasets.get("xor_cloud") is datasets.make_xor
    assert len(datasets.get("circles", factor=0.1, noise=0.0)(n_samples=8)[0]) == 8


def test_every_function_of_data_has_a_name():
    made = set(datasets.__all__) - {"DATASETS", "get", "load_mnist_parts", "read_idx"}
    assert made == {make.__name__ for make in datasets.DATASETS.values()}


# -- scikit-learn's collections ----------------------------------------------------------------
CLASSICS = {
    "load_digits": ((1797, 64), np.int64, set(range(10))),
    "load_iris": ((150, 4), np.int64, {0, 1, 2}),
    "load_breast_cancer": ((569, 30), np.int64, {0, 1}),
    "load_diabetes": ((442, 10), np.float64, None),
}


@pytest.mark.parametrize("name", CLASSICS)
def test_classics_are_scaled(name):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    shape, dtype, classes = CLASSICS[name]
    x, y = getattr(datasets, name)()
    assert (x.shape, x.dtype, y.shape, y.dtype) == (shape, np.float64, shape[:1], dtype)
    if name == "load_digits":
        assert (x.min(), x.max()) == (0, 1)
    else:
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-13)
        np.testing.assert_allclose(x.std(axis=0), 1, rtol=1e-13)
    assert set(y.tolist()) == classes if classes else (y.min(), y.max()) == (25, 346)


HIDING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from tinygrad_opt import datasets
assert datasets.make_moons()[0].shape == (100, 2)
for load in (datasets.load_digits, datasets.load_iris, datasets.load_breast_cancer, datasets.load_diabetes):
    try:
        load()
    except ImportError as error:
        print(error)
"""


def test_without_scikit_learn_the_extra_is_named():
    root = Path(datasets.__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", HIDING], cwd=root, check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [
        f"{name} needs scikit-learn: pip install 'tinygrad_opt[demos]'" for name in CLASSICS
    ]

"""Initializers: the distributions they draw from, PyTorch's and Keras' scales, laws, names, and what is refused."""

from __future__ import annotations

import functools
import inspect
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from init_twins import OURS, SHAPES, our_factor
from refusals import Refusals, refused

from tinygrad_opt import Value, grad, init
from tinygrad_opt import functional as F
from tinygrad_opt.init.dropout_adjusted import SECOND_MOMENTS
from tinygrad_opt.ops import activations

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "init.json").read_text(encoding="utf-8"))


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- PyTorch's and Keras' ----------------------------------------------------------------------
@pytest.mark.parametrize("name", OURS)
def test_scales_are_those_of_the_library(name: str) -> None:
    ours = [our_factor(name, shape) for shape in SHAPES]
    np.testing.assert_allclose(ours, GOLDENS["factors"][name], rtol=1e-13)


def test_every_golden_has_a_twin() -> None:
    assert GOLDENS["factors"].keys() == OURS.keys()
    assert [tuple(shape) for shape in GOLDENS["shapes"]] == SHAPES


def test_fans_are_those_of_pytorch() -> None:
    assert [init.fan_in_and_fan_out(shape) for shape in SHAPES] == [tuple(fans) for fans in GOLDENS["fans"]]


def test_gains_are_those_of_pytorch() -> None:
    assert {name: init.calculate_gain(name) for name in GOLDENS["gains"]} == GOLDENS["gains"]
    for slope, gain in GOLDENS["gains of leaky_relu"]:
        assert init.calculate_gain("leaky_relu", slope) == gain


@pytest.mark.parametrize(("shape", "groups", "ones"), GOLDENS["ones of dirac"])
def test_the_ones_of_dirac_are_where_pytorch_puts_them(shape: Any, groups: int, ones: Any) -> None:
    weight = init.dirac(shape, groups)
    assert weight.sum() == len(ones)
    assert np.argwhere(weight == 1).tolist() == ones


@pytest.mark.parametrize(("rows", "sparsity", "zeros"), GOLDENS["zeros of sparse"])
def test_sparse_has_as_many_zeros_as_pytorch(rows: int, sparsity: float, zeros: Any) -> None:
    weight = init.sparse((rows, 2), sparsity, rng=seeded())
    assert np.sum(weight == 0, axis=0).tolist() == zeros


# -- distributions -----------------------------------------------------------------------------
N = 40_000


def mass(low: float, high: float) -> float:
    """What the standard normal has between two points, accurate in both of its tails."""
    if low > 0:
        return mass(-high, -low)
    return (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2))) / 2


class Uniform:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.mean, self.std, self.kurtosis = (low + high) / 2, (high - low) / math.sqrt(12), 1.8

    def cdf(self, x: float) -> float:
        return (x - self.low) / (self.high - self.low)


class Normal:
    """A normal, whole or between two values; its moments come from the density on a fine grid."""

    def __init__(self, mean: float, std: float, low: float = -math.inf, high: float = math.inf) -> None:
        self.low, self.high = low, high
        self.centre, self.scale = mean, std
        a, b = max((low - mean) / std, -40), min((high - mean) / std, 40)
        nearest = min(max(0, a), b)
        z = np.linspace(max(a, nearest - 9), min(b, nearest + 9), 200_001)
        weight = np.exp((nearest**2 - z**2) / 2)
        weight[[0, -1]] /= 2
        weight /= weight.sum()
        shift = weight @ z
        variance = weight @ (z - shift) ** 2
        self.mean, self.std = mean + std * shift, std * math.sqrt(variance)
        self.kurtosis = weight @ (z - shift) ** 4 / variance**2

    def cdf(self, x: float) -> float:
        low, high, z = ((edge - self.centre) / self.scale for edge in (self.low, self.high, x))
        return mass(low, z) / mass(low, high)


def truncated(std: float) -> Normal:
    """Keras' truncated normal of that standard deviation."""
    wider = std / 0.87962566103423978
    return Normal(0, wider, -2 * wider, 2 * wider)


WEIGHT = (200, 40, 5)  # fan_in 200, fan_out 1000
DISTRIBUTIONS: dict[str, tuple[Any, Uniform | Normal]] = {
    "uniform": (functools.partial(init.uniform, N), Uniform(0, 1)),
    "uniform from -2 to 3": (functools.partial(init.uniform, N, -2, 3), Uniform(-2, 3)),
    "normal": (functools.partial(init.normal, N), Normal(0, 1)),
    "normal of 3 and 0.5": (functools.partial(init.normal, N, 3, 0.5), Normal(3, 0.5)),
    "truncated": (functools.partial(init.truncated_normal, N), Normal(0, 1, -2, 2)),
    "truncated at values": (functools.partial(init.truncated_normal, N, 0.5, 2, -1, 1.5), Normal(0.5, 2, -1, 1.5)),
    "hardly truncated": (functools.partial(init.truncated_normal, N, std=0.05), Normal(0, 0.05)),
    "truncated relative to std": (
        functools.partial(init.truncated_normal, N, 1, 0.05, relative=True),
        Normal(1, 0.05, 0.9, 1.1),
    ),
    "truncated, above 0": (functools.partial(init.truncated_normal, N, a=0, b=50), Normal(0, 1, 0, 50)),
    "truncated, narrow": (functools.partial(init.truncated_normal, N, a=-0.2, b=0.3), Normal(0, 1, -0.2, 0.3)),
    "truncated, narrow from 0": (functools.partial(init.truncated_normal, N, a=0, b=0.6), Normal(0, 1, 0, 0.6)),
    "truncated, right tail": (functools.partial(init.truncated_normal, N, a=5, b=9), Normal(0, 1, 5, 9)),
    "truncated, left tail": (functools.partial(init.truncated_normal, N, a=-9, b=-5), Normal(0, 1, -9, -5)),
    "truncated, part of a tail": (functools.partial(init.truncated_normal, N, a=0.7, b=1.1), Normal(0, 1, 0.7, 1.1)),
    "truncated, far out": (functools.partial(init.truncated_normal, N, a=30, b=31), Normal(0, 1, 30, 31)),
    "xavier_uniform": (
        functools.partial(init.xavier_uniform, WEIGHT, 2.0),
        Uniform(-2 * math.sqrt(6 / 1200), 2 * math.sqrt(6 / 1200)),
    ),
    "xavier_normal": (functools.partial(init.xavier_normal, WEIGHT), Normal(0, math.sqrt(2 / 1200))),
    "xavier_normal, truncated": (
        functools.partial(init.xavier_normal, WEIGHT, truncated=True),
        truncated(math.sqrt(2 / 1200)),
    ),
    "kaiming_uniform": (functools.partial(init.kaiming_uniform, WEIGHT), Uniform(-math.sqrt(0.03), math.sqrt(0.03))),
    "kaiming_normal": (functools.partial(init.kaiming_normal, WEIGHT), Normal(0, 0.1)),
    "kaiming_normal, truncated": (functools.partial(init.kaiming_normal, WEIGHT, truncated=True), truncated(0.1)),
    "lecun_uniform": (functools.partial(init.lecun_uniform, WEIGHT), Uniform(-math.sqrt(0.015), math.sqrt(0.015))),
    "lecun_normal": (functools.partial(init.lecun_normal, WEIGHT), Normal(0, math.sqrt(1 / 200))),
    "variance_scaling": (functools.partial(init.variance_scaling, WEIGHT, 8.0), truncated(0.2)),
    "torch": (functools.partial(init.torch_default, WEIGHT), Uniform(-math.sqrt(1 / 200), math.sqrt(1 / 200))),
    "torch, of a bias": (functools.partial(init.torch_default, N, fan_in=4), Uniform(-0.5, 0.5)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_draws_are_of_the_distribution(name: str) -> None:
    """Bounds; mean and standard deviation within five of their own; Kolmogorov and Smirnov's test at one in 1.7e6."""
    draw, expected = DISTRIBUTIONS[name]
    x = draw(rng=seeded()).ravel()
    assert x.size == N
    assert expected.low <= x.min()
    assert x.max() <= expected.high
    assert abs(x.mean() - expected.mean) < 5 * expected.std / math.sqrt(N)
    assert abs(x.std() - expected.std) < 5 * expected.std * math.sqrt((expected.kurtosis - 1) / (4 * N))
    cdf = np.array([expected.cdf(float(value)) for value in np.sort(x)])
    distance = max(np.max(np.arange(1, N + 1) / N - cdf), np.max(cdf - np.arange(N) / N))
    assert distance * math.sqrt(N) < 2.73


def test_a_truncated_normal_keeps_its_bounds_where_rounding_would_leave_them() -> None:
    for low, high in [(0.7, 0.7), (0.7, np.nextafter(0.7, 1)), (-0.3, -0.3), (1e8, 1e8 + 1e-7)]:
        x = init.truncated_normal(1000, 0.1, 0.3, low, high, rng=seeded())
        assert low <= x.min() <= x.max() <= high


# -- structured --------------------------------------------------------------------------------
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    gain=st.floats(-3, 3),
    seed=st.integers(0, 1000),
)
@example(shape=[4, 3], gain=1.0, seed=0)
@example(shape=[3, 4], gain=1.0, seed=0)
@example(shape=[12, 2, 3, 1], gain=1.0, seed=0)
def test_orthogonal_is_orthogonal(shape: Any, gain: float, seed: int) -> None:
    weight = init.orthogonal(shape, gain, rng=seeded(seed))
    assert weight.shape == tuple(shape)
    matrix = weight.reshape(shape[0], -1)
    square = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(square, gain**2 * np.eye(len(square)), atol=1e-12)


@pytest.mark.parametrize("place", [(0, 0), (1, 1), (2, 2), (0, 2), (2, 0)])
def test_no_orthogonal_matrix_is_likelier_than_another(place: Any) -> None:
    """A column of three rows is a point on the sphere, each of whose coordinates is uniform (Archimedes)."""
    n = 2000
    rng = seeded()
    x = np.sort([init.orthogonal((3, 3), rng=rng)[place] for _ in range(n)])
    cdf = (x + 1) / 2
    assert max(np.max(np.arange(1, n + 1) / n - cdf), np.max(cdf - np.arange(n) / n)) * math.sqrt(n) < 2.73


def test_sparse_has_its_zeros_anywhere_and_normal_numbers_elsewhere() -> None:
    weight = init.sparse((10, 10_000), 0.25, 0.5, rng=seeded())
    zeros = weight == 0
    assert np.all(zeros.sum(axis=0) == 3)
    assert np.all(abs(zeros.mean(axis=1) - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 10_000))
    together = np.mean(zeros[0] & zeros[1])  # 3 of 10 places, without putting back
    assert abs(together - 3 / 10 * 2 / 9) < 5 * math.sqrt(together / 10_000)
    others = weight[~zeros]
    assert abs(others.mean()) < 5 * 0.5 / math.sqrt(others.size)
    assert abs(others.std() - 0.5) < 5 * 0.5 / math.sqrt(2 * others.size)


def test_a_dirac_convolution_changes_nothing() -> None:
    x = seeded().normal(size=(2, 3, 5, 5))
    np.testing.assert_array_equal(F.conv2d(x, init.dirac((3, 3, 3, 3)), padding=1), x)
    two_groups = F.conv2d(x[:, :2], init.dirac((4, 1, 1, 1), groups=2), groups=2)
    np.testing.assert_array_equal(two_groups[:, [0, 2]], x[:, :2])
    assert not two_groups[:, [1, 3]].any()


def test_constants_and_identities() -> None:
    np.testing.assert_array_equal(init.zeros((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(init.ones(3), np.ones(3))
    np.testing.assert_array_equal(init.constant((), 0.1), 0.1)
    np.testing.assert_array_equal(init.eye((3, 2), gain=-2), -2 * np.eye(3, 2))


# -- dropout -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SECOND_MOMENTS)
def test_second_moments_of_activations_are_their_integrals(name: str) -> None:
    """By Gauss and Legendre's quadrature on both sides of the kink; the slope is what the package differentiates."""
    f = np.tanh if name == "tanh" else getattr(F, name)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = np.concatenate([6 * nodes - 6, 6 * nodes + 6])
    density = 6 * np.tile(weights, 2) * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    slope = grad(lambda x: np.sum(f(x)))(z)
    np.testing.assert_allclose(SECOND_MOMENTS[name], (density @ f(z) ** 2, density @ slope**2), rtol=1e-13)


@pytest.mark.parametrize("shape", [(6, 4), (5, 2, 3, 3)])
@pytest.mark.parametrize(
    ("p", "activation", "layer", "expected"),
    [
        (0.5, "relu", "hidden", 0.5 / 0.5 + 0.5 * 0.5),
        (0.2, "relu", "hidden", 0.5 / 0.8 + 0.5 * 0.8),
        (0.2, "relu", "first", 1 + 0.5 * 0.8),
        (0.2, "relu", "last", 0.5 / 0.8 + 1),
        (0, "tanh", "hidden", 0.3942944903978412 + 0.4644029024482682),
        (0.2, (0.3, 0.7), "hidden", 0.3 / 0.8 + 0.7 * 0.8),
    ],
)
def test_the_weights_of_a_unit_have_the_length_of_the_paper(
    shape: Any, p: float, activation: Any, layer: Any, expected: float
) -> None:
    weight = init.dropout_adjusted(shape, p, activation, layer, rng=seeded())
    lengths = np.sum(weight.reshape(shape[0], -1) ** 2, axis=1)
    np.testing.assert_allclose(lengths, 1 / expected, rtol=1e-14)


def test_the_weights_of_a_unit_point_anywhere() -> None:
    """In three dimensions, a coordinate of a direction is uniform."""
    n = 10_000
    weight = init.dropout_adjusted((n, 3), 0.0, (0.5, 0.5), rng=seeded())
    for column in weight.T:
        cdf = (np.sort(column) + 1) / 2
        assert max(np.max(np.arange(1, n + 1) / n - cdf), np.max(cdf - np.arange(n) / n)) * math.sqrt(n) < 2.73


# -- what they are for -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("relu", F.relu),
        ("leaky_relu", F.leaky_relu),
        ("prelu", lambda x: F.prelu(x, 0.25)),
        ("selu", F.selu),
        ("linear", lambda x: x),
    ],
)
def test_a_signal_keeps_its_size_through_twenty_layers(name: str, f: Any) -> None:
    """Within a factor of 3 of what it was; with half the variance less than a tenth is left."""
    rng = seeded(2)
    x = y = rng.normal(size=(50, 400))
    for _ in range(20):
        x = f(x @ init.get(name)((400, 400), rng=rng).T)
        y = f(y @ init.get(name)((400, 400), rng=rng).T * math.sqrt(0.5))
    size = np.mean(x**2) / (0.5 if name == "relu" else 1)
    assert 1 / 3 < size < 3
    assert np.mean(y**2) < 0.1


# -- laws of all -------------------------------------------------------------------------------
NEEDED: dict[str, dict[str, Any]] = {"constant": {"val": 0.1}, "sparse": {"sparsity": 0.5}}
BY_NAME = {
    name: functools.partial(initializer, **NEEDED.get(name, {})) for name, initializer in init.INITIALIZERS.items()
}
DRAWN = set(BY_NAME) - {"zeros", "ones", "constant", "eye", "identity", "dirac"}


def shape_for(name: str) -> tuple[int, ...]:
    return (4, 2, 3) if name == "dirac" else (4, 6)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_seed_means_the_same_bits_in_both_dtypes(name: str) -> None:
    shape, draw = shape_for(name), BY_NAME[name]
    weight = draw(shape, rng=seeded(3))
    assert weight.shape == shape
    assert weight.dtype == np.float64
    assert weight.tobytes() == draw(shape, rng=seeded(3)).tobytes()
    single = draw(shape, rng=seeded(3), dtype=np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, weight.astype(np.float32))
    assert np.array_equal(weight, draw(shape, rng=seeded(4))) == (name not in DRAWN)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_given_is_an_array_of_its_own(name: str) -> None:
    for dtype in (np.float64, "float32"):
        weight = BY_NAME[name](list(shape_for(name)), rng=seeded(), dtype=dtype)
        assert weight.flags.c_contiguous
        assert weight.flags.writeable
        assert type(weight) is np.ndarray


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_without_an_rng_no_two_draws_are_alike(name: str) -> None:
    assert not np.array_equal(BY_NAME[name]((4, 6)), BY_NAME[name]((4, 6)))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), 5])
@pytest.mark.parametrize("name", ["zeros", "ones", "constant", "uniform", "normal", "truncated_normal"])
def test_what_needs_no_fans_takes_any_shape(name: str, shape: Any) -> None:
    weight = BY_NAME[name](shape, rng=seeded())
    assert type(weight) is np.ndarray
    assert weight.shape == np.empty(shape).shape


# -- names -------------------------------------------------------------------------------------
def test_a_name_is_an_initializer() -> None:
    for name, initializer in init.INITIALIZERS.items():
        if name not in NEEDED:
            assert init.get(name) is initializer
    for spelled in ("he_normal", "He Normal", "he-normal", "HeNormal", "kaiming_normal"):
        assert init.get(spelled) is init.kaiming_normal
    assert init.get("torch") is init.torch_default
    assert init.get("glorot_uniform") is init.xavier_uniform


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", functools.partial(init.kaiming_normal, nonlinearity="relu")),
        ("ReLU", functools.partial(init.kaiming_normal, nonlinearity="relu")),
        ("gelu", init.kaiming_normal),
        ("leaky_relu", functools.partial(init.kaiming_normal, a=0.01)),
        ("LeakyReLU", functools.partial(init.kaiming_normal, a=0.01)),
        ("sigmoid", init.xavier_normal),
        ("tanh", init.xavier_normal),
        ("selu", init.lecun_normal),
        ("linear", init.xavier_uniform),
        (None, init.xavier_uniform),
    ],
)
def test_an_activation_is_the_initializer_of_the_layer_before_it(activation: Any, expected: Any) -> None:
    np.testing.assert_array_equal(init.get(activation)((4, 6), rng=seeded()), expected((4, 6), rng=seeded()))


def test_every_activation_of_the_package_has_an_initializer() -> None:
    written = {
        name
        for name, found in vars(activations).items()
        if inspect.isfunction(found) and name in F.__all__ and found.__module__ == activations.__name__
    }
    others = {"sigmoid", "tanh", "softmax", "log_softmax", "softmin", "sparsemax", "rrelu", "swish", "linear", "none"}
    assert written - {"logit"} | others == set(init.ACTIVATIONS)
    for name in init.ACTIVATIONS:
        assert init.get(name)((4, 6), rng=seeded()).shape == (4, 6)


def test_a_name_of_both_is_the_initializer() -> None:
    """Identity, PyTorch's layer that does nothing, is no activation here: "linear" is."""
    assert init.get("identity") is init.eye
    assert not init.INITIALIZERS.keys() & init.ACTIVATIONS.keys()


def test_settings_are_arguments_of_the_initializer() -> None:
    steep = init.get("leaky_relu", a=0.5)((4, 6), rng=seeded())
    np.testing.assert_array_equal(steep, init.kaiming_normal((4, 6), a=0.5, rng=seeded()))
    np.testing.assert_array_equal(init.get("constant", val=2)(3), [2, 2, 2])


def test_a_function_is_an_initializer() -> None:
    def own(shape: Any, scale: float = 1.0, **_: Any) -> Any:
        return np.full(shape, scale)

    assert init.get(own) is own
    np.testing.assert_array_equal(init.get(own, scale=3.0)(2), [3, 3])


# -- what is refused ---------------------------------------------------------------------------
W = (4, 6)
REFUSED: Refusals = {
    "a seed": (
        lambda: init.normal(W, rng=0),
        TypeError,
        "normal needs a NumPy Generator: rng=np.random.default_rng(seed); got 0",
    ),
    "a shape of floats": (
        lambda: init.normal((2.0, 3)),
        TypeError,
        "normal needs a shape of whole numbers, such as (3, 4); got (2.0, 3)",
    ),
    "no shape": (
        lambda: init.zeros(None),
        TypeError,
        "zeros needs a shape of whole numbers, such as (3, 4); got None",
    ),
    "a negative length": (
        lambda: init.uniform((2, -3)),
        ValueError,
        "uniform needs a shape without negative lengths; got (2, -3)",
    ),
    "dtype": (
        lambda: init.normal(W, dtype=int),
        TypeError,
        "normal gives arrays of dtype float32 or float64; got <class 'int'>",
    ),
    "no dtype": (
        lambda: init.zeros(W, dtype="single precision"),
        TypeError,
        "zeros gives arrays of dtype float32 or float64; got 'single precision'",
    ),
    "negative std": (
        lambda: init.normal(W, std=-1),
        ValueError,
        "normal: std must be a finite number, at least 0; got -1",
    ),
    "mean": (lambda: init.normal(W, mean=math.nan), ValueError, "normal: mean must be a finite number; got nan"),
    "a bool": (lambda: init.constant(W, True), ValueError, "constant: val must be a finite number; got True"),
    "a above b": (lambda: init.uniform(W, 1, 0), ValueError, "uniform: a must not be above b; got a=1.0, b=0.0"),
    "a above b, truncated": (
        lambda: init.truncated_normal(W, a=2, b=-2),
        ValueError,
        "truncated_normal: a must not be above b; got a=2.0, b=-2.0",
    ),
    "std of 0, truncated": (
        lambda: init.truncated_normal(W, std=0),
        ValueError,
        "truncated_normal: std must be a finite number above 0; got 0",
    ),
    "gain": (
        lambda: init.xavier_uniform(W, gain="relu"),
        ValueError,
        "xavier_uniform: gain must be a finite number, at least 0; got 'relu'",
    ),
    "negative gain": (
        lambda: init.xavier_normal(W, gain=-1),
        ValueError,
        "xavier_normal: gain must be a finite number, at least 0; got -1",
    ),
    "gain of orthogonal": (
        lambda: init.orthogonal(W, gain=math.inf),
        ValueError,
        "orthogonal: gain must be a finite number; got inf",
    ),
    "fans of a vector": (
        lambda: init.kaiming_normal(3),
        ValueError,
        "kaiming_normal needs the shape of a weight, (out, in, *kernel): 2 axes or more; got (3,)",
    ),
    "fans of nothing": (
        lambda: init.lecun_uniform((3, 0)),
        ValueError,
        "lecun_uniform needs the shape of a weight, with no axis of length 0; got (3, 0)",
    ),
    "fans themselves": (
        lambda: init.fan_in_and_fan_out(5),
        ValueError,
        "fan_in_and_fan_out needs the shape of a weight, (out, in, *kernel): 2 axes or more; got (5,)",
    ),
    "fan_in": (
        lambda: init.torch_default(4, fan_in=0),
        ValueError,
        "torch_default: fan_in must be a whole number, at least 1; got 0",
    ),
    "mode": (
        lambda: init.kaiming_uniform(W, mode="fan-in"),
        ValueError,
        "kaiming_uniform: mode must be one of fan_in, fan_out, fan_avg; got 'fan-in'; did you mean 'fan_in'?",
    ),
    "nonlinearity": (
        lambda: init.kaiming_normal(W, nonlinearity="gelu"),
        ValueError,
        "kaiming_normal: nonlinearity must be one of linear, conv1d, conv2d, conv3d, conv_transpose1d, "
        "conv_transpose2d, conv_transpose3d, sigmoid, tanh, relu, selu, leaky_relu; got 'gelu'; did you mean 'selu'?",
    ),
    "a slope of relu": (
        lambda: init.kaiming_normal(W, a=0.2, nonlinearity="relu"),
        ValueError,
        "kaiming_normal: a is the slope of leaky_relu, and relu has none; got 0.2",
    ),
    "param of tanh": (
        lambda: init.calculate_gain("tanh", 1),
        ValueError,
        "calculate_gain: param is the slope of leaky_relu, and tanh has none; got 1",
    ),
    "slope": (
        lambda: init.calculate_gain("leaky_relu", "0.1"),
        ValueError,
        "calculate_gain: param must be a finite number; got '0.1'",
    ),
    "scale": (
        lambda: init.variance_scaling(W, scale=0),
        ValueError,
        "variance_scaling: scale must be a finite number above 0; got 0",
    ),
    "distribution": (
        lambda: init.variance_scaling(W, distribution="normal"),
        ValueError,
        "variance_scaling: distribution must be one of truncated_normal, untruncated_normal, uniform; got 'normal'"
        "; did you mean 'uniform'?",
    ),
    "axes of eye": (
        lambda: init.eye((2, 2, 3)),
        ValueError,
        "eye needs a shape of 2 axes, (out, in); for convolutions use dirac; got (2, 2, 3)",
    ),
    "axes of dirac": (
        lambda: init.dirac(W),
        ValueError,
        "dirac needs the shape of a convolution, (out, in, *kernel); got (4, 6)",
    ),
    "an empty dirac": (
        lambda: init.dirac((2, 0, 3)),
        ValueError,
        "dirac needs the shape of a weight, with no axis of length 0; got (2, 0, 3)",
    ),
    "groups": (
        lambda: init.dirac((4, 2, 3), groups=3),
        ValueError,
        "dirac: groups=3 does not divide the 4 output channels",
    ),
    "no groups": (
        lambda: init.dirac((4, 2, 3), groups=0),
        ValueError,
        "dirac: groups must be a whole number, at least 1; got 0",
    ),
    "axes of orthogonal": (
        lambda: init.orthogonal(4),
        ValueError,
        "orthogonal needs the shape of a weight, (out, in, *kernel): 2 axes or more; got (4,)",
    ),
    "axes of sparse": (
        lambda: init.sparse((4, 2, 3), 0.1),
        ValueError,
        "sparse needs a shape of 2 axes, (out, in); got (4, 2, 3)",
    ),
    "sparsity": (
        lambda: init.sparse(W, 1.5),
        ValueError,
        "sparse: sparsity must be a number from 0 to 1; got 1.5",
    ),
    "p of 1": (
        lambda: init.dropout_adjusted(W, 1),
        ValueError,
        "dropout_adjusted: p must be a number of 0 or more and less than 1, "
        "the share that is dropped, not the share that is kept; got 1",
    ),
    "activation": (
        lambda: init.dropout_adjusted(W, activation="relu6"),
        ValueError,
        "dropout_adjusted: activation must be one of relu, elu, gelu, tanh; got 'relu6'; did you mean 'relu'?",
    ),
    "activation as a function": (
        lambda: init.dropout_adjusted(W, activation=math.tanh),
        ValueError,
        "dropout_adjusted: activation must be a name, or (E[f(z)**2], E[f'(z)**2]); got <built-in function tanh>",
    ),
    "moments": (
        lambda: init.dropout_adjusted(W, activation=(0.5, 0)),
        ValueError,
        "dropout_adjusted: E[f'(z)**2] must be a finite number above 0; got 0",
    ),
    "layer": (
        lambda: init.dropout_adjusted(W, layer="input"),
        ValueError,
        "dropout_adjusted: layer must be one of first, hidden, last; got 'input'",
    ),
    "a name": (
        lambda: init.get("kaming_normal"),
        ValueError,
        "there is no initializer or activation 'kaming_normal': did you mean 'kaiming_normal'?",
    ),
    "half a name": (
        lambda: init.get("He"),
        ValueError,
        "'He' is 'he_normal' or 'he_uniform': say which",
    ),
    "no name": (
        lambda: init.get(0.1),
        TypeError,
        "init.get takes the name of an initializer or an activation, or a function of a shape; got 0.1",
    ),
    "a setting that lacks": (
        lambda: init.get("constant"),
        TypeError,
        "the initializer 'constant' takes val, rng, dtype: missing a required argument: 'val'",
    ),
    "a setting too much": (
        lambda: init.get("zeros", val=1),
        TypeError,
        "the initializer 'zeros' takes rng, dtype: got an unexpected keyword argument 'val'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_words(case: str) -> None:
    call, error, words = REFUSED[case]
    assert refused(call, error) == words


def test_a_name_that_is_like_no_other_gets_all_of_them() -> None:
    words = refused(lambda: init.get("qqq"), ValueError)
    assert words.startswith("there is no initializer or activation 'qqq': there are celu, constant, ")


def test_a_refusal_draws_nothing() -> None:
    rng = seeded()
    refused(lambda: init.orthogonal(W, gain=math.nan, rng=rng), ValueError)
    refused(lambda: init.sparse(W, 0.5, -1, rng=rng), ValueError)
    refused(lambda: init.dropout_adjusted(W, 2, rng=rng), ValueError)
    refused(lambda: init.normal(W, dtype="int8", rng=rng), TypeError)
    assert rng.bit_generator.state == seeded().bit_generator.state


def test_weights_are_for_values() -> None:
    w = Value(init.get("relu")((3, 2), rng=seeded(), dtype=np.float32))
    assert w.dtype == np.float32
